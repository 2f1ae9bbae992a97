#!/usr/bin/env python3
"""Compare building a message with building it by the standard library's EmailMessage.

    python bench/build.py [--rounds 7] [--only text-1k,…] [--part both|render]

Both sides start from the same strings and end with the octets that would be sent. A round times one
side, then the other, in CPU time of this process; the ratio of a round is theirs / ours, and the
median of the rounds is printed with their range. `--part render` leaves out the making of the
Message object on our side (a message that is sent again, or whose object exists anyway).
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.message.mime import render

DATE = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
LATIN = "order parcel invoice thank you for the purchase shipped number delivery within days contact support".split()
MIXED = [*LATIN * 3, "café", "Grüße", "naïve", "—", "日本"]
CHINESE = [chr(code) * 2 for code in range(0x4E00, 0x4E60)]
EMOJI = ["👩🏽‍🚀", "🇯🇵", "e\u0301", "مرحبا", "שלום", "🎉🎉"]


def prose(words: list[str], size: int, line: int = 68, seed: int = 1) -> str:
    """Make `size` characters of text in lines of about `line`; 0 makes one line of it."""
    choose, out, column = random.Random(seed).choice, [], 0
    total = 0
    while total < size:
        word = choose(words)
        if line and column + len(word) > line:
            out.append("\n")
            column = 0
        out.append(word + " ")
        column += len(word) + 1
        total += len(word) + 1
    return "".join(out)[:size].rstrip() + "\n"


def page(words: list[str], size: int) -> str:
    """Make about `size` characters of HTML."""
    lines = prose(words, size * 5 // 8).splitlines()
    return (
        "<html><body>\n"
        + "".join(f'<p style="margin:0;color:#333">{line}</p>\n' for line in lines)
        + "</body></html>\n"
    )


class Case:
    """One message, as arguments both sides understand."""

    def __init__(self, *, eight_bit: bool = True, shared: bool = False, least: float = 1, **fields: Any) -> None:
        self.fields = {"from_": "Example Shop <shop@example.com>", "to": ["user17@example.net"], "subject": "Order 17"}
        self.fields.update(fields)
        self.files: list[tuple[bytes, str, str]] = self.fields.pop("files", [])
        self.shared = [Attachment(*each) for each in self.files] if shared else None
        self.eight_bit = eight_bit
        self.least = least

    def message(self) -> Message:
        """Build our object from strings and octets."""
        fields = self.fields
        if self.files:
            fields = {**fields, "attachments": self.shared or [Attachment(*each) for each in self.files]}
        return Message(**fields, message_id="20261121.17.5f3a@example.com", date=DATE)

    def ours(self) -> list[bytes]:
        """Build and render."""
        return render(self.message(), eight_bit=self.eight_bit).chunks()

    def rendering(self) -> Callable[[], list[bytes]]:
        """Return what renders one ready object; its attachments are encoded again each time."""
        message = self.message()

        def once() -> list[bytes]:
            if not self.shared:
                for each in message.attachments:
                    each.__dict__.pop("_encoded", None)
            return render(message, eight_bit=self.eight_bit).chunks()

        return once

    def theirs(self) -> bytes:
        """Do the same with the standard library."""
        from email.message import EmailMessage
        from email.policy import SMTP

        policy = SMTP if self.eight_bit else SMTP.clone(cte_type="7bit")
        message = EmailMessage()
        message["From"] = self.fields["from_"]
        message["To"] = ", ".join(self.fields["to"])
        message["Subject"] = self.fields["subject"]
        for name, value in self.fields.get("headers", ()):
            message[name] = value
        if "text" in self.fields:
            message.set_content(self.fields["text"])
        if "html" in self.fields:
            message.add_alternative(self.fields["html"], subtype="html")
        for content, name, kind in self.files:
            main, _, sub = kind.partition("/")
            message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return message.as_bytes(policy=policy)


PDF = ("invoice.pdf", "application/pdf")
BLOB = random.Random(7).randbytes
TEXT = prose(LATIN, 1000)
CASES = {
    "text-1k": Case(text=TEXT, least=40),
    "html-10k": Case(text=prose(MIXED, 3000), html=page(MIXED, 7000), least=15),
    "attachment-100k": Case(text=TEXT, html=page(LATIN, 2000), files=[(BLOB(100_000), *PDF)], least=8),
    "attachment-5m": Case(text=TEXT, files=[(BLOB(5_000_000), *PDF)], least=4),
    "attachment-5m-shared": Case(text=TEXT, files=[(BLOB(5_000_000), *PDF)], shared=True, least=4),
    "nothing": Case(),
    "text-1m": Case(text=prose(LATIN, 1_000_000)),
    "text-1m-mixed": Case(text=prose(MIXED, 1_000_000)),
    "text-blank-lines": Case(text="\n" * 100_000),
    "text-trailing-space-7bit-peer": Case(text="é \n" * 20_000, eight_bit=False),
    "chinese-10k": Case(text=prose(CHINESE, 10_000)),
    "chinese-10k-7bit-peer": Case(text=prose(CHINESE, 10_000), eight_bit=False),
    "mixed-10k-7bit-peer": Case(text=prose(MIXED, 10_000), eight_bit=False),
    "emoji-10k-7bit-peer": Case(text=prose(EMOJI, 10_000), eight_bit=False),
    "one-line-1m": Case(text=prose(LATIN, 1_000_000, 0)),
    "one-line-1m-chinese": Case(text=prose(CHINESE, 300_000, 0)),
    "html-minified-100k": Case(html=page(MIXED, 100_000).replace("\n", " ")),
    "crlf-100k": Case(text=prose(LATIN, 100_000).replace("\n", "\r\n")),
    "subject-emoji": Case(subject=prose(EMOJI, 120, 0)[:-1], text=TEXT),
    "subject-long": Case(subject=prose(LATIN, 900, 0)[:-1], text=TEXT),
    "subject-16k-chinese": Case(subject=prose(CHINESE, 16_000, 0)[:-1], text=TEXT),
    "subject-lookalike": Case(subject="=?utf-8?q?not_a_word?= " * 20, text=TEXT),
    "recipients-500": Case(to=[f"user{n}@example.net" for n in range(500)], text=TEXT),
    "recipients-500-named": Case(to=[f"Zoë Grün {n} <user{n}@example.net>" for n in range(500)], text=TEXT),
    "recipients-500-chinese": Case(to=[f"{CHINESE[n % 90]} <user{n}@example.net>" for n in range(500)], text=TEXT),
    "headers-10000": Case(headers=[(f"X-Note-{n}", f"value {n}") for n in range(10_000)], text=TEXT),
    "headers-1000-long": Case(headers=[(f"X-Note-{n}", TEXT[:300].replace("\n", " ")) for n in range(1000)], text=TEXT),
    "attachments-1000-small": Case(text=TEXT, files=[(BLOB(100), f"file-{n}.pdf", PDF[1]) for n in range(1000)]),
    "attachments-100-named": Case(text=TEXT, files=[(BLOB(100), f"Über {n} 日本語.pdf", PDF[1]) for n in range(100)]),
    "attachment-empty": Case(text=TEXT, files=[(b"", *PDF)]),
}  # fmt: skip


def spent(call: Callable[[], object], times: int) -> float:
    """Return CPU seconds a call."""
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) / times


def compare(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[list[float], float, float]:
    """Return the ratio of each round, and the median seconds of both sides."""
    a = max(1, int(0.04 / (spent(ours, 2) or 1e-6)))
    b = max(1, int(0.08 / (spent(theirs, 1) or 1e-6)))
    pairs = [(spent(ours, a), spent(theirs, b)) for _ in range(rounds)]
    return [y / x for x, y in pairs], statistics.median(x for x, _ in pairs), statistics.median(y for _, y in pairs)


def main() -> int:
    """Print one line a case; fail when a case misses its aim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--part", choices=["both", "render"], default="both")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(CASES)
    print(f"{'case':32}{'ratio':>9}  {'range':>15}{'ours µs':>12}{'theirs µs':>12}  aim")
    missed = 0
    for name in names:
        case = CASES[name]
        ours = case.ours if options.part == "both" else case.rendering()
        ratios, x, y = compare(ours, case.theirs, options.rounds)
        ratio = statistics.median(ratios)
        missed += ratio < case.least
        verdict = "" if ratio >= case.least else "  MISSED"
        print(
            f"{name:32}{ratio:9.1f}  {min(ratios):6.1f} ..{max(ratios):6.1f}{x * 1e6:12.1f}{y * 1e6:12.1f}"
            f"  >= {case.least:g}{verdict}",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
