"""Every hook: what it is given, what it may answer, when it is called.

The host calls implementations in the order in which their plugins were registered (pluggy itself
would call the last one first); `@hookimpl(tryfirst=True)` and `trylast=True` move one to either end.
An implementation may leave out arguments that it does not need, so that hooks can gain arguments.

Those called during a send (all but `providers`, `diagnose`, `checks` and `commands`) may be
`async def`; a send by a synchronous method then fails or, for an observer, logs.

    filter     may change the message; a MailError refuses it and reaches the caller as it is, any
               other exception becomes a ConfigError that names the plugin
    decision   the first answer that is not None counts; exceptions as with a filter
    observer   answers nothing; an exception is logged on `mailbridge.hooks` and changes nothing
    collector  all answers are gathered; an exception is logged

The examples run as tests, with `hooks` (a `Hooks`), `message`, `mime`, `receipt` and `error` at
hand, and `run`, which performs a flow.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from mailbridge.errors import MailError
    from mailbridge.hooks.context import Context
    from mailbridge.message.message import Message
    from mailbridge.message.mime import Mime
    from mailbridge.receipt import Attempt, Receipt

PROJECT = "mailbridge"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook whose name it has."""


@hookspec
def mailbridge_providers() -> Iterable[Any] | None:
    """Return the records (`mailbridge.extend.Plugin`) of the transports that this plugin brings.

    A collector; called when a scheme is looked up that is not built in, and by `mailbridge plugins`.

    >>> from mailbridge.sending.plugin import Plugin
    >>> class Acme:
    ...     @hookimpl
    ...     def mailbridge_providers(self):
    ...         return [Plugin(name="acme", schemes=["acme"], settings="acme:Settings", transport="acme:Transport")]
    >>> hooks.register(Acme())
    'Acme'
    >>> [plugin.name for name, plugin in hooks.providers()]
    ['acme']
    """


@hookspec
def mailbridge_message(message: Message, context: Context) -> Message | Awaitable[Message | None] | None:
    """Return another message to send instead, or None to leave it as it is.

    A filter, called first and once for each send; each implementation is given what the one before
    returned. WordPress calls it `wp_mail`.

    >>> class Footer:
    ...     @hookimpl
    ...     def mailbridge_message(self, message):
    ...         return message.replace(text=message.text + "ACME Ltd, Springfield")
    >>> hooks.register(Footer())
    'Footer'
    >>> run(hooks.message(message, Context())).text
    'Hello. ACME Ltd, Springfield'
    """


@hookspec
def mailbridge_pre_send(message: Message, context: Context) -> Receipt | Awaitable[Receipt | None] | None:
    """Return a Receipt to send nothing and answer with it, or None to send.

    A decision. The receipt says what became of each recipient (`suppressed`, `queued`, `accepted`),
    and observers are told as after any send. To refuse the message, raise a MailError. WordPress
    calls it `pre_wp_mail`.

    >>> from mailbridge.receipt import Receipt, RecipientStatus, Status
    >>> class Holiday:
    ...     @hookimpl
    ...     def mailbridge_pre_send(self, message):
    ...         fate = RecipientStatus(Status.SUPPRESSED, text="closed until Monday")
    ...         return Receipt(message_id=message.message_id, recipients={"ann@example.org": fate})
    >>> hooks.register(Holiday())
    'Holiday'
    >>> run(hooks.pre_send(message, Context())).recipients["ann@example.org"].text
    'closed until Monday'
    """


@hookspec
def mailbridge_route(message: Message, mailers: Collection[str]) -> str | Awaitable[str | None] | None:
    """Return the name of the mailer, one of `mailers`, that shall carry the message, or None.

    A decision; not asked when the caller named a mailer (`via`) or a transport.

    >>> class Newsletters:
    ...     @hookimpl
    ...     def mailbridge_route(self, message, mailers):
    ...         return "bulk" if "newsletter" in message.tags else None
    >>> hooks.register(Newsletters())
    'Newsletters'
    >>> run(hooks.route(message.replace(tags=["newsletter"]), ["default", "bulk"]))
    'bulk'
    """


@hookspec
def mailbridge_prepare(mime: Mime, message: Message) -> Awaitable[None] | None:
    """Change the MIME form of the message in place, before each attempt that sends one.

    A filter. `mime` is a `mailbridge.extend.Mime`: `add_header`, `set_header` and `remove_header` change
    its header fields, `prepend_header` puts a signature before them, `headers` shows them, `bytes(mime)`
    is what will be sent. WordPress calls it `phpmailer_init`.

    >>> class Precedence:
    ...     @hookimpl
    ...     def mailbridge_prepare(self, mime):
    ...         mime.add_header("Precedence", "bulk")
    >>> hooks.register(Precedence())
    'Precedence'
    >>> run(hooks.prepare(mime, message))
    >>> mime.headers
    [('Subject', 'Hi'), ('Precedence', 'bulk')]
    """


