"""A mailbridge Message by a backend of Django's: what fills `mail.outbox` in tests.

`mailer("default")` gives a Mailer that ends here when Django's test runner has put its own backend in
the place of ours, so that no test sends real mail, whichever of the two interfaces it uses.
"""

from __future__ import annotations

import email
import email.policy
from email.encoders import encode_base64
from email.message import MIMEPart
from email.mime.base import MIMEBase
from typing import Any

import django
from django.core.mail import EmailMultiAlternatives

from mailbridge import Attachment, Message, Receipt, ServerError, Verification
from mailbridge.extend import BlockingTransport, Delivery, features

_ATTRIBUTES = {
    "tags": "tags",
    "metadata": "metadata",
    "merge_data": "merge_data",
    "merge_global": "merge_global_data",
    "merge_metadata": "merge_metadata",
    "merge_headers": "merge_headers",
    "send_at": "send_at",
    "track_opens": "track_opens",
    "track_clicks": "track_clicks",
}

_REACH_NOBODY = {f"django.core.mail.backends.{name}" for name in ("console", "dummy", "filebased", "locmem")}


class DjangoTransport(BlockingTransport):
    """Hands messages to a backend of Django's, as EmailMultiAlternatives with our Message in `mailbridge_message`."""

    name = "django"
    features = features.LOCAL

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        kinds = {kind.__module__ for kind in type(backend).__mro__}
        self.reach = "others" if kinds.isdisjoint(_REACH_NOBODY) else "nobody"

    def deliver(self, delivery: Delivery) -> Receipt:
        """Hand over one message; raise ServerError if the backend says it sent none."""
        if not self._backend.send_messages([email_message(delivery.message)]):
            raise ServerError(f"The backend {self} sent nothing.", transport=str(self))
        return self.accepted(delivery)

    def check(self) -> Verification:
        """Say which backend it is."""
        return Verification(transport=str(self), text=f"Messages go to {self}.")

    def __str__(self) -> str:
        return f"django://{type(self._backend).__module__}"


class RenderedMessage(EmailMultiAlternatives):  # type: ignore[misc]  # Django has no types
    """A message that was rendered elsewhere, for backends that ask for its MIME form."""

    raw: bytes

    def message(self, *, policy: Any = None) -> Any:
        """Return it, parsed."""
        return email.message_from_bytes(self.raw, policy=policy or email.policy.default)


def email_message(message: Message) -> EmailMultiAlternatives:
    """Return a message of Django's that says what ours says."""
    kind = EmailMultiAlternatives if message.raw is None else RenderedMessage
    made = kind(
        message.subject,
        message.text or "",
        str(message.envelope.sender or message.from_),
        [str(each) for each in message.to],
        cc=[str(each) for each in message.cc],
        bcc=[str(each) for each in message.bcc],
        reply_to=[str(each) for each in message.reply_to],
        headers=_headers(message),
        alternatives=_alternatives(message),
        attachments=[_attachment(each) for each in message.attachments],
    )
    if message.raw is not None:
        made.raw = message.raw
    for field, attribute in _ATTRIBUTES.items():
        if field in vars(message):
            setattr(made, attribute, getattr(message, field))
    if message.template is not None:
        made.template_id = message.template.id
    made.mailbridge_message = message
    return made


def _headers(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = dict(message.headers)
    if message.envelope.sender not in (None, message.from_) or message.also_from:
        found["From"] = ", ".join(map(str, message.from_all))
    single = {"Sender": message.sender, "In-Reply-To": message.in_reply_to, "Message-ID": message.message_id}
    found |= {name: str(value) for name, value in single.items() if value is not None}
    if message.references:
        found["References"] = " ".join(message.references)
    if message.list_unsubscribe:
        found["List-Unsubscribe"] = ", ".join(f"<{link}>" for link in message.list_unsubscribe)
    if message.list_unsubscribe_post:
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def _alternatives(message: Message) -> list[tuple[str | bytes, str]]:
    forms: list[tuple[str | bytes | None, str]] = [(message.amp, "text/x-amp-html"), (message.html, "text/html")]
    forms += [(each.content, each.content_type) for each in message.alternatives]
    forms.append((message.calendar, f"text/calendar; method={message.method}"))
    return [(content, kind) for content, kind in forms if content is not None]


def _attachment(attachment: Attachment) -> Any:
    if attachment.content_id is None and attachment.disposition == "attachment":
        return attachment.filename, attachment.content, attachment.mime_type
    main, _, sub = attachment.mime_type.partition("/")
    if django.VERSION >= (6, 0):
        part: Any = MIMEPart(policy=email.policy.default)
        disposition, filename = attachment.disposition, attachment.filename
        part.set_content(attachment.content, maintype=main, subtype=sub, disposition=disposition, filename=filename)
    else:
        part = MIMEBase(main, sub)
        part.set_payload(attachment.content)
        encode_base64(part)
        named = {"filename": attachment.filename} if attachment.filename else {}
        part.add_header("Content-Disposition", attachment.disposition, **named)
    if attachment.content_id:
        part["Content-ID"] = f"<{attachment.content_id}>"
    return part
