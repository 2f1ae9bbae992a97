"""`SentMail`: one captured message, and all that a test may want to know of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.testing.failures import NotInMail
from mailbridge.testing.mail.contents import Contents, contents, decoded
from mailbridge.testing.mail.files import SentFile
from mailbridge.testing.mail.links import Link, links_of_html, links_of_text
from mailbridge.testing.mail.page import Page

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    from mailbridge.errors import MailError
    from mailbridge.message.address import Address, AddressLike
    from mailbridge.message.alternative import Alternative
    from mailbridge.message.frozen import FrozenDict
    from mailbridge.message.template import Template
    from mailbridge.receipt import Receipt
    from mailbridge.testing.mail.selection import Element

__all__ = ["SentMail"]

_NOBODYS = "<unsent@mailbridge.invalid>"  # the Message-ID of what was not sent by a mailer


class SentMail:
    """One message that was sent, or would have been: every field of `Message`, and what a recipient sees.

    Whatever caught it, memory, a mail server or a provider's stand-in, it answers the same questions.

    Args:
        message: as it was handed to the transport; `mail.subject` and all its other fields are at hand.
        mailer: the name of the mailer that sent it.
        transport: the transport as configured, without secrets.
        receipt: what its sender was told, if it was accepted.
        error: what its sender was told otherwise.
        raw: the bytes that were on the wire, where there was one.
        queued: whether it waits in a queue.

    >>> mail = SentMail(Message(from_="app@example.com", to="ann@example.org", subject="Hi", text="Code: 123456"))
    >>> mail.subject, mail.code(r"\\d{6}")
    ('Hi', '123456')
    """

    if TYPE_CHECKING:  # what `__getattr__` finds in the message
        from_: Address
        also_from: tuple[Address, ...]
        from_all: tuple[Address, ...]
        to: tuple[Address, ...]
        cc: tuple[Address, ...]
        bcc: tuple[Address, ...]
        reply_to: tuple[Address, ...]
        sender: Address | None
        recipients: tuple[Address, ...]
        subject: str
        amp: str | None
        calendar: str | None
        method: str | None
        alternatives: tuple[Alternative, ...]
        headers: tuple[tuple[str, str], ...]
        envelope: Envelope
        envelope_sender: Address | Literal["<>"] | None
        message_id: str | None
        date: datetime | None
        in_reply_to: str | None
        references: tuple[str, ...]
        list_unsubscribe: tuple[str, ...]
        list_unsubscribe_post: bool
        tags: tuple[str, ...]
        metadata: FrozenDict
        track_opens: bool | None
        track_clicks: bool | None
        priority: Literal["high", "normal", "low"] | None
        send_at: datetime | None
        idempotency_key: str | None
        via: str | None
        sensitive: bool
        template: Template | None
        merge_global: FrozenDict
        merge_data: FrozenDict
        merge_headers: FrozenDict
        merge_metadata: FrozenDict
        stream: str | None
        provider_options: FrozenDict
        on_partial: Literal["receipt", "abort"]
        require_tls: bool
        features: frozenset[str]

    def __init__(
        self,
        message: Message,
        *,
        mailer: str = "default",
        transport: str = "",
        receipt: Receipt | None = None,
        error: MailError | None = None,
        raw: bytes | None = None,
        queued: bool = False,
    ) -> None:
        self.message = message
        self.mailer = mailer
        self.transport = transport
        self.receipt = receipt
        self.error = error
        self.queued = queued
        self.checked = False
        """Whether an assertion has looked at it, see `Assertions.assert_all_checked`."""
        self._raw = raw

    @classmethod
    def from_bytes(
        cls,
        raw: bytes,
        *,
        sender: AddressLike | None = None,
        recipients: AddressLike | Iterable[AddressLike] = (),
        mailer: str = "default",
        transport: str = "",
        receipt: Receipt | None = None,
        error: MailError | None = None,
    ) -> SentMail:
        """Read a message off the wire, with the envelope that came along.

        Whoever stands only in the envelope is in `bcc`. Without `recipients` the header tells who they are;
        a `sender` of None, "" or "<>" is the null one. Raises MessageInvalid for what is no message.
        """
        envelope = Envelope(None if sender in (None, "", "<>") else sender, recipients) if recipients else None
        message = Message.from_bytes(raw, envelope=envelope)
        named = {each.key for each in (*message.to, *message.cc, *message.bcc)}
        if blind := [each for each in message.recipients if each.key not in named]:
            message = message.replace(bcc=[*message.bcc, *blind])
        return cls(message, mailer=mailer, transport=transport, receipt=receipt, error=error, raw=raw)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "message":  # not there yet, as when it is being copied
            raise AttributeError(name)
        try:
            return getattr(self.message, name)
        except AttributeError:
            raise AttributeError(f"a mail has no {name!r}", name=name, obj=self) from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *Message._fields()})

    # --- what it says

    @cached_property
    def _contents(self) -> Contents:
        return contents(self.message)

    @property
    def text(self) -> str | None:
        """The plain form of the body."""
        return self._contents.text

    @property
    def html(self) -> str | None:
        """The HTML form of the body."""
        return self._contents.html

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The files, those shown inside the HTML included."""
        return self._contents.attachments

    @cached_property
    def shown(self) -> str:
        """The HTML as text, line by line, the way a reader sees it; the plain form if there is no HTML."""
        return (self.text or "") if self.html is None else Page(self.html).text

    @cached_property
    def raw(self) -> bytes:
        """The bytes as SMTP has them on the wire: those that were caught, or else assembled as for sending."""
        if self._raw is not None:
            return self._raw
        from mailbridge.message.mime import render

        return bytes(render(self._dated(), utf8="smtputf8" in self.message.features))

    @cached_property
    def header_fields(self) -> tuple[tuple[str, str], ...]:
        """Every field of the header as it travels, in order, its value decoded."""
        from mailbridge.message.mime import render
        from mailbridge.message.parse.header import split

        if self._raw is not None:
            fields = [tuple(each) for each in split(self._raw)[0]]
        else:
            fields = list(render(self._dated(), utf8=True).headers)
        return tuple((name, decoded(value)) for name, value in fields)

    def header(self, name: str) -> str | None:
        """Return the value of the first field of this name, in any case of letters; None if there is none."""
        return next((value for each, value in self.header_fields if each.lower() == name.lower()), None)

    # --- what a test looks for

    @cached_property
    def links(self) -> list[Link]:
        """Every link: of the HTML, then the URLs of the plain form, in order, each as often as it occurs.

        A `Link` is the URL, unescaped, and has the words that lead to it in `text`.
        """
        return [*links_of_html(self.html or ""), *links_of_text(self.text or "")]

    def link(self, words: str | re.Pattern[str] = "") -> Link:
        """Return the one link with these words, or with this pattern in its words or its URL.

        The same URL in several places is one link; the HTML is looked at first, then the plain form. Raises
        NotInMail, naming the links there are.

        >>> mail = SentMail(Message(from_="app@example.com", to="ann@example.org",
        ...     html="<a href='https://example.com/reset/1'>Reset your password</a>"))
        >>> mail.link("Reset")
        'https://example.com/reset/1'
        """
        __tracebackhide__ = True
        for links in (links_of_html(self.html or ""), links_of_text(self.text or "")):
            found = {str(link): link for link in reversed(links) if link.leads_by(words)}
            if len(found) == 1:
                return found.popitem()[1]
            if found:
                break
        many = f"{len(found)} links" if found else "no link"
        there = [link.told(sensitive=self.sensitive) for link in self.links]
        raise NotInMail(f"The mail has {many} {words!r}; its links are:", there or ["(none)"])

    def code(self, pattern: str | re.Pattern[str]) -> str:
        """Return what `pattern` finds in the plain form, else in the HTML as it is read: its first group, or all of it.

        Raises NotInMail, showing the text.
        """
        __tracebackhide__ = True
        looked = [text for text in (self.text, None if self.html is None else self.shown) if text is not None]
        for text in looked:
            if match := re.search(pattern, text):
                return next((group for group in match.groups() if group is not None), match[0])
        said = self._hidden("\n".join(looked)).splitlines()
        raise NotInMail(f"Nothing in the mail matches {pattern!r}; it says:", said or ["(nothing)"])

    def select(self, selector: str) -> list[Element]:
        """Return the elements of the HTML that match a CSS selector, such as `a.btn[href]`.

        Needs the extra `testing`; raises ConfigError without it, and ValueError for a selector that is none.
        """
        from mailbridge.testing.mail.selection import select

        return select(self.html or "", selector)

    def attachment(self, name: str | re.Pattern[str] = "") -> SentFile:
        """Return the one file of this name, or with this pattern in its name; without a name, the only one.

        Raises NotInMail, naming the files there are.
        """
        __tracebackhide__ = True
        pattern = name if isinstance(name, re.Pattern) else None
        found = [
            each
            for each in self.attachments
            if not name or (pattern.search(each.filename or "") if pattern else each.filename == name)
        ]
        if len(found) == 1:
            return SentFile(found[0])
        many = f"{len(found)} files" if found else "no file"
        there = [f"{each.filename!r}  {each.mime_type}, {len(each.content)} bytes" for each in self.attachments]
        raise NotInMail(f"The mail has {many} {name!r}; its files are:", there or ["(none)"])

    def snapshot(self) -> str:
        """Return the mail as text that is the same in every run, to be compared with a stored one.

        Header fields in order and decoded, texts as they are read, files by size and digest; Date, Message-ID
        and boundaries have stand-ins. What is no part of the bytes, blind copies or tags, comes first.
        """
        from mailbridge.testing.mail.snapshot import snapshot

        return snapshot(self)

    def open_in_browser(self, opener: Callable[[str], object] | None = None) -> Path:
        """Write the mail as a page to a temporary file, open it, and return the file.

        Pictures of the mail are shown, scripts do not run. `opener` is given the file's URL; by default the
        desktop's browser is.
        """
        from mailbridge.testing.mail.browsing import written

        path = written(self)
        if opener is None:
            import webbrowser

            opener = webbrowser.open
        opener(path.as_uri())
        return path

    def __repr__(self) -> str:
        subject = "<hidden>" if self.sensitive else repr(self.subject)
        others = f" (+{len(self.recipients) - 1})" if len(self.recipients) > 1 else ""
        forms = [f"template {self.template.id}"] if self.template else []
        forms += [form for form in ("text", "html") if getattr(self, form) is not None]
        files = [f"{len(self.attachments)} files"] if len(self.attachments) > 1 else ["1 file"] * len(self.attachments)
        state = f" failed: {type(self.error).__name__}" if self.error else " queued" if self.queued else ""
        said = ", ".join([*forms, *files]) or "empty"
        return f"<SentMail {subject} to {self.recipients[0].addr_spec}{others} via {self.mailer}: {said}{state}>"

    def _dated(self) -> Message:
        from datetime import UTC, datetime

        message = self.message
        return message.stamped(message.message_id or _NOBODYS, message.date or datetime(2000, 1, 1, tzinfo=UTC))

    def _hidden(self, said: str) -> str:
        """Hide what a message that is marked as sensitive says: what a test prints ends up in logs."""
        return f"(hidden, for the message is sensitive: {len(said)} characters)" if self.sensitive else said
