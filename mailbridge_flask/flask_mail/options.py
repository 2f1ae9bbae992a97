"""`mail_options` and `rcpt_options`: parameters of ESMTP, as what mailbridge says of an envelope."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mailbridge import Unsupported

_NEGOTIATED = frozenset({"BODY", "SIZE", "SMTPUTF8"})
"""Said by every SMTP transport itself, where the server offers it and the message needs it."""


def envelope_options(mail_options: Iterable[str] | None, rcpt_options: Iterable[str] | None) -> dict[str, Any]:
    """Return `notify`, `ret` and `envid` for an Envelope, and `require_tls` for a Message.

    Raises Unsupported for any other parameter.

    >>> envelope_options(["BODY=8BITMIME", "RET=HDRS"], ["NOTIFY=SUCCESS,FAILURE"])
    {'ret': 'HDRS', 'notify': ('SUCCESS', 'FAILURE')}
    """
    found: dict[str, Any] = {}
    for field, options in (("mail_options", mail_options), ("rcpt_options", rcpt_options)):
        for option in options or ():
            name, _, value = str(option).partition("=")
            found |= _meaning(field, name.upper(), value)
    return found


def _meaning(field: str, name: str, value: str) -> dict[str, Any]:
    match field, name:
        case "mail_options", "RET":
            return {"ret": value.upper()}
        case "mail_options", "ENVID":
            return {"envid": value}
        case "mail_options", "REQUIRETLS":
            return {"require_tls": True}
        case "rcpt_options", "NOTIFY":
            return {"notify": tuple(value.upper().split(","))}
        case "mail_options", _ if name in _NEGOTIATED:
            return {}
    raise Unsupported(f"{field}: the parameter {name!r:.40} is not known.", field=field, hints=["Leave it out."])
