"""The keywords by which mails are matched, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address, address
from mailbridge.message.attachment import Attachment
from mailbridge.message.template import Template
from mailbridge.testing.criteria.criterion import Criterion, Finding, Things, among, each_of, is_several, text
from mailbridge.testing.criteria.wanted import agrees, asks, contains, equals, refused, shown
from mailbridge.testing.sent import SentMail

__all__ = ["KEYWORDS"]


# --- people


def _people(keyword: str, things: Things) -> Callable[[Any], Criterion]:
    def read(wanted: Any) -> Criterion:
        if wanted is None:
            raise TypeError(f"{keyword}=None: give [] for nobody.")
        several = is_several(wanted) and not _is_pair(wanted)
        mailboxes = [_mailbox(keyword, each) for each in (wanted if several else [wanted])]
        return among(
            keyword,
            mailboxes if several else mailboxes[0],
            things,
            _is_mailbox,
            str,
            lambda mail: "" if several else _elsewhere(mailboxes[0], mail),
        )

    return read


def _is_pair(wanted: Any) -> bool:
    """Whether a tuple is (name, address) rather than two addresses, as for the fields of `Message`."""
    match wanted:
        case (str(name), str(spec)) if isinstance(wanted, tuple):
            return "@" not in name and "@" in spec
    return False


def _mailbox(keyword: str, wanted: Any) -> Any:
    """Read what is an address; leave patterns, callables and objects as they are."""
    if isinstance(wanted, str | tuple) or hasattr(type(wanted), "__mail_address__"):
        try:
            return address(wanted, keyword)
        except MessageInvalid as error:
            raise ValueError(f"{error.text} For a part of an address give a pattern: re.compile('…').") from None
    refused(keyword, wanted)
    return wanted


def _is_mailbox(wanted: Any, found: Address) -> bool:
    if isinstance(wanted, Address):
        return wanted.key == found.key and wanted.name in ("", found.name)
    if isinstance(wanted, re.Pattern):
        return bool(wanted.search(found.addr_spec) or wanted.search(str(found)))
    forms = [found] if asks(wanted) else [found, found.addr_spec, str(found)]
    return any(agrees(wanted, each, equals) for each in forms)


def _elsewhere(wanted: Any, mail: SentMail) -> str:
    """Say where else in the mail the mailbox is."""
    fields = {"to": mail.to, "cc": mail.cc, "bcc": mail.bcc, "from_": mail.from_all, "reply_to": mail.reply_to}
    if isinstance(wanted, Address):
        for name, there in fields.items():
            if any(wanted.key == each.key for each in there):
                return f"it is in {name}" if any(_is_mailbox(wanted, each) for each in there) else "the name differs"
    return ""


# --- texts


def _ways_of_html(mail: SentMail) -> list[str | None]:
    return [None] if mail.html is None else [mail.html, mail.shown]


def _in_html_only(wanted: Any) -> Callable[[SentMail], str]:
    return lambda mail: "the HTML has it" if _is_in(wanted, _ways_of_html(mail)) else ""


def _in_text_only(wanted: Any) -> Callable[[SentMail], str]:
    return lambda mail: "the plain form has it" if _is_in(wanted, [mail.text]) else ""


def _is_in(wanted: Any, bodies: list[str | None]) -> bool:
    """Whether a body has a text or a pattern; a callable is not asked about what it was not meant for."""
    if not isinstance(wanted, str | re.Pattern):
        return False
    return any(agrees(wanted, body, contains) for body in bodies if body is not None)


def _header(wanted: Any) -> Criterion:
    if not isinstance(wanted, Mapping):
        raise TypeError(f"header={shown(wanted)}: give a mapping, such as header={{'X-Batch': '7'}}.")
    fields = [text(f"header[{name!r}]", value, _values(name)) for name, value in wanted.items()]
    return lambda mail: (finding for field in fields for finding in field(mail))


def _values(name: str) -> Callable[[SentMail], list[str]]:
    return lambda mail: [value for each, value in mail.header_fields if each.lower() == name.lower()]


def _template(wanted: Any) -> Criterion:
    if isinstance(wanted, Template):
        return text("template", _spelt(wanted), lambda mail: [_spelt(mail.template) if mail.template else None])
    wanted = str(wanted) if type(wanted) is int else wanted  # as `Template` reads it
    return text("template", wanted, lambda mail: [mail.template.id if mail.template else None])


def _spelt(template: Template) -> str:
    return template.id if template.version is None else f"{template.id} (version {template.version})"


def _carriers(mail: SentMail) -> list[str | None]:
    """Name what sent a mail: the mailer, the transport, and the transport's kind."""
    kind = (mail.receipt.provider if mail.receipt else "") or mail.transport.partition(":")[0]
    return [mail.mailer, mail.transport or None, kind or None]


