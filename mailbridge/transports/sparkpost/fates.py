"""Fates: whom SparkPost rejected, as far as it says so."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbridge.extend import Address, HttpResponse, RecipientStatus, Status

_ADDRESSES = re.compile(r"[^\s'\"<>,;:()]+@[^\s'\"<>,;:()]+").findall
_UNKNOWN = "SparkPost rejected {} of {} recipients, and does not say whom"


def rejected(response: HttpResponse, recipients: Sequence[Address]) -> dict[str, RecipientStatus]:
    """Return the fate of those who were not, or perhaps not, accepted, by `Address.key`.

    An answer has the numbers, and sometimes `rcpt_to_errors` without saying in a field whom they are
    about. Named in their text he is refused. When that does not account for the number, nobody of the
    others is known to be accepted.
    """
    count = response.get("results", "total_rejected_recipients", default=0)
    if not count:
        return {}
    errors = [each for each in response.get("results", "rcpt_to_errors", default=[]) if isinstance(each, dict)]
    texts = [": ".join(str(row[name]) for name in ("message", "description") if row.get(name)) for row in errors]
    keys = [each.key for each in recipients]
    if count >= len(recipients):
        why = "; ".join(dict.fromkeys(texts)) or "rejected"
        return dict.fromkeys(keys, RecipientStatus(Status.REFUSED, text=why))
    named = {found.rstrip(".").lower(): text for text in texts for found in _ADDRESSES(text)}
    rows = {key: RecipientStatus(Status.REFUSED, text=named[key]) for key in keys if key in named}
    if len(rows) >= count:
        return rows
    unknown = RecipientStatus(Status.UNKNOWN, text=_UNKNOWN.format(count, len(recipients)))
    return {**dict.fromkeys(keys, unknown), **rows}
