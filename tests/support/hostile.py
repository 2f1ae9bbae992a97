"""Hypothesis strategies of hostile messages: what breaks mail software, in every field that takes text."""

from __future__ import annotations

import re
from binascii import crc32
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from mailbridge.message.address import Address
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message

MESSAGE_ID = "<17.a@example.com>"

LOOKALIKES = [
    "=?utf-8?q?x=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?eA0KQmNjOiBlQHg=?=",
    "=?UTF-8?Q?=C3=A9?=",
    "=?",
    "?=",
    "=?utf-8?q?",
    "=?iso-8859-1?q?caf=E9?= =?utf-8?b?w6k=?=",
    "=C3=A9",
    "%C3%A9",
]
SCRIPTS = ["é", "e\u0301", "ß", "日本語", "👩🏽\u200d🚀", "🇯🇵", "مرحبا", "שלום", "\u202eabc\u202c", "\ufeff", "\u00a0"]
SYNTAX = ['"', "\\", ",", ";", ":", "<", ">", "(", ")", "@", "[", "]", ".", "'", "*", "%", "=", "_", "?", " ", "  "]
LONG = ["x" * 80, "x" * 1100, "word " * 40, "é" * 90, "日" * 60, "a" * 997, "🎉" * 300]
LINES = ["\n", "\r\n", "\r", "\n\n", ".", "..", "\n.\n", "\n.\r\n", "\r.\r", "\nFrom me\n", " \n", "\t\n", "=\n", "\0"]
BOUNDARIES = ["--", "\n--\n", "\n--=_", "--=_{stem}.0m", "\n--=_{stem}.0a--\n", "\n--=_{stem}.1m\n", "=_{stem}."]

ALPHABET = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029")
pieces = st.one_of(
    st.text(ALPHABET, max_size=12), st.sampled_from([*LOOKALIKES, *SCRIPTS, *SYNTAX, *LONG, "word", "Ann", "Order 17"])
)
header_texts = st.lists(pieces, max_size=6).map("".join)
body_pieces = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from([*LOOKALIKES, *SCRIPTS, *LONG, *LINES, *BOUNDARIES]),
)
bodies = st.lists(body_pieces, max_size=12).map("".join)

locals_ = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[a-z0-9]{1,8})?", fullmatch=True).filter(
    lambda text: "=?" not in text
)
domains = st.sampled_from(["example.org", "sub.example.com", "bücher.example", "xn--bcher-kva.example", "EXAMPLE.net"])
names = header_texts.map(lambda text: text[:300].strip(" "))
addresses = st.builds(lambda local, domain, name: Address(f"{local}@{domain}", name), locals_, domains, names)
files = st.builds(
    Attachment,
    st.binary(max_size=400),
    st.none() | header_texts.map(lambda text: re.sub(r"[\u202a-\u202e\u2066-\u2069/\\]", "", text)[:255]).filter(
        lambda text: text.strip(" .") != ""
    ),
    st.sampled_from(["application/pdf", "text/plain; charset=utf-8", "image/png", 'text/csv; x="a b"']),
    inline=st.booleans(),
)  # fmt: skip
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).flatmap(
    lambda moment: st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    )
)
header_names = st.from_regex(r"X-[A-Za-z0-9-]{1,74}", fullmatch=True)
identifiers = st.from_regex(r"[a-z0-9.]{1,30}@[a-z0-9.]{1,30}", fullmatch=True)

messages = st.fixed_dictionaries(
    {"from_": addresses, "to": st.lists(addresses, min_size=1, max_size=8)},
    optional={
        "cc": st.lists(addresses, max_size=3),
        "bcc": st.lists(st.just(Address("blind@secret.example", "Blind")), max_size=1),
        "reply_to": st.lists(addresses, max_size=3),
        "sender": addresses,
        "subject": header_texts,
        "text": bodies,
        "html": bodies,
        "amp": bodies,
        "calendar": bodies.filter(lambda text: not re.search(r"(?im)^method:", text)),
        "alternatives": st.lists(st.tuples(bodies, st.just("text/markdown")), max_size=2),
        "attachments": st.lists(files, max_size=3),
        "headers": st.lists(st.tuples(header_names, header_texts), max_size=4),
        "in_reply_to": identifiers,
        "references": st.lists(identifiers, max_size=40),
        "list_unsubscribe": st.just(["https://example.com/u?a=1&b=2", "mailto:stop@example.com?subject=stop"]),
        "priority": st.sampled_from(["high", "normal", "low"]),
        "date": moments,
    },
)


def build(fields: dict[str, Any]) -> Message:
    """Make the message; bodies that name the boundary get the one this message would have."""
    stem = f"{crc32(MESSAGE_ID.encode()):08x}"
    fields = {
        name: value.replace("{stem}", stem) if isinstance(value, str) and name != "subject" else value
        for name, value in fields.items()
    }
    distinct = {each.content_id or id(each): each for each in fields.get("attachments", [])}
    fields["attachments"] = list(distinct.values())
    fields.setdefault("date", datetime(2026, 11, 21, 12, 30, tzinfo=UTC))
    return Message(**fields, message_id=MESSAGE_ID)
