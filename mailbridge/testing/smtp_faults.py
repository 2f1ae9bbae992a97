"""Which reply of an SMTP server makes a mailer raise which error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

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
    TimedOut,
)
from mailbridge.testing.faults import Planned

__all__ = ["FAULTS", "Ailment", "Fault", "Step", "in_a_line"]

Step = Literal["greet", "login", "sender", "recipient", "message"]


class Fault(NamedTuple):
    """Where in a dialogue an error is caused, and by which reply: its code, its status and its words."""

    step: Step
    code: int = 0
    enhanced: str = ""
    text: str = ""


FAULTS: Mapping[type[MailError], Fault] = {
    ConnectFailed: Fault("greet"),
    AuthFailed: Fault("login"),
    SenderRefused: Fault("sender", 550, "5.7.1", "Sender not allowed"),
    ConfigError: Fault("sender", 530, "5.7.0", "Authentication required"),
    RateLimited: Fault("sender", 450, "4.7.1", "Rate limit exceeded"),
    ProtocolError: Fault("sender"),
    ServerError: Fault("sender", 451, "4.3.0", "Try again later"),
    TimedOut: Fault("sender"),
    RecipientRefused: Fault("recipient", 550, "5.1.1", "No such user"),
    RecipientDeferred: Fault("recipient", 450, "4.2.1", "Mailbox busy, try again later"),
    ContentRefused: Fault("message", 554, "5.7.1", "Content refused"),
    MessageInvalid: Fault("message", 552, "5.3.4", "Message too big"),
    OutcomeUnknown: Fault("message"),
}
"""By the errors that a mailer is to raise. Without a code: hang up, keep silent, or talk nonsense."""


class Ailment:
    """A planned error as the server shows it."""

    def __init__(self, planned: Planned) -> None:
        if not isinstance(planned.error, MailError):
            raise TypeError(
                f"a server can cause errors of mailbridge only, such as ServerError(), not {planned.error!r}"
            )
        self.error = planned.error
        self.fault = _fault_for(self.error)
        own = planned.said if isinstance(self.error, RecipientRefused | RecipientDeferred) else _own_words(self.error)
        usual = self.fault.text
        # Without the usual words a mailer would not take a 450 for a limit.
        self._text = f"{usual}: {own}" if own and isinstance(self.error, RateLimited) else own or usual

    @property
    def reply(self) -> str:
        """The reply in one line: what the error says itself goes before what is usual."""
        code, enhanced = self.error.code or self.fault.code, self.error.enhanced_code or self.fault.enhanced
        return f"{code} {enhanced} {in_a_line(self._text)}"


def _own_words(error: MailError) -> str:
    return "" if error.text == type(error)().text else error.text


def _fault_for(error: MailError) -> Fault:
    """Return how an error is caused. Raises ConfigError for one that no SMTP server causes."""
    if type(error) not in FAULTS:
        raise ConfigError(
            f"No reply of an SMTP server makes a mailer raise {type(error).__name__}.",
            hints=[f"There are replies for {', '.join(sorted(each.__name__ for each in FAULTS))}."],
        )
    return FAULTS[type(error)]


def in_a_line(text: str) -> str:
    """Return a text as the words of a reply: ASCII, in one line."""
    return " ".join(text.encode("ascii", "replace").decode().split())[:400]
