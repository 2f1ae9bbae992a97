"""Messages on their way to transports are looked at, as long as a mailbox is open or a `Watch` stands.

What a mailbox owns (`mailbridge.testing.ownership`) goes there. What is nobody's is refused with UnownedSend,
unless it goes to a transport that reaches nobody, or to a server on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbridge.errors import UnownedSend
from mailbridge.sending import diversion
from mailbridge.testing import ownership
from mailbridge.testing.ownership import Nobody, Owner, open_owners, owner_of

if TYPE_CHECKING:
    from mailbridge.message.message import Message
    from mailbridge.sending.transport import Transport

__all__ = ["Watch", "intercept", "release", "watched"]

_NAMED = 3  # recipients


class Watch:
    """Remembers what was refused while it stands.

    `running` is what runs meanwhile, the id of a test; `lenient` whether that may send while no mailbox is open.
    """

    def __init__(self) -> None:
        self.running = ""
        self.lenient = False
        self.refused: list[str] = []


class _Interception:
    """The diversion that asks who owns a message."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self._before: diversion.Diversion | None = None
        self._changing = threading.Lock()

    def instead(self, transport: Transport, message: Message, mailer: str) -> Transport:
        owner = owner_of(message)
        if isinstance(owner, Owner):
            return owner.instead(transport)
        watch = self.watches[-1] if self.watches else None
        if transport.reach != "others" or (watch is not None and watch.lenient and not open_owners()):
            return transport
        error = _unowned(owner, transport, message, "" if watch is None else watch.running)
        if watch is not None:
            watch.refused.append(str(error))
        raise error

    def stand(self) -> None:
        """Stand in the way of messages while there is a reason to, and only then."""
        with self._changing:
            wanted = bool(open_owners() or self.watches)
            if wanted and diversion.current is not self:
                self._before = diversion.divert(self)
            elif not wanted and diversion.current is self:
                diversion.divert(self._before)


_interception = _Interception()


def intercept(owner: Owner) -> None:
    """Let a mailbox have what it owns, from now on."""
    ownership.begin(owner)
    _interception.stand()


def release(owner: Owner) -> None:
    """Let a mailbox have nothing any more."""
    ownership.end(owner)
    _interception.stand()


@contextmanager
def watched() -> Iterator[Watch]:
    """Refuse what is nobody's for the time of a block, also when no mailbox is open, and remember it."""
    watch = Watch()
    _interception.watches.append(watch)
    _interception.stand()
    try:
        yield watch
    finally:
        _interception.watches.remove(watch)
        _interception.stand()


def _unowned(nobody: Nobody, transport: Transport, message: Message, running: str) -> UnownedSend:
    recipients = message.envelope.recipients
    to = ", ".join(each.addr_spec for each in recipients[:_NAMED])
    more = f" and {len(recipients) - _NAMED} more" if len(recipients) > _NAMED else ""
    subject = "" if message.sensitive or not message.subject else f" with the subject {message.subject!r}"
    meanwhile = f" while {running} was running" if running else ""
    return UnownedSend(
        f"A message to {to}{more}{subject} was to leave by {transport}{meanwhile}, and was not sent: "
        f"it is in nobody's mailbox. {nobody.reason}.",
        hints=[nobody.cure],
        transport=str(transport),
    )
