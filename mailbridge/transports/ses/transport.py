"""Messages as SES's requests, and its answers as receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Mime,
    Outcome,
    Receipt,
    Verification,
    render,
)
from mailbridge.transports.ses import plugin
from mailbridge.transports.ses.chain import Chain
from mailbridge.transports.ses.payload import about, envelope, tags_of, with_mime
from mailbridge.transports.ses.refusal import (
    A_DAY_IS_FULL,
    CODES,
    DENIED,
    SKEWED,
    advice,
    complaint,
    entry_refused,
    unverified,
)
from mailbridge.transports.ses.regions import endpoint, message_id
from mailbridge.transports.ses.settings import SesOptions, SesSettings
from mailbridge.transports.ses.signing import Signing
from mailbridge.transports.ses.template import authors, data_of, destination, headers_of, is_templated, template

_SEND = "/v2/email/outbound-emails"
_SEND_BULK = "/v2/email/outbound-bulk-emails"
_ACCOUNT = "/v2/email/account"
_ROOM = 65_536  # octets of a call beside the message


class SesTransport(HttpMimeTransport):
    """Sends MIME by SendEmail, so that a message arrives as by SMTP; what SES fills in, by SendBulkEmail.

    A message that SES fills in is one with a template or with merge data: up to 50 share a call. The
    content that SES would assemble itself (`Simple`) is not used: it has no place for a third form of
    the body, a second author, more than 15 headers, or text beyond ASCII in them.
    """

    plugin = plugin
    regions: ClassVar[Mapping[str, str]] = {}
    codes = CODES
    sharing = (
        "from_", "also_from", "reply_to", "sender", "envelope", "envelope_sender", "subject", "text", "html", "amp",
        "calendar", "alternatives", "attachments", "template", "track_opens", "track_clicks", "provider_options",
    )  # fmt: skip

    def __init__(self, settings: SesSettings) -> None:
        region = settings.region or _found_region(settings.profile)
        super().__init__(settings.model_copy(update={"region": region}))
        self._region = region
        self._signing = Signing(settings, region)
        if not settings.max_bytes:  # the limit is one of the message, and the call holds it in base64
            self.max_bytes = self.max_bytes * 4 // 3 + _ROOM

    # --- requests

    def takes_mime(self, delivery: Delivery) -> bool:
        """Whether the message is complete: all but those that SES fills in."""
        return not is_templated(delivery.message)

    def render(self, message: Message) -> Mime:
        """Return the MIME form within 7 bits: SES's tracking would spoil others."""
        return render(message, eight_bit=False)

    def build_mime(self, message: Message, mime: Mime) -> HttpRequest:
        """Return the call for a message as it is; the destination only says to whom."""
        return with_mime(self._email(message, {"Destination": envelope(message)}), mime)

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message that SES fills in."""
        content = template(message, str(self)) | {"TemplateData": data_of(message)}
        if headers := headers_of(message):
            content["Headers"] = headers
        said = {"Content": {"Template": content}, "Destination": destination(message), **authors(message)}
        return self._email(message, said)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for messages of one template."""
        first = messages[0]
        payload = {
            "DefaultContent": {"Template": template(first, str(self)) | {"TemplateData": "{}"}},
            "BulkEmailEntries": [self._entry(each) for each in messages],
            **authors(first),
            **self._about(first),
        }
        return HttpRequest.json("POST", self.url(_SEND_BULK), payload)

    def joins(self, message: Message) -> bool:
        """Whether the message may share a call: SendBulkEmail knows no contact lists."""
        return "subscription" not in (message.provider_options.get(self.name) or ())

    def _email(self, message: Message, said: dict[str, Any]) -> HttpRequest:
        payload = said | self._about(message)
        if tags := tags_of(message, self.settings.tag_name):
            payload["EmailTags"] = tags
        return HttpRequest.json("POST", self.url(_SEND), payload)

    def _entry(self, message: Message) -> dict[str, Any]:
        """Return what is said for one message of a bulk call."""
        filled = {"ReplacementTemplate": {"ReplacementTemplateData": data_of(message)}}
        entry: dict[str, Any] = {"Destination": destination(message), "ReplacementEmailContent": filled}
        if headers := headers_of(message):
            entry["ReplacementHeaders"] = headers
        if tags := tags_of(message, self.settings.tag_name):
            entry["ReplacementTags"] = tags
        return entry

    def _about(self, message: Message) -> dict[str, Any]:
        return about(message, self.options(message, SesOptions), self.settings.configuration_set, str(self))

    # --- answers

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt: one id for all recipients."""
        provider_id = response.data["MessageId"]
        if not isinstance(provider_id, str) or not provider_id:
            raise self.unexpected(response)
        return self._accepted(message, provider_id, response.data)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each entry."""
        rows = zip(response.data["BulkEmailEntryResults"], messages, strict=False)
        return [self._outcome(row, message, response) for row, message in rows]

    def complaint(self, response: HttpResponse) -> Complaint:
        """Return what an error says, and by how much our clock is wrong where that is the reason."""
        said = complaint(response)
        if said.code in SKEWED and (off := self._signing.off):
            return said._replace(text=f"{said.text.rstrip('.')}; {off}")
        return said

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Return how long to wait for the quota of the day; how long for the rate, SES does not say."""
        return A_DAY_IS_FULL if "daily" in said.text.lower() else None

    def _outcome(self, row: Mapping[str, Any], message: Message, response: HttpResponse) -> Outcome:
        if row["Status"] == "SUCCESS":
            return self._accepted(message, row.get("MessageId") or "", row)
        error = entry_refused(row["Status"], row.get("Error") or "", str(self), response.status)
        return unverified(error, (message,), self._region)

    def _accepted(self, message: Message, provider_id: str, answer: Any) -> Receipt:
        """Return the receipt with the Message-ID that SES writes in place of ours."""
        if not provider_id:
            return self.receipt(message, message_id="", raw=answer)
        written = message_id(provider_id, self._region)
        return self.receipt(message, provider_ids=[provider_id], message_id=written, raw=answer)

    # --- exchange

    def exchange(self, request: HttpRequest) -> Flow[HttpResponse]:
        """Exchange a request for a successful response; say what is wrong with the credentials."""
        try:
            return (yield from super().exchange(request))
        except AuthFailed as error:
            error.hints = advice(error.provider_code) or error.hints
            raise

    def performed(self, request: HttpRequest, messages: Sequence[Message]) -> Flow[list[Outcome]]:
        """Make the call; tell an unverified sender from an unverified recipient."""
        try:
            return (yield from super().performed(request, messages))
        except ContentRefused as error:
            raise unverified(error, messages, self._region) from None

    def home(self) -> str:
        """Return the address of the API in the region."""
        return endpoint(self.settings.region, fips=self.settings.fips)

    def signed(self, request: HttpRequest) -> Flow[HttpRequest]:
        """Return the request with its signature."""
        return self._signing.signed(request)

    def again(self, error: MailError, request: HttpRequest, response: HttpResponse) -> Flow[bool]:
        """Say whether a refused request is worth signing anew."""
        return self._signing.again(error, request, response)

    # --- verify

    def check(self) -> HttpRequest:
        """Ask for the account."""
        return HttpRequest("GET", self.url(_ACCOUNT))

    def checked(self, response: HttpResponse) -> Verification:
        """Say whether the account may send, to whom, and how much."""
        names = ("SendingEnabled", "ProductionAccessEnabled", "EnforcementStatus", "SendQuota")
        details = {name: response.get(name) for name in names}
        if details["SendingEnabled"] is False:
            raise ConfigError(
                f"{self} accepts the credentials, but the account may not send from {self._region}.",
                phase="response",
                transport=str(self),
                hints=["See the account dashboard of SES: sending may be paused, or the account under review."],
            )
        sandbox = details["ProductionAccessEnabled"] is False
        reach = " in the sandbox, to verified recipients only" if sandbox else ""
        return self.verification(f"SES accepts the credentials, and the account may send{reach}.", **details)

    def verify(self) -> Flow[Verification]:
        """Ask about the account; credentials that may only send are good ones too."""
        try:
            return (yield from super().verify())
        except AuthFailed as error:
            if error.provider_code != DENIED:
                raise
        return self.verification(
            "SES accepts the credentials; whether they may send is not known, for they may not read the account "
            "(ses:GetAccount)."
        )


def _found_region(profile: str) -> str:
    """Return the region that AWS programs would use. Raises ConfigError when there is none."""
    region = Chain(profile).region()
    if not region:
        raise ConfigError(
            "ses:// names no region, and neither does the AWS configuration.",
            hints=["Name it, as in ses://eu-west-1."],
        )
    return region
