"""Every error that mailbridge raises, and what each one permits.

    MailError
    ├── MessageInvalid (ValueError)        the message itself is wrong; nothing was sent
    │   └── Unsupported                    the transport cannot express a feature of the message
    ├── TemplateError                      the message could not be made of its template; nothing was sent
    │   ├── TemplateMissing (LookupError)  there is no such template, or none that it refers to
    │   ├── TemplateBroken (ValueError)    its syntax is wrong
    │   └── VariableUndefined (NameError)  it uses a variable that the context lacks
    ├── RecipientRefused                   every recipient was refused for good (550 5.1.1)
    ├── RecipientDeferred                  every recipient may be tried later (450 4.2.1)
    ├── SenderRefused                      the server does not take mail from this sender
    ├── ContentRefused                     the server does not take this content (554 spam)
    ├── ConfigError                        a setting, a credential or a host name is wrong
    │   └── AuthFailed                     the credentials were refused
    ├── RateLimited                        too many messages; see `retry_after`
    ├── ConnectFailed (ConnectionError)    no connection, or lost before the point of no return
    │   └── TlsFailed                      the encrypted connection could not be made
    │       └── TlsMisconfigured           … because of a certificate or a TLS mode (also a ConfigError)
    ├── TimedOut (TimeoutError)            no answer in time, before the point of no return
    ├── ServerError                        the server cannot answer now (421, HTTP 5xx)
    │   └── ProtocolError                  the server's words are not the protocol's
    ├── OutcomeUnknown                     lost after the point of no return: perhaps accepted
    └── UnownedSend                        a test sent what no mailbox owns; nothing was sent

Each class answers, as class attributes: may the same transport try again (`retry`), may another
one (`fail_over`), does it count against the transport's health (`trips_breaker`), and what a
durable queue does with the message (`outbox`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from mailbridge.redaction import mask

__all__ = [
    "AuthFailed",
    "ConfigError",
    "ConnectFailed",
    "ContentRefused",
    "MailError",
    "MessageInvalid",
    "OutcomeUnknown",
    "ProtocolError",
    "RateLimited",
    "RecipientDeferred",
    "RecipientRefused",
    "SenderRefused",
    "ServerError",
    "TemplateBroken",
    "TemplateError",
    "TemplateMissing",
    "TimedOut",
    "TlsFailed",
    "TlsMisconfigured",
    "UnownedSend",
    "Unsupported",
    "VariableUndefined",
]

Phase = Literal["", "build", "connect", "tls", "auth", "mail", "rcpt", "data", "final", "send", "response"]
Retry = Literal["no", "yes", "later", "keyed"]
FailOver = Literal["no", "yes", "declared", "configurable"]
Breaker = Literal["no", "yes", "soft", "long"]
Outbox = Literal["dead", "retry", "hold", "unknown"]


class MailError(Exception):
    """Say that a message was not sent, or that nobody can say whether it was.

    The text is one sentence with the cause, then the next step where there is one. Secrets are
    masked. Errors survive pickling.

    Args:
        text: the sentence.
        phase: where it happened: `connect tls auth mail rcpt data final` (SMTP), `send response`
            (HTTP), `build` (before any I/O).
        code: the server's reply code (SMTP 3 digits, HTTP status).
        enhanced_code: RFC 3463 status such as `5.1.1`.
        provider_code: the provider's own error code.
        retry_after: seconds the server asked us to wait.
        recipients: the addresses concerned; for a refused transaction, each with its fate.
        transcript: the redacted dialogue, one line each.
        hints: next steps for a person.
        transport: which transport said so.
    """

    retry: ClassVar[Retry] = "no"
    fail_over: ClassVar[FailOver] = "no"
    trips_breaker: ClassVar[Breaker] = "no"
    outbox: ClassVar[Outbox] = "dead"

    unsent: int = 0
    """Octets at the end of what was being written that never left this process; set by drivers."""

    def __init__(
        self,
        text: str = "",
        *,
        phase: Phase = "",
        code: int | None = None,
        enhanced_code: str = "",
        provider_code: str = "",
        retry_after: float | None = None,
        recipients: dict[str, Any] | Iterable[str] = (),
        transcript: Iterable[str] = (),
        hints: Iterable[str] = (),
        transport: str = "",
        attempts: Iterable[Any] = (),
    ) -> None:
        self.text = mask(text or (self.__doc__ or "").partition("\n")[0])
        super().__init__(self.text)
        self.phase = phase
        self.code = code
        self.enhanced_code = enhanced_code
        self.provider_code = provider_code
        self.retry_after = retry_after
        rows: dict[str, Any] = dict(recipients) if isinstance(recipients, dict) else dict.fromkeys(recipients)
        self.recipients = rows
        self.transcript = tuple(map(mask, transcript))
        self.hints = tuple(map(mask, hints))
        self.transport = mask(transport)
        self.attempts = tuple(attempts)

    def __str__(self) -> str:
        return " ".join((self.text, *self.hints))

    def __repr__(self) -> str:
        said = [repr(self.text)]
        said += [f"{name}={value!r}" for name in ("phase", "code", "enhanced_code") if (value := getattr(self, name))]
        return f"{type(self).__name__}({', '.join(said)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_revive, (type(self), self.__dict__))

    @property
    def retryable(self) -> bool:
        """Whether the same transport may simply try again without risking a second copy."""
        return self.retry in ("yes", "later")


def _revive(kind: type[MailError], state: dict[str, Any]) -> MailError:
    error = kind.__new__(kind, state["text"])
    error.__dict__.update(state)
    error.args = (state["text"],)
    return error


class MessageInvalid(MailError, ValueError):
    """The message cannot be sent as it is.

    `field` names the part of the message that is wrong.
    """

    def __init__(self, text: str = "", *, field: str = "", **details: Any) -> None:
        details.setdefault("phase", "build")
        super().__init__(text, **details)
        self.field = field


class Unsupported(MessageInvalid):
    """The transport cannot express a feature that the message uses.

    `feature` names it, as in `mailbridge plugins --json`.
    """

    fail_over: ClassVar[FailOver] = "declared"

    def __init__(self, text: str = "", *, feature: str = "", **details: Any) -> None:
        super().__init__(text, **details)
        self.feature = feature


class TemplateError(MailError):
    """A message could not be made of its template.

    `template` names the file, `line` the line in it (None if unknown). Values of the context are not quoted.
    """

    def __init__(self, text: str = "", *, template: str = "", line: int | None = None, **details: Any) -> None:
        details.setdefault("phase", "build")
        super().__init__(text, **details)
        self.template = template
        self.line = line


class TemplateMissing(TemplateError, LookupError):
    """There is no such template."""


class TemplateBroken(TemplateError, ValueError):
    """The syntax of a template is wrong."""


class VariableUndefined(TemplateError, NameError):
    """A template uses a variable that its context lacks.

    `variable` is the variable, or the attribute, as the template has it: `user.name`.
    """

    def __init__(self, text: str = "", *, variable: str = "", **details: Any) -> None:
        super().__init__(text, **details)
        self.variable = variable


class RecipientRefused(MailError):
    """Every recipient was refused."""


class RecipientDeferred(MailError):
    """Every recipient was put off; the server asks to be tried later."""

    retry: ClassVar[Retry] = "later"
    outbox: ClassVar[Outbox] = "retry"


class SenderRefused(MailError):
    """The server does not accept mail from this sender."""

    fail_over: ClassVar[FailOver] = "configurable"


class ContentRefused(MailError):
    """The server does not accept this content."""

    fail_over: ClassVar[FailOver] = "configurable"


class ConfigError(MailError):
    """The configuration is wrong."""

    fail_over: ClassVar[FailOver] = "yes"
    trips_breaker: ClassVar[Breaker] = "long"
    outbox: ClassVar[Outbox] = "hold"


class AuthFailed(ConfigError):
    """The server refused the credentials."""


class RateLimited(MailError):
    """The server or a limit of our own asks to slow down."""

    retry: ClassVar[Retry] = "later"
    fail_over: ClassVar[FailOver] = "yes"
    trips_breaker: ClassVar[Breaker] = "soft"
    outbox: ClassVar[Outbox] = "retry"


class ConnectFailed(MailError, ConnectionError):
    """No connection to the server, or lost before anything was handed over."""

    retry: ClassVar[Retry] = "yes"
    fail_over: ClassVar[FailOver] = "yes"
    trips_breaker: ClassVar[Breaker] = "yes"
    outbox: ClassVar[Outbox] = "retry"


class TlsFailed(ConnectFailed):
    """The encrypted connection to the server could not be made."""


class TlsMisconfigured(TlsFailed, ConfigError):
    """The server's certificate is not trusted, or the TLS mode does not fit the port."""

    retry: ClassVar[Retry] = "no"
    trips_breaker: ClassVar[Breaker] = "long"
    outbox: ClassVar[Outbox] = "hold"


