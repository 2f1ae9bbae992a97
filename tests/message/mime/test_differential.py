"""What we write, the standard library reads back as the same message: random, hostile messages."""

from __future__ import annotations

import email
import email.header
import email.policy
import email.utils
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.message import Message as LegacyMessage
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import build, header_names, header_texts, messages

from mailbridge.message.address import Address
from mailbridge.message.message import Message
from mailbridge.message.mime import Mime, render

pytestmark = pytest.mark.catalogue("A1", "A5", "A6", "A12")


def canonical(text: str) -> bytes:
    """Say independently what a text is in octets: every line end is CRLF."""
    return re.sub(r"\r\n|\r|\n", "\r\n", text).encode()


def written_spec(address: Address) -> str:
    return address.addr_spec if address.addr_spec.isascii() else address.wire


def unspaced(name: str) -> str:
    """Compare without white space: the new parser keeps spaces between the encoded words of a name, and strips names.

    `test_the_old_interface_…` compares names with their spaces.
    """
    return "".join(name.split())


def leaves(message: LegacyMessage) -> Iterator[LegacyMessage]:
    for part in message.walk():
        if not part.is_multipart():
            yield part


def expected_parts(message: Message) -> list[tuple[str, bytes]]:
    """List media types and contents in the order that readers expect."""
    forms = [("text/plain", message.text), ("text/x-amp-html", message.amp), ("text/html", message.html)]
    out = [(kind, canonical(text)) for kind, text in forms if text is not None]
    rest = list(message.attachments)
    if message.html is not None:
        out += [(each.mime_type, each.content) for each in rest if each.inline]
        rest = [each for each in rest if not each.inline]
    out += [(each.content_type, canonical(cast(str, each.content))) for each in message.alternatives]
    if message.calendar is not None:
        out.append(("text/calendar", canonical(message.calendar)))
    return (out + [(each.mime_type, each.content) for each in rest]) or [("text/plain", b"")]


def check_octets(mime: Mime, *, eight_bit: bool) -> None:
    """Check what holds for every message whatever it says."""
    raw = bytes(mime)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert len(raw) == mime.size == len(mime)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert head.isascii()
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", head)
    assert b"blind" not in raw.lower().replace(b"<blind>", b"")
    assert mime.eight_bit is not body.isascii()
    assert eight_bit or not mime.eight_bit
    assert b"\0" not in raw
    for segment in mime.segments:
        assert segment.endswith(b"\r\n")


def assert_read_back(fields: dict[str, Any], eight_bit: bool) -> None:
    message = build(fields)
    mime = render(message, eight_bit=eight_bit)
    check_octets(mime, eight_bit=eight_bit)
    assert bytes(render(message, eight_bit=eight_bit)) == bytes(mime)

    parsed = cast(EmailMessage, email.message_from_bytes(bytes(mime), policy=email.policy.default))

    assert parsed["Bcc"] is None
    assert parsed["Subject"] == message.subject
    assert parsed["Date"].datetime == message.date
    for name, given_ in [
        ("From", (message.from_,)),
        ("To", message.to),
        ("Cc", message.cc),
        ("Reply-To", message.reply_to),
    ]:
        read = [(unspaced(each.display_name), each.addr_spec) for each in parsed[name].addresses] if given_ else []
        assert read == [(unspaced(each.name), written_spec(each)) for each in given_]
    assert parsed["Message-ID"] == message.message_id
    assert (parsed["References"] or "").split() == list(message.references)
    for name in {name.lower() for name, _ in message.headers}:
        assert parsed.get_all(name) == [value for each, value in message.headers if each.lower() == name]

    parts = list(leaves(parsed))
    read_parts = [(part.get_content_type(), part.get_payload(decode=True)) for part in parts]
    wanted = expected_parts(message)
    if len(wanted) == 1 and not parsed.is_multipart() and parsed["Content-Transfer-Encoding"] != "base64":
        kind, content = wanted[0]  # the whole body is one text: SMTP cannot carry a last line without its end
        wanted = [(kind, content if content.endswith(b"\r\n") or not content else content + b"\r\n")]
    assert read_parts == wanted
    described = [part["Content-Disposition"] for part in parts if "Content-Disposition" in part]
    files_in_order = sorted(message.attachments, key=lambda each: not each.inline or message.html is None)
    assert [each.params.get("filename") for each in described] == [each.filename for each in files_in_order]
    assert [each.content_disposition for each in described] == [each.disposition for each in files_in_order]
    assert [defect for part in parsed.walk() for defect in part.defects] == []


@settings(deadline=None, max_examples=60)
@given(messages, st.booleans())
def test_the_standard_library_reads_the_same_message_back(fields: dict[str, Any], eight_bit: bool) -> None:
    assert_read_back(fields, eight_bit)


@pytest.mark.slow
@settings(deadline=None, max_examples=1000)
@given(messages, st.booleans())
def test_the_standard_library_reads_a_thousand_messages_back(fields: dict[str, Any], eight_bit: bool) -> None:
    assert_read_back(fields, eight_bit)


@settings(deadline=None, max_examples=80)
@given(messages)
def test_the_old_interface_reads_the_same_header_back(fields: dict[str, Any]) -> None:
    message = build(fields)
    parsed = email.message_from_bytes(bytes(render(message)), policy=email.policy.compat32)

    def decoded(value: str) -> str:
        return str(email.header.make_header(email.header.decode_header(value.replace("\r\n", ""))))

    assert decoded(parsed["Subject"]) == message.subject
    boxes = email.utils.getaddresses([parsed["To"].replace("\r\n", "")])
    assert [(decoded(name), spec) for name, spec in boxes] == [(each.name, written_spec(each)) for each in message.to]
    intended = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}
    others = {"cc", "reply-to", "sender", "in-reply-to", "references", "list-unsubscribe", "x-priority", "importance"}
    names = {name.lower() for name in parsed.keys()}
    assert intended <= names
    assert names - intended - others - {"content-transfer-encoding"} <= {name.lower() for name, _ in message.headers}


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(header_names, header_texts), max_size=8))
def test_each_field_is_written_once_and_nothing_else(headers: list[tuple[str, str]]) -> None:
    message = build({"from_": "a@example.com", "to": "b@example.org", "headers": headers})
    head = bytes(render(message)).partition(b"\r\n\r\n")[0]
    names = re.findall(rb"(?m)^([^ :\r\n]+):", head)
    own = [b"From", b"To", b"Subject", b"Date", b"Message-ID"]
    body = [b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding"]
    assert names == [*own, *(name.encode() for name, _ in headers), *body]
