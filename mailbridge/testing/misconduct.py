"""How an SMTP sink misbehaves when a test wants it to: faults as replies, silence and lost connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

from mailbridge.errors import MailError, MessageInvalid, OutcomeUnknown, ProtocolError, TimedOut
from mailbridge.inbox import Caught, Conduct, HangUp
from mailbridge.message.address import Address
from mailbridge.testing.faults import Planned
from mailbridge.testing.smtp_faults import Ailment, Step, in_a_line

__all__ = ["Misconduct"]

_GREYLISTED = "450 4.7.1 Greylisted, please try again later"
_NOT_A_REPLY = "HTTP/1.1 400 Bad Request"


class Misconduct(Conduct):
    """Answers by plan.

    Args:
        keep: takes each message and what it was answered with: None for a good one, or an error.
    """

    def __init__(self, keep: Callable[[Caught, MailError | None], None]) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._plan: list[Planned | None] = []
        self._refused: dict[str, str] = {}
        self._greylist: set[str] | None = None
        self._transactions: WeakKeyDictionary[object, _Transaction] = WeakKeyDictionary()
        self.pause = 0.0
        self.turned_away = 0

    # --- what tests say

    def plan(self, planned: list[Planned | None]) -> None:
        """Add faults, one for each transaction (or connection, or login)."""
        with self._lock:
            self._plan += planned

    @property
    def left(self) -> int:
        """How many faults did not happen yet."""
        return len(self._plan)

    def refuse(self, address: str, reply: str) -> None:
        """Answer RCPT for an address with this, until `heal`."""
        self._refused[_key(address)] = reply

    def greylist(self) -> None:
        """Defer each recipient the first time he is named from now on."""
        self._greylist = set()

    def heal(self) -> None:
        """Forget everything that was planned."""
        with self._lock:
            self._plan.clear()
            self._refused.clear()
            self._greylist = None
            self.pause = 0.0

    # --- what the server asks

    async def greet(self, connection: object) -> str | None:
        """Hang up without a greeting, if that is planned."""
        if self._take("greet"):
            raise HangUp
        return None

    def let_in(self, connection: object, user: str) -> bool:
        """Refuse a good login, if that is planned."""
        return self._take("login") is None

    async def sender(self, connection: object, address: str) -> str | None:
        """Begin a transaction; answer by what is planned for it.

        Where the next fault is one of a connection, this one is of no use: the client has to make another.
        """
        if self._awaits_connection():
            raise HangUp
        planned = self._take("sender", "recipient", "message")
        self._transactions[connection] = _Transaction(planned)
        if planned is None or planned.fault.step != "sender":
            return None
        self.turned_away += 1
        if isinstance(planned.error, TimedOut):
            await asyncio.get_running_loop().create_future()  # until the client has enough
        return _NOT_A_REPLY if isinstance(planned.error, ProtocolError) else planned.reply

    async def recipient(self, connection: object, address: str) -> str | None:
        """Refuse or defer a recipient, as planned for him, for all, or once for everybody."""
        transaction, key = self._transactions[connection], _key(address)
        with self._lock:
            reply = transaction.reply_for(key) or self._named(transaction, key) or self._refused.get(key)
            if reply is None and self._greylist is not None and key not in self._greylist:
                self._greylist.add(key)
                reply = _GREYLISTED
        self.turned_away += reply is not None
        return reply

    async def message(self, connection: object, caught: Caught) -> str | None:
        """Take a message, or refuse it; or take it, and be gone before anybody is told."""
        planned = self._transactions[connection].planned
        refusal = planned if planned is not None and planned.fault.step == "message" and planned.fault.code else None
        try:
            self._keep(caught, refusal.error if refusal else None)
        except MessageInvalid as error:
            return f"554 5.6.0 mailbridge's sink cannot read the message: {in_a_line(error.text)}"
        if refusal:
            return refusal.reply
        await asyncio.sleep(self.pause)
        if planned is not None and isinstance(planned.error, OutcomeUnknown):
            raise HangUp
        return None

    def _take(self, *steps: Step) -> Ailment | None:
        """Take the first plan that names nobody, if it is for one of these steps; None is a success."""
        with self._lock:
            for number, planned in enumerate(self._plan):
                if planned is not None and planned.names:
                    continue
                found = None if planned is None else Ailment(planned)
                if (found.fault.step if found else "sender") in steps:
                    del self._plan[number]
                    return found
                return None
        return None

    def _awaits_connection(self) -> bool:
        with self._lock:
            first = next((each for each in self._plan if each is None or not each.names), None)
        return first is not None and Ailment(first).fault.step in ("greet", "login")

    def _named(self, transaction: _Transaction, key: str) -> str | None:
        """Take the first plan that names a recipient: for this transaction it holds for all whom it names."""
        for number, planned in enumerate(self._plan):
            if planned is not None and key in planned.names:
                del self._plan[number]
                transaction.refused |= dict.fromkeys(planned.names, Ailment(planned).reply)
                return transaction.refused[key]
        return None


class _Transaction:
    """What is planned for a transaction as a whole, and for some of its recipients."""

    def __init__(self, planned: Ailment | None) -> None:
        self.planned = planned
        self.refused: dict[str, str] = {}

    def reply_for(self, key: str) -> str | None:
        if self.planned is not None and self.planned.fault.step == "recipient":
            return self.planned.reply
        return self.refused.get(key)


def _key(address: str) -> str:
    try:
        return Address(address).key
    except MessageInvalid:
        return address.lower()  # whatever a client says, it can be refused