class TimedOut(MailError, TimeoutError):
    """The server did not answer in time, before anything was handed over."""

    retry: ClassVar[Retry] = "yes"
    fail_over: ClassVar[FailOver] = "yes"
    trips_breaker: ClassVar[Breaker] = "yes"
    outbox: ClassVar[Outbox] = "retry"


class ServerError(MailError):
    """The server cannot do it now."""

    retry: ClassVar[Retry] = "yes"
    fail_over: ClassVar[FailOver] = "yes"
    trips_breaker: ClassVar[Breaker] = "yes"
    outbox: ClassVar[Outbox] = "retry"


class ProtocolError(ServerError):
    """The server does not speak the protocol."""


class OutcomeUnknown(MailError):
    """The connection was lost after the message was handed over: it may have been accepted.

    Never failed over by itself: that could send a second copy.
    """

    shared: bool = False
    """Whether the call had other messages too. A provider knows it by a key of all of them, so it would not
    recognise this one if it came again alone."""

    retry: ClassVar[Retry] = "keyed"
    trips_breaker: ClassVar[Breaker] = "yes"
    outbox: ClassVar[Outbox] = "unknown"


class UnownedSend(MailError):
    """While tests run, a message was to leave that is in nobody's mailbox (`mailbridge.testing`); it was not sent."""
