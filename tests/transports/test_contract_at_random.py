"""Messages that nobody thought of lose nothing either, whatever the provider."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.contracts import CONTRACTS

from mailbridge.errors import MessageInvalid
from mailbridge.extend import Address, Attachment, Message

CHARACTERS = st.one_of(
    st.sampled_from("\",;:<>()[]@\\=?_%{}$&*|'`~-. \u00e4\u2260\u4e16\U0001f44d\u05e9\u0300"),
    st.characters(min_codepoint=32, max_codepoint=126),
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")),
)
# Blanks one by one, and none that only some readers of MIME take for blanks: what reads back here is not ours.
LINE = st.text(CHARACTERS, max_size=40).map(lambda text: " ".join(text.split()))
WORD = LINE.filter(bool)
TEXT = st.text(st.one_of(CHARACTERS, st.sampled_from("\n\t")), max_size=200)
NAME = st.from_regex(r"X-[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
MAILBOX = st.builds(
    lambda name, local, domain: (name, f"{local}@{domain}"),
    LINE,
    st.from_regex(r"[a-zA-Z0-9]([a-z0-9.+_'-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda each: ".." not in each),
    st.sampled_from(
        ["example.org", "Example.NET", "b\u00fccher.example", "xn--bcher-kva.example", "\u4f8b\u3048.example"]
    ),
)
FILE = st.builds(
    lambda content, stem, end, inline: Attachment(content, f"{stem}.{end}", inline=inline),
    st.binary(min_size=1, max_size=60),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._()+-]{0,20}", fullmatch=True),
    st.sampled_from(["pdf", "gif", "png"]),
    st.booleans(),
)
MESSAGE = st.fixed_dictionaries(
    {"from_": MAILBOX, "to": st.lists(MAILBOX, min_size=1, max_size=3), "subject": LINE},
    optional={
        "cc": st.lists(MAILBOX, max_size=2),
        "bcc": st.lists(MAILBOX.map(lambda each: each[1]), max_size=2),  # their names are for nobody
        "reply_to": MAILBOX,
        "text": TEXT,
        "html": TEXT,
        "attachments": st.lists(FILE, max_size=2),
        "headers": st.dictionaries(NAME, LINE, max_size=3),
        "tags": st.lists(WORD, max_size=2),
        "metadata": st.dictionaries(WORD, st.one_of(LINE, st.integers(-9, 9), st.booleans()), max_size=3),
        "track_opens": st.booleans(),
        "priority": st.sampled_from(["high", "normal", "low"]),
    },
)


@pytest.mark.parametrize("name", CONTRACTS)
@given(fields=MESSAGE)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_message_is_refused_or_told_in_full(name: str, fields: dict[str, Any]) -> None:
    try:
        message = Message(**fields)
    except MessageInvalid:
        return
    assert list(CONTRACTS[name].own_message("at-random", message)) == []
    assert all(isinstance(each, Address) for each in message.recipients)
