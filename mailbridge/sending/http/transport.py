"""`HttpTransport`: deliver through a provider's HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from hashlib import sha256
from math import ceil
from typing import Any, ClassVar, TypeVar

from mailbridge.errors import (
    AuthFailed,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientDeferred,
    RecipientRefused,
)
from mailbridge.escapes import visible
from mailbridge.flow.http import Http, HttpRequest, HttpResponse
from mailbridge.flow.operations import Flow, Now, Wall
from mailbridge.message.copies import copies, is_merge, narrowed
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt, RecipientStatus
from mailbridge.sending.attempt import attempted
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.http.batch import deliver_many
from mailbridge.sending.http.calls import Room, apart, cut, divided
from mailbridge.sending.http.credentials import long_enough, veiled, verified
from mailbridge.sending.http.fates import fate_of_all, fates, refuse_if_nobody
from mailbridge.sending.http.joining import joined
from mailbridge.sending.http.limits import Limits
from mailbridge.sending.http.options import ProviderOptions
from mailbridge.sending.http.reach import http_options
from mailbridge.sending.http.refusal import Complaint, complaint, refused
from mailbridge.sending.plugin import Plugin
from mailbridge.sending.transport import Transport, Verification

_NOW = Now()
_WALL = Wall()
_AHEAD = 1000  # messages that lanes may have under way together; see `drivers.lanes`
_LONGEST_KEY = 255  # characters; Resend takes 256 and Brevo no fewer
_MISREAD = (LookupError, TypeError, ValueError, AttributeError)
"""What reading JSON of another shape than the expected one raises."""

OptionsT = TypeVar("OptionsT", bound=ProviderOptions)


class HttpTransport(Transport):
    """Deliver through an HTTP API; subclasses say how a message becomes a request, and what an answer means.

    A provider defines `plugin`, `regions`, `build` and `read`, all pure, and `check` and `checked` for
    `verify()`. One that takes several messages in a call says so by `plugin.limits["batch"]` and
    defines `build_many` and `read_many`; `sharing` names the fields that all messages of one call have
    to agree in. Everything else (private copies for merge data, cutting to the limits, finding the one
    message that a call was refused for, pauses, the fate of each recipient) is here.

    Args:
        settings: an instance of the plugin's settings.
    """

    plugin: ClassVar[Plugin]
    """The provider's record: its name, features and limits are the transport's."""

    regions: ClassVar[Mapping[str, str]]
    """The address of the API by `settings.region`, or under "" where there are no regions."""

    codes: ClassVar[Mapping[str, type[MailError]]] = {}
    """What the provider's error codes mean, where the status alone does not say it."""

    sharing: ClassVar[tuple[str, ...]] = ()
    """The fields of Message that are said once for all messages of a call."""

    by_address: ClassVar[bool] = False
    """Whether the messages of a call are told apart by their recipients only, so that none may be in two of them."""

    def __init_subclass__(cls) -> None:
        if (plugin := cls.__dict__.get("plugin")) is not None:
            cls.name = plugin.name
            cls.features = plugin.features

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        region = getattr(settings, "region", "")
        self.base_url: str = settings.base_url or self.home()
        limits = self.plugin.limits
        self.max_bytes = settings.max_bytes or limits.get("bytes", 0)
        self.room = Room(
            settings.max_batch or limits.get("batch", 1),
            limits.get("batch_recipients", 0),
            settings.max_bytes or limits.get("batch_bytes", self.max_bytes),
            frozenset(self.sharing),
            self.by_address,
        )
        # Lanes share what is pulled: more of them than fill their calls would only make these small.
        self.lanes = min(settings.connections, max(1, _AHEAD // self.room.messages)) if self.room.messages else 1
        self.keyed = "idempotency_key" in self.features
        self.http = http_options(settings)
        self._shown = f"{self.name}://{region or 'default'}"
        self.limits = Limits(limits, settings, self._shown)
        self._secrets = long_enough(settings.secrets)
        self._paused_until = 0.0

    def __str__(self) -> str:
        return self._shown

    # --- what a provider defines

    def build(self, message: Message) -> HttpRequest:
        """Return the request that sends one message. Raises MessageInvalid or Unsupported."""
        raise NotImplementedError(f"{type(self).__name__} defines no build()")

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return what a successful (2xx) response, or another one that tells, says became of the message.

        Raises a MailError when no recipient was accepted; `unexpected(response)` for an answer that
        does not say what became of it.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no read()")

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the request that sends several messages in one call."""
        raise NotImplementedError(f"{type(self).__name__} defines no build_many()")

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return the outcome of each message of a call that succeeded (2xx), in their order; see `outcomes`."""
        raise NotImplementedError(f"{type(self).__name__} defines no read_many()")

    def joins(self, message: Message) -> bool:
        """Whether the message may share a call with others at all."""
        return True

    def tells(self, response: HttpResponse) -> bool:
        """Whether the response tells what became of the messages, so that it is read: any success does.

        Override for a provider that tells it for each message with the status of an error.
        """
        return response.successful

    def complaint(self, response: HttpResponse) -> Complaint:
        """Return what an error body says; the usual shapes are read, override for others."""
        return complaint(response)

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Return the class of error that a refusal means, or None where its status says it: as `codes` has it.

        Override for a provider whose errors have no codes and are told by their words.
        """
        return self.codes.get(said.code)

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Return the seconds to wait that the provider says elsewhere than in Retry-After."""
        return None

    def check(self) -> HttpRequest:
        """Return a request that needs valid credentials and sends nothing."""
        raise NotImplementedError(f"{type(self).__name__} defines no check()")

    def checked(self, response: HttpResponse) -> Verification:
        """Return what the answer to `check` says. Raises AuthFailed if the key may not send."""
        return self.verification(f"{self.name} accepts the key.")

    def excused(self, error: AuthFailed) -> Verification | None:
        """Return what a refusal of `check` says of credentials that are good, but not good for that; usually None."""
        return None

    def signed(self, request: HttpRequest) -> Flow[HttpRequest]:
        """Return the request with its credentials, where they need a clock or another request."""
        return request
        yield

    def renewed(self, error: MailError, request: HttpRequest) -> Flow[bool]:
        """Fetch new credentials after those of `request` were refused; say whether it is worth another try."""
        return False
        yield

    def again(self, error: MailError, request: HttpRequest, response: HttpResponse) -> Flow[bool]:
        """Say whether a refused request is worth another try, now that what can be put right has been."""
        return isinstance(error, AuthFailed) and (yield from self.renewed(error, request))

    def home(self) -> str:
        """Return the address of the API; override where it is not simply that of the region."""
        return self.regions[getattr(self.settings, "region", "")]

    # --- what a provider uses

    def url(self, path: str) -> str:
        """Return the URL of a path of the API."""
        return self.base_url + path

    def options(self, message: Message, kind: type[OptionsT]) -> OptionsT:
        """Return the message's options for this provider."""
        return kind.read(message.provider_options.get(self.name), self.name)

    def receipt(
        self,
        message: Message,
        rows: Mapping[str, RecipientStatus] | None = None,
        *,
        provider_ids: Sequence[str] = (),
        message_id: str | None = None,
        raw: Any = None,
    ) -> Receipt:
        """Return the receipt of one message, or raise if nobody was accepted.

        Args:
            rows: fates by `Address.key`; who is not in it was accepted.
            provider_ids: the provider's ids; everybody gets the first, unless rows have ids of their own.
            message_id: the Message-ID that the provider writes in place of ours; "" if it does not tell.
            raw: the decoded answer.
        """
        recipients = fates(message, rows, provider_ids[0] if provider_ids else "")
        if rows:
            refuse_if_nobody(recipients, self._shown)
        return Receipt(
            message_id=(message.message_id or "") if message_id is None else message_id,
            recipients=recipients,
            provider=self.name,
            transport=self._shown,
            provider_ids=provider_ids,
            raw=raw,
        )

    def outcomes(
        self, read: Callable[[Any, Message], Receipt], answers: Iterable[Any], messages: Iterable[Message]
    ) -> list[Outcome]:
        """Read the answers to a batch one by one: what is raised for one message is its outcome, not that of all."""
        outcomes: list[Outcome] = []
        for answer, message in zip(answers, messages, strict=False):
            try:
                outcomes.append(read(answer, message))
            except MailError as error:
                outcomes.append(error.with_traceback(None))
        return outcomes

    def verification(self, text: str, **details: object) -> Verification:
        """Return what `verify` found out."""
        return Verification(transport=self._shown, text=text, details=details)

    def unexpected(self, response: HttpResponse) -> OutcomeUnknown:
        """Return the error for a success whose body is not what the API documents."""
        kind = (response.header("content-type") or "no content type").partition(";")[0]
        return OutcomeUnknown(
            f"{self._shown} answered HTTP {response.status} with something its API does not say "
            f"({visible(kind)[:80]}): whether the message was accepted is unknown.",
            phase="response",
            code=response.status,
            transport=self._shown,
            hints=["A proxy, a firewall or a login page may have answered instead; check base_url and proxy."],
        )

    def key(self, messages: Sequence[Message]) -> str:
        """Return the idempotency key of a call: the same for the same messages, whenever it is made."""
        keys = [message.idempotency_key or message.message_id or "" for message in messages]
        if len(keys) == 1 and len(keys[0]) <= _LONGEST_KEY and keys[0].isascii():
            return keys[0]
        return sha256("\n".join(keys).encode()).hexdigest()

    # --- sending

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Send one message; raise a MailError when no recipient was accepted."""
        return attempted(self, delivery, self.delivered(delivery))

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
        made = copies(outgoing)
        outcomes = yield from self.calls(made)
        return joined(outgoing, made, outcomes)

    def calls(self, messages: Sequence[Message]) -> Flow[list[Outcome]]:
        """Send messages in as many calls as they need; return the outcomes in their order."""
        outcomes: list[Outcome] = []
        for group in cut(messages, self.room, self.kind):
            outcomes += yield from divided(self.call, group)
        return outcomes

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
            return response  # type: ignore[no-any-return]
        error = yield from self._refusal(response)
        if (yield from self.again(error, sent, response)):
            response = yield Http((yield from self.signed(request)), self.http)
            if self.tells(response):
                return response  # type: ignore[no-any-return]
            error = yield from self._refusal(response)
        if isinstance(error, RateLimited) and error.retry_after:
            self._paused_until = max(self._paused_until, (yield _NOW) + error.retry_after)
        raise error

    def outgoing(self, delivery: Delivery) -> Message:
        """Return the message for those recipients of the delivery that are still to get it.

        Raises MessageInvalid when they, or what the message says, are more than the provider takes.
        """
        message = delivery.message
        if len(delivery.envelope.recipients) < len(message.envelope.recipients):
            message = narrowed(message, delivery.envelope.recipients)
        self.limits.check(message)
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
        try:
            said = self.complaint(response)
            kind, wait = self.meaning(response, said), self.pause(response, said)
        except _MISREAD:  # a proxy's or a gateway's words, in JSON of another shape than the API's
            said, kind, wait = complaint(response), None, None
        codes = {} if kind is None else {said.code: kind}
        error = refused(response, said, transport=self._shown, codes=codes, now=now, seconds=wait)
        return veiled(error, self._secrets)
