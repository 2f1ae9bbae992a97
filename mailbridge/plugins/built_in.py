"""The transports that come with mailbridge, by scheme.

A table, so that a scheme is found by importing one folder and no other. A test proves that it says
what the folders' own records say. The folder `smtp` has more records than its own: the presets, which
the table has by name.
"""

from __future__ import annotations

from mailbridge.sending.plugin import Plugin

PRESETS = (
    "sendgrid+smtp",
    "mailgun+smtp",
    "ses+smtp",
    "brevo+smtp",
    "mandrill+smtp",
    "mailtrap+smtp",
    "postmark+smtp",
    "resend+smtp",
    "mailjet+smtp",
    "sparkpost+smtp",
    "mailersend+smtp",
    "elasticemail+smtp",
    "sendpulse+smtp",
    "smtp2go+smtp",
    "gmail+smtp",
    "outlook+smtp",
    "yahoo+smtp",
    "aol+smtp",
    "zoho+smtp",
    "icloud+smtp",
    "fastmail+smtp",
)
"""Providers' SMTP doors: scheme, and name of the record."""

FOLDERS = {
    "console": "console",
    "file": "file",
    "memory": "memory",
    "null": "null",
    "sendmail": "sendmail",
    "smtp": "smtp",
    "smtps": "smtp",
    "lmtp": "smtp",
    "mailjet": "mailjet",
    "mailtrap": "mailtrap",
    "mandrill": "mandrill",
    "mailersend": "mailersend",
    "postmark": "postmark",
    "brevo": "brevo",
    "resend": "resend",
    "elasticemail": "elasticemail",
    "gmail": "gmail",
    "msgraph": "msgraph",
    "sendgrid": "sendgrid",
    "sparkpost": "sparkpost",
    "mailgun": "mailgun",
    "sendpulse": "sendpulse",
    "ses": "ses",
    "smtp2go": "smtp2go",
    "zoho": "zoho",
    "retry": "retry",
    "failover": "failover",
    "roundrobin": "roundrobin",
    "ratelimit": "ratelimit",
    "guard": "guard",
    **dict(zip(PRESETS, PRESETS, strict=True)),
}
"""Scheme → folder of `mailbridge.transports`, or name of a preset."""


def record_of(folder: str) -> Plugin:
    """Import the record of `mailbridge.transports.<folder>`, or of a preset."""
    from importlib import import_module

    if folder in PRESETS:
        presets: dict[str, Plugin] = import_module("mailbridge.transports.smtp.presets").plugins
        return presets[folder]
    record: Plugin = import_module(f"mailbridge.transports.{folder}").plugin
    return record
