"""mailbridge: one mailer for every way to send mail, in plain and asynchronous Python.

    from mailbridge import Mailer, Message

    mailer = Mailer("smtp://user:secret@mail.example.com:587")
    receipt = mailer.send(Message(from_="App <app@example.com>", to=["ann@example.org"], subject="Hi", text="Hello"))

Names are imported when they are first asked for: `import mailbridge` itself loads next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; `typing` alone would cost a tenth of `import httpx`

if TYPE_CHECKING:
    from typing import Any

    from mailbridge.content import Content, Templates
    from mailbridge.dsn import Dsn
    from mailbridge.errors import (
        AuthFailed,
        ConfigError,
        ConnectFailed,
        ContentRefused,
        MailError,
        MessageInvalid,
        OutcomeUnknown,
        ProtocolError,
        RateLimited,
        RecipientDeferred,
        RecipientRefused,
        SenderRefused,
        ServerError,
        TemplateBroken,
        TemplateError,
        TemplateMissing,
        TimedOut,
        TlsFailed,
        TlsMisconfigured,
        UnownedSend,
        Unsupported,
        VariableUndefined,
    )
    from mailbridge.hooks import hookimpl
    from mailbridge.mailer import Mailer
    from mailbridge.message.address import Address
    from mailbridge.message.alternative import Alternative
    from mailbridge.message.attachment import Attachment
    from mailbridge.message.envelope import Envelope
    from mailbridge.message.message import Message
    from mailbridge.message.template import Template
    from mailbridge.plugins import Plugins
    from mailbridge.receipt import Attempt, Receipt, RecipientStatus, Status
    from mailbridge.secret import Secret
    from mailbridge.sending.transport import Transport, Verification
    from mailbridge.settings import Settings
    from mailbridge.transcript import Transcript

__version__ = "0.1.0"

_HOMES = {
    "mailbridge.content": "Content Templates",
    "mailbridge.dsn": "Dsn",
    "mailbridge.errors": (
        "AuthFailed ConfigError ConnectFailed ContentRefused MailError MessageInvalid OutcomeUnknown ProtocolError "
        "RateLimited RecipientDeferred RecipientRefused SenderRefused ServerError TemplateBroken TemplateError "
        "TemplateMissing TimedOut TlsFailed TlsMisconfigured UnownedSend "
        "Unsupported VariableUndefined"
    ),
    "mailbridge.hooks": "hookimpl",
    "mailbridge.mailer": "Mailer",
    "mailbridge.message.address": "Address",
    "mailbridge.message.alternative": "Alternative",
    "mailbridge.message.attachment": "Attachment",
    "mailbridge.message.envelope": "Envelope",
    "mailbridge.message.message": "Message",
    "mailbridge.message.template": "Template",
    "mailbridge.plugins": "Plugins",
    "mailbridge.receipt": "Attempt Receipt RecipientStatus Status",
    "mailbridge.secret": "Secret",
    "mailbridge.sending.transport": "Transport Verification",
    "mailbridge.settings": "Settings",
    "mailbridge.transcript": "Transcript",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Address",
    "Alternative",
    "Attachment",
    "Attempt",
    "AuthFailed",
    "ConfigError",
    "ConnectFailed",
    "Content",
    "ContentRefused",
    "Dsn",
    "Envelope",
    "MailError",
    "Mailer",
    "Message",
    "MessageInvalid",
    "OutcomeUnknown",
    "Plugins",
    "ProtocolError",
    "RateLimited",
    "Receipt",
    "RecipientDeferred",
    "RecipientRefused",
    "RecipientStatus",
    "Secret",
    "SenderRefused",
    "ServerError",
    "Settings",
    "Status",
    "Template",
    "TemplateBroken",
    "TemplateError",
    "TemplateMissing",
    "Templates",
    "TimedOut",
    "TlsFailed",
    "TlsMisconfigured",
    "Transcript",
    "Transport",
    "UnownedSend",
    "Unsupported",
    "VariableUndefined",
    "Verification",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
