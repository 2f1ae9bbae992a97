"""Messages as SparkPost's transmissions, and its answers as receipts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

from mailbridge.extend import (
    AuthFailed,
    Complaint,
    ConfigError,
    ContentRefused,
    Delivery,
    Flow,
    HttpMimeTransport,
    HttpRequest,
    HttpResponse,
    MailError,
    Message,
    MessageInvalid,
    Mime,
    Outcome,
    RateLimited,
    Receipt,
    RecipientRefused,
    SenderRefused,
    ServerError,
    Verification,
    header_pairs,
    render,
    unsupported,
)
from mailbridge.transports.sparkpost import plugin
from mailbridge.transports.sparkpost.content import (
    ITS_OWN,
    check_options,
    inline,
    is_literal,
    needs_mime,
    rfc822,
    template,
)
from mailbridge.transports.sparkpost.fates import rejected
from mailbridge.transports.sparkpost.placeholders import MARK, Placeholders
from mailbridge.transports.sparkpost.recipients import data_of, merge_of, recipients_of
from mailbridge.transports.sparkpost.settings import SparkPostOptions, SparkPostSettings

# https://support.sparkpost.com/docs/tech-resources/extended-error-codes (2026-11-22)
CODES: Mapping[str, type[MailError]] = {
    "1502": ServerError,  # resources unavailable: retry later
    "1600": ContentRefused,  # no such template
    "1900": ServerError,  # message generation is not available
    "2101": RateLimited,  # exceeds the sending limit, by hour
    "2102": RateLimited,  # … by day
    "2103": ConfigError,  # … of the sandbox, once and for all
    "5002": RecipientRefused,  # no valid recipients
    "7000": SenderRefused,  # sending domain blacklisted
    "7001": SenderRefused,  # sending domain not configured or not verified
}
_PAUSE = 5.0  # seconds, where a 429 says nothing


class SparkPostTransport(HttpMimeTransport):
    """Sends by POST /v1/transmissions; private copies share a transmission, with data for each recipient.

    SparkPost knows recipients only: To is what `header_to` of each says, Cc is a header. What inline
    content has no place for travels as MIME. It answers with one id and with numbers of recipients.
    """

    plugin = plugin
    regions: ClassVar = {"us": "https://api.sparkpost.com", "eu": "https://api.eu.sparkpost.com"}
    codes = CODES
    sharing = (
        "from_", "sender", "reply_to", "cc", "subject", "text", "html", "amp", "attachments", "tags", "track_opens",
        "track_clicks", "send_at", "template", "provider_options", "envelope_sender",
    )  # fmt: skip

    def __init__(self, settings: SparkPostSettings) -> None:
        super().__init__(settings)
        headers = [("Authorization", settings.api_key.reveal())]  # without a word for the scheme
        if settings.subaccount is not None:
            headers.append(("X-MSYS-SUBACCOUNT", str(settings.subaccount)))
        self._headers = tuple(headers)

    # --- requests

    def takes_mime(self, delivery: Delivery) -> bool:
        """Whether inline content has no place for something of the message, or a hook wants to see the MIME."""
        message = delivery.message
        if message.template is not None:
            return False
        return bool(needs_mime(message)) or (delivery.hooks is not None and delivery.hooks.has_prepare)

    def render(self, message: Message) -> Mime:
        """Return the MIME form within 7 bits; one that was rendered beforehand stays as it is."""
        return render(message, eight_bit=message.raw is not None)

    def build_mime(self, message: Message, mime: Mime) -> HttpRequest:
        """Return the transmission of a message in MIME, to everybody in its envelope."""
        options = self.options(message, SparkPostOptions)
        payload = {
            "content": rfc822(mime, self, literal=is_literal(message, options)),
            "recipients": [{"address": {"email": each.wire}} for each in message.envelope.recipients],
            **data_of(merge_of(message), message.metadata),
        }
        return self._transmission(message, payload, options)

    def build(self, message: Message) -> HttpRequest:
        """Return the transmission of one message."""
        return self.build_many((message,))

    def joins(self, message: Message) -> bool:
        """Whether the message can share a transmission: not what only MIME could say."""
        return not needs_mime(message)

    def kind(self, message: Message) -> Hashable:
        """Return what messages of one transmission have in common.

        Headers differ by data, which is not evaluated: those that are to be must agree.
        """
        headers = [(name, text if MARK in text else "") for name, text in header_pairs(message, without=ITS_OWN)]
        return super().kind(message), "merge_global" in message.__dict__, tuple(headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the transmission of messages that differ in recipients, data and the text of headers."""
        first = messages[0]
        if lacking := needs_mime(first):  # and MIME has no place for a template; nor was it expected of one copy
            field = "template" if first.template is not None else "merge_headers"
            raise MessageInvalid(f"{field}: SparkPost does not take it with {lacking}.", field=field)
        options = self.options(first, SparkPostOptions)
        placeholders = Placeholders(len(messages), literal=is_literal(first, options))
        payload: dict[str, Any] = (
            {"content": inline(messages, placeholders)} if first.template is None else template(first, options, self)
        )
        if len(messages) == 1:
            payload["recipients"] = recipients_of(first)
            payload |= data_of({**placeholders.shared, **merge_of(first)}, first.metadata)
        else:
            payload["recipients"] = [
                {**recipient, **data_of({**merge_of(message), **own}, message.metadata)}
                for message, own in zip(messages, placeholders.own, strict=True)
                for recipient in recipients_of(message)
            ]
            payload |= data_of(placeholders.shared, {})
        return self._transmission(first, payload, options)

    def _transmission(self, message: Message, payload: dict[str, Any], options: SparkPostOptions) -> HttpRequest:
        """Return the request, with what is said in the same way for all kinds of content."""
        check_options(message, options)
        if message.tags:
            tag, *others = message.tags
            # The limit is one of octets: a tag within it by its characters may be beyond it.
            if others or (self.settings.check_limits and len(tag.encode()) > plugin.limits["tag_length"]):
                raise unsupported("tags", self)
            payload["campaign_id"] = tag
        if message.features & {"envelope", "envelope_sender"}:
            if message.envelope.sender is None:
                raise unsupported("envelope_sender", self)
            payload["return_path"] = message.envelope.sender.wire
        for recipient in payload["recipients"] if options.recipient_tags else ():
            recipient["tags"] = options.recipient_tags
        payload |= options.model_dump(include={"description", "tracking_domain"}, exclude_none=True)
        if switches := _switches(message, options):
            payload["options"] = switches
        return HttpRequest.json("POST", self.url("/api/v1/transmissions"), payload, self._headers)

    # --- answers

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        outcome = self.read_many(response, (message,))[0]
        if isinstance(outcome, MailError):
            raise outcome
        return outcome

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each message: SparkPost tells how many recipients it rejected, seldom whom."""
        found = response.get("results", "id")
        if not isinstance(found, str):
            raise self.unexpected(response)
        everybody = [each for message in messages for each in message.envelope.recipients]
        rows = rejected(response, everybody)
        outcomes: list[Outcome] = []
        for message in messages:
            try:
                outcomes.append(self.receipt(message, rows, provider_ids=[found], message_id="", raw=response.data))
            except MailError as error:
                outcomes.append(error.with_traceback(None))
        return outcomes

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"errors": [{"message": "Invalid domain", "code": "7001", "description": "…"}]}`."""
        first = response.get("errors", 0, default={})
        words = [str(first[name]) for name in ("message", "description") if first.get(name)]
        return Complaint(": ".join(words), str(first.get("code") or ""))

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Return what a code means; 420 is a quota, whatever its code."""
        return super().meaning(response, said) or (RateLimited if response.status == 420 else None)

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Wait a little where SparkPost does not say how long."""
        return _PAUSE if response.status == 429 and response.header("retry-after") is None else None

    # --- credentials

    def check(self) -> HttpRequest:
        """Ask for the account."""
        return HttpRequest("GET", self.url("/api/v1/account"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say whether the account may send. Raises ConfigError if not."""
        status = response.get("results", "status", default="active")
        if status != "active":
            raise ConfigError(
                f"{self} accepts the key, but the account is {status}.",
                phase="response",
                transport=str(self),
                hints=["SparkPost's support knows why."],
            )
        return self.verification("SparkPost accepts the key.", status=status)

    def verify(self) -> Flow[Verification]:
        """Ask about key and account without sending anything; not every key may ask."""
        try:
            return (yield from super().verify())
        except AuthFailed as error:
            if error.code == 403:
                error.hints = ("The key may not ask about the account; whether it may send, a test mail will tell.",)
            raise


_SWITCHES = {
    "dkim_key", "initial_open", "inline_css", "ip_pool", "sandbox", "skip_suppression", "transactional",
}  # fmt: skip


def _switches(message: Message, options: SparkPostOptions) -> dict[str, Any]:
    named = {
        "open_tracking": message.track_opens,
        "click_tracking": message.track_clicks,
        "start_time": None if message.send_at is None else message.send_at.isoformat(timespec="seconds"),
        "perform_substitutions": False if is_literal(message, options) else None,
    }
    said = {name: value for name, value in named.items() if value is not None}
    return said | options.model_dump(include=_SWITCHES, exclude_none=True)
