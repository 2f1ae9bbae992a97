"""The body of a response as it arrives: decoded, and cut at `LONGEST`."""

from __future__ import annotations

import zlib
from typing import Any

from mailbridge.flow.http import HttpResponse

LONGEST = 1 << 20
"""Octets of a decoded body that are kept: no API of a mail provider has more to say about a send."""

_ENCODING = "content-encoding"


class Body:
    """What has come of one response."""

    __slots__ = ("_chunks", "_decoder", "_left", "_pairs", "_status", "complete")

    def __init__(self, response: Any) -> None:
        self._status = response.status_code
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        self._decoder = next((_decoder(value) for name, value in self._pairs if name.lower() == _ENCODING), None)
        self._chunks: list[bytes] = []
        self._left = LONGEST
        self.complete = False

    def add(self, chunk: bytes) -> bool:
        """Take what arrived; say whether more is wanted."""
        if self._decoder is not None:
            try:
                chunk = self._decoder.decompress(chunk, self._left + 1)
            except zlib.error:
                return False
        self._chunks.append(chunk[: self._left])
        self._left -= len(chunk)
        return self._left >= 0

    def ended(self) -> None:
        """Note that the body came to its end, if what was compressed did so too (nothing at all may be that)."""
        self.complete = self._decoder is None or self._decoder.eof or not self._chunks

    def response(self) -> HttpResponse:
        """Return what there is."""
        return HttpResponse(self._status, self._pairs, b"".join(self._chunks), complete=self.complete)


def _decoder(encoding: str) -> Any:
    """Return what undoes a content encoding, which we did not ask for, or None where there is none."""
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip's or zlib's header, whichever comes
    return None
