"""The standard library's messages to octets, without its accidents."""

from __future__ import annotations

from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address as RegistryAddress
from email.message import EmailMessage
from email.message import Message as Parsed
from email.mime.text import MIMEText
from email.policy import SMTP, compat32, default
from typing import Any

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.parse.flatten import flattened

HOSTILE = ["=?UTF-8?Q?x=0ABcc:_evil@x.y?=", "=?utf-8?b?eA0KQmNjOiBlQHg=?="]


def new(**headers: str) -> EmailMessage:
    """Make a message with these headers."""
    message = EmailMessage()
    for name, value in {"From": "a@b.c", "To": "x@y.z", **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hi\n")
    return message


@pytest.mark.parametrize("policy", [default, SMTP, compat32], ids=["default", "smtp", "compat32"])
def test_a_message_comes_out_with_crlf(policy: Any) -> None:
    raw = b"From: a@b.c\nSubject: x\n\nHi\nthere\n"
    for utf8 in (True, False):
        assert flattened(message_from_bytes(raw, policy=policy), utf8=utf8) == raw.replace(b"\n", b"\r\n")


def test_headers_outside_ascii_are_kept_or_encoded() -> None:
    for message in (new(Subject="Grüße"), _old("Grüße")):
        assert "Subject: Grüße\r\n".encode() in flattened(message, utf8=True)
        assert flattened(message, utf8=False).isascii()


def _old(subject: str | Header) -> MIMEText:
    message = MIMEText("Hi", "plain", "utf-8")
    message["From"] = "a@b.c"
    message["To"] = "Zoë <x@y.z>"
    message["Subject"] = subject  # type: ignore[assignment]
    return message


def test_a_name_in_an_old_message_is_not_encoded_with_its_address() -> None:
    assert "To: Zoë <x@y.z>\r\n".encode() in flattened(_old("x"), utf8=True)


def test_a_header_object_encodes_itself() -> None:
    assert b"Subject: =?utf-8?" in flattened(_old(Header("Grüße", "utf-8")), utf8=True)


@pytest.mark.catalogue("A1")
@pytest.mark.parametrize("subject", HOSTILE)
@pytest.mark.parametrize("utf8", [True, False])
def test_a_subject_never_becomes_another_header(subject: str, utf8: bool) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "a@b.c", "x@y.z"
    try:
        message["Subject"] = subject
    except ValueError:  # CPython 3.13 refuses by itself
        return
    with pytest.raises(MessageInvalid, match="control character"):
        flattened(message, utf8=utf8)


@pytest.mark.catalogue("A1", "A5")
@pytest.mark.parametrize(
    "value",
    [
        "x\r\nBcc: e@x",
        "x\nBcc: e@x",
        "x\rBcc: e@x",
        "x\x0bBcc: e@x",
        "x\x1cBcc: e@x",
        "x\x85y",
        "x\u2028y",
        "x\0",
        "x\n",
        "x\r\n\r\nbody",
    ],
    ids=ascii,
)
def test_a_value_of_several_lines_is_refused(value: str) -> None:
    message = Parsed()
    message["From"] = "a@b.c"
    message["Subject"] = value
    with pytest.raises(MessageInvalid):
        flattened(message, utf8=True)


@pytest.mark.catalogue("A5")
def test_a_header_that_writes_another_is_found_out_by_the_names() -> None:
    class Literal(str):
        """A value that shows one thing and folds into another."""

        name = "Subject"

        def fold(self, *, policy: Any) -> str:
            return "Subject: x\r\nBcc: evil@x.y\r\n"

    message = new()
    message._headers.append(("Subject", Literal("x")))  # type: ignore[attr-defined]
    with pytest.raises(MessageInvalid, match="other headers"):
        flattened(message, utf8=False)


@pytest.mark.catalogue("A6")
def test_a_long_list_keeps_its_commas_and_is_folded() -> None:
    people = [RegistryAddress(f"Zoë Müller-Lüdenscheidt {n}", f"zoe{n}", "example.org") for n in range(60)]
    message = new()
    del message["To"]
    message["To"] = people  # type: ignore[assignment]
    raw = flattened(message, utf8=False)
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 998
    again = message_from_bytes(raw, policy=default)
    assert [each.addr_spec for each in again["To"].addresses] == [each.addr_spec for each in people]
    assert [each.display_name for each in again["To"].addresses] == [each.display_name for each in people]


def test_a_word_without_spaces_is_left_in_one_line() -> None:
    message = new(X_Token="x" * 2000)
    assert b"x" * 2000 in flattened(message, utf8=False)


@pytest.mark.parametrize(
    "broken",
    [
        lambda message: message.set_payload(5),
        lambda message: message.set_payload(["x"]),
        lambda message: message._headers.append((5, "x")),
        lambda message: message.set_payload("ü\udc80", "ascii"),
    ],
    ids=["number", "list of text", "name", "charset"],
)
def test_what_python_cannot_write_is_refused(broken: Any) -> None:
    message = Parsed()
    message["From"] = "a@b.c"
    try:
        broken(message)
    except (UnicodeError, TypeError):
        return
    with pytest.raises(MessageInvalid):
        flattened(message, utf8=False)


def test_a_bomb_of_parts_is_refused() -> None:
    bomb = Parsed()
    for _ in range(3000):
        outer = Parsed()
        outer["Content-Type"] = "multipart/mixed"
        outer.set_payload([bomb])
        bomb = outer
    with pytest.raises(MessageInvalid, match="cannot serialise"):
        flattened(bomb, utf8=True)
