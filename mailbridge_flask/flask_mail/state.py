"""`State`: the mail of one app, which stands in `app.extensions["mail"]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from mailbridge import Receipt
from mailbridge_flask import mail_keys
from mailbridge_flask.flask_mail.connection import Connection
from mailbridge_flask.flask_mail.message import Message
from mailbridge_flask.flask_mail.signals import email_dispatched

if TYPE_CHECKING:
    from flask import Flask

    from mailbridge_flask.app_mailer import AppMailer

T = TypeVar("T")


class Key(Generic[T]):
    """An attribute that reads `app.config` whenever it is asked, and writes to it when it is set."""

    def __init__(self, key: str, read: Callable[[Mapping[str, Any]], T]) -> None:
        self._key = key
        self._read = read

    @overload
    def __get__(self, state: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, state: State, owner: type[Any]) -> T: ...
    def __get__(self, state: State | None, owner: type[Any]) -> Self | T:
        return self if state is None else self._read(state.app.config)

    def __set__(self, state: State, value: Any) -> None:
        state.app.config[self._key] = value
        state.outlet.close()  # the next mail reads the configuration anew


class Sending:
    """What a Mail and the state of an app can both do."""

    def connect(self) -> Connection:
        """Return a connection, for a `with` block that sends several messages. Raises ConfigError without an app."""
        raise NotImplementedError

    def send(self, message: Message) -> Receipt | None:
        """Send a message; return what became of its recipients. Raises MailError, as `Connection.send` does."""
        with self.connect() as connection:
            return connection.send(message)

    def send_message(self, *args: Any, **kwargs: Any) -> Receipt | None:
        """Send a Message of these arguments."""
        return self.send(Message(*args, **kwargs))

    @contextmanager
    def record_messages(self) -> Iterator[list[Message]]:
        """Give a list that every message is added to while the `with` block lasts, suppressed or not."""
        recorded: list[Message] = []

        def record(app: Flask, message: Message, **_: Any) -> None:
            recorded.append(message)

        with email_dispatched.connected_to(record):
            yield recorded


class State(Sending):
    """The mail of one app. It needs no application context, whatever thread uses it.

    Its attributes are the MAIL_* keys; they are read when they are needed, so a key counts whenever it is set.
    """

    server = Key("MAIL_SERVER", lambda config: config.get("MAIL_SERVER") or mail_keys.DEFAULT_SERVER)
    port = Key("MAIL_PORT", lambda config: mail_keys.target(config).get("port"))
    username = Key[str | None]("MAIL_USERNAME", lambda config: config.get("MAIL_USERNAME"))
    password = Key[str | None]("MAIL_PASSWORD", lambda config: config.get("MAIL_PASSWORD"))
    use_tls = Key("MAIL_USE_TLS", lambda config: mail_keys.switch(config, "MAIL_USE_TLS"))
    use_ssl = Key("MAIL_USE_SSL", lambda config: mail_keys.switch(config, "MAIL_USE_SSL"))
    default_sender = Key[Any]("MAIL_DEFAULT_SENDER", lambda config: config.get("MAIL_DEFAULT_SENDER") or None)
    debug = Key("MAIL_DEBUG", mail_keys.debug)
    max_emails = Key("MAIL_MAX_EMAILS", mail_keys.max_emails)
    suppress = Key("MAIL_SUPPRESS_SEND", mail_keys.suppressed)
    ascii_attachments = Key("MAIL_ASCII_ATTACHMENTS", mail_keys.ascii_attachments)

    def __init__(self, outlet: AppMailer) -> None:
        self.outlet = outlet

    @property
    def app(self) -> Flask:
        """The app."""
        return self.outlet.app

    def connect(self) -> Connection:
        """Return a connection, for a `with` block that sends several messages."""
        return Connection(self)

    def fallback_sender(self) -> Any:
        """Return the author of messages that name none: MAIL_DEFAULT_SENDER, else `default_from` of MAILBRIDGE."""
        return self.default_sender or self.outlet.settings().default_from
