"""`Service`: what the author of a transport says of the service behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from mailbridge.flow.http import HttpRequest
from mailbridge.plugins import Plugins
from mailbridge.sending.http import HttpTransport
from mailbridge.sending.http.limits import Limits
from mailbridge.testing.contract.decoded import Decoded
from mailbridge.testing.contract.rehearsal import Answer, Rehearsal

__all__ = ["Decode", "Judge", "Service", "Target"]

Target = str | Callable[[], HttpTransport]
Judge = Callable[[HttpRequest], Iterable[str]]
Decode = Callable[[HttpRequest], Sequence[Decoded]]


class Service:
    """How to make the transport, what the service answers, and how to read and judge requests."""

    def __init__(self, target: Target, answer: Answer, decode: Decode, judge: Judge, plugins: Plugins) -> None:
        self.answer = answer
        self.decode = decode
        self.judge = judge
        self._target = target
        self._plugins = plugins

    def transport(self) -> HttpTransport:
        """Make a new transport. Raises TypeError if that is no HttpTransport."""
        made = self._target() if callable(self._target) else self._plugins.build(self._target)
        if not isinstance(made, HttpTransport):
            raise TypeError(f"{made} is no HttpTransport, and the contract is about requests and responses.")
        return made

    def rehearsal(self, answer: Answer | None = None, *, limited: bool = True) -> Rehearsal:
        """Return a new transport at work; it gets the service's answers, or these.

        Unless `limited`, it looks at no limits of its record, as if `check_limits` were off.
        """
        transport = self.transport()
        if not limited:
            transport.limits = Limits({}, transport.settings, str(transport))
        return Rehearsal(transport, answer or self.answer)

    @cached_property
    def known(self) -> HttpTransport:
        """A transport to be asked for its features and limits; it sends nothing."""
        return self.transport()

    @property
    def features(self) -> frozenset[str]:
        """What the record declares."""
        return self.known.features

    def sends(self, request: HttpRequest) -> bool:
        """Whether a request sends a message; others fetch a token, say."""
        return bool(self.decode(request))
