"""Where an adapter joins in: mail that does not pass a Mailer, such as Django's `mail.outbox`, comes to mailboxes too.

An adapter registers a joiner once, when it is imported in a test run. Each mailbox opens every joiner with
itself, and closes it when it is closed:

    @contextmanager
    def outbox(mailbox):
        with watching(mail.outbox, lambda message: mailbox.keep(SentMail(converted(message), mailer="default"))):
            yield

    joining.register("django", outbox)

`mailbridge.testing.mailbox.current()` says whose mail it is, for a joiner that sees everybody's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailbridge.testing.mailbox import Mailbox

__all__ = ["Joiner", "join", "passing_by", "register", "unregister"]

Joiner = Callable[["Mailbox"], AbstractContextManager[Any]]

_joiners: dict[str, Joiner] = {}


def register(name: str, joiner: Joiner) -> None:
    """Let every mailbox that is opened from now on open this too; a name that is there already is replaced."""
    _joiners[name] = joiner


def unregister(name: str) -> None:
    """Let mailboxes that are opened from now on do without the joiner of this name, if there is one."""
    _joiners.pop(name, None)


def join(mailbox: Mailbox) -> ExitStack:
    """Open every joiner with a mailbox; what is returned closes them."""
    with ExitStack() as stack:
        for joiner in tuple(_joiners.values()):
            stack.enter_context(joiner(mailbox))
        return stack.pop_all()


def passing_by() -> Iterator[str]:
    """Say which mail no mailbox can see, because the adapter of its framework has not joined."""
    outbox = getattr(sys.modules.get("django.core.mail"), "outbox", None)
    if outbox and "django" not in _joiners:
        held = "a mail that this mailbox does" if len(outbox) == 1 else f"{len(outbox)} mails that this mailbox does"
        yield f"Django's mail.outbox has {held} not see. It does with 'mailbridge_django' in INSTALLED_APPS."
