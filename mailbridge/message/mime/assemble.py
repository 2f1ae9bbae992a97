"""Messages put together: header fields, and the tree of parts that mail readers expect.

    mixed
    ├── alternative              worst form first, best last (RFC 2046 section 5.1.4)
    │   ├── text
    │   ├── AMP                  before the HTML: readers that take the last form they know get the HTML
    │   ├── related
    │   │   ├── HTML
    │   │   └── inline files
    │   ├── other alternatives
    │   └── calendar             last, as the one a calendar program shall take
    └── attached files

A multipart of one part is that part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbridge.errors import MessageInvalid
from mailbridge.message.mime import fields
from mailbridge.message.mime.contents import file_part, octets_part, text_part
from mailbridge.message.mime.document import Mime
from mailbridge.message.mime.parameters import quoted
from mailbridge.message.mime.parts import Multipart, Part

if TYPE_CHECKING:
    from mailbridge.message.message import Message

_BEYOND_TEXT = frozenset({"amp", "html", "alternatives", "calendar", "attachments"})
_RARE = frozenset({
    "sender", "reply_to", "in_reply_to", "references", "list_unsubscribe", "list_unsubscribe_post", "priority",
    "headers",
})  # fmt: skip
_PRIORITY = {"high": ("1 (Highest)", "high"), "low": ("5 (Lowest)", "low")}


def render(message: Message, *, eight_bit: bool = True, utf8: bool = False) -> Mime:
    """Assemble a message.

    Bare CR and LF in texts become CRLF. A text that is the whole body gets a last line end if it has
    none, because SMTP cannot carry one without; inside a multipart it stays as it is. Bcc is never
    written.

    Args:
        message: with `message_id` and `date` set; nothing here invents them.
        eight_bit: whether the peer offers 8BITMIME (RFC 6152); if not, texts that are not ASCII are
            written as quoted-printable or base64, whichever is smaller.
        utf8: whether the peer offers SMTPUTF8 (RFC 6531); if not, an address with a non-ASCII local
            part raises Unsupported. Everything else in the header is ASCII either way.

    Raises MessageInvalid and Unsupported.

    >>> from datetime import datetime, timezone
    >>> from mailbridge.message.message import Message
    >>> mime = render(Message(from_="ann@example.com", to="bob@example.org", subject="Hi", text="Hello",
    ...     message_id="1@example.com", date=datetime(2026, 11, 21, tzinfo=timezone.utc)))
    >>> mime.segments
    [b'Hello\\r\\n']
    """
    if message.raw is not None:
        from mailbridge.message.mime.raw import render_raw

        return render_raw(message.raw, eight_bit=eight_bit, utf8=utf8)
    head = _header(message, utf8)
    body = _body(message, eight_bit)
    if isinstance(body, Part):
        head += body.fields
        return Mime(head, body.closed(), body.encoding == "8bit")
    stem = body.stem(message.message_id or "")
    head += body.fields(stem)
    return Mime(head, body.segments(stem), body.eight_bit)


def _header(message: Message, utf8: bool) -> list[str]:
    """Write all fields but those that describe the body."""
    if message.message_id is None or message.date is None:
        missing = "message_id" if message.message_id is None else "date"
        raise MessageInvalid(f"The message has no {missing}; the mailer sets it before rendering.", field=missing)
    rare = not _RARE.isdisjoint(vars(message))  # a message stores only what differs from its defaults
    if message.also_from:
        head = [fields.mailboxes("From", message.from_all, utf8=utf8)]
    else:
        head = [fields.mailbox("From", message.from_, utf8=utf8)]
    if rare:
        head += _answers(message, utf8)
    if message.to:
        head.append(fields.mailboxes("To", message.to, utf8=utf8))
    if message.cc:
        head.append(fields.mailboxes("Cc", message.cc, utf8=utf8))
    head.append(fields.text("Subject", message.subject))
    head.append(fields.date(message.date))
    head.append(fields.identifier("Message-ID", message.message_id))
    if rare:
        head += _further(message)
    head.append("MIME-Version: 1.0\r\n")
    return head


def _answers(message: Message, utf8: bool) -> list[str]:
    """Write the fields that say who sends for the author, and where answers go."""
    head = []
    if message.sender is not None and (message.also_from or message.sender != message.from_):
        head.append(fields.mailbox("Sender", message.sender, utf8=utf8))
    if message.reply_to:
        head.append(fields.mailboxes("Reply-To", message.reply_to, utf8=utf8))
    return head


def _further(message: Message) -> list[str]:
    """Write the fields that few messages have."""
    head = []
    if message.in_reply_to is not None:
        head.append(fields.identifier("In-Reply-To", message.in_reply_to))
    if message.references:
        head.append(fields.tokens("References", message.references))
    if message.list_unsubscribe:
        links = (f"<{link}>" for link in message.list_unsubscribe)
        head.append(fields.tokens("List-Unsubscribe", links, ","))
    if message.list_unsubscribe_post:
        head.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
    if message.priority in _PRIORITY:
        head += _priority(message, *_PRIORITY[message.priority])
    for name, value in message.headers:
        head.append(fields.text(name, value))
    return head


def _priority(message: Message, number: str, word: str) -> list[str]:
    """Say it in the two ways that readers know, where the message does not say it itself."""
    said = {name.lower() for name, _ in message.headers}
    pairs = {"X-Priority": number, "Importance": word}
    return [f"{name}: {value}\r\n" for name, value in pairs.items() if name.lower() not in said]


def _body(message: Message, eight_bit: bool) -> Part | Multipart:
    """Build the tree; an empty message is an empty text."""
    if _BEYOND_TEXT.isdisjoint(vars(message)):  # a message stores only what differs from its defaults
        return text_part(message.text or "", "text/plain", eight_bit=eight_bit)
    forms = _forms(message, eight_bit)
    files = message.attachments
    if files and message.html is not None:
        files = tuple([each for each in files if not each.inline])
    body = [Multipart("alternative", forms)] if len(forms) > 1 else forms
    if not files:
        return body[0] if body else text_part("", "text/plain", eight_bit=eight_bit)
    return Multipart("mixed", [*body, *(file_part(each, eight_bit=eight_bit) for each in files)])


def _forms(message: Message, eight_bit: bool) -> list[Part | Multipart]:
    """Return the forms of the body, from the plainest to the richest."""
    forms: list[Part | Multipart] = []
    if message.text is not None:
        forms.append(text_part(message.text, "text/plain", eight_bit=eight_bit))
    if message.amp is not None:
        forms.append(text_part(message.amp, "text/x-amp-html", eight_bit=eight_bit))
    if message.html is not None:
        html = text_part(message.html, "text/html", eight_bit=eight_bit)
        inline = [file_part(each, eight_bit=eight_bit) for each in message.attachments if each.inline]
        forms.append(Multipart("related", [html, *inline]) if inline else html)
    for form in message.alternatives:
        if isinstance(form.content, str):
            forms.append(text_part(form.content, form.content_type, eight_bit=eight_bit))
        else:
            forms.append(octets_part(form.content, form.content_type))
    if message.calendar is not None:
        method = message.method or "REQUEST"
        kind = f"text/calendar; method={method if method.isalpha() else quoted(method)}"
        forms.append(text_part(message.calendar, kind, eight_bit=eight_bit))
    return forms
