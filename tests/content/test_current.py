"""Which templates hold where a call names none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbridge import ConfigError, Mailer, Message, Templates
from mailbridge.content import current
from mailbridge.settings.templates import templates as of_settings


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Run without the adapters that other tests have registered, and without settings."""
    monkeypatch.setattr(current, "_finders", {})
    monkeypatch.delenv("MAILBRIDGE_TEMPLATES", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()  # here the search for settings ends
    of_settings.cache_clear()
    yield
    of_settings.cache_clear()


def saying(text: str) -> Templates:
    return Templates.from_strings({"w.txt": text})


def made(**options: Templates | str | Path) -> str:
    return (Message.from_template("w", from_="a@example.com", to="b@example.org", **options).text or "").strip()  # type: ignore[arg-type]


def test_without_any_the_error_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match=r"Set MAILBRIDGE_TEMPLATES, or templates in mailbridge\.toml"):
        made()


def test_the_nearer_goes_before_the_farther(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w.txt").write_text("settings")
    monkeypatch.setenv("MAILBRIDGE_TEMPLATES", str(tmp_path))
    assert made() == "settings"
    current.register("a framework", lambda: saying("adapter"))
    assert made() == "adapter"
    current.register("another", lambda: None)
    assert made() == "adapter"
    current.register("another", lambda: saying("another"))
    assert made() == "another"
    current.register("a framework", lambda: saying("adapter"))  # once more: it keeps its place
    assert made() == "another"
    with current.use(saying("used")):
        assert made() == "used"
        with current.use(saying("inner")):
            assert made() == "inner"
        assert made(templates=saying("argument")) == "argument"
    assert made() == "another"


def test_toml_names_the_folder_too(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "w.txt").write_text("toml")
    (tmp_path / "mailbridge.toml").write_text('templates = "mail"\n')
    assert made() == "toml"


def test_a_folder_will_do_and_is_opened_once(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("folder")
    assert made(templates=str(tmp_path)) == made(templates=tmp_path) == "folder"
    assert current.opened(str(tmp_path)) is current.opened(tmp_path)


def test_a_mailer_has_templates_of_its_own_or_takes_those_that_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.txt").write_text("mailer")
    options = {"default_from": "a@example.com"}
    with current.use(saying("current")):
        assert Mailer("null://", **options).from_template("w", to="b@example.org").text == "current\n"
        own = Mailer("null://", templates=tmp_path, **options)
        assert own.from_template("w", to="b@example.org").text == "mailer\n"
        assert str(own.from_template("w", to="b@example.org").from_) == "a@example.com"
    with pytest.raises(ConfigError, match="does not exist"):
        Mailer("null://", templates="/no/such")
    monkeypatch.setenv("MAILBRIDGE_TEMPLATES", str(tmp_path))
    monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
    message = Mailer.from_settings().from_template("w", from_="a@example.com", to="b@example.org")
    assert message.text == "mailer\n"
