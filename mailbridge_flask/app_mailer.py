"""`AppMailer`: the mail of one app, for whoever has the app and needs no context."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from mailbridge import Mailer, Message, Receipt, Verification
from mailbridge.mailer import Target
from mailbridge.sending.delivery import Outcome
from mailbridge.sending.suppression import Suppression
from mailbridge_flask import mail_keys
from mailbridge_flask.configuration import DEFAULT, AppSettings, settings_of, unconfigured
from mailbridge_flask.dialogue import dialogue_of
from mailbridge_flask.outboxes import Outboxes
from mailbridge_flask.signals import Signals
from mailbridge_flask.unconfigured import Unconfigured

if TYPE_CHECKING:
    from typing import Unpack

    from flask import Flask

    from mailbridge.content.templates import Templates
    from mailbridge.message.fields import Changes
    from mailbridge.testing.outbox import Outbox


class AppMailer:
    """The mail of one app; `MailBridge.for_app` returns it, and `app.extensions["mailbridge"]` has it.

    Threads may share it, and no method needs an application context. The configuration is read when mail is
    first used, and makes one `mailer`, whose connections outlive requests; they are closed at exit, or by
    `close()`, after which the configuration is read anew.
    """

    def __init__(self, app: Flask, name: str) -> None:
        self.app = app
        self.name = name
        self._made: dict[str, Mailer] = {}
        self._outboxes = Outboxes()
        _all.add(self)

    @property
    def mailer(self) -> Mailer:
        """The Mailer itself. Raises ConfigError naming the key of `app.config` that is wrong."""
        found = self._made.get(self.name)
        if found is None:
            found = Mailer.from_settings(self.settings())
            if DEFAULT in found.mailers and isinstance(found.transport(), Unconfigured):
                return found  # and look again next time
            # setdefault is atomic: of two threads that made one each, both go on with the same. No lock, for a
            # thread of the parent may hold it when a server forks its workers.
            found = self._made.setdefault(self.name, found)
        return found

    def settings(self) -> AppSettings:
        """Return what `app.config` says now, signals and the outbox included. Raises ConfigError."""
        found = settings_of(self.app.config, self.name)
        if found.templates is None:
            found.further(templates=self._templates(found))
        if not found.mailers:
            found.further(mailers={DEFAULT: Unconfigured(unconfigured(self.name))})
        return found.further(
            hooks=(*found.hooks, Signals(self.app, self.name), self._outboxes),
            diversion=Suppression(lambda: self.suppressed, self._outboxes.keep),
            transcript=dialogue_of(self.app.config),
        )

    def _templates(self, settings: AppSettings) -> Templates:
        from mailbridge.content.templates import Templates
        from mailbridge_flask.engine import FlaskEngine

        reload = self.app.config.get("TEMPLATES_AUTO_RELOAD")  # as Flask reads it for pages
        return Templates(
            engine=FlaskEngine(self.app, settings.template_folder),
            inline_css=settings.inline_css,
            make_text=settings.make_text,
            auto_reload=self.app.debug if reload is None else reload,
        )

    # --- sending

    def message(self, **fields: Unpack[Changes]) -> Message:
        """Make a message with the app's `default_from` and `default_reply_to`, where the fields name nobody.

        Raises MessageInvalid.
        """
        return self.mailer.message(**fields)

    def from_template(
        self,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        locale: str | None = None,
        **fields: Unpack[Changes],
    ) -> Message:
        """Make a message of one of the app's templates, with the defaults that `message` has.

        `welcome` is made of `templates/mail/welcome.html`, `welcome.txt` and `welcome.subject.txt`, or of one
        `welcome.jinja`, by the app's own Jinja environment. Raises TemplateError naming file and line; MessageInvalid.
        """
        return self.mailer.from_template(name, context, locale=locale, **fields)

    def send(self, message: Message, *, via: str | None = None, dsn: Target | None = None) -> Receipt:
        """Send one message, as `Mailer.send` does. Raises MailError when no recipient was accepted."""
        return self.mailer.send(message, via=via, dsn=dsn)

    def send_many(
        self, messages: Iterable[Message], *, via: str | None = None, dsn: Target | None = None
    ) -> Generator[Outcome]:
        """Send any number of messages; yield one Receipt or MailError for each, in order. Lazy."""
        return self.mailer.send_many(messages, via=via, dsn=dsn)

    def verify(self, *, via: str | None = None, dsn: Target | None = None) -> Verification:
        """Check address, encryption and credentials of a transport without sending anything."""
        return self.mailer.verify(via=via, dsn=dsn)

    async def asend(self, message: Message, *, via: str | None = None, dsn: Target | None = None) -> Receipt:
        """Like `send`, awaiting. Each call connects anew, for Flask gives each request an event loop of its own."""
        return await self.mailer.asend(message, via=via, dsn=dsn)

    def asend_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        via: str | None = None,
        dsn: Target | None = None,
    ) -> AsyncGenerator[Outcome]:
        """Like `send_many`, awaiting."""
        return self.mailer.asend_many(messages, via=via, dsn=dsn)

    async def averify(self, *, via: str | None = None, dsn: Target | None = None) -> Verification:
        """Like `verify`, awaiting."""
        return await self.mailer.averify(via=via, dsn=dsn)

    # --- tests

    @property
    def suppressed(self) -> bool:
        """Whether nothing leaves now: by MAIL_SUPPRESS_SEND or, where that is not set, under TESTING."""
        return mail_keys.suppressed(self.app.config)

    @property
    def outbox(self) -> Outbox:
        """What was sent while `suppressed`, as `mailbridge.testing.SentMail`, oldest first."""
        return self._outboxes.standing

    def record_messages(self) -> AbstractContextManager[Outbox]:
        """Give an outbox of its own to a `with` block: what is sent meanwhile, suppressed or not."""
        return self._outboxes.record()

    # --- life

    def close(self) -> None:
        """Take leave of the servers and forget the configuration; sending reads and connects anew."""
        while self._made:
            self._made.popitem()[1].close()

    def __repr__(self) -> str:
        return f"AppMailer({self.app.name!r}, {self.name!r})"


_all: weakref.WeakSet[AppMailer] = weakref.WeakSet()


def _close_all() -> None:
    for each in list(_all):
        each.close()


# The drivers' finalizers cut connections at exit. What was registered last runs first, so `weakref`, which registers
# them all when it sees the first, has to see one before this.
weakref.finalize(Mailer, bool)
atexit.register(_close_all)
