"""Calls: which messages travel in one."""

from __future__ import annotations

from collections.abc import Hashable

from mailbridge.extend import Attachment, Message
from mailbridge.sending.http.calls import HEADERS, Room, cut, weight

TEXT = "x" * 8000
MESSAGES = [
    Message(from_="shop@example.com", to=f"r{number}@example.org", text=TEXT, attachments=Attachment(b"y" * 9000, "y"))
    for number in range(10)
]


def anything(message: Message) -> Hashable:
    return None


def test_texts_and_files_count_with_what_encoding_adds() -> None:
    assert weight(MESSAGES[0]) == HEADERS + 9000 + 12_000 + 512


def test_what_a_call_says_once_counts_once() -> None:
    assert weight(MESSAGES[0], {"text", "attachments"}) == HEADERS
    apart = [len(call) for call in cut(MESSAGES, Room(100, 0, 50_000), anything)]
    together = [len(call) for call in cut(MESSAGES, Room(100, 0, 50_000, frozenset({"text", "attachments"})), anything)]
    assert apart == [2, 2, 2, 2, 2]
    assert together == [10]


def test_the_first_message_of_a_call_counts_in_full() -> None:
    room = Room(100, 0, weight(MESSAGES[0]) + HEADERS, frozenset({"text", "attachments"}))
    assert [len(call) for call in cut(MESSAGES[:4], room, anything)] == [2, 2]


def test_where_recipients_tell_messages_apart_nobody_is_in_a_call_twice() -> None:
    to = ["ann@example.org", "bob@example.org", "ANN@example.org", "cyd@example.org"]
    messages = [MESSAGES[0].replace(to=each) for each in to]
    assert [len(call) for call in cut(messages, Room(100, once=True), anything)] == [2, 2]
    assert [len(call) for call in cut(messages, Room(100), anything)] == [4]
