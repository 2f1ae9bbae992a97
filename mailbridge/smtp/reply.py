"""SMTP replies: from bytes to codes and text (RFC 5321 section 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mailbridge.errors import ProtocolError
from mailbridge.redaction import MASK

MAX_LINE = 8192  # octets with CRLF; RFC 5321 4.5.3.1.5 asks for 512, real servers send more
MAX_REPLY = 65536  # octets of one reply, all its lines together

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CACHE_LIMIT = 512


class Reply(NamedTuple):
    """One reply: three-digit `code`, RFC 3463 `enhanced` status or "", and the `lines` of text without either."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines as one."""
        return " ".join(self.lines)

    @property
    def positive(self) -> bool:
        """Whether the command was carried out (2xx)."""
        return 200 <= self.code < 300

    @property
    def transient(self) -> bool:
        """Whether the refusal is for now only (4xx)."""
        return 400 <= self.code < 500

    def without(self, words: Iterable[str]) -> Reply:
        """Return the reply with these words masked: some servers repeat the credentials that they refuse."""
        lines = self.lines
        for word in words:
            lines = tuple(line.replace(word, MASK) for line in lines)
        return self._replace(lines=lines)

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


class ReplyParser:
    """Cuts a stream of bytes into replies; strict, with caps, so that a hostile server costs nothing.

    >>> ReplyParser().feed(b"250-mx.example\\r\\n250 SIZE 1000\\r\\n220 re")[0].lines
    ('mx.example', 'SIZE 1000')
    """

    __slots__ = ("_code", "_lines", "_rest", "_size", "broken")

    def __init__(self) -> None:
        self.broken: ProtocolError | None = None
        self._rest = b""
        self._code = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def mid_reply(self) -> bool:
        """Whether a reply has begun and not ended."""
        return bool(self._rest or self._lines or self.broken)

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that `data` completes; what is no reply ends it all and is in `broken`."""
        if self.broken is not None:  # nothing after it can be told apart any more
            return []
        lines = (self._rest + data).split(b"\r\n")
        rest = self._rest = lines.pop()
        replies: list[Reply] = []
        try:
            for line in lines:
                if self._lines or (reply := _cache.get(line)) is None:
                    reply = self._take(line)
                    if reply is None:
                        continue
                replies.append(reply)
            if rest and (len(rest) > MAX_LINE or b"\n" in rest):
                raise _bad(rest, "a line that is too long" if len(rest) > MAX_LINE else "a line that ends without CR")
        except ProtocolError as error:
            self.broken = error.with_traceback(None)  # kept with the session: it must not hold who is reading
        return replies

    def _take(self, line: bytes) -> Reply | None:
        match = _LINE.fullmatch(line)
        if match is None or len(line) > MAX_LINE:
            raise _bad(line, "a line that is no SMTP reply")
        code, mark, text = match.groups(b"")
        if _CONTROL.search(text):
            raise _bad(line, "a reply with control characters")
        if self._lines and code != self._code:
            raise _bad(line, f"a reply that changes its code from {self._code.decode()}")
        self._code = code
        self._lines.append(text)
        self._size += len(line)
        if self._size > MAX_REPLY:
            raise _bad(line, "a reply that does not end")
        if mark == b"-":
            return None
        reply = _reply(int(code), self._lines)
        if len(self._lines) == 1 and len(line) <= 64:
            _remember(line, reply)
        self._lines, self._size = [], 0
        return reply


_cache: dict[bytes, Reply] = {}


def _remember(line: bytes, reply: Reply) -> None:
    """Keep the replies that a server gives again and again ("250 2.1.0 Ok"); bounded."""
    if len(_cache) >= _CACHE_LIMIT:
        _cache.clear()
    _cache[line] = reply


def _reply(code: int, raw_lines: list[bytes]) -> Reply:
    enhanced = ""
    lines = []
    for raw in raw_lines:
        text = _decode(raw)
        match = _ENHANCED.match(text)
        if match and match[1][0] == str(code)[0]:
            enhanced = enhanced or match[1]
            text = text[match.end() :]
        lines.append(text)
    return Reply(code, enhanced, tuple(lines))


def _decode(raw: bytes) -> str:
    """Read UTF-8 where it is UTF-8 (localised servers), escape every other octet."""
    text = raw.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _bad(line: bytes, what: str) -> ProtocolError:
    shown = ascii(line[:80])[2:-1]
    return ProtocolError(f"The server sent {what}: {shown!r}. The connection was closed.", phase="response")
