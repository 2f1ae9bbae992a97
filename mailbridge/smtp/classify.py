"""From an SMTP refusal to the error that says what may be done about it.

The table is the one of docs/explanation/errors.md: what a code means depends on the phase
in which it is said (RFC 5321 section 4.2.1, RFC 3463, RFC 4954 section 6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MailError,
    MessageInvalid,
    Phase,
    ProtocolError,
    RateLimited,
    RecipientDeferred,
    RecipientRefused,
    SenderRefused,
    ServerError,
)
from mailbridge.receipt import RecipientStatus, Status
from mailbridge.smtp.reply import Reply

_RATE = re.compile(
    r"\b(rate|throttl\w*|too (many|fast|frequent\w*)|quota|limit(s|ed)? (exceeded|reached)"
    r"|exceed\w* .{0,40}\b(limit|rate))\b",
    re.IGNORECASE,
)
_NEEDS_AUTH = re.compile(r"authenticat|\bauth\b|log ?in|STARTTLS", re.IGNORECASE)

_SAID: dict[Phase, str] = {
    "connect": "The server refused the connection",
    "tls": "The server refused STARTTLS",
    "auth": "The server refused the credentials",
    "mail": "The server refused the sender",
    "rcpt": "The server refused every recipient",
    "data": "The server refused the message before its content",
    "final": "The server refused the message",
}


def refusal(reply: Reply, phase: Phase, *, transcript: Iterable[str] = ()) -> MailError:
    """Return the error for a reply that refused a whole transaction (or the connection) in `phase`."""
    kind = _kind(reply, phase)
    details: dict[str, Any] = {"field": "size"} if kind is MessageInvalid else {}
    said = _SAID.get(phase, "The server refused")
    if kind in (ServerError, RateLimited):
        said = said.replace("refused", "does not accept for now", 1)
    return kind(
        f"{said}: {reply}.",
        phase=phase,
        code=reply.code,
        enhanced_code=reply.enhanced,
        transcript=transcript,
        hints=_hints(reply, phase),
        **details,
    )


def _kind(reply: Reply, phase: Phase) -> type[MailError]:
    code, enhanced = reply.code, reply.enhanced
    if 400 <= code < 500:
        return RateLimited if phase != "auth" and _slow_down(enhanced, reply.text) else ServerError
    if code < 400:
        return ProtocolError
    if phase == "auth":
        return AuthFailed
    if phase in ("connect", "tls") or code == 530:
        return ConfigError
    if (code == 552 and not enhanced.startswith("5.2.2")) or enhanced in ("5.3.4", "5.2.3"):
        return MessageInvalid
    if code == 503:
        return ConfigError if _NEEDS_AUTH.search(reply.text) else ProtocolError
    if phase == "mail":
        return ConfigError if enhanced == "5.7.0" and _NEEDS_AUTH.search(reply.text) else SenderRefused
    return ContentRefused


def _slow_down(enhanced: str, text: str) -> bool:
    """Whether a 4xx asks for fewer messages a minute; 4.5.3 asks for fewer recipients a message."""
    return enhanced != "4.5.3" and _RATE.search(text) is not None


def _hints(reply: Reply, phase: Phase) -> list[str]:
    text = reply.text.lower()
    if reply.code == 530:
        return ["Set tls=starttls." if "starttls" in text else "Set a user name and a password for this server."]
    if phase == "auth" and reply.code == 535:
        return ["Check user name and password; many providers want an app password or an API key here."]
    if phase == "connect" and reply.code == 554:
        return ["This server takes no mail from here; use your provider's submission host and port 587."]
    if reply.code == 552 and phase in ("mail", "final"):
        return ["Make the message smaller, or link to the file instead of attaching it."]
    return []


@lru_cache(maxsize=256)  # servers repeat themselves
def recipient_row(reply: Reply) -> RecipientStatus:
    """Return the row of the receipt for the reply to one RCPT (or to one recipient over LMTP)."""
    if reply.positive:  # 251 and 252 included: the server takes responsibility (RFC 5321 section 3.4)
        return RecipientStatus(Status.ACCEPTED, reply.code, reply.enhanced, reply.text)
    status = Status.DEFERRED if reply.transient else Status.REFUSED
    return RecipientStatus(status, reply.code, reply.enhanced, str(reply))


def nobody(rows: Mapping[str, RecipientStatus], *, phase: Phase = "rcpt", transcript: Iterable[str] = ()) -> MailError:
    """Return the error for a transaction in which no recipient was accepted; it carries every row."""
    deferred = [row for row in rows.values() if row.status is Status.DEFERRED]
    row = (deferred or list(rows.values()))[0]
    kind: type[MailError] = RecipientDeferred if deferred else RecipientRefused
    if row.code == 530:
        kind = ConfigError
    elif deferred and _slow_down(row.enhanced_code, row.text):
        kind = RateLimited
    elif row.code == 421:  # that is never about a recipient (RFC 5321 section 3.8)
        kind = ServerError
    names = ", ".join(list(rows)[:3]) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")
    verb = "puts off" if deferred else "refused"
    hints = _hints(Reply(row.code or 0, row.enhanced_code, (row.text,)), "rcpt")
    if not hints and "relay" in row.text.lower():
        hints = ["The server relays only for users that log in: set a user name and a password."]
    return kind(
        f"The server {verb} every recipient ({names}): {row.text}.",
        phase=phase,
        code=row.code,
        enhanced_code=row.enhanced_code,
        recipients=dict(rows),
        transcript=transcript,
        hints=hints,
    )
