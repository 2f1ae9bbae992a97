"""A message of Django's as a mailbridge Message, without loss.

Field by field where nothing is lost by it: that is fast, and what providers with an API need. Otherwise
Django renders the message and its bytes travel, with its envelope, by transports that take MIME.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from mailbridge import Address, Envelope, Message, MessageInvalid, Transport, Unsupported
from mailbridge_django import addresses
from mailbridge_django.bodies import NotOurs, body_fields
from mailbridge_django.features import feature_fields
from mailbridge_django.files import attachments
from mailbridge_django.headers import header_fields
from mailbridge_django.rendering import reason_to_render, rendered
from mailbridge_django.sensitive import is_sensitive


class Converted(NamedTuple):
    """A message, and why it travels as bytes if it does."""

    mail: Message
    rendered_for: str = ""


def convert(message: EmailMessage, transport: Transport) -> Converted:
    """Return the message as the Mailer takes it. `transport` is the one that will carry it.

    Raises MessageInvalid, which is a ValueError; ValueError too where Django renders and refuses.
    """
    control = _control(message, transport)
    reason = reason_to_render(message)
    if not reason:
        try:
            return Converted(_structured(message, control, transport))
        except NotOurs as error:
            reason = str(error)
        except MessageInvalid as error:
            if error.field in _PEOPLE:
                raise
            reason = error.text
    if "raw" not in transport.features:
        raise Unsupported(
            f"The transport {transport} takes no rendered message, and Django has to render this one: "
            f"{reason.rstrip('.')}.",
            feature="raw",
            field="raw",
            transport=str(transport),
            hints=["Use SMTP or a transport that takes MIME, or leave that out."],
        )
    return Converted(_raw(message, control, transport), reason)


_PEOPLE = frozenset({"from_email", "to", "cc", "bcc", "headers.bcc"})


def _control(message: EmailMessage, transport: Transport) -> dict[str, Any]:
    """Return what steers the sending, apart from what the message says."""
    fields = feature_fields(message, transport)
    if "sensitive" not in fields and is_sensitive(message):
        fields["sensitive"] = True
    return fields


def _structured(message: EmailMessage, control: dict[str, Any], transport: Transport) -> Message:
    sender = addresses.one(message.from_email, "from_email")
    people = {
        "to": addresses.each(message.to, "to"),
        "cc": addresses.each(message.cc, "cc"),
        "bcc": addresses.each(message.bcc, "bcc"),
    }
    fields: dict[str, Any] = {"from_": sender, "subject": _subject(message.subject), **people}
    if message.reply_to:
        fields["reply_to"] = addresses.each(message.reply_to, "reply_to")
    if settings.EMAIL_USE_LOCALTIME and "date" in transport.features:  # without the feature, the provider dates it
        fields["date"] = timezone.localtime()
    if message.extra_headers:
        fields |= header_fields(message.extra_headers)
        fields |= _envelope(fields, sender, people, control)
    fields |= body_fields(message)
    if message.attachments:
        fields["attachments"] = attachments(message, fields.get("html") or "")
    fields |= control
    if fields.get("template") is not None and fields.get("text") == "":
        del fields["text"]  # the template is the body; Django's empty default is none
    return Message(**fields)


def _envelope(
    fields: dict[str, Any], sender: Address, people: dict[str, tuple[Address, ...]], control: dict[str, Any]
) -> dict[str, Any]:
    """Keep the envelope of a message whose headers name others: it is from `from_email`, to `recipients()`."""
    if any(fields[name] != people[name] for name in ("to", "cc")):
        everybody = people["to"] + people["cc"] + people["bcc"]
        return {"envelope": Envelope(_bounces(control.pop("envelope_sender", sender)), everybody)}
    if "envelope_sender" not in control and fields.get("sender", fields["from_"]) not in (sender, (sender,)):
        return {"envelope_sender": sender}
    return {}


def _subject(subject: Any) -> str:
    text = str(subject)
    if "=?" in text:
        raise NotOurs("the subject has encoded words")
    return text


def _raw(message: EmailMessage, control: dict[str, Any], transport: Transport) -> Message:
    """Return a message of the bytes that Django renders."""
    sender = control.pop("envelope_sender", None) or addresses.one(message.from_email, "from_email")
    recipients = addresses.each(message.recipients(), "to")
    given = {name.lower() for name in message.extra_headers}
    if "bcc" in given:
        raise MessageInvalid("Bcc is no header of a message; name the recipients in bcc=.", field="headers.bcc")
    envelope = Envelope(_bounces(sender), recipients)
    mail = Message.from_bytes(rendered(message), envelope=envelope, keep_raw=True)
    # Django writes both into whatever it renders; nobody asked a provider that has its own to keep them.
    control |= {
        field: None
        for field, header in _WRITTEN_BY_DJANGO.items()
        if header not in given and field not in transport.features
    }
    if envelope == Envelope(mail.sender or mail.from_, mail.to + mail.cc):
        control["envelope"] = None  # it says what the header says; not every API can be told one
    return mail.replace(**control) if control else mail


_WRITTEN_BY_DJANGO = {"date": "date", "message_id": "message-id"}


def _bounces(sender: Any) -> Any:
    return None if sender == "<>" else sender
