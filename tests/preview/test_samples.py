"""Sample data: from files, laid over each other, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import ConfigError
from mailbridge.preview import GivenSamples, Sample, SampleFiles
from mailbridge.preview.samples import overlaid

NAMES = st.sampled_from("abc")
TABLES = st.dictionaries(
    NAMES, st.integers() | st.dictionaries(NAMES, st.integers() | st.dictionaries(NAMES, st.none()))
)


def samples(folder: Path, files: dict[str, str], template: str = "welcome") -> list[Sample]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return SampleFiles([folder]).of(template)


def test_without_a_file_there_is_one_sample_without_values(tmp_path: Path) -> None:
    assert samples(tmp_path, {}) == [Sample("default", {}, {})]


def test_a_file_without_samples_is_one_called_default(tmp_path: Path) -> None:
    assert samples(tmp_path, {"welcome.sample.toml": 'name = "Ann"'}) == [Sample("default", {"name": "Ann"}, {})]


def test_named_samples_are_laid_over_what_they_share_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "a = 1\n[b]\nc = 2\nd = 3\n[samples.second.b]\nc = 4\n[samples.first]\na = 5\n"
    assert samples(tmp_path, {"welcome.sample.toml": text}) == [
        Sample("second", {"a": 1, "b": {"c": 4, "d": 3}}, {}),
        Sample("first", {"a": 5, "b": {"c": 2, "d": 3}}, {}),
    ]


def test_json_has_the_same_shape(tmp_path: Path) -> None:
    said = {"a": 1, "samples": {"one": {"b": [2]}}, "locales": {"de": {"a": 3}}}
    assert samples(tmp_path, {"welcome.sample.json": json.dumps(said)}) == [
        Sample("one", {"a": 1, "b": [2]}, {"de": {"a": 3}})
    ]


def test_what_folders_share_lies_under_the_file_of_a_template_the_nearest_on_top(tmp_path: Path) -> None:
    files = {
        "_shared.sample.toml": "a = 1\nb = 1\nc = 1",
        "shop/_shared.sample.toml": "b = 2\nc = 2",
        "shop/bill.sample.toml": "c = 3",
        "other/_shared.sample.toml": "a = 9",
    }
    assert samples(tmp_path, files, "shop/bill") == [Sample("default", {"a": 1, "b": 2, "c": 3}, {})]


@pytest.mark.parametrize(
    ("locale", "name"),
    [
        (None, "Ann"),
        ("", "Ann"),
        ("de", "Änne"),
        ("de_DE", "Änne"),
        ("de_AT", "Anni"),
        ("de-AT", "Anni"),
        ("fr", "Ann"),
    ],
)
def test_values_of_a_locale_are_laid_over_those_of_its_language(locale: str | None, name: str) -> None:
    sample = Sample(
        "x", {"user": {"name": "Ann"}}, {"de": {"user": {"name": "Änne"}}, "de_AT": {"user": {"name": "Anni"}}}
    )
    assert sample.context_in(locale)["user"]["name"] == name


def test_another_folder_may_hold_them_under_the_same_names(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/bill.sample.toml").write_text("a = 1")
    found = SampleFiles([tmp_path / "nothing", tmp_path])
    assert found.of("shop/bill")[0].context == {"a": 1}
    assert (found.place("shop/bill"), found.place("shop/new")) == ("bill.sample.toml", "new.sample.toml")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("welcome.sample.toml", "name = Ann", "is not TOML: Invalid value (at line 1, column 8)"),
        ("welcome.sample.toml", "a = 1\na = 2", "is not TOML: Cannot overwrite a value"),
        ("welcome.sample.json", '{"a": ', "is not JSON: Expecting value: line 1 column 7"),
        ("welcome.sample.json", "[1]", "holds no object"),
        ("welcome.sample.json", "[" * 100_000, "is not JSON"),
        ("welcome.sample.toml", "samples = 1", "'samples' is no table of tables"),
        ("welcome.sample.toml", "[locales]\nde = 1", "'locales' is no table of tables"),
        ("_shared.sample.toml", "[samples]\nx = 1", "'samples' is no table of tables"),
        ("welcome.sample.toml", b"a = '\xff'", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_place(tmp_path: Path, name: str, text: Any, said: str) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as error:
        SampleFiles([tmp_path]).of("welcome")
    assert said in str(error.value)
    assert name in str(error.value)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "welcome.sample.toml").symlink_to(tmp_path / "welcome.sample.toml")  # a circle: no file
    assert SampleFiles([tmp_path]).of("welcome") == [Sample()]


def test_python_gives_samples_of_the_same_shape() -> None:
    given_samples = GivenSamples({"welcome": {"a": 1, "samples": {"x": {"b": 2}}}})
    assert given_samples.of("welcome") == [Sample("x", {"a": 1, "b": 2}, {})]
    assert given_samples.of("other") == [Sample()]
    assert given_samples.place("other") == "samples['other']"


@given(TABLES, TABLES)
def test_laying_over_changes_neither_and_keeps_all_names(below: dict[str, Any], above: dict[str, Any]) -> None:
    before = repr((below, above))
    merged = overlaid(below, above)
    assert repr((below, above)) == before
    assert merged.keys() == below.keys() | above.keys()
    assert overlaid(merged, above) == merged
    assert overlaid({}, above) == above
    assert overlaid(below, {}) == below
