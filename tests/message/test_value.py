"""Values cannot be changed; they are compared, copied and pickled by what they say."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mailbridge import (
    Address,
    Alternative,
    Attachment,
    Envelope,
    Message,
    MessageInvalid,
    Receipt,
    RecipientStatus,
    Status,
    Template,
    Verification,
)
from mailbridge.extend import Context, Plugin
from mailbridge.message.value import Value

LOGO = Attachment(b"GIF89a", "logo.gif", inline=True)
MESSAGE = Message(
    from_="app@example.com",
    to=["Ann <ann@example.org>"],
    bcc="bob@example.org",
    subject="Hi",
    text="Hello",
    html="<b>Hello</b>",
    attachments=[LOGO],
    headers={"X-Batch": "7"},
    metadata={"order": 7},
    merge_data={"ann@example.org": {"items": [1, {"two": 2.5}]}},
    envelope=Envelope("app@example.com", ["ann@example.org", "bob@example.org"], notify="NEVER"),
    alternatives=[("Hello", "text/x-note")],
    date=datetime(2026, 11, 21, tzinfo=UTC),
    template=None,
)
VALUES: dict[str, Value] = {
    "message": MESSAGE,
    "address": Address("ann@Bücher.example", "Ann"),
    "attachment": LOGO,
    "alternative": Alternative("Hello", "text/x-note"),
    "envelope": MESSAGE.envelope,
    "template": Template("welcome", 2),
    "receipt": Receipt(message_id="<1@example.com>", recipients={"ann@example.org": RecipientStatus(Status.ACCEPTED)}),
    "verification": Verification(transport="null://", text="Fine.", details={"a": 1}),
    "context": Context("bulk", asynchronous=True),
    "plugin": Plugin(name="acme", schemes=["acme"], settings="acme:Settings", transport="acme:Transport"),
}
values = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)


@values
@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],  # noqa: S301
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_is_equal(value: Value, twin: Callable[[Value], Value]) -> None:
    assert twin(value) == value
    assert type(twin(value)) is type(value)
    assert repr(twin(value)) == repr(value)


@values
def test_a_value_cannot_be_changed(value: Value) -> None:
    name = value._fields()[0]
    with pytest.raises(AttributeError, match=rf"frozen; use \.replace\({name}=…\)"):
        setattr(value, name, None)
    with pytest.raises(AttributeError, match="frozen"):
        delattr(value, name)


@values
def test_a_copy_with_nothing_changed_is_equal(value: Value) -> None:
    assert value.replace() == value


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("message", {"subject": "Bye"}),
        ("address", {"name": "Ann Smith"}),
        ("attachment", {"filename": "new.gif"}),
        ("alternative", {"content": "Bye"}),
        ("envelope", {"ret": "HDRS"}),
        ("template", {"version": "3"}),
        ("receipt", {"queued_id": "7"}),
        ("verification", {"text": "Well."}),
        ("context", {"mailer": "default"}),
        ("plugin", {"summary": "Mail by Acme."}),
    ],
)
def test_a_changed_copy_says_the_rest_unchanged(name: str, change: dict[str, Any]) -> None:
    value = VALUES[name]
    changed = value.replace(**change)
    told = {field: getattr(changed, field, None) for field in changed._fields()}
    assert told == {field: getattr(value, field, None) for field in value._fields()} | change
    assert changed != value


def test_a_change_is_checked() -> None:
    with pytest.raises(MessageInvalid, match="two@@example"):
        VALUES["address"].replace(addr_spec="two@@example.org")
    with pytest.raises(TypeError, match="adr_spec"):
        VALUES["address"].replace(adr_spec="ann@example.org")


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with Python 3.13")
def test_the_standard_librarys_replace_does_it_too() -> None:
    replace: Any = getattr(copy, "replace", None)
    assert replace(MESSAGE, subject="Bye") == MESSAGE.replace(subject="Bye")


def test_values_of_different_classes_differ() -> None:
    class Mailbox(Address):
        """An address of another class."""

    assert Mailbox("ann@example.org") != Address("ann@example.org")
    assert len({Address("ann@example.org"), Address("ann@example.org"), Address("bob@example.org")}) == 2
