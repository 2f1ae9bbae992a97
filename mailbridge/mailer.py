"""`Mailer`: the front door."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mailbridge.content.current import opened
from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError, MessageInvalid
from mailbridge.hooks import Hooks
from mailbridge.identity import MessageIds
from mailbridge.message.address import AddressLike, address, addresses, domain
from mailbridge.message.message import Message
from mailbridge.plugins import Plugins
from mailbridge.plugins.recent import Recent
from mailbridge.receipt import Receipt
from mailbridge.secret import Secret, guarded
from mailbridge.sending.deliver import SendPath
from mailbridge.sending.delivery import Outcome
from mailbridge.sending.transport import Transport, Verification
from mailbridge.sending.unsupported import Policy, Unsupporting
from mailbridge.transcript import Transcript

if TYPE_CHECKING:
    from typing import Unpack

    from mailbridge.content.templates import StrPath, Templates
    from mailbridge.drivers.loops import Loops
    from mailbridge.drivers.names import Resolver
    from mailbridge.drivers.sync import SyncDriver
    from mailbridge.message.fields import Changes
    from mailbridge.sending.diversion import Diversion
    from mailbridge.settings import Settings

Target = str | Dsn | Secret | Mapping[str, Any] | Transport
"""What names a transport: a DSN, a mapping of its settings, or the transport itself."""


class Mailer:
    """Sends messages, by plain calls or by awaiting, through the transports that its settings name.

    A Mailer may be shared by threads. Connections are kept open between sends; `close()` (or leaving
    a `with` block) takes leave of the servers. Asynchronous sends share connections only inside
    `async with mailer`, each event loop its own, because a connection belongs to one loop.

    Args:
        target: the default transport: a DSN such as `smtp://user:secret@mail.example.com:587`, a mapping
            such as `{"transport": "smtp", "host": …}`, or a Transport.
        mailers: further transports by name, for `via`.
        plugins: where transports and hooks come from; built in and installed ones by default.
        hooks: objects with `@hookimpl` functions, registered in this order.
        default_from: the author of what `message(…)` makes, where the fields name none.
        default_reply_to: likewise, where answers go.
        templates: what `from_template` makes messages of: `Templates`, or the folder of them.
        unsupported: what to do with features a transport lacks: `raise`, `warn`, `drop`, `emulate`, or
            a mapping by feature.
        message_id_domain: the right-hand side of Message-IDs; the author's domain by default.
        resolver: finds the addresses of a host, in place of the system's resolver.
        transcript: collects the dialogues with servers, redacted, for a person to read.
        diversion: takes the place of every transport, those of `dsn=` too; for an application's own tests.

    Raises ConfigError for a target or another argument that cannot be used.

    >>> mailer = Mailer("memory://")
    >>> message = Message(from_="shop@example.com", to="ann@example.org", subject="Hi", text="Hello")
    >>> mailer.send(message).accepted
    ('ann@example.org',)
    """

    def __init__(
        self,
        target: Target | None = None,
        *,
        mailers: Mapping[str, Target] | None = None,
        plugins: Plugins | None = None,
        hooks: Iterable[object] = (),
        default_from: AddressLike | None = None,
        default_reply_to: AddressLike | Iterable[AddressLike] = (),
        templates: Templates | StrPath | None = None,
        unsupported: Policy | Mapping[str, Policy] = "raise",
        message_id_domain: str = "",
        resolver: Resolver | None = None,
        transcript: Transcript | None = None,
        diversion: Diversion | None = None,
    ) -> None:
        self._transports: dict[str, Transport] = {}
        targets: dict[str, Any] = {} if target is None else {"default": _guarded(target)}
        targets |= {name: _guarded(each) for name, each in (mailers or {}).items()}
        target = mailers = None  # a traceback may show the variables of this frame
        self.plugins = plugins or Plugins()
        self.hooks: Hooks = self.plugins.hooks
        for plugin in hooks:
            self.hooks.register(plugin)
        self._defaults: Changes = {}
        try:
            if default_from is not None:
                self._defaults["from_"] = address(default_from, "default_from")
            if reply_to := addresses(default_reply_to, "default_reply_to"):
                self._defaults["reply_to"] = reply_to
            self._message_id_domain = message_id_domain and domain(message_id_domain, "message_id_domain")
        except MessageInvalid as error:
            raise ConfigError(error.text) from None
        self._templates = opened(templates)
        self._unsupporting = Unsupporting(unsupported)
        self._message_id = MessageIds()
        self._second = (0, datetime.fromtimestamp(0, UTC))
        self._resolver = resolver
        self._transcript = transcript
        self._diversion = diversion
        self._transports |= self.plugins.build_all(targets)
        self._recent = Recent(self.plugins.build)
        self._path = self._send_path(asynchronous=False)
        self._apath = self._send_path(asynchronous=True)
        self._making = threading.Lock()
        self._sync: SyncDriver | None = None
        self._loops: Loops | None = None

    @classmethod
    def from_settings(cls, settings: Settings | None = None, **options: Any) -> Self:
        """Make the mailer that the settings describe (environment, `.env`, `mailbridge.toml` by default).

        `options` are further arguments of Mailer and go before the settings. Raises ConfigError with
        every gap at once.
        """
        if settings is None:
            from mailbridge.settings import Settings

            settings = Settings.load(check=Plugins.problems_of)
        options.setdefault("plugins", Plugins(**settings.plugin_options()))
        return cls(**{**settings.mailer_options(), **options})

    # --- sending

    def message(self, **fields: Unpack[Changes]) -> Message:
        """Make a message with the mailer's `default_from` and `default_reply_to`, where the fields name nobody.

        Raises MessageInvalid, as `Message(…)` does.

        >>> mailer = Mailer("null://", default_from="shop@example.com")
        >>> mailer.message(to="ann@example.org", text="Hello").from_
        Address('shop@example.com')
        """
        named: Any = {name: value for name, value in fields.items() if value is not None}
        return Message(**{**self._defaults, **named})

    def from_template(
        self,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        locale: str | None = None,
        **fields: Unpack[Changes],
    ) -> Message:
        """Make a message as `Message.from_template` does, of the mailer's templates and with its defaults.

        Without templates of its own it takes those that hold for `Message.from_template`.
        """
        named: Any = {name: value for name, value in fields.items() if value is not None}
        return Message.from_template(
            name, context, locale=locale, templates=self._templates, **{**self._defaults, **named}
        )

    def send(self, message: Message, *, via: str | None = None, dsn: Target | None = None) -> Receipt:
        """Send one message; return what became of each recipient.

        `via` names a configured mailer; `dsn` is a transport for this call only (a tenant's server).
        Raises a MailError when no recipient was accepted.
        """
        dsn = _guarded(dsn)
        return self._driver().run(self._path.deliver(message, via, self._through(dsn)))

    def send_many(
        self, messages: Iterable[Message], *, via: str | None = None, dsn: Target | None = None
    ) -> Generator[Outcome]:
        """Send any number of messages; yield one Receipt or MailError for each, in order.

        Lazy: messages are taken from the iterable as they are sent, a few ahead of the outcomes. Never
        raises for one message's sake.
        """
        dsn = _guarded(dsn)
        return self._driver().stream(self._path.deliver_many(via, self._through(dsn)), messages)

    def connect(self, *, via: str | None = None, dsn: Target | None = None) -> None:
        """Open a connection for the next message, so that it need not wait and a wrong password shows now.

        Does nothing where one is open already, or where there is nothing to connect ahead: APIs, files,
        policies, a mailer whose mails are diverted. Raises the MailError that a send would have.
        """
        dsn = _guarded(dsn)
        self._driver().run(self._path.connect(via, self._through(dsn)))

    def verify(self, *, via: str | None = None, dsn: Target | None = None) -> Verification:
        """Check address, encryption and credentials of a transport without sending anything."""
        dsn = _guarded(dsn)
        return self._driver().run((self._through(dsn) or self.transport(via or "default")).verify())

    async def asend(self, message: Message, *, via: str | None = None, dsn: Target | None = None) -> Receipt:
        """Like `send`, awaiting."""
        dsn = _guarded(dsn)
        flow = self._apath.deliver(message, via, self._through(dsn))
        if self._loops is not None and (ours := self._loops.here) is not None:
            return await ours.run(flow)
        async with self._borrowed() as driver:
            receipt: Receipt = await driver.run(flow)
        return receipt

    async def asend_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        via: str | None = None,
        dsn: Target | None = None,
    ) -> AsyncGenerator[Outcome]:
        """Like `send_many`, awaiting; uses as many connections at once as the transport allows."""
        dsn = _guarded(dsn)
        through = self._through(dsn)
        async with self._borrowed() as driver:
            work = driver.stream(lambda: self._apath.deliver_many(via, through), messages, self._lanes(via, through))
            async with aclosing(work) as outcomes:  # before the driver, also when the caller stops listening
                async for outcome in outcomes:
                    yield outcome

    async def aconnect(self, *, via: str | None = None, dsn: Target | None = None) -> None:
        """Like `connect`, awaiting; the connection lasts only inside `async with mailer`."""
        dsn = _guarded(dsn)
        async with self._borrowed() as driver:
            await driver.run(self._apath.connect(via, self._through(dsn)))

    async def averify(self, *, via: str | None = None, dsn: Target | None = None) -> Verification:
        """Like `verify`, awaiting."""
        dsn = _guarded(dsn)
        async with self._borrowed() as driver:
            found: Verification = await driver.run((self._through(dsn) or self.transport(via or "default")).verify())
        return found

    # --- life

    def close(self) -> None:
        """Take leave of the servers that plain calls have connected to; sending opens new connections."""
        if self._sync is not None:
            self._sync.close()

    async def aclose(self) -> None:
        """Take leave of the servers that asynchronous calls of this event loop have connected to."""
        if self._loops is not None:
            await self._loops.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        loops = self._loops
        if loops is None:
            from mailbridge.drivers.loops import Loops

            with self._making:  # threads with a loop each may enter at once
                loops = self._loops = self._loops or Loops(self._resolver)
        loops.enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loops is not None:
            await self._loops.leave()

    # --- parts

    @property
    def mailers(self) -> tuple[str, ...]:
        """The names of the configured transports."""
        return tuple(self._transports)

    @property
    def templates(self) -> Templates | None:
        """What `from_template` makes messages of; None for those that hold for `Message.from_template`."""
        return self._templates

    def transport(self, name: str = "default") -> Transport:
        """Return a configured transport. Raises ConfigError naming those that are."""
        found = self._transports.get(name)
        if found is None:
            known = ", ".join(self._transports)
            raise ConfigError(
                f"No mailer is named {name!r}." if known else "No mailer is configured.",
                hints=[f"Configured are: {known}." if known else "Set MAILBRIDGE_DSN, or pass a DSN to Mailer(…)."],
            )
        return found

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={transport}" for name, transport in self._transports.items())
        return f"Mailer({shown})"

    def _driver(self) -> SyncDriver:
        driver = self._sync
        if driver is None:
            from mailbridge.drivers.sync import SyncDriver

            with self._making:  # two drivers would be two pools
                driver = self._sync = self._sync or SyncDriver(self._resolver)
        return driver

    def _borrowed(self) -> Any:
        from mailbridge.drivers.async_ import borrowed

        return borrowed(None if self._loops is None else self._loops.here, self._resolver)

    def _through(self, target: Target | None) -> Transport | None:
        if target is None or isinstance(target, Transport):
            return target
        return self._recent.transport(target)

    def _lanes(self, via: str | None, through: Transport | None) -> int:
        """Return how many lanes to open; where messages and hooks choose among mailers, as many as any of them has."""
        expected = through or self._transports.get(via or "default")
        candidates = self._transports.values() if expected is None else (expected,)
        return max((each.lanes for each in candidates), default=1)

    def _send_path(self, *, asynchronous: bool) -> SendPath:
        return SendPath(
            hooks=self.hooks,
            names=self._transports.keys(),
            transport=self.transport,
            stamp=self._stamp,
            unsupporting=self._unsupporting,
            asynchronous=asynchronous,
            transcript=self._transcript,
            own_diversion=self._diversion,
        )

    def _stamp(self, message: Message) -> Message:
        """Give a message the Message-ID and Date that it keeps through every attempt."""
        if message.message_id is not None and message.date is not None:
            return message
        # Whole seconds, as a Date header says them; the same object for all messages of a second.
        second, moment = self._second
        if (now := int(time.time())) != second:
            moment = datetime.fromtimestamp(now, UTC)
            self._second = (now, moment)
        right = self._message_id_domain or message.from_.ascii_domain
        return message.stamped(message.message_id or self._message_id(right), message.date or moment)


def _guarded(target: Any) -> Any:
    if target is None:
        return None
    return guarded(target, "dsn") if isinstance(target, str) else guarded(target)
