"""What a server offers in its EHLO reply (RFC 5321 section 4.1.1.1)."""

from __future__ import annotations

import re

from mailbridge.smtp.reply import Reply

_SIZE = re.compile("[0-9]{1,20}")  # RFC 1870 section 3


class Extensions:
    """The extensions of one server, read once.

    `size` is the largest message in octets (None: not said), `auth` the mechanisms offered.
    """

    __slots__ = (
        "auth",
        "chunking",
        "dsn",
        "eight_bit",
        "keywords",
        "pipelining",
        "says_size",
        "size",
        "smtputf8",
        "starttls",
    )

    def __init__(self, keywords: dict[str, str] | None = None) -> None:
        self.keywords = offered = keywords or {}
        self.pipelining = "PIPELINING" in offered
        self.eight_bit = "8BITMIME" in offered
        self.smtputf8 = "SMTPUTF8" in offered
        self.chunking = "CHUNKING" in offered
        self.starttls = "STARTTLS" in offered
        self.dsn = "DSN" in offered
        self.says_size = "SIZE" in offered
        size = offered.get("SIZE")
        # "SIZE" without a number, and "SIZE 0", mean: no fixed maximum (RFC 1870 section 4).
        self.size = int(size) or None if size and _SIZE.fullmatch(size) else None
        self.auth = tuple(offered.get("AUTH", "").upper().split())

    @classmethod
    def parse(cls, reply: Reply) -> Extensions:
        """Read an EHLO reply; the first line is the server's name."""
        keywords: dict[str, str] = {}
        for line in reply.lines[1:]:
            # "AUTH=LOGIN" is a form from before RFC 2554 that some servers still send.
            name, _, value = line.strip().replace("AUTH=", "AUTH ", 1).partition(" ")
            known = keywords.get(name.upper())
            keywords[name.upper()] = f"{known} {value.strip()}" if known else value.strip()
        return cls(keywords)
