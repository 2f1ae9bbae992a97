"""`MailBridge`: the extension object, which keeps nothing of any app."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, has_app_context

from mailbridge import ConfigError, Mailer, Message, Receipt, Verification
from mailbridge.content.current import register
from mailbridge.mailer import Target
from mailbridge.message.address import AddressLike
from mailbridge.sending.delivery import Outcome
from mailbridge_flask.app_mailer import AppMailer
from mailbridge_flask.command import mount
from mailbridge_flask.configuration import DEFAULT, key_of
from mailbridge_flask.error_mail import ErrorMailHandler

if TYPE_CHECKING:
    from typing import Unpack

    from mailbridge.content.templates import Templates
    from mailbridge.message.fields import Changes
    from mailbridge.testing.outbox import Outbox

EXTENSION = "mailbridge"
"""The key of `app.extensions`; each app has a dictionary there, by the name of the MailBridge."""


class MailBridge:
    """Sends the mail of Flask applications.

    Its methods send for the current app, so they need an application context, which a view, a command and a test
    client's request have. Elsewhere, `for_app(app)` has the same methods and needs none.

    Args:
        app: an app to `init_app` at once.
        name: a name for this one, if an app has several; each reads a key of its own, `MAILBRIDGE_BULK` for
            "bulk". To choose among the mailers of one configuration, `via=` is enough.

    Raises ConfigError for a name that is not made of small letters, digits and underscores.

    >>> mail = MailBridge()
    >>> app = Flask("shop")
    >>> app.config["MAILBRIDGE"] = {"dsn": "memory://", "default_from": "shop@example.com"}
    >>> mail.init_app(app)
    >>> with app.app_context():
    ...     mail.send(mail.message(to="ann@example.org", subject="Hi", text="Hello")).accepted
    ('ann@example.org',)
    """

    __slots__ = ("name",)

    def __init__(self, app: Flask | None = None, *, name: str = DEFAULT) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ConfigError(f"A MailBridge cannot be named {name!r}: small letters, digits and _ make a name.")
        self.name = name
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Make mail available in an app, and its commands `flask mail …`; the configuration is not looked at yet.

        Raises ConfigError if the app has a MailBridge of this name.
        """
        known: dict[str, AppMailer] = app.extensions.setdefault(EXTENSION, {})
        if self.name in known:
            raise ConfigError(
                f"The app {app.name!r} has a MailBridge named {self.name!r} already.",
                hints=[f'Give this one another name: MailBridge(name="bulk") reads app.config[{key_of("bulk")!r}].'],
            )
        known[self.name] = AppMailer(app, self.name)
        mount(app)

    def for_app(self, app: Flask | None = None) -> AppMailer:
        """Return the mail of an app, by default the current one; it needs no context, whatever thread uses it.

        Raises ConfigError without an app, or for one that `init_app` has not seen.
        """
        if app is None:
            if not has_app_context():
                raise ConfigError(
                    "There is no application context, so nobody knows whose mail it is.",
                    hints=["Send by mail.for_app(app), or inside `with app.app_context():`."],
                )
            app = current_app._get_current_object()  # type: ignore[attr-defined]
        found: AppMailer | None = app.extensions.get(EXTENSION, {}).get(self.name)
        if found is None:
            raise ConfigError(
                f"The app {app.name!r} has no MailBridge named {self.name!r}.", hints=["Call init_app(app) first."]
            )
        return found

    # --- the current app

    @property
    def mailer(self) -> Mailer:
        """The Mailer of the current app."""
        return self.for_app().mailer

    def message(self, **fields: Unpack[Changes]) -> Message:
        """Make a message with the app's `default_from` and `default_reply_to`, where the fields name nobody.

        Raises MessageInvalid.
        """
        return self.for_app().message(**fields)

    def from_template(
        self,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        locale: str | None = None,
        **fields: Unpack[Changes],
    ) -> Message:
        """Make a message of one of the app's templates: `welcome` of `templates/mail/welcome.html` and its kin.

        Raises TemplateError naming file and line; MessageInvalid.
        """
        return self.for_app().from_template(name, context, locale=locale, **fields)

    def send(self, message: Message, *, via: str | None = None, dsn: Target | None = None) -> Receipt:
        """Send one message; return what became of each recipient.

        `via` names a mailer of the configuration; `dsn` is a transport for this call only. Raises a MailError when
        no recipient was accepted.
        """
        return self.for_app().send(message, via=via, dsn=dsn)

    def send_many(
        self, messages: Iterable[Message], *, via: str | None = None, dsn: Target | None = None
    ) -> Generator[Outcome]:
        """Send any number of messages; yield one Receipt or MailError for each, in order. Lazy."""
        return self.for_app().send_many(messages, via=via, dsn=dsn)

    def verify(self, *, via: str | None = None, dsn: Target | None = None) -> Verification:
        """Check address, encryption and credentials of a transport without sending anything. Raises MailError."""
        return self.for_app().verify(via=via, dsn=dsn)

    async def asend(self, message: Message, *, via: str | None = None, dsn: Target | None = None) -> Receipt:
        """Like `send`, awaiting, for asynchronous views; `send` is right there too, and keeps its connections."""
        return await self.for_app().asend(message, via=via, dsn=dsn)

    def asend_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        via: str | None = None,
        dsn: Target | None = None,
    ) -> AsyncGenerator[Outcome]:
        """Like `send_many`, awaiting."""
        return self.for_app().asend_many(messages, via=via, dsn=dsn)

    async def averify(self, *, via: str | None = None, dsn: Target | None = None) -> Verification:
        """Like `verify`, awaiting."""
        return await self.for_app().averify(via=via, dsn=dsn)

    # --- any app

    def outbox(self, app: Flask | None = None) -> Outbox:
        """Return what was sent under TESTING (or MAIL_SUPPRESS_SEND), oldest first; a list that tests may clear."""
        return self.for_app(app).outbox

    def record_messages(self, app: Flask | None = None) -> AbstractContextManager[Outbox]:
        """Give an outbox of its own to a `with` block: what is sent meanwhile, suppressed or not."""
        return self.for_app(app).record_messages()

    def mail_errors(
        self, app: Flask | None = None, *, to: AddressLike | Iterable[AddressLike], **options: Any
    ) -> ErrorMailHandler:
        """Mail what the app logs as an error to its operators: exceptions in views, and `app.logger.error(…)`.

        Options are those of `mailbridge.logging.MailHandler`. Returns the handler, which stands on `app.logger`; put
        it on others too (`logging.getLogger().addHandler(…)`), if need be. Raises ConfigError for options that cannot
        be used.
        """
        mail = self.for_app(app)
        handler = ErrorMailHandler(mail, to=to, **{"prefix": mail.app.name, **options})
        for each in [each for each in mail.app.logger.handlers if isinstance(each, ErrorMailHandler) and each.over]:
            mail.app.logger.removeHandler(each)  # of an app of the same name
            each.close()
        mail.app.logger.addHandler(handler)
        return handler

    def close(self, app: Flask | None = None) -> None:
        """Take leave of the servers of an app; the next mail reads the configuration and connects anew."""
        self.for_app(app).close()

    def __repr__(self) -> str:
        return f"MailBridge(name={self.name!r})"


def _templates() -> Templates | None:
    """Return those of the current app, for `Message.from_template` and the preview."""
    known: dict[str, AppMailer] = current_app.extensions.get(EXTENSION, {}) if has_app_context() else {}
    return (known.get(DEFAULT) or next(iter(known.values()))).mailer.templates if known else None


register("flask", _templates)
