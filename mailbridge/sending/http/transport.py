"""`HttpTransport`: deliver through a provider's HTTP API."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from math import ceil
from typing import Any

from mailbridge.errors import (
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientDeferred,
    RecipientRefused,
)
from mailbridge.flow.http import Http, HttpRequest, HttpResponse
from mailbridge.flow.operations import Flow, Now, Wall
from mailbridge.message.copies import copies, is_merge, narrowed
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt
from mailbridge.sending.attempt import attempted
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.http.batch import deliver_many
from mailbridge.sending.http.calls import Room, apart, cut, divided
from mailbridge.sending.http.credentials import UNMISTAKABLE, long_enough, veiled, verified, without_secrets
from mailbridge.sending.http.fates import fate_of_all
from mailbridge.sending.http.joining import Joint
from mailbridge.sending.http.limits import Limits
from mailbridge.sending.http.provider import Provider
from mailbridge.sending.http.reach import http_options
from mailbridge.sending.http.refusal import complaint, refused
from mailbridge.sending.transport import Verification
from mailbridge.sending.unsupported import unsupported

_NOW = Now()
_WALL = Wall()
_AHEAD = 1000  # messages that lanes may have under way together; see `drivers.lanes`
_MISREAD = (LookupError, TypeError, ValueError, AttributeError)
"""What reading JSON of another shape than the expected one raises."""


class HttpTransport(Provider):
    """Deliver through an HTTP API; subclasses say how a message becomes a request, and what an answer means.

    A provider defines `plugin`, `regions`, `build` and `read`, all pure, and `check` and `checked` for
    `verify()`. One that takes several messages in a call says so by `plugin.limits["batch"]` and
    defines `build_many` and `read_many`; `sharing` names the fields that all messages of one call have
    to agree in. `mailbridge.sending.http.provider` has what else it may define and use. Everything else
    (private copies for merge data, cutting to the limits, finding the one message that a call was refused
    for, pauses) is here.

    Args:
        settings: an instance of the plugin's settings.
    """

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        limits = self.plugin.limits
        self.max_bytes = settings.max_bytes or limits.get("bytes", 0)
        self.room = Room(
            self.together(),
            limits.get("batch_recipients", 0),
            settings.max_bytes or limits.get("batch_bytes", self.max_bytes),
            frozenset(self.sharing),
            self.by_address,
        )
        # Lanes share what is pulled: more of them than fill their calls would only make these small.
        self.lanes = min(settings.connections, max(1, _AHEAD // self.room.messages)) if self.room.messages else 1
        self.keyed = "idempotency_key" in self.features
        self.http = http_options(settings)
        self.limits = Limits(limits, settings, self._shown)
        self._secrets = long_enough(settings.secrets)
        self._paused_until = 0.0

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Send one message; raise a MailError when no recipient was accepted."""
        return attempted(self, delivery, self.delivered(delivery))

    def rehearse(self, delivery: Delivery) -> Flow[bytes | None]:
        """Check the message and build its request, up to the first call."""
        rehearsing = copy(self)
        rehearsing.exchange = _reached  # type: ignore[method-assign]  # the one door to the network
        try:
            yield from rehearsing.delivered(delivery)
        except _Reached:
            pass
        return None

    def send_many(self) -> Flow[None]:
        """Send what is pulled, in as few calls as the provider's limits allow."""
        return deliver_many(self) if self.room.messages > 1 else super().send_many()

    def verify(self) -> Flow[Verification]:
        """Ask the provider whether the credentials are good, without sending anything."""
        return (yield from verified(self))

    def alone(self, delivery: Delivery) -> bool:
        """Whether the message makes calls of its own, which no other message shares."""
        return is_merge(delivery.message)

    def delivered(self, delivery: Delivery) -> Flow[Receipt]:
        """Make the calls that one message needs; raise a MailError when no recipient was accepted."""
        outgoing = self.outgoing(delivery)
        if not is_merge(outgoing):
            outcomes = yield from self.call((outgoing,))
            outcome = outcomes[0]
            if isinstance(outcome, MailError):
                raise outcome
            return outcome
        joint = Joint(outgoing)
        for group in cut(copies(outgoing), self.room, self.kind):
            joint.add(group, (yield from divided(self.call, group)))
        return joint.receipt()

    def call(self, messages: Sequence[Message]) -> Flow[list[Outcome]]:
        """Send messages in one call. Raises what concerns all of them."""
        try:
            request = self.build(messages[0]) if len(messages) == 1 else self.build_many(messages)
        except MailError:
            raise
        except _MISREAD as error:
            raise self._unbuilt(error) from error
        return (yield from self.performed(request, messages))

    def performed(self, request: HttpRequest, messages: Sequence[Message]) -> Flow[list[Outcome]]:
        """Make the call that `request` is, and read what became of its messages."""
        limit = self.max_bytes if len(messages) == 1 else self.room.octets
        self.limits.check_call(len(request.body), limit)
        try:
            response = yield from self.exchange(request)
        except (RecipientRefused, RecipientDeferred) as error:
            if len(messages) == 1:
                error.recipients = error.recipients or fate_of_all(messages[0], error)
            raise
        if not response.complete:
            raise OutcomeUnknown(
                f"{self._shown} accepted the message (HTTP {response.status}), but its answer broke off: "
                "its id is unknown.",
                phase="response",
                code=response.status,
                transport=self._shown,
            )
        try:
            if len(messages) == 1:
                return [self.read(response, messages[0])]
            return self.matched(self.read_many(response, messages), messages, response)
        except MailError as error:
            # As values, for the provider has taken this call: what is raised might be made again in halves.
            return [*apart(veiled(error, self._secrets), len(messages))]
        except _MISREAD as error:
            raise self.unexpected(response) from error

    def matched(self, outcomes: list[Outcome], messages: Sequence[Message], response: HttpResponse) -> list[Outcome]:
        """Return one outcome for each message, also when the provider told more or fewer."""
        told = [
            veiled(each, self._secrets) if isinstance(each, MailError) else each for each in outcomes[: len(messages)]
        ]
        return told + [self.unexpected(response) for _ in messages[len(told) :]]

    def exchange(self, request: HttpRequest) -> Flow[HttpResponse]:
        """Exchange a request for a response that tells. Raises the error that another answer means."""
        if self._paused_until:
            yield from self._wait_over()
        sent = yield from self.signed(request)
        response = yield Http(sent, self.http)
        if self.tells(response):
            return without_secrets(response, self._secrets, shortest=UNMISTAKABLE)
        error = yield from self._refusal(response)
        if (yield from self.again(error, sent, response)):
            response = yield Http((yield from self.signed(request)), self.http)
            if self.tells(response):
                return without_secrets(response, self._secrets, shortest=UNMISTAKABLE)
            error = yield from self._refusal(response)
        if isinstance(error, RateLimited) and error.retry_after:
            self._paused_until = max(self._paused_until, (yield _NOW) + error.retry_after)
        raise error

    def outgoing(self, delivery: Delivery) -> Message:
        """Return the message for those recipients of the delivery that are still to get it.

        Raises MessageInvalid when they, or what the message says, are more than the provider takes, and
        Unsupported for data that it has no use for.
        """
        message = delivery.message
        if len(delivery.envelope.recipients) < len(message.envelope.recipients):
            message = narrowed(message, delivery.envelope.recipients)
        self.limits.check(message)
        if message.provider_options.get(self.name) and "provider_options" not in self.features:
            field = f"provider_options.{self.name}"
            raise MessageInvalid(f"{field}: this transport has no options.", field=field, transport=self._shown)
        if self.data_needs_template and message.template is None:
            for feature in ("merge_data", "merge_global"):
                if getattr(message, feature):
                    raise unsupported(feature, self)
        return message

    def kind(self, message: Message) -> Hashable:
        """Return what messages of one call have in common; a message that goes alone is like no other."""
        if not self.joins(message):
            return id(message)
        fields = message.__dict__
        return tuple([fields.get(name) for name in self.sharing])

    def _unbuilt(self, error: Exception) -> MessageInvalid:
        return MessageInvalid(
            f"The transport {self._shown} failed with {type(error).__name__} while it wrote the request: {error}. "
            "Nothing was sent.",
            transport=self._shown,
            hints=["This is a fault in the transport, or the message holds what JSON cannot say."],
        )

    def _wait_over(self) -> Flow[None]:
        """Let nobody ask before the time that the provider named, whoever of us was told."""
        left = self._paused_until - (yield _NOW)
        if left > 0:
            raise RateLimited(
                f"{self._shown} asked to slow down; it may be asked again in {ceil(left)} s.",
                phase="send",
                retry_after=left,
                transport=self._shown,
            )
        self._paused_until = 0.0

    def _refusal(self, response: HttpResponse) -> Flow[MailError]:
        now: float = yield _WALL
        response = without_secrets(response, self._secrets)
        try:
            said = self.complaint(response)
            kind, wait = self.meaning(response, said), self.pause(response, said)
        except _MISREAD:  # a proxy's or a gateway's words, in JSON of another shape than the API's
            said, kind, wait = complaint(response), None, None
        codes = {} if kind is None else {said.code: kind}
        error = refused(response, said, transport=self._shown, codes=codes, now=now, seconds=wait)
        return veiled(error, self._secrets)


class _Reached(BaseException):
    """A rehearsal has come to its first call. Not an Exception: nothing on the way back may take it for a failure."""


def _reached(request: HttpRequest) -> Flow[HttpResponse]:
    raise _Reached
    yield