# --- the rest


def _tag(wanted: Any) -> Criterion:
    for each in each_of(wanted):
        refused("tag", each)
    return among("tag", wanted, lambda mail: mail.tags, _is_equal, str, lambda mail: "")


def _is_equal(wanted: Any, found: Any) -> bool:
    return agrees(wanted, found, equals)


def _metadata(wanted: Any) -> Criterion:
    if not isinstance(wanted, Mapping):
        raise TypeError(f"metadata={shown(wanted)}: give a mapping, such as metadata={{'user': 7}}.")

    def findings(mail: SentMail) -> Iterator[Finding]:
        for name, value in wanted.items():
            there = [mail.metadata[name]] if name in mail.metadata else []
            fulfilled = any(_is_equal(value, each) for each in there) if value is not None else not there
            yield Finding(place=f"metadata[{name!r}]", wanted=value, found=tuple(there), fulfilled=fulfilled)

    return findings


def _attachment(wanted: Any) -> Criterion:
    for each in each_of(wanted):
        if not isinstance(each, Attachment):
            refused("attachment", each)
    return among("attachment", wanted, lambda mail: mail.attachments, _is_file, _file_name, lambda mail: "")


def _is_file(wanted: Any, found: Attachment) -> bool:
    if isinstance(wanted, Attachment) or asks(wanted):
        return agrees(wanted, found, equals)
    return agrees(wanted, found.filename or "", equals) or wanted == found


def _file_name(file: Attachment) -> str:
    return file.filename or f"(no name, {file.mime_type})"


def _where(wanted: Any) -> Criterion:
    if not callable(wanted):
        raise TypeError(f"where={shown(wanted)}: give a callable that takes a SentMail.")

    def findings(mail: SentMail) -> Iterator[Finding]:
        reason = ""
        try:
            fulfilled = bool(wanted(mail))
        except AssertionError as error:
            fulfilled, reason = False, str(error)
        except Exception as error:
            error.add_note(f"raised by where={shown(wanted)}, which was asked about {mail!r}")
            raise
        yield Finding(place="where", wanted=wanted, found=(), fulfilled=fulfilled, note=reason)

    return findings


KEYWORDS: Mapping[str, Callable[[Any], Criterion]] = {
    "to": _people("to", lambda mail: mail.to),
    "cc": _people("cc", lambda mail: mail.cc),
    "bcc": _people("bcc", lambda mail: mail.bcc),
    "from_": _people("from_", lambda mail: mail.from_all),
    "subject": lambda wanted: text("subject", wanted, lambda mail: [mail.subject]),
    "text": lambda wanted: text("text", wanted, lambda mail: [mail.text], contains, _in_html_only(wanted)),
    "html": lambda wanted: text("html", wanted, _ways_of_html, contains, _in_text_only(wanted)),
    "header": _header,
    "tag": _tag,
    "metadata": _metadata,
    "template": _template,
    "backend": lambda wanted: text("backend", wanted, _carriers),
    "attachment": _attachment,
    "where": _where,
}
"""How each keyword is read, in the order of reports."""
