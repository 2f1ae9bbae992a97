"""Messages that come as bytes: sent as they are, but for line ends and Bcc."""

from __future__ import annotations

import re

from mailbridge.errors import Unsupported
from mailbridge.message.mime.document import Mime
from mailbridge.message.mime.lines import canonical, canonical_blocks

# An empty line, whatever ends it; atomic, or the halves of one CRLF would count as two line ends.
_HEAD_END = re.compile(rb"(?:\A|(?>\r\n|\r|\n))(?>\r\n|\r|\n)").search
_FIELD = re.compile(r"[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*").findall
_BLIND = re.compile(r"(?i)(?:resent-)?bcc[ \t]*:").match


def render_raw(raw: bytes, *, eight_bit: bool, utf8: bool) -> Mime:
    """Take a message apart in header fields and body, octet for octet.

    Changed are bare CR and bare LF, which become CRLF, and a missing last line end; left out are Bcc
    and Resent-Bcc. Raises Unsupported where the message needs an extension that the peer lacks:
    whoever made it has chosen its encodings, perhaps signed them.
    """
    found = _HEAD_END(raw)
    start, end = found.span() if found else (len(raw), len(raw))
    head = canonical(raw[:start]).decode("utf-8", "surrogateescape") if start else ""
    body = canonical_blocks(raw, end)
    mime = Mime(
        [field for field in _FIELD(head) if not _BLIND(field)],
        body,
        not all(map(bytes.isascii, body)),
        checked=False,
    )
    if mime.eight_bit and not eight_bit:
        raise Unsupported(
            "The raw message has octets over 127 in its body and the server does not offer 8BITMIME; "
            "encode the body as quoted-printable or base64.",
            feature="8bitmime",
            field="raw",
        )
    if mime.utf8 and not utf8:
        raise Unsupported(
            "The raw message has octets over 127 in its header and the server does not offer SMTPUTF8; "
            "write them as encoded words (RFC 2047).",
            feature="smtputf8",
            field="raw",
        )
    return mime
