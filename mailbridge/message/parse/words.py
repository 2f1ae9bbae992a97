"""RFC 2047, the way back: encoded words to text."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp

from mailbridge.message.parse.charsets import decoded
from mailbridge.message.parse.loss import Loss

# RFC 2231 section 5 adds a language after the charset.
_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?\s]*)\?=")


def text(value: str) -> str:
    """Return `value` with its encoded words decoded; what only resembles one is left as it is.

    White space between two of them is not text (6.2). Octets of neighbours in one charset are joined
    before they are decoded, because many programs split characters. Raises Loss.
    """
    if "=?" not in value:
        return value
    said: list[str] = []
    octets, charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if value[word.start() - 1 : word.start()].strip() or value[word.end() : word.end() + 1].strip():
            raise Loss("an encoded word inside another")  # 5 (1) wants spaces around; some readers decode it
        apart = bool(between.strip(" ")) or not charset
        if apart or charset != word[1].lower():
            said.append(decoded(octets, charset) if charset else "")
            octets, charset = b"", word[1].lower()
        if apart:
            said.append(between)
        octets += _octets(word[2], word[3])
        end = word.end()
    said.append(decoded(octets, charset) if charset else "")
    return "".join((*said, value[end:]))


def _octets(encoding: str, payload: str) -> bytes:
    try:
        octets = payload.encode("ascii")
        if encoding in "qQ":
            return a2b_qp(octets, header=True)
        return a2b_base64(octets + b"=" * (-len(octets) % 4), strict_mode=bool(octets))
    except (Error, ValueError):
        raise Loss("an encoded word that cannot be decoded") from None
