"""What every contestant sends: the same text, page and attachment, with a To and a Subject of its own a message."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

SENDER_NAME = "Example Shop"
SENDER = "shop@example.com"
FILE_NAME = "invoice.pdf"

_WORDS = """account amount balance black boots carton courier customs delivery deposit discount entrance evening
few have invoice item later letter market morning number order parcel payment please receipt received reference
refund return shipped signature size store thank today total tracking until voucher warehouse weight with
your""".split()
_FOREIGN_WORDS = ("café", "naïve", "Größe", "señor", "€", "東京", "—")


class Payload(NamedTuple):
    """The parts of a message; `html` and `attachment` may be absent."""

    name: str
    text: str
    html: str | None = None
    attachment: bytes | None = None

    @property
    def wire_size(self) -> int:
        """Roughly the bytes of a body, for contestants that can only be told a length."""
        encoded = len(self.attachment or b"") * 4 // 3 * 78 // 76
        return len(self.text.encode()) + len((self.html or "").encode()) + encoded


def recipient(number: int) -> str:
    """Return the address that message `number` goes to."""
    return f"user{number % 100_000}@example.net"


def subject(number: int) -> str:
    """Return the subject of message `number`."""
    return f"Order {number} confirmed"


@cache
def payload(name: str) -> Payload:
    """Return the payload of that name: `text1k`, `html10k` or `att100k`."""
    if name == "text1k":
        return Payload(name, _prose(1_000, seed=1))
    if name == "html10k":
        return Payload(name, _prose(3_000, seed=2, foreign=0.02), _page(7_200, seed=3, foreign=0.02))
    if name == "att100k":
        return Payload(name, _prose(1_000, seed=1), _page(2_000, seed=4), random.Random(5).randbytes(100_000))
    raise ValueError(f"no payload {name!r}")


NAMES = ("text1k", "html10k", "att100k")


def _prose(size: int, *, seed: int, foreign: float = 0.0) -> str:
    """Return lines of words, `size` characters in all; a share of the words is not ASCII."""
    dice = random.Random(seed)
    lines = [""]
    while sum(map(len, lines)) + len(lines) < size:
        word = dice.choice(_FOREIGN_WORDS if dice.random() < foreign else _WORDS)
        if len(lines[-1]) + len(word) >= 72:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)[: size - 1].rstrip() + "\n"


def _page(size: int, *, seed: int, foreign: float = 0.0) -> str:
    rows: list[str] = []
    lines = iter(_prose(size, seed=seed, foreign=foreign).splitlines())
    while sum(map(len, rows)) < size - 60:
        rows.append(f'<p style="margin: 0; color: #333">{next(lines)}</p>\n')
    return f"<!doctype html>\n<html><body>\n{''.join(rows)}</body></html>\n"