@hookspec
def mailbridge_attempt(attempt: Attempt, message: Message) -> Awaitable[None] | None:
    """See each try of each transport, before (`attempt.finished` is false) and after.

    An observer.

    >>> class Timing:
    ...     @hookimpl
    ...     def mailbridge_attempt(self, attempt):
    ...         if attempt.finished:
    ...             print(attempt.transport, attempt.ms, "ms")
    >>> hooks.register(Timing())
    'Timing'
    >>> from mailbridge.receipt import Attempt
    >>> run(hooks.attempt(Attempt(1, "smtp://mail.example.com", 0.0, ms=12.5), message))
    smtp://mail.example.com 12.5 ms
    """


@hookspec
def mailbridge_fallback(
    message: Message, source: str, target: str, error: MailError
) -> bool | Awaitable[bool | None] | None:
    """Return False to forbid handing the message from `source`, which failed, to `target`.

    A decision; without one, the message is handed over. An exception is logged and forbids it: what
    was meant to be kept from a transport cannot be taken back from it.

    >>> class InsideEurope:
    ...     @hookimpl
    ...     def mailbridge_fallback(self, message, target):
    ...         return False if "personal" in message.tags and "us-east" in target else None
    >>> hooks.register(InsideEurope())
    'InsideEurope'
    >>> run(hooks.fallback(message.replace(tags=["personal"]), "smtp://eu", "ses://us-east-1", error))
    False
    """


@hookspec
def mailbridge_sent(message: Message, receipt: Receipt) -> Awaitable[None] | None:
    """See the receipt of a message, once.

    An observer. "Sent" means that a server took responsibility, not that it was delivered; that is
    an event. WordPress calls it `wp_mail_succeeded`.

    >>> class Counter:
    ...     sent = 0
    ...     @hookimpl
    ...     def mailbridge_sent(self, receipt):
    ...         self.sent += len(receipt.accepted)
    >>> counter = Counter()
    >>> hooks.register(counter)
    'Counter'
    >>> run(hooks.sent(message, receipt))
    >>> counter.sent
    1
    """


@hookspec
def mailbridge_failed(message: Message, error: MailError) -> Awaitable[None] | None:
    """See the error of a message that nobody accepted, once, after the last attempt.

    An observer. WordPress calls it `wp_mail_failed`.

    >>> class Alert:
    ...     @hookimpl
    ...     def mailbridge_failed(self, message, error):
    ...         print(f"{message.subject!r} was not sent: {error}")
    >>> hooks.register(Alert())
    'Alert'
    >>> run(hooks.failed(message, error))
    'Hi' was not sent: The server is full.
    """


@hookspec
def mailbridge_suppressed(message: Message, recipients: Collection[str], reason: str) -> Awaitable[None] | None:
    """See recipients that were left out on purpose (a suppression list, an allow-list, a block).

    An observer, called once for each reason when the outcome is known: before `mailbridge_sent` or
    `mailbridge_failed`, or alone if nobody is left.

    >>> class Audit:
    ...     @hookimpl
    ...     def mailbridge_suppressed(self, recipients, reason):
    ...         print(*recipients, reason)
    >>> hooks.register(Audit())
    'Audit'
    >>> run(hooks.suppressed(message, ["ann@example.org"], "unsubscribed"))
    ann@example.org unsubscribed
    """


@hookspec
def mailbridge_event(event: Any) -> Awaitable[None] | None:
    """See what a provider reported later: delivered, bounced, complained, opened …

    An observer, called after the report's signature was verified.

    >>> class Bounces:
    ...     @hookimpl
    ...     def mailbridge_event(self, event):
    ...         print("event:", event)
    >>> hooks.register(Bounces())
    'Bounces'
    >>> run(hooks.event("bounced"))
    event: bounced
    """


@hookspec
def mailbridge_diagnose(error: MailError) -> str | Iterable[str] | None:
    """Return next steps for a person who meets this error: a sentence, or several.

    A collector.

    >>> class Office:
    ...     @hookimpl
    ...     def mailbridge_diagnose(self, error):
    ...         return "Ask postmaster@example.com to empty the disk." if "full" in error.text else None
    >>> hooks.register(Office())
    'Office'
    >>> hooks.diagnose(error)
    ('Ask postmaster@example.com to empty the disk.',)
    """


@hookspec
def mailbridge_checks() -> Iterable[Callable[..., Any]] | None:
    """Return further checks for `mailbridge doctor`.

    A collector.

    >>> def disk_is_writable():
    ...     return True
    >>> class Disk:
    ...     @hookimpl
    ...     def mailbridge_checks(self):
    ...         return [disk_is_writable]
    >>> hooks.register(Disk())
    'Disk'
    >>> [check() for check in hooks.checks()]
    [True]
    """


@hookspec
def mailbridge_commands(group: Any) -> None:
    """Add commands to `group`, the click group of the `mailbridge` command.

    A collector without answers.

    >>> import click
    >>> class Greeting:
    ...     @hookimpl
    ...     def mailbridge_commands(self, group):
    ...         group.add_command(click.Command("greet", callback=lambda: print("hello")))
    >>> hooks.register(Greeting())
    'Greeting'
    >>> group = click.Group()
    >>> hooks.commands(group)
    >>> list(group.commands)
    ['greet']
    """
