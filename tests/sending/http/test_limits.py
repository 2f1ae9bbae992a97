"""How much of a message a provider takes is looked at before anything is sent, and names the way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.members import message

from mailbridge import Mailer, Plugins
from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.plugins.built_in import FOLDERS, record_of
from mailbridge.sending.http.limits import NAMES, Limits
from mailbridge.settings.http import HttpSettings

THREE = ["a@example.org", "b@example.org", "c@example.org"]


def check(numbers: dict[str, int], settings: dict[str, Any] | None = None, **fields: Any) -> None:
    Limits(numbers, HttpSettings(**(settings or {})), "acme://default").check(message(**fields))


EXCESSES: list[tuple[str, dict[str, int], dict[str, Any], str]] = [
    ("to", {"recipients": 2}, {"to": THREE}, "takes 2 recipients a message at most, this one has 3"),
    ("to", {"to": 2}, {"to": THREE}, "takes 2 at most; this message has 3"),
    ("cc", {"cc": 1}, {"cc": THREE[:2]}, "takes 1 at most; this message has 2"),
    ("tags", {"tags": 1}, {"tags": ["a", "b"]}, "takes 1 at most; this message has 2"),
    ("headers", {"headers": 1}, {"headers": {"X-A": "1", "X-B": "2"}}, "takes 1 at most; this message has 2"),
    ("tags", {"tag_length": 3}, {"tags": ["abc", "abcd"]}, "takes tags of 3 characters; one has 4"),
    ("metadata", {"metadata": 1}, {"metadata": {"a": 1, "b": 2}}, "takes 1 at most; this has 2"),
    (
        "metadata",
        {"metadata": 2},
        {"metadata": {"a": 1, "b": 2}, "merge_metadata": {"ann@example.org": {"c": 3}}},
        "takes 2 at most; this has 3",
    ),
    ("metadata", {"metadata_bytes": 9}, {"metadata": {"a": "äb"}}, "takes 9 octets of it as JSON; this has 11"),
    ("metadata", {"metadata_name_length": 2}, {"metadata": {"abc": 1}}, "takes names of 2 characters; this has 3"),
    ("metadata", {"metadata_value_length": 2}, {"metadata": {"a": 123}}, "takes values of 2 characters; this has 3"),
    (
        "metadata",
        {"metadata_bytes": 20},
        {"metadata": {"a": "b"}, "merge_metadata": {"ann@example.org": {"c": "d" * 9}}},
        "takes 20 octets of it as JSON; this has 25",
    ),
]


@pytest.mark.parametrize(("field", "numbers", "fields", "said"), EXCESSES, ids=[str(each[1]) for each in EXCESSES])
def test_more_than_the_provider_documents_is_refused(
    field: str, numbers: dict[str, int], fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(MessageInvalid, match="acme://default") as caught:
        check(numbers, **fields)
    assert said in caught.value.text
    assert caught.value.field == field


def test_a_subject_too_long_is_refused() -> None:
    with pytest.raises(MessageInvalid, match=r"takes subjects of 4 characters; this has 5") as caught:
        check({"subject_length": 4}, name="Hello")
    assert (caught.value.field, type(caught.value)) == ("subject", MessageInvalid)


@pytest.mark.parametrize(("field", "numbers", "fields", "said"), EXCESSES, ids=[str(each[1]) for each in EXCESSES])
def test_the_error_names_the_setting_by_which_to_go_on(
    field: str, numbers: dict[str, int], fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(MessageInvalid) as caught:
        check(numbers, **fields)
    setting: dict[str, Any] = {"max_recipients": 3} if "recipients" in numbers else {"check_limits": False}
    assert next(iter(setting)) in str(caught.value)
    check(numbers, setting, **fields)


def test_what_is_a_feature_may_be_taken_by_another_transport() -> None:
    with pytest.raises(Unsupported) as caught:
        check({"tags": 1}, tags=["a", "b"])
    assert (caught.value.feature, caught.value.fail_over) == ("tags", "declared")


@pytest.mark.parametrize("fields", [each[2] for each in EXCESSES], ids=[str(each[1]) for each in EXCESSES])
def test_no_number_is_no_limit(fields: dict[str, Any]) -> None:
    check({}, **fields)


def test_as_much_as_the_provider_documents_is_taken() -> None:
    check({"recipients": 3, "to": 3, "tags": 2, "tag_length": 3}, to=THREE, tags=["abc", "d"])


def test_private_copies_have_one_recipient_each() -> None:
    check({"recipients": 1, "to": 1}, to=THREE, merge_data={})
    with pytest.raises(MessageInvalid, match="takes 1 recipients a message at most, this one has 2"):
        check({"recipients": 1}, to=THREE, cc="d@example.org", merge_data={})


def providers() -> Iterator[str]:
    for name in sorted(set(FOLDERS.values())):
        if issubclass(record_of(name).load_settings(), HttpSettings):
            yield name


@pytest.mark.parametrize("name", list(providers()))
def test_every_limit_of_a_provider_is_one_that_is_looked_at(name: str) -> None:
    assert record_of(name).limits.keys() <= NAMES


def test_nothing_is_sent_beyond_a_limit() -> None:
    mailer = Mailer("sendgrid://SG.key@default?base_url=http://127.0.0.1:1", plugins=Plugins())
    with pytest.raises(Unsupported, match=r"tags: sendgrid://global takes 10 at most; this message has 11"):
        mailer.send(message(tags=[str(n) for n in range(11)]))
