"""`Envelope`: whom the transport is told about, apart from what the headers say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address, AddressLike, address, addresses
from mailbridge.message.text import shown
from mailbridge.message.value import Value

__all__ = ["Envelope", "Notify", "Ret"]

Notify = Literal["NEVER", "SUCCESS", "FAILURE", "DELAY"]
Ret = Literal["FULL", "HDRS"]


_DSN = frozenset({"notify", "ret", "envid"})


class Envelope(Value):
    """Who a message is from and to, as the transport is told.

    Args:
        sender: the reverse-path, to which bounces go; None is the null one, `<>`.
        recipients: at least one; a mailbox that is given twice is kept once, in its first spelling.
        notify: when the recipient's server shall report: any of SUCCESS, FAILURE, DELAY, or only NEVER.
        ret: whether a report brings back the FULL message or its HDRS.
        envid: an id of yours that a report repeats, up to 100 printable ASCII characters.

    The last three are RFC 3461. Raises MessageInvalid.

    >>> Envelope(None, ["ann@example.org", "Ann@example.org"]).recipients
    (Address('ann@example.org'),)
    """

    sender: Address | None
    recipients: tuple[Address, ...]
    notify: tuple[Notify, ...] = ()
    ret: Ret | None = None
    envid: str | None = None

    def __init__(
        self,
        sender: AddressLike | None,
        recipients: AddressLike | Iterable[AddressLike],
        *,
        notify: Notify | Iterable[Notify] = (),
        ret: Ret | None = None,
        envid: str | None = None,
    ) -> None:
        fields = self.__dict__
        fields["sender"] = None if sender is None else address(sender, "envelope.sender")
        fields["recipients"] = _distinct(addresses(recipients, "envelope.recipients"))
        if not fields["recipients"]:
            raise MessageInvalid("The envelope has no recipients; give at least one.", field="envelope.recipients")
        if notify:
            fields["notify"] = _notify(notify)
        if ret is not None:
            fields["ret"] = _one_of(ret, ("FULL", "HDRS"), "envelope.ret")
        if envid is not None:
            fields["envid"] = _envid(envid)

    @classmethod
    def of(cls, sender: Address | None, recipients: tuple[Address, ...]) -> Envelope:
        """Make an envelope of addresses that have been read already; duplicates are removed."""
        envelope = object.__new__(cls)
        fields = envelope.__dict__
        fields["sender"] = sender
        fields["recipients"] = recipients if len(recipients) == 1 else _distinct(recipients)
        return envelope

    def to(self, recipients: Iterable[Address]) -> Envelope:
        """Return the same envelope for other recipients, as when some are left to be tried again."""
        return self._copy(recipients=_distinct(tuple(recipients)))

    @property
    def needs_utf8(self) -> bool:
        """Whether an address in it can only travel with SMTPUTF8 (RFC 6531)."""
        sender = self.sender
        return any(not each.wire.isascii() for each in self.recipients) or not (sender is None or sender.wire.isascii())

    @property
    def asks_dsn(self) -> bool:
        """Whether it asks for anything of RFC 3461."""
        return not _DSN.isdisjoint(self.__dict__)  # which holds only what differs from its default


def _distinct(recipients: tuple[Address, ...]) -> tuple[Address, ...]:
    first: dict[str, Address] = {}
    for each in recipients:
        first.setdefault(each.key, each)
    return recipients if len(first) == len(recipients) else tuple(first.values())


def _notify(value: Notify | Iterable[Notify]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys([value] if isinstance(value, str) else value))
    for each in wanted:
        _one_of(each, ("NEVER", "SUCCESS", "FAILURE", "DELAY"), "envelope.notify")
    if "NEVER" in wanted and len(wanted) > 1:
        raise MessageInvalid("envelope.notify: NEVER stands alone (RFC 3461 4.1).", field="envelope.notify")
    return wanted


def _envid(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[!-~]{1,100}", value):
        raise MessageInvalid(
            "envelope.envid must be 1 to 100 printable ASCII characters without spaces (RFC 3461 4.4).",
            field="envelope.envid",
        )
    return value


def _one_of(value: str, allowed: tuple[str, ...], field: str) -> str:
    if value not in allowed:
        raise MessageInvalid(f"{field} must be one of {', '.join(allowed)}, not {shown(value)}.", field=field)
    return value
