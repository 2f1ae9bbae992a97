"""Whose mail it is: which open mailbox owns a message.

A message belongs, by the first rule that says anything:

1. to the mailbox that was told so: its header, or the task or thread that sends it, is `allow`ed there;
2. to the mailbox of its context (`contextvars`), that of the test that sends it. Tasks have the context of
   whoever starts them, and so has what runs in `asyncio.to_thread`. If that mailbox is closed, the test is
   over, and the message is nobody's: never that of the test which runs by then;
3. a context without a mailbox (a plain thread, a pool, a server that was there before the test) is anybody's:
   its messages belong to the mailbox that is `shared()`, or else to the only one that is open.

A mailbox that was opened inside another one goes before it until it is closed. What a forked process sends is
nobody's: its memory is not the test's.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from mailbridge.errors import ConfigError

if TYPE_CHECKING:
    from mailbridge.message.message import Message
    from mailbridge.sending.transport import Transport

__all__ = ["Nobody", "Owner", "adopt", "begin", "end", "open_owners", "owner_of", "share"]


class Owner:
    """A mailbox, as the rules see it.

    Args:
        name: what it is called in errors: the id of the test.
        mailbox: the mailbox itself.
        instead: returns what takes the place of a transport for messages that it owns.
    """

    def __init__(self, name: str, mailbox: Any, instead: Callable[[Transport], Transport]) -> None:
        self.name = name
        self.mailbox = mailbox
        self.instead = instead
        self.is_open = False
        self.shared = False
        self.allowed: set[Any] = set()
        self.headers: set[tuple[str, str]] = set()
        self.outer: Owner | None = None
        self.process = 0

    def allows(self, message: Message | None) -> bool:
        """Whether it was told that this message, or whoever sends it here and now, is its own."""
        if self.headers and message is not None:
            if any((name.lower(), value) in self.headers for name, value in message.headers):
                return True
        if not self.allowed:
            return False
        thread = threading.current_thread()
        return not self.allowed.isdisjoint((thread, thread.ident, _task()))


class Nobody(NamedTuple):
    """Why nobody owns a message, and what may be done about it."""

    reason: str
    cure: str


_here: ContextVar[Owner | None] = ContextVar("mailbridge_mailbox", default=None)
_open: tuple[Owner, ...] = ()
_changing = threading.Lock()


def begin(owner: Owner) -> None:
    """Let a mailbox own what the rules say, from now on; this context is its own."""
    global _open
    owner.outer = next((each for each in _chain() if each.is_open), None)
    owner.process = os.getpid()
    with _changing:
        owner.is_open = True
        _open = (*_open, owner)
    adopt(owner)


def end(owner: Owner) -> None:
    """Let a mailbox own nothing any more."""
    global _open
    with _changing:
        owner.is_open = False
        _open = tuple(each for each in _open if each is not owner)
    if _here.get() is owner:
        _here.set(owner.outer)


def adopt(owner: Owner) -> None:
    """Let this context be the owner's."""
    _here.set(owner)


def share(owner: Owner) -> None:
    """Let an owner have what is anybody's. Raises ConfigError if another one has it."""
    with _changing:
        for each in _open:
            if each.shared and each is not owner:
                raise ConfigError(
                    f"The mailbox of {each.name} is shared already; two of them cannot both own what is anybody's.",
                    hints=["Close that one first, or let each allow its threads and tasks."],
                )
        owner.shared = True


def open_owners() -> tuple[Owner, ...]:
    """Return the mailboxes that are open, in the order of their opening."""
    return _open


def owner_of(message: Message | None = None) -> Owner | Nobody:
    """Return who owns a message that is sent here and now; without one, any message that has no headers."""
    found = _by_rules(message)
    if isinstance(found, Owner) and found.process != os.getpid():
        return _FORKED
    return found


def _by_rules(message: Message | None) -> Owner | Nobody:
    for each in reversed(_open):
        if each.allows(message):
            return each
    if chain := list(_chain()):
        late = Nobody(f"It was sent by a task or thread of {chain[0].name}, which is over", _LATE)
        return next((each for each in chain if each.is_open), late)
    around = {each.outer for each in _open}
    innermost = [each for each in _open if each not in around]
    shared = [each for each in _open if each.shared]
    if shared or len(innermost) == 1:
        return (shared or innermost)[0]
    if not innermost:
        return _NONE_OPEN
    names = ", ".join(each.name for each in innermost)
    return Nobody(f"Several mailboxes are open ({names}), and this thread is of none of them", _SEVERAL)


_NONE_OPEN = Nobody(
    "No mailbox is open",
    "Take the fixture mailbox in that test, or let the application use memory:// or null:// in tests; "
    'what really shall leave may do so in a test that is marked mailbridge_unowned("allow").',
)
_FORKED = Nobody(
    "It was sent in a process of its own, where the mailbox of the test cannot see it",
    "Let the test do that work in its own process, or let the other one use memory:// or null://.",
)
_LATE = "Let the test wait for its tasks and threads (mailbox.wait_for(…), join()), or end them."
_SEVERAL = "Say whose it is: mailbox.allow(thread), or mailbox.shared() for all that is anybody's."


def _chain() -> Iterator[Owner]:
    """Yield the mailbox of this context and those around it, from the inside out."""
    each = _here.get()
    while each is not None:
        yield each
        each = each.outer


def _task() -> Any:
    asyncio = sys.modules.get("asyncio")  # without it there are no tasks
    if asyncio is None:
        return None
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop runs in this thread
        return None
