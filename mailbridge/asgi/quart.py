"""Quart: an extension, one object for any number of applications."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from typing import TYPE_CHECKING

from quart import Quart, current_app, has_app_context

from mailbridge.asgi.commands import mail_commands
from mailbridge.asgi.quart_mail import DEFAULT, QuartMail, key_of
from mailbridge.errors import ConfigError
from mailbridge.mailer import Mailer, Target
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Outcome
from mailbridge.sending.transport import Verification

if TYPE_CHECKING:
    from typing import Unpack

    from mailbridge.message.fields import Changes
    from mailbridge.testing.outbox import Outbox

__all__ = ["MailBridge"]


class MailBridge:
    """Sends the mail of Quart applications, and keeps nothing of any.

    The configuration is read when the application starts; what is wrong with it stops the startup. Connections are
    shared until it ends, background tasks included. Under TESTING nothing leaves: mail is checked as in production,
    and goes into `outbox()`.

    Args:
        app: an application to `init_app` at once.
        name: a name for this one, if an application has several; each reads a key of its own,
            `MAILBRIDGE_BULK` for "bulk". To choose among the mailers of one configuration, `via=` is enough.
        hooks: objects with `@hookimpl` functions.

    Raises ConfigError for a name that is not made of small letters, digits and underscores.

    >>> mail = MailBridge()
    >>> app = Quart("shop")
    >>> app.config["MAILBRIDGE"] = {"dsn": "memory://", "default_from": "shop@example.com"}
    >>> mail.init_app(app)
    >>> mail.for_app(app)
    Mailer(default=memory://)
    """

    __slots__ = ("_hooks", "name")

    def __init__(self, app: Quart | None = None, *, name: str = DEFAULT, hooks: Iterable[object] = ()) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ConfigError(f"A MailBridge cannot be named {name!r}: small letters, digits and _ make a name.")
        self.name = name
        self._hooks = tuple(hooks)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Make mail available in an application, and the commands `quart mail …`; the configuration waits.

        Raises ConfigError if the application has a MailBridge of this name.
        """
        known: dict[str, QuartMail] = app.extensions.setdefault("mailbridge", {})
        if self.name in known:
            raise ConfigError(
                f"The app {app.name!r} has a MailBridge named {self.name!r} already.",
                hints=[f'Give this one another name: MailBridge(name="bulk") reads app.config[{key_of("bulk")!r}].'],
            )
        mail = known[self.name] = QuartMail(app, self.name, self._hooks)
        app.before_serving(mail.startup)
        app.after_serving(mail.shutdown)
        if "mail" not in app.cli.commands:
            app.cli.add_command(mail_commands(mail.settings))

    def for_app(self, app: Quart | None = None) -> Mailer:
        """Return the Mailer of an application, by default the current one; it needs no context.

        Raises ConfigError without an application, for one that `init_app` has not seen, or for its configuration.
        """
        return self._mail(app).mailer

    def outbox(self, app: Quart | None = None) -> Outbox:
        """Return what was sent under TESTING, oldest first: a list that tests may clear, with the kit's assertions."""
        return self._mail(app).outbox

    # --- the current application

    @property
    def mailer(self) -> Mailer:
        """The Mailer of the current application."""
        return self.for_app()

    def message(self, **fields: Unpack[Changes]) -> Message:
        """Make a message with the `default_from` and `default_reply_to` of the configuration. Raises MessageInvalid."""
        return self.mailer.message(**fields)

    async def asend(self, message: Message, *, via: str | None = None, dsn: Target | None = None) -> Receipt:
        """Send one message, as `Mailer.asend` does. Raises a MailError when no recipient was accepted."""
        return await self.mailer.asend(message, via=via, dsn=dsn)

    def asend_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        via: str | None = None,
        dsn: Target | None = None,
    ) -> AsyncGenerator[Outcome]:
        """Send any number of messages; yield one Receipt or MailError for each, in order."""
        return self.mailer.asend_many(messages, via=via, dsn=dsn)

    async def averify(self, *, via: str | None = None, dsn: Target | None = None) -> Verification:
        """Check address, encryption and credentials of a transport without sending anything. Raises MailError."""
        return await self.mailer.averify(via=via, dsn=dsn)

    def _mail(self, app: Quart | None) -> QuartMail:
        if app is None:
            if not has_app_context():
                raise ConfigError(
                    "There is no application context, so nobody knows whose mail it is.",
                    hints=["Send by mail.for_app(app), or inside `async with app.app_context():`."],
                )
            app = current_app._get_current_object()  # type: ignore[attr-defined]
        found: QuartMail | None = app.extensions.get("mailbridge", {}).get(self.name)
        if found is None:
            raise ConfigError(
                f"The app {app.name!r} has no MailBridge named {self.name!r}.", hints=["Call init_app(app) first."]
            )
        return found

    def __repr__(self) -> str:
        return f"MailBridge(name={self.name!r})"
