"""Large files: intact, and never held more often than needed."""

from __future__ import annotations

import email
import random
import subprocess
import sys
from datetime import UTC, datetime

from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.message.mime import render

DATE = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)

PROGRAM = """
import resource, sys
from datetime import datetime, timezone
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.message.mime import render

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def message(**fields):
    date = datetime(2026, 11, 21, tzinfo=timezone.utc)
    return Message(from_="a@example.com", to="b@example.org", message_id="1@x", date=date, **fields)

size = 25_000_000
render(message(text="x", attachments=Attachment(b"x" * 100_000, "a.bin"))).size
before = peak()
{content}
sent = 0
for chunk in render(message({fields})).chunks():
    sent += len(chunk)
assert sent > size
print((peak() - before) / size)
"""


def times_its_size(content: str, fields: str) -> float:
    """Render 25 MB in a process of its own; return by how many times its size memory grew, content included."""
    program = PROGRAM.format(content=content, fields=fields)
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def test_a_25_mb_file_costs_less_than_three_times_its_size() -> None:
    assert times_its_size('file = Attachment(b"x" * size, "a.bin")', 'text="x", attachments=file') < 2.6


def test_a_25_mb_raw_message_costs_less_than_three_times_its_size() -> None:
    content = r'raw = b"Subject: x\n\n" + b"line of a body\n" * (size // 15)'
    assert times_its_size(content, "raw=raw") < 2.6


def test_a_25_mb_attached_message_costs_less_than_three_times_its_size() -> None:
    content = r'file = Attachment.from_message(b"Subject: x\n\n" + b"line of a body\n" * (size // 15))'
    assert times_its_size(content, "attachments=file") < 2.6


def test_a_10_mb_file_comes_back_whole() -> None:
    content = random.Random(1).randbytes(10_000_000)
    message = Message(
        from_="a@example.com",
        to="b@example.org",
        text="see file",
        attachments=Attachment(content, "a.bin"),
        message_id="1@x",
        date=DATE,
    )
    *_, last = email.message_from_bytes(bytes(render(message))).walk()
    assert last.get_payload(decode=True) == content


def test_many_messages_share_one_encoded_file() -> None:
    file = Attachment(bytes(5_000_000), "a.bin")
    messages = [
        Message(
            from_="a@example.com",
            to=f"user{n}@example.org",
            text="x",
            attachments=file,
            message_id=f"{n}@x",
            date=DATE,
        )
        for n in range(3)
    ]
    first, *others = [[chunk for chunk in render(each).segments if len(chunk) > 50_000] for each in messages]
    assert sum(map(len, first)) > 6_500_000
    for other in others:
        assert all(a is b for a, b in zip(first, other, strict=True))
