"""`Hooks`: registers plugins and calls their hooks, one Mailer each."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from mailbridge.errors import ConfigError, MailError
from mailbridge.flow.operations import Flow
from mailbridge.hooks.implementation import Implementation, described
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt

if TYPE_CHECKING:
    from mailbridge.hooks.context import Context
    from mailbridge.receipt import Attempt

_NONE: tuple[Implementation, ...] = ()


class Hooks:
    """The hooks of one Mailer.

    Each `has_…` says whether any plugin implements that hook: callers on the hot path look at it
    first and then need no generator. Registering while messages are being sent is safe; a send sees
    either state.

    >>> hooks = Hooks()
    >>> hooks.has_message
    False
    """

    has_message = False
    has_pre_send = False
    has_route = False
    has_prepare = False
    has_attempt = False
    has_fallback = False
    has_sent = False
    has_failed = False
    has_suppressed = False
    has_event = False

    def __init__(self) -> None:
        self._found: dict[str, tuple[Implementation, ...]] = {}
        self._registry: Any = None
        self._changing = threading.Lock()

    def register(self, plugin: object, name: str | None = None) -> str:
        """Take part with every `@hookimpl` function of an object or module; return the plugin's name.

        Raises ConfigError for a hook that does not exist, an argument that the hook does not have, or
        a plugin without hooks.
        """
        from mailbridge.hooks.registry import Registry

        with self._changing:
            self._registry = self._registry or Registry()
            name = self._registry.add(plugin, name)
            self._recompute()
        return name

    def unregister(self, name: str) -> None:
        """Leave out the plugin of this name from now on."""
        with self._changing:
            if self._registry is None or not self._registry.remove(name):
                raise ConfigError(f"No plugin {name!r} is registered.")
            self._recompute()

    @property
    def plugins(self) -> dict[str, object]:
        """The registered plugins by name, in the order of their registration."""
        return {} if self._registry is None else dict(self._registry.plugins)

    def implementations(self, hook: str) -> tuple[Implementation, ...]:
        """Return who implements `mailbridge_…`, in the order in which they are called."""
        return self._found.get(hook, _NONE)

    def _recompute(self) -> None:
        found = self._registry.implementations()
        for name in vars(Hooks):
            if name.startswith("has_"):
                setattr(self, name, "mailbridge_" + name.removeprefix("has_") in found)
        self._found = found

    def message(self, message: Message, context: Context) -> Flow[Message]:
        """Thread the message through every filter and return what the last one left."""
        for one in self.implementations("mailbridge_message"):
            answer = yield from _ask(one, {"message": message, "context": context})
            if answer is None:
                continue
            if not isinstance(answer, Message):
                raise one.complaint(f"returned {_kind(answer)}, neither a Message nor None,")
            message = answer
        return message

    def pre_send(self, message: Message, context: Context) -> Flow[Receipt | None]:
        """Return the receipt with which a plugin answers instead of sending, or None."""
        for one in self.implementations("mailbridge_pre_send"):
            answer = yield from _ask(one, {"message": message, "context": context})
            if isinstance(answer, Receipt):
                return answer
            if answer is not None:
                raise one.complaint(f"returned {_kind(answer)}, neither a Receipt nor None,")
        return None

    def route(self, message: Message, mailers: Collection[str]) -> Flow[str | None]:
        """Return the name of the mailer that a plugin chose, or None."""
        for one in self.implementations("mailbridge_route"):
            answer = yield from _ask(one, {"message": message, "mailers": mailers})
            if answer is None:
                continue
            if not isinstance(answer, str) or answer not in mailers:
                known = ", ".join(mailers)
                raise one.complaint(f"chose the mailer {answer!r}, which is not configured (there are: {known}),")
            return answer
        return None

    def prepare(self, mime: Any, message: Message) -> Flow[None]:
        """Let every plugin change the MIME form in place."""
        for one in self.implementations("mailbridge_prepare"):
            answer = yield from _ask(one, {"mime": mime, "message": message})
            if answer is not None:
                raise one.complaint(f"returned {_kind(answer)} instead of changing mime in place")

    def fallback(self, message: Message, source: str, target: str, error: MailError) -> Flow[bool]:
        """Return whether the message may go from `source`, which failed with `error`, to `target`."""
        given = {"message": message, "source": source, "target": target, "error": error}
        for one in self.implementations("mailbridge_fallback"):
            try:
                answer = yield from one.flow(given)
            except Exception as failure:  # noqa: BLE001 -- whatever it is, it is the plugin's
                _log(one, failure, "so the transport is not changed")
                return False
            if answer is not None:
                return bool(answer)
        return True

    def attempt(self, attempt: Attempt, message: Message) -> Flow[None]:
        """Tell observers of an attempt, begun or finished."""
        yield from self._observe("mailbridge_attempt", attempt=attempt, message=message)

    def sent(self, message: Message, receipt: Receipt) -> Flow[None]:
        """Tell observers of a receipt."""
        yield from self._observe("mailbridge_sent", message=message, receipt=receipt)

    def failed(self, message: Message, error: MailError) -> Flow[None]:
        """Tell observers of the error with which a message ended."""
        yield from self._observe("mailbridge_failed", message=message, error=error)

    def suppressed(self, message: Message, recipients: Collection[str], reason: str) -> Flow[None]:
        """Tell observers of recipients left out on purpose."""
        yield from self._observe("mailbridge_suppressed", message=message, recipients=recipients, reason=reason)

    def event(self, event: Any) -> Flow[None]:
        """Tell observers of what a provider reported."""
        yield from self._observe("mailbridge_event", event=event)

    def _observe(self, hook: str, **given: Any) -> Flow[None]:
        for one in self.implementations(hook):
            try:
                yield from one.flow(given)
            except Exception as failure:  # noqa: BLE001 -- an observer never changes the result
                _log(one, failure, "which changes nothing")

    def providers(self) -> list[tuple[str, Any]]:
        """Return the transports' records that plugins bring, each with the plugin's name."""
        return [(name, record) for name, answer in self._collect("mailbridge_providers") for record in answer]

    def diagnose(self, error: MailError) -> tuple[str, ...]:
        """Return the next steps that plugins know for this error."""
        answers = (answer for _, answer in self._collect("mailbridge_diagnose", error=error))
        return tuple(hint for answer in answers for hint in ((answer,) if isinstance(answer, str) else answer))

    def checks(self) -> tuple[Any, ...]:
        """Return the checks that plugins add to the doctor."""
        return tuple(check for _, answer in self._collect("mailbridge_checks") for check in answer)

    def commands(self, group: Any) -> None:
        """Let plugins add commands to the command line."""
        for _ in self._collect("mailbridge_commands", group=group):
            pass

    def _collect(self, hook: str, **given: Any) -> Iterator[tuple[str, Any]]:
        for one in self.implementations(hook):
            try:
                answer = one.call(given)
                if answer is not None and not isinstance(answer, str):
                    answer = list(answer)
            except Exception as failure:  # noqa: BLE001 -- the other plugins' answers still count
                _log(one, failure, "which is left out")
                continue
            if answer is not None:
                yield one.plugin, answer


def _ask(one: Implementation, given: dict[str, Any]) -> Flow[Any]:
    try:
        return (yield from one.flow(given))
    except MailError:
        raise
    except Exception as error:
        raise one.fault(error) from error


def _kind(answer: object) -> str:
    return f"a value of type {type(answer).__name__}"


def _log(one: Implementation, error: BaseException, consequence: str) -> None:
    import logging

    logging.getLogger("mailbridge.hooks").error(
        "The hook %s of plugin %s failed, %s: %s",
        one.hook,
        one.plugin,
        consequence,
        described(error),
        extra={"mailbridge_event": "hook_failed", "mailbridge_error": type(error).__name__},
    )
