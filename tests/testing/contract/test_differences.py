"""Whatever a request says otherwise than its message is found, and by its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailbridge.message import features
from mailbridge.message.address import Address
from mailbridge.message.copies import is_merge
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.sending.http.contents import alternatives, header_pairs
from mailbridge.testing import Decoded, DecodedFile, corpus
from mailbridge.testing.contract.differences import differences
from mailbridge.testing.contract.rehearsal import stamped

EVERYTHING = features.ALL - {"date"}


def wired(addresses: Iterable[Address]) -> list[Address]:
    return [Address(each.wire, each.name) for each in addresses]


def faithful(message: Message) -> Decoded:
    """Return what a request says that loses nothing."""
    envelope = message.envelope
    return Decoded(
        from_=wired(message.from_all),
        to=wired(message.to),
        cc=wired(message.cc),
        bcc=wired(message.bcc),
        reply_to=wired(message.reply_to),
        sender=message.sender,
        recipients=wired(envelope.recipients),
        envelope_sender="" if envelope.sender is None else envelope.sender.wire,
        subject=message.subject,
        text=message.text or "",
        html=message.html or "",
        alternatives=[form for form in alternatives(message) if form[0] not in ("text/plain", "text/html")],
        attachments=[
            DecodedFile(
                content=each.content,
                name=each.filename or "",
                content_type=each.content_type,
                inline=each.inline,
                content_id=each.content_id or "",
            )
            for each in message.attachments
        ],
        headers=header_pairs(message),
        tags=message.tags,
        metadata=message.metadata,
        track_opens=message.track_opens,
        track_clicks=message.track_clicks,
        send_at=message.send_at,
        stream=message.stream,
        template=None if message.template is None else (message.template.id, message.template.version),
        merge=message.merge_global,
        idempotency_key=message.idempotency_key or message.message_id,
        raw=message.raw,
        require_tls=message.require_tls,
        dsn=(envelope.notify, envelope.ret, envelope.envid) if envelope.asks_dsn else None,
    )


def found(message: Message, decoded: Decoded) -> set[str]:
    return {place for place, _ in differences(message, decoded, EVERYTHING)}


SINGLE = [name for name, message in corpus().items() if not is_merge(message)]


@pytest.mark.parametrize("name", SINGLE)
def test_a_faithful_request_has_no_differences(name: str) -> None:
    message = stamped(name, corpus()[name])
    decoded = faithful(message)
    if "alternative" in name or "forms" in name:  # a charset is the API's business
        decoded = replace(
            decoded, alternatives=[(f"{kind}; charset=utf-8", text) for kind, text in decoded.alternatives]
        )
    assert differences(message, decoded, EVERYTHING) == []


FULL = stamped(
    "full",
    Message(
        from_=["Ann <ann@example.com>", "bob@example.com"],
        sender="app@example.com",
        to=["Cyd <cyd@example.org>", "dan@example.org"],
        cc="eve@example.org",
        bcc="fay@example.org",
        reply_to="gus@example.org",
        envelope=Envelope("bounces@example.com", ["cyd@example.org"], notify="NEVER", ret="FULL", envid="1"),
        subject="Subject",
        text="Text",
        html="<p>Text</p>",
        amp="<html amp4email></html>",
        attachments=list(corpus()["inline-and-file"].attachments),
        headers={"X-A": ["1", "2"]},
        in_reply_to="<1@example.com>",
        references="<0@example.com>",
        list_unsubscribe="https://example.com/leave",
        list_unsubscribe_post=True,
        priority="high",
        tags=["a", "b"],
        metadata={"order": 7, "paid": True},
        track_opens=True,
        track_clicks=False,
        send_at=datetime(2030, 1, 1, tzinfo=UTC),
        stream="s",
        template="t",
        merge_global={"items": [{"name": "x"}]},
        require_tls=True,
    ),
)
WHOLE = faithful(FULL)


def test_the_full_message_is_told_in_full() -> None:
    assert differences(FULL, WHOLE, EVERYTHING) == []
    unsaid = {each.name for each in fields(Decoded) if not getattr(WHOLE, each.name)}
    assert unsaid == {"raw", "track_clicks"}


LOST = {
    "from_": "from_", "to": "to", "cc": "cc", "bcc": "bcc", "reply_to": "reply_to", "sender": "sender",
    "envelope_sender": "envelope_sender", "subject": "subject", "text": "text", "html": "html",
    "alternatives": "alternatives", "attachments": "attachments.count", "headers": "headers.x-a", "tags": "tags",
    "metadata": "metadata", "track_opens": "track_opens", "track_clicks": "track_clicks", "send_at": "send_at",
    "stream": "stream", "template": "template", "merge": "merge", "idempotency_key": "idempotency_key",
    "recipients": "recipients", "require_tls": "require_tls", "dsn": "dsn",
}  # fmt: skip


@pytest.mark.parametrize(("field", "place"), LOST.items())
def test_a_field_that_is_lost_is_found(field: str, place: str) -> None:
    nothing = getattr(Decoded(), field)
    assert place in found(FULL, replace(WHOLE, **{field: nothing}))


def test_every_field_of_a_request_is_compared() -> None:
    assert LOST.keys() | {"raw"} == {each.name for each in fields(Decoded)}


def test_raw_octets_that_differ_are_found() -> None:
    message = stamped("raw", corpus()["raw"])
    assert message.raw is not None
    assert found(message, replace(faithful(message), raw=message.raw.replace(b"\r\n", b"\n"))) == set()
    assert found(message, replace(faithful(message), raw=message.raw + b"x")) == {"raw"}


def files(**change: Any) -> Decoded:
    return replace(WHOLE, attachments=[replace(each, **change) for each in WHOLE.attachments])


@pytest.mark.parametrize(
    ("decoded", "places"),
    [
        (replace(WHOLE, to=[Address("cyd@example.org"), Address("dan@example.org")]), {"to.name"}),
        (replace(WHOLE, to=list(reversed(WHOLE.to))), {"to", "to.name"}),
        (replace(WHOLE, cc=[], bcc=[*WHOLE.bcc, *WHOLE.cc]), {"cc", "bcc"}),
        (replace(WHOLE, headers=[*WHOLE.headers, ("X-New", "1")]), {"headers.x-new"}),
        (replace(WHOLE, headers=[p for p in WHOLE.headers if p != ("X-A", "1")]), {"headers.x-a"}),
        (replace(WHOLE, headers=[p for p in WHOLE.headers if p[0] != "References"]), {"references"}),
        (replace(WHOLE, headers=[p for p in WHOLE.headers if p[0] != "In-Reply-To"]), {"in_reply_to"}),
        (replace(WHOLE, headers=[p for p in WHOLE.headers if p[0] != "List-Unsubscribe"]), {"list_unsubscribe"}),
        (
            replace(WHOLE, headers=[p for p in WHOLE.headers if p[0] != "List-Unsubscribe-Post"]),
            {"list_unsubscribe_post"},
        ),
        (replace(WHOLE, headers=[p for p in WHOLE.headers if p[0] != "Message-ID"]), {"message_id"}),
        (
            replace(WHOLE, headers=[p for p in WHOLE.headers if p[0] not in ("X-Priority", "Importance")]),
            {"priority"},
        ),
        (replace(WHOLE, tags=["b", "a"]), {"tags"}),
        (replace(WHOLE, metadata={"order": "7", "paid": "True"}), {"metadata"}),
        (replace(WHOLE, merge={"items": [{"name": "y"}]}), {"merge"}),
        (replace(WHOLE, send_at=datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=1)), {"send_at"}),
        (replace(WHOLE, template=("t", "1")), {"template"}),
        (replace(WHOLE, alternatives=[("text/x-amp", content) for _, content in WHOLE.alternatives]), {"alternatives"}),
        (files(content=b""), {"attachments.content", "inline.content"}),
        (files(name="x"), {"attachments.name", "inline.name"}),
        (files(content_type="x/y"), {"attachments.content_type", "attachments.parameters", "inline.content_type"}),
        (files(content_id=""), {"inline.content_id"}),
        (files(inline=False), {"attachments.count", "attachments.content", "attachments.name", "inline.count",
                               "attachments.content_type", "attachments.content_id", "attachments.parameters"}),
    ],
)  # fmt: skip
def test_a_change_is_found_where_it_is(decoded: Decoded, places: set[str]) -> None:
    assert found(FULL, decoded) == places


@pytest.mark.parametrize(
    "decoded",
    [
        replace(WHOLE, text="Text".replace("\n", "\r\n"), metadata={"order": "7", "paid": "true"}),
        replace(WHOLE, headers=[(name.upper(), value) for name, value in WHOLE.headers]),
        replace(WHOLE, headers=[p for p in WHOLE.headers if p[0] != "X-Priority"]),
        replace(WHOLE, to=[*WHOLE.to, Address("DAN@example.org")]),
        replace(WHOLE, send_at=datetime(2030, 1, 1, 1, tzinfo=UTC) - timedelta(hours=1)),
    ],
    ids=["values as text", "case of headers", "one word for the priority", "said twice", "the same moment"],
)
def test_what_means_the_same_is_no_difference(decoded: Decoded) -> None:
    assert found(FULL, decoded) == set()


def test_a_domain_that_was_not_encoded_is_found() -> None:
    message = stamped("idn", corpus()["idn-recipient"])
    assert found(message, faithful(message)) == set()
    assert found(message, replace(faithful(message), to=message.to)) == {"to.domain"}


def test_a_date_is_compared_where_the_transport_keeps_it() -> None:
    message = stamped("date", corpus()["date"])
    for said, places in (("Tue, 01 Jan 2030 09:30:15 +0000", set()), ("Tue, 01 Jan 2030 09:30:16 +0000", {"date"})):
        decoded = replace(faithful(message), headers=[*header_pairs(message), ("Date", said)])
        assert {place for place, _ in differences(message, decoded, features.ALL)} == places
    assert {place for place, _ in differences(message, faithful(message), features.ALL)} == {"date"}
