"""Forms: what Mailgun is told of a message, as fields and files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import format_datetime

from mailbridge.extend import FormFile, Message, MessageInvalid, header_pairs, wire_form, wire_forms
from mailbridge.transports.mailgun.settings import MailgunOptions

Fields = list[tuple[str, str]]


def needs_mime(message: Message) -> str:
    """Return what a form has no place for, in words, or nothing."""
    if message.raw is not None:
        return "a message rendered beforehand"
    if message.alternatives or message.calendar:
        return "further forms of the body"
    if not (message.text or message.html or message.amp or message.template):
        return "a message without a text"
    if not message.to or "envelope" in message.features:
        return "recipients apart from those in To"
    if any(file.content_id and not file.inline for file in message.attachments):
        return "a content id of an attached file"
    names = [name.lower() for name, _ in message.headers]
    return "a header that is repeated" if len(set(names)) < len(names) else ""


def addresses(message: Message) -> Fields:
    """Return who the message is from and to."""
    said = [("from", wire_forms(message.from_all))]
    said += [(field, wire_form(each)) for field in ("to", "cc", "bcc") for each in getattr(message, field)]
    return said


def content(message: Message) -> Fields:
    """Return subject and texts; what is empty is left out, but for the subject where no template has one."""
    texts = {"subject": message.subject, "text": message.text, "html": message.html, "amp-html": message.amp}
    wanted = () if message.template else ("subject",)
    return [(name, value or "") for name, value in texts.items() if value or name in wanted]


def headers(message: Message) -> Fields:
    """Return all headers but those of the addresses and the subject, by name and text."""
    said = [("Sender", wire_form(message.sender))] if message.sender else []
    if message.reply_to:
        said.append(("Reply-To", wire_forms(message.reply_to)))
    return said + header_pairs(message)


def files(message: Message) -> Iterator[FormFile]:
    """Yield the files. Mailgun drops those without a name, and makes the content id of an inline file's name."""
    for file in message.attachments:
        if file.inline:
            yield FormFile("inline", file.content_id or "", file.content, file.content_type)
        else:
            yield FormFile("attachment", file.filename or "attachment", file.content, file.content_type)


def controls(message: Message, options: MailgunOptions, *, sandbox: bool) -> Fields:
    """Return how the message shall be sent, and its template. Raises MessageInvalid for an option that lacks one."""
    if options.template_text and message.template is None:
        where = "provider_options.mailgun"
        raise MessageInvalid(f"{where}.template_text: there is no template.", field=where)
    said = [("o:tag", tag) for tag in message.tags]
    if message.track_opens is not None:
        said.append(("o:tracking-opens", _yes(message.track_opens)))
    if message.track_clicks is not None and options.tracking_clicks is None:
        said.append(("o:tracking-clicks", _yes(message.track_clicks)))
    if message.send_at is not None:
        said.append(("o:deliverytime", format_datetime(message.send_at.astimezone(UTC))))
    if sandbox:
        said.append(("o:testmode", "yes"))
    if message.template is not None:
        said.append(("template", message.template.id))
        if message.template.version is not None:
            said.append(("t:version", message.template.version))
    return said + _options(options)


def _options(options: MailgunOptions) -> Fields:
    said = [("t:text", "yes")] if options.template_text else []
    for name, value in options.model_dump(exclude={"template_text"}, exclude_none=True).items():
        said.append((f"o:{name.replace('_', '-')}", _yes(value) if isinstance(value, bool) else value))
    return said


def _yes(value: bool) -> str:
    return "yes" if value else "no"
