"""The transport of a preset: SMTP, with a provider's own headers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from mailbridge.extend import (
    END,
    PULL,
    Delivery,
    Emit,
    Flow,
    MailError,
    Receipt,
    SmtpTransport,
    Verification,
    features,
)
from mailbridge.transports.smtp.presets.expression import expressed
from mailbridge.transports.smtp.presets.settings import PresetSettings
from mailbridge.transports.smtp.server import pooling, server

_Pull = type(PULL)


class PresetTransport(SmtpTransport):
    """Deliver by a provider's SMTP door; what its headers can say of a message is told by them."""

    def __init__(self, settings: PresetSettings) -> None:
        self.provider = settings.provider
        host, port, tls = settings.address
        user = settings.user
        if self.provider.login.kind == "same" and not user and settings.password is not None:
            user = settings.password.reveal()
        target = server(
            settings, host=host, port=port, tls=tls, user=user, auth=self.provider.auth, token=settings.token_source()
        )
        super().__init__(target, preset=self.provider.scheme, **pooling(settings))
        self.features = features.SMTP | self.provider.rules.keys()
        self._user_is_key = user != settings.user

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Send one message; raise a MailError when no recipient was accepted."""
        return super().send(self._expressed(delivery))

    def send_many(self) -> Flow[None]:
        """Send what is pulled over one connection, pipelined; emit each outcome in order."""
        return _expressing(super().send_many(), self._expressed)

    def rehearse(self, delivery: Delivery) -> Flow[bytes | None]:
        """Express and render the message."""
        return super().rehearse(self._expressed(delivery))

    def verify(self) -> Flow[Verification]:
        """Connect, encrypt and log in on a fresh connection; say what the server offers."""
        found = yield from super().verify()
        if self._user_is_key:
            text = found.text.replace(f", logged in as {self.server.user}", ", logged in")
            return Verification(transport=found.transport, text=text, details=found.details)
        return found

    def _expressed(self, delivery: Delivery) -> Delivery:
        try:
            message = expressed(self.provider, delivery.message)
        except MailError as error:
            error.transport = str(self)
            raise
        return delivery if message is delivery.message else delivery.changed(message)


def _expressing(many: Flow[None], express: Callable[[Delivery], Delivery]) -> Flow[None]:
    """Run `many`, whose deliveries are expressed as they are pulled.

    One that cannot be expressed never gets there; its error is emitted in its turn.
    """
    waiting: deque[MailError | None] = deque()  # None for a delivery that `many` has
    resume: Callable[[Any], Any] = many.send
    answer: Any = None
    try:
        while True:
            try:
                op = resume(answer)
            except StopIteration:
                break
            resume, answer = many.send, None
            if isinstance(op, _Pull):
                answer = yield from _pulled(express, waiting)
            elif isinstance(op, Emit):
                waiting.popleft()
                yield op
                yield from _refused(waiting)
            else:
                try:
                    answer = yield op
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001  a cancellation too is the inner flow's to see
                    resume, answer = many.throw, error
    finally:
        many.close()


def _pulled(express: Callable[[Delivery], Delivery], waiting: deque[MailError | None]) -> Flow[Any]:
    """Return the next delivery that can be expressed, or END."""
    while (delivery := (yield PULL)) is not END:
        try:
            found = express(delivery)
        except MailError as error:
            waiting.append(error.with_traceback(None))
            yield from _refused(waiting)
        else:
            waiting.append(None)
            return found
    return END


def _refused(waiting: deque[MailError | None]) -> Flow[None]:
    """Emit the errors whose turn has come."""
    while waiting and waiting[0] is not None:
        yield Emit(waiting.popleft())
