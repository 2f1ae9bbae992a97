"""`Message`: who, what, and how it shall be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from mailbridge.message.address import Address
from mailbridge.message.agreement import agree
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.features import features_of
from mailbridge.message.frozen import FrozenDict
from mailbridge.message.reading import NULL_SENDER, READERS
from mailbridge.message.template import Template
from mailbridge.message.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from email.message import Message as Parsed
    from inspect import Signature
    from typing import Unpack

    from mailbridge.content.templates import Templates
    from mailbridge.message.fields import Changes, Fields
    from mailbridge.message.rooted_file import StrPath

__all__ = ["Message"]

_NOTHING = FrozenDict()
_CONTENT = ("text", "html", "amp", "calendar", "raw", "merge_global", "merge_data")


class _Envelope:
    """The envelope of a message that was given none, computed once.

    One that was given stands in the instance, where Python finds it first.
    """

    def __get__(self, message: Message, owner: type | None = None) -> Envelope:
        fields = message.__dict__
        envelope: Envelope | None = fields.get("_envelope")
        if envelope is None:
            sender = fields.get("envelope_sender") or fields.get("sender") or fields["from_"]
            recipients = fields.get("to", ()) + fields.get("cc", ()) + fields.get("bcc", ())
            envelope = fields["_envelope"] = Envelope.of(None if sender == NULL_SENDER else sender, recipients)
        return envelope


class _Signature:
    """What `inspect` and `help` show; built when asked for."""

    def __get__(self, message: Message | None, owner: type | None = None) -> Signature:
        from mailbridge.message.fields import signature

        return signature()


class Message(Value):
    """Who a message is from and to, what it says, and how it shall be sent.

    Everything is given by keyword and checked at once: MessageInvalid names the field that is wrong.
    None stands for the default. Wherever an address is wanted, a string will do
    (`"Ann <ann@example.org>"`), an `Address`, a pair (name, address), or an object with
    `__mail_address__()`; wherever several are, one or an iterable. Text is never taken for anything
    else: no encoded words, no commas that separate addresses.

    Args:
        from_: the author; several need a `sender`.
        to, cc, bcc: the recipients, at least one altogether. Nobody sees `bcc`.
        reply_to: where answers go.
        sender: who really sends it, if not the author.
        subject: one line.
        text, html: the body, in one form or both.
        amp: the body as AMP for Email.
        calendar: an invitation (iCalendar); `method` is read from its METHOD line, else REQUEST.
        alternatives: further forms of the body, as `Alternative` or (content, content type).
        attachments: files, as `Attachment`.
        headers: further headers, as a mapping (the values may be lists) or as pairs.
        envelope: sender and recipients for the transport, if they are not those of the headers.
        envelope_sender: where bounces go, if not to `sender` or `from_`; `"<>"` for nowhere.
        message_id, in_reply_to, references: ids such as `<id@example.com>`; the first is made when sending.
        date: the Date header, an aware datetime; the time of sending by default.
        list_unsubscribe: one or more https: or mailto: URLs; `list_unsubscribe_post` promises that a
            POST to the first https: one is enough (RFC 8058).
        tags, metadata: what the provider's events shall bring back.
        track_opens, track_clicks: switches tracking on or off; the provider's own setting by default.
        priority: "high", "normal" or "low".
        send_at: when the provider or the queue shall send it, an aware datetime.
        idempotency_key: sends with the same key are one send, where the provider or the queue knows keys.
        via: the configured mailer to use.
        sensitive: whether its content must not be logged or stored in full.
        template: a template of the provider's, an id or `Template`.
        merge_global: data for the template; `merge_data` the same by recipient (by any spelling of the
            address; stored by `Address.key`), `merge_headers` and `merge_metadata` likewise.
        stream: the provider's message stream.
        provider_options: what only one provider understands, by its name.
        raw: the bytes of a message that was rendered elsewhere, in place of all content; sent as they are,
            without Bcc.
        on_partial: "receipt" to go on when some recipients are refused, "abort" to send to nobody then.
        require_tls: whether every hop must be encrypted (RFC 8689).

    >>> Message(from_="App <app@example.com>", to="ann@example.org", subject="Hi", text="Hello").recipients
    (Address('ann@example.org'),)
    """

    from_: Address
    also_from: tuple[Address, ...] = ()
    """The authors after the first; `from_all` has them all."""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    sender: Address | None = None
    subject: str = ""
    text: str | None = None
    html: str | None = None
    amp: str | None = None
    calendar: str | None = None
    method: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    envelope: Envelope = _Envelope()  # type: ignore[assignment]
    """The one that was given, or made of the addresses above."""
    envelope_sender: Address | Literal["<>"] | None = None
    message_id: str | None = None
    date: datetime | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    list_unsubscribe: tuple[str, ...] = ()
    list_unsubscribe_post: bool = False
    tags: tuple[str, ...] = ()
    metadata: FrozenDict = _NOTHING
    track_opens: bool | None = None
    track_clicks: bool | None = None
    priority: Literal["high", "normal", "low"] | None = None
    send_at: datetime | None = None
    idempotency_key: str | None = None
    via: str | None = None
    sensitive: bool = False
    template: Template | None = None
    merge_global: FrozenDict = _NOTHING
    merge_data: FrozenDict = _NOTHING
    merge_headers: FrozenDict = _NOTHING
    merge_metadata: FrozenDict = _NOTHING
    stream: str | None = None
    provider_options: FrozenDict = _NOTHING
    raw: bytes | None = None
    on_partial: Literal["receipt", "abort"] = "receipt"
    require_tls: bool = False

    __signature__ = _Signature()

    def __init__(self, **fields: Unpack[Fields]) -> None:
        store = self.__dict__
        for name, value in fields.items():
            if value is not None:
                stored = READERS[name](value, name)
                if stored or type(stored) is not tuple:  # () is the default of all tuples
                    store[name] = stored
        agree(store)

    def replace(self, **changes: Unpack[Changes]) -> Self:  # type: ignore[override]  # known names only
        """Return a copy with these fields changed; None gives a field its default back.

        Only what changes is read again. Raises MessageInvalid.
        """
        twin = self._copy()
        store = twin.__dict__
        for name, follower in _FOLLOWERS.items():
            if name in changes and (name != "list_unsubscribe" or changes["list_unsubscribe"] is None):
                store.pop(follower, None)
        for name, value in changes.items():
            if value is None:
                store.pop(name, None)
            elif (stored := READERS[name](value, name)) == ():  # the default of all tuples
                store.pop(name, None)
            else:
                store[name] = stored
        agree(store)
        return twin

    def stamped(self, message_id: str, date: datetime) -> Self:
        """Return a copy with this Message-ID and Date, both known to be good; for the send path."""
        twin = object.__new__(type(self))
        fields = twin.__dict__
        fields.update(self.__dict__)
        fields.pop("_features", None)
        fields["message_id"] = message_id
        fields["date"] = date
        return twin

    @classmethod
    def from_template(
        cls,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        locale: str | None = None,
        templates: Templates | StrPath | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Make a message of a template of yours: its subject, text and HTML, with `context` as variables.

        `fields` are those of `Message(…)` and go before what the template says. Without `templates`, those of
        the framework hold, else the folder in the setting `templates`. A template that the provider keeps is
        another thing: the field `template`.

        Raises TemplateMissing, TemplateBroken, VariableUndefined, or another TemplateError, naming file and
        line; MessageInvalid; ConfigError where no templates are to be found.

        >>> message = Message.from_template(
        ...     "order", {"user": "Ann", "items": []}, templates="examples/templates/mail",
        ...     from_="app@example.com", to="ann@example.org",
        ... )
        >>> message.subject
        'Your order of 0 things'
        """
        from mailbridge.message.templated import templated

        return cls(**templated(name, context, locale, templates, fields))

    @staticmethod
    def from_bytes(raw: bytes, *, envelope: Envelope | None = None, keep_raw: bool = False) -> Message:
        """Read a message that was made elsewhere, an .eml file for instance.

        Where nothing is lost by it, the result has text, attachments and so on; otherwise, or with
        `keep_raw`, the bytes are kept in `raw`. Bcc recipients become `bcc` and leave the bytes. Without
        an `envelope`, that of the headers holds. Raises MessageInvalid.

        >>> Message.from_bytes(b"From: app@example.com\\nTo: ann@example.org\\n\\nHello\\n").text
        'Hello\\n'
        """
        from mailbridge.message.parse import from_bytes

        return from_bytes(raw, envelope=envelope, keep_raw=keep_raw)

    @staticmethod
    def from_email(message: Parsed[Any, Any], *, envelope: Envelope | None = None, keep_raw: bool = False) -> Message:
        """Read an `email.message.EmailMessage`, or any other `email.message.Message`, as `from_bytes` does."""
        from mailbridge.message.parse import from_email

        return from_email(message, envelope=envelope, keep_raw=keep_raw)

    @staticmethod
    def from_json(text: str | bytes, *, root: StrPath | None = None) -> Message:
        """Read what `to_json` or a person wrote (docs/reference/message.md tells the format).

        Attachments given by `path` are read from below the folder `root`, and refused without one.
        Raises MessageInvalid naming the member that is wrong.
        """
        from mailbridge.message.stored import from_json

        return from_json(text, root=root)

    def to_json(self) -> str:
        """Return the message as JSON, without loss.

        >>> Message(from_="app@example.com", to="ann@example.org", text="Hi").to_json()
        '{"version":1,"from":"app@example.com","to":["ann@example.org"],"text":"Hi"}'
        """
        from mailbridge.message.stored import to_json

        return to_json(self)

    @property
    def from_all(self) -> tuple[Address, ...]:
        """Every author: nearly always one."""
        return (self.from_, *self.also_from)

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Everybody who shall get it, each once."""
        return self.envelope.recipients

    @property
    def features(self) -> frozenset[str]:
        """The names of the features that it uses, see `mailbridge.message.features`."""
        used: frozenset[str] | None = self.__dict__.get("_features")
        if used is None:
            used = self.__dict__["_features"] = features_of(self)
        return used

    def __repr__(self) -> str:
        """Show what identifies it, never what it says: a repr ends up in logs."""
        said = []
        for name in self._fields():
            value = self.__dict__.get(name)
            if name in _CONTENT and value is not None:
                said.append(f"{name}=<{len(value)}>")
            elif name in self.__dict__:
                said.append(f"{name}={'<hidden>' if name == 'subject' and self.sensitive else repr(value)}")
        return f"Message({', '.join(said)})"

    def _copy(self, **changes: Any) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__getstate__(), **changes)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        # What is computed (it has an underscore) is left behind: a changed copy would inherit a stale answer.
        # A list, for another thread may compute it just now.
        return {name: value for name, value in list(self.__dict__.items()) if name[0] != "_"}


_FOLLOWERS = {"from_": "also_from", "calendar": "method", "list_unsubscribe": "list_unsubscribe_post"}
"""What falls with a field: what was read from it, and what is nothing without it."""
