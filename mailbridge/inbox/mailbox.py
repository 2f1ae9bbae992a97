"""`Mailbox`: what a catch-all server has caught."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from threading import Condition
from typing import TYPE_CHECKING

from mailbridge.errors import TimedOut
from mailbridge.message.value import Value

if TYPE_CHECKING:
    from email.message import EmailMessage


class Caught(Value):
    """One message as the server got it.

    Args:
        envelope_from: the sender of the envelope; empty for a bounce.
        recipients: the recipients of the envelope, Bcc included, in order.
        raw: the message, dots unstuffed, every line end CRLF.
        received_at: seconds since 1970 (UTC).
        helo: the name the client gave itself.
        tls: the version of the encryption, such as `TLSv1.3`; empty without.
        authenticated_as: the user who logged in; empty without.
    """

    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes
    received_at: float
    helo: str = ""
    tls: str = ""
    authenticated_as: str = ""

    def __init__(
        self,
        *,
        envelope_from: str,
        recipients: tuple[str, ...],
        raw: bytes,
        received_at: float,
        helo: str = "",
        tls: str = "",
        authenticated_as: str = "",
    ) -> None:
        self._set(
            envelope_from=envelope_from,
            recipients=recipients,
            raw=raw,
            received_at=received_at,
            helo=helo,
            tls=tls,
            authenticated_as=authenticated_as,
        )

    def parsed(self) -> EmailMessage:
        """Return the message as the standard library reads it: `caught.parsed()["subject"]`."""
        from email import message_from_bytes
        from email.policy import SMTP

        return message_from_bytes(self.raw, policy=SMTP)

    def __repr__(self) -> str:
        return f"Caught({self.envelope_from!r} -> {', '.join(self.recipients)}, {len(self.raw)} bytes)"


class Mailbox:
    """The last messages caught, oldest first; safe to use from any thread.

    Args:
        limit: how many are kept; older ones go, and are counted in `received` still.
    """

    def __init__(self, limit: int = 500) -> None:
        self._kept: deque[Caught] = deque(maxlen=limit)
        self._received = 0
        self._changed = Condition()

    @property
    def messages(self) -> tuple[Caught, ...]:
        """What is kept now."""
        with self._changed:
            return tuple(self._kept)

    @property
    def received(self) -> int:
        """How many were caught since the start or the last `clear`."""
        return self._received

    def add(self, caught: Caught) -> None:
        """Keep one more."""
        with self._changed:
            self._kept.append(caught)
            self._received += 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget everything, the count included."""
        with self._changed:
            self._kept.clear()
            self._received = 0

    def wait_for(self, count: int, timeout: float = 5.0) -> tuple[Caught, ...]:
        """Return what is kept as soon as `count` messages were received.

        Raises TimedOut after `timeout` seconds.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while self._received < count:
                if not self._changed.wait(end - time.monotonic()):
                    raise TimedOut(f"{self._received} of {count} messages arrived within {timeout:g} seconds.")
            return tuple(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Caught]:
        return iter(self.messages)

    def __getitem__(self, index: int) -> Caught:
        return self.messages[index]

    def __repr__(self) -> str:
        return f"<Mailbox: {len(self)} messages>"
