"""The SMTP password of Amazon SES, derived from a secret access key."""

from __future__ import annotations

import hmac
from base64 import b64encode

_VERSION = b"\x04"
_DATE = "11111111"  # a constant of the algorithm, not a date
SECRET_KEY_LENGTH = 40
"""Characters of a secret access key; an SMTP password has 44."""


def smtp_password(secret_access_key: str, region: str) -> str:
    """Derive the SMTP password for one region; the SMTP user is the access key's id.

    The chain of digests is that of Signature Version 4 with a constant date. Keys of a role (`ASIA…`)
    cannot be used: they are nothing without a session token, for which SMTP has no place.

    Source: Amazon SES Developer Guide, "Obtaining Amazon SES SMTP credentials", section "by converting
    existing AWS credentials" (docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html, 2026-11-22).

    >>> smtp_password("some+secret+key", "eu-central-1")
    'BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2'
    """
    signature = f"AWS4{secret_access_key}".encode()
    for step in (_DATE, region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.digest(signature, step.encode(), "sha256")
    return b64encode(_VERSION + signature).decode()
