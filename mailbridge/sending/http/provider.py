"""`Provider`: what is said of one provider's API, all of it pure but for its credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from mailbridge.errors import AuthFailed, MailError, OutcomeUnknown
from mailbridge.escapes import visible
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.flow.operations import Flow
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt, RecipientStatus
from mailbridge.sending.delivery import Outcome
from mailbridge.sending.http.fates import fates, refuse_if_nobody
from mailbridge.sending.http.options import ProviderOptions
from mailbridge.sending.http.refusal import Complaint, complaint
from mailbridge.sending.plugin import Plugin
from mailbridge.sending.transport import Transport, Verification
from mailbridge.settings.http import LOOPBACK

_LONGEST_KEY = 255  # characters; Resend takes 256 and Brevo no fewer

OptionsT = TypeVar("OptionsT", bound=ProviderOptions)


class Provider(Transport):
    """What an `HttpTransport` knows of its API: first what each provider defines, then what it uses for that.

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

    data_needs_template: ClassVar[bool] = False
    """Whether merge data fills templates only, so that a message without one must have none."""

    seeks_region: ClassVar[bool] = True
    """Whether `verify()` may show refused credentials to the provider's other regions, to tell where they are good."""

    by_address: ClassVar[bool] = False
    """Whether the messages of a call are told apart by their recipients only, so that none may be in two of them."""

    def __init_subclass__(cls) -> None:
        if (plugin := cls.__dict__.get("plugin")) is not None:
            cls.name = plugin.name
            cls.features = plugin.features

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.base_url: str = settings.base_url or self.home()
        self.reach = "machine" if urlsplit(self.base_url).hostname in LOOPBACK else "others"
        self._shown = f"{self.name}://{getattr(settings, 'region', '') or 'default'}"

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

    def together(self) -> int:
        """Return how many messages a call may hold, 0 for any number; override where the settings decide it."""
        return self.settings.max_batch or self.plugin.limits.get("batch", 1)

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
