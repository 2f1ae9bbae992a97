"""What SES's errors mean: those of a whole call, and those of one entry of a bulk call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mailbridge.extend import (
    Address,
    AuthFailed,
    Complaint,
    ConfigError,
    ContentRefused,
    HttpResponse,
    MailError,
    Message,
    RateLimited,
    RecipientRefused,
    RecipientStatus,
    SenderRefused,
    ServerError,
    Status,
    visible,
)

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
SKEWED = frozenset({
    "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture",
    "SignatureDoesNotMatch", "InvalidSignatureException",
})  # fmt: skip
"""What a wrong clock is answered with; the last two also a wrong secret."""

DENIED = "AccessDeniedException"
UNKNOWN = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"})

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors and
# CommonErrors.html (2026-11-22). InternalServiceErrorException is not here: with status 500 nobody knows.
CODES: Mapping[str, type[MailError]] = {
    "TooManyRequestsException": RateLimited,
    "LimitExceededException": RateLimited,  # of the rate, not of the day
    "ThrottlingException": RateLimited,
    "Throttling": RateLimited,
    "AccountSuspendedException": ConfigError,
    "SendingPausedException": ConfigError,
    "MessageRejected": ContentRefused,
    "MailFromDomainNotVerifiedException": SenderRefused,
    "NotFoundException": ConfigError,  # a configuration set, a template, a contact list, a tenant
    "BadRequestException": ContentRefused,
    "OptInRequired": ConfigError,
    "ServiceUnavailable": ServerError,
    **dict.fromkeys({*EXPIRED, *SKEWED, *UNKNOWN, DENIED}, AuthFailed),
}

ENTRIES: Mapping[str, type[MailError]] = {
    "MESSAGE_REJECTED": ContentRefused,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": SenderRefused,
    "CONFIGURATION_SET_NOT_FOUND": ConfigError,
    "TEMPLATE_NOT_FOUND": ConfigError,
    "ACCOUNT_SUSPENDED": ConfigError,
    "ACCOUNT_THROTTLED": RateLimited,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": RateLimited,
    "INVALID_SENDING_POOL_NAME": ConfigError,
    "ACCOUNT_SENDING_PAUSED": ConfigError,
    "CONFIGURATION_SET_SENDING_PAUSED": ConfigError,
    "INVALID_PARAMETER": ContentRefused,
    "TRANSIENT_FAILURE": ServerError,
    "FAILED": ServerError,
}
"""By the status of an entry (API_BulkEmailEntryResult.html, 2026-11-22)."""

A_DAY_IS_FULL = 600.0
"""Seconds to wait when the quota of 24 hours is used up: it rolls, and Amazon says to wait up to ten minutes.

Source: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html (2026-11-22).
"""

_UNVERIFIED = re.compile(r"(?i)not verified|authority to send").search
_XML = re.compile(r"<(Code|Message)>([^<]{1,2000})</\1>").findall


def complaint(response: HttpResponse) -> Complaint:
    """Read an error: the code in a header or in `__type`, the words in `message`; gateways answer in XML."""
    data = response.data
    if not isinstance(data, dict):
        said = dict(_XML(response.text))
        return Complaint(said.get("Message", ""), said.get("Code", ""))
    code = response.header("x-amzn-errortype") or data.get("__type") or data.get("code") or ""
    # "com.amazon.coral#MessageRejected", "MessageRejected:http://internal.amazon.com/…"
    name = str(code).partition(":")[0].rpartition("#")[2]
    return Complaint(str(data.get("message") or data.get("Message") or ""), name)


def advice(code: str) -> tuple[str, ...]:
    """Return the next step after credentials were refused, by SES's code."""
    if code == DENIED:
        return (
            "The key is good; its IAM policy must allow ses:SendEmail, ses:SendRawEmail, ses:SendTemplatedEmail "
            "and ses:SendBulkTemplatedEmail for this identity.",
        )
    if code in UNKNOWN:
        return ("AWS does not know access_key_id: check it, and that it was neither deleted nor made inactive.",)
    if code in ("SignatureDoesNotMatch", "InvalidSignatureException"):
        return (
            "The clock is wrong, or secret_access_key does not belong to access_key_id; "
            "in a DSN, percent-encode its / (%2F) and +.",
        )
    if code in SKEWED:
        return ("Set this machine's clock, and keep it right by NTP.",)
    if code in EXPIRED:
        return ("The session has expired: fetch new credentials (`aws sso login`), or give the profile, not its keys.",)
    return ()


def entry_refused(status: str, said: str, transport: str, code: int) -> MailError:
    """Return the error for one entry of a bulk call that was accepted as a whole."""
    kind = ENTRIES.get(status, ContentRefused)
    words = visible(" ".join(said.split()))[:500].rstrip(".") or "no reason given"
    return kind(
        f"{transport} did not take the message: {words} ({visible(status)[:80]}).",
        phase="response",
        code=code,
        provider_code=status,
        retry_after=A_DAY_IS_FULL if status == "ACCOUNT_DAILY_QUOTA_EXCEEDED" else None,
        transport=transport,
    )


def unverified(error: MailError, messages: Iterable[Message], region: str) -> MailError:
    """Return the error for addresses that SES does not know as ours; the same error if it is about something else.

    SES names them in one sentence, From or recipient alike: a recipient is refused in the sandbox only.
    """
    if not isinstance(error, ContentRefused) or not _UNVERIFIED(error.text):
        return error
    said = error.text.lower()
    senders = [each for message in messages for each in (*message.from_all, message.sender) if each is not None]
    facts: dict[str, Any] = {
        "phase": error.phase,
        "code": error.code,
        "provider_code": error.provider_code,
        "transport": error.transport,
    }
    row = RecipientStatus(Status.REFUSED, error.code, text=error.text)
    named = {each.addr_spec: row for message in messages for each in message.recipients if _stands(each.wire, said)}
    if named and not any(_stands(each.wire, said) or _stands(_domain(each), said) for each in senders):
        return RecipientRefused(
            error.text,
            recipients=named,
            hints=[
                f"The account is in the sandbox in {region}, which takes verified recipients only: verify this one, "
                "or ask Amazon for production access."
            ],
            **facts,
        )
    return SenderRefused(
        error.text, hints=[f"Verify the sender's address or domain in SES, in the region {region}."], **facts
    )


def _domain(address: Address) -> str:
    return address.wire.rpartition("@")[2]


def _stands(identity: str, said: str) -> bool:
    """Whether an address or a domain is named, and not only as a part of another."""
    return re.search(rf"(?<![\w@.+-]){re.escape(identity.lower())}(?![\w-]|\.\w)", said) is not None
