"""The corpus: messages by name, each with something that a transport may get wrong.

Nothing in it depends on the clock, the machine or chance. Line breaks in headers are absent, because
`Message` itself refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from types import MappingProxyType
from typing import Any

from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.message.template import Template

__all__ = ["ORDINARY", "corpus"]

GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x00\x00\x00\x00\x00,"
GIF += b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
    "UID:1@example.com\r\nDTSTAMP:20300101T080000Z\r\nDTSTART:20300102T080000Z\r\nSUMMARY:Café\r\n"
    "ORGANIZER:mailto:app@example.com\r\nATTENDEE:mailto:ann@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
AMP = '<!doctype html><html ⚡4email><head><meta charset="utf-8"></head><body>Hi</body></html>'
RAW = (
    b"From: App <app@example.com>\r\nTo: Ann <ann@example.org>\r\nSubject: Rendered before\r\n"
    b"Message-ID: <raw@example.com>\r\nDate: Tue, 01 Jan 2030 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZSE=\r\n"
)
RAW_8BIT = RAW.replace(b"base64\r\n\r\nR3LDvMOfZSE=", b"8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe!")
LATER = datetime(2030, 1, 1, 9, 30, 15, tzinfo=UTC)
IN_INDIA = datetime(2030, 1, 1, 15, 0, 15, tzinfo=timezone(timedelta(hours=5, minutes=30)))

TEMPLATE = "12345"
ANN, BOB, CYD = "ann@example.org", "bob@example.org", "cyd@example.net"
THREE = {"to": [f"Ann <{ANN}>", BOB, f'"Cyd, the third" <{CYD}>']}
LOGO = Attachment(GIF, "logo.gif", inline=True, content_id="logo@example.com")
REPORT = Attachment(PDF, "report.pdf")
WITH_LOGO = '<p>Look: <img src="cid:logo@example.com"></p>'

_PLAIN: dict[str, Any] = {"from_": "App <app@example.com>", "to": ANN, "subject": "Hello", "text": "Hello, Ann.\n"}


def _to(name: str) -> dict[str, Any]:
    return {"to": [(name, ANN)]}


ORDINARY_FIELDS: dict[str, dict[str, Any]] = {
    "text": {},
    "html": {"text": None, "html": "<p>Hello, <b>Ann</b>.</p>"},
    "text-and-html": {"html": '<p title="a &amp; b">Hello, <b>Ann</b> ≠ "Bob".</p>\n<!-- </script> -->'},
    # names
    "name-comma": _to("Smith, Ann"),
    "name-semicolon": _to("Smith; Ann"),
    "name-quotes": _to('Ann "the Boss" Smith'),
    "name-backslash": _to("Ann \\ Smith\\"),
    "name-angle-brackets": _to("Ann <evil@example.com>"),
    "name-address": _to("evil@example.com, ann"),
    "name-comment": _to("Ann (sales) [x] : y"),
    "name-apostrophe": _to("Ann O'Neil"),
    "name-encoded-word": _to("=?utf-8?q?evil=40example=2Ecom?="),
    "name-percent-and-braces": _to("100% {ann} %recipient.name% {{name}} $x &amp; <b>"),
    "name-umlaut": _to("Änne Müller-Lüdenscheidt"),
    "name-right-to-left": _to("אן סמית"),
    "name-arabic-and-chinese": _to("آن 安"),
    "name-emoji": _to("Ann 👩\u200d💻 Smith"),
    "name-combining": _to("A\u0308nne"),
    "name-long": _to("Ann " * 30 + "Smith"),
    "name-in-every-field": {
        "from_": ('App, "the" <Shop>; Ünë', "app@example.com"),
        "to": [('To, "the" <Ann>; Ünë', ANN)],
        "cc": [('Cc, "the" <Bob>; Ünë', BOB)],
        "bcc": [('Bcc, "the" <Cyd>; Ünë', CYD)],
        "reply_to": [('Re, "the" <Dan>; Ünë', "dan@example.com")],
    },
    # addresses
    "idn-recipient": {"to": "Ann <ann@bücher.example>"},
    "idn-sender": {"from_": "App <app@münchen.example>"},
    "idn-everywhere": {
        "from_": "App <app@MÜNCHEN.example>",
        "to": "ann@Bücher.example",
        "cc": "bob@例え.example",
        "bcc": "cyd@xn--bcher-kva.example",
        "reply_to": "re@straße.example",
    },
    "local-part-plus": {"to": "ann+news=2030@example.org"},
    "local-part-apostrophe": {"to": "ann.o'neil@example.org"},
    "local-part-capitals": {"to": "Ann.Smith@Example.ORG"},
    "local-part-long": {"to": f"{'a' * 64}@example.org"},
    # recipients
    "to-several": THREE,
    "cc": {"cc": [f"Bob <{BOB}>", CYD]},
    "bcc": {"bcc": [f"Bob <{BOB}>", CYD]},
    "to-cc-bcc": {"to": [ANN, "ann2@example.org"], "cc": [BOB, "bob2@example.org"], "bcc": [CYD, "cyd2@example.net"]},
    "duplicates-in-to": {"to": [f"Ann <{ANN}>", "ANN@example.org", BOB]},
    "duplicates-across-fields": {"to": [ANN, BOB], "cc": [f"Ann <{ANN}>", CYD], "bcc": [BOB, CYD, "dan@example.com"]},
    "reply-to": {"reply_to": "Help Desk <help@example.com>"},
    # texts
    "subject-umlaut": {"subject": "Grüße aus Köln ≠ „Hi“"},
    "subject-emoji": {"subject": "🎉 Ready 🎉"},
    "subject-right-to-left": {"subject": "שלום, Ann"},
    "subject-encoded-word": {"subject": "=?utf-8?b?ZXZpbA==?= =?x"},
    "subject-long": {"subject": "A long subject of many words, " * 8 + "ends."},
    "subject-markup": {"subject": '{{subject}} %recipient% <b> & "quotes" \\n'},
    "text-unicode": {"text": "Grüße, 世界, مرحبا, 👋🏽, \u2028 and \ufeff.\n", "html": "<p>Grüße, 世界, 👋🏽</p>"},
    "text-long-lines": {"text": "x" * 1500 + "\n" + "word " * 500 + "\n", "html": f"<p>{'y' * 3000}</p>"},
    "text-line-ends": {"text": "one\r\ntwo\nthree\n\n.\n..four\nFrom five\n\n"},
    "text-blanks": {"text": "  indented \n\ttabbed\n trailing  \n"},
    "text-markup": {"text": "Hello {{name}}, %recipient.name% -name- *|NAME|* {% if x %} ${y} <%= z %>\n"},
    "text-large": {"text": "All work and no play makes Jack a dull boy.\n" * 4000},
}
"""What every mail service can do, and so must do: nobody may refuse one of these."""

_FIELDS: dict[str, dict[str, Any]] = {
    **ORDINARY_FIELDS,
    "nothing-but-a-subject": {"text": None},
    "subject-empty": {"subject": ""},
    "text-empty": {"text": "", "html": "<p>Hello</p>"},
    "name-very-long": _to("Ann " * 200),
    "only-cc": {"to": None, "cc": BOB},
    "only-bcc": {"to": None, "bcc": [BOB, CYD]},
    "recipients-60": {"to": [f"r{number}@example.org" for number in range(60)]},
    "recipients-5000": {"to": [f"r{number}@example.org" for number in range(5000)]},
    "local-part-quoted": {"to": '"ann..smith"@example.org'},
    "smtputf8-recipient": {"to": "Ann <änne@example.org>"},
    "smtputf8-sender": {"from_": "App <büro@example.com>"},
    "smtputf8-reply-to": {"reply_to": "bücher@example.com"},
    # who it is from
    "reply-to-several": {"reply_to": ["Help <help@example.com>", "sales@example.com"]},
    "from-several": {"from_": ["Ann <ann@example.com>", "Bob <bob@example.com>"], "sender": "app@example.com"},
    "sender": {"sender": "Secretary <secretary@example.com>"},
    "envelope-sender": {"envelope_sender": "bounces+1@example.com"},
    "envelope-sender-null": {"envelope_sender": "<>"},
    "envelope-apart": {"envelope": Envelope("app@example.com", ["hidden@example.org"])},
    # files
    "file": {"attachments": REPORT},
    "file-without-a-name": {"attachments": Attachment(b"\x00\x01\x02")},
    "file-empty": {"attachments": Attachment(b"", "empty.bin")},
    "file-binary": {"attachments": Attachment(bytes(range(256)) * 8, "octets.bin")},
    "file-large": {"attachments": Attachment(PDF * 6000, "large.pdf")},
    "file-text": {"attachments": Attachment("Grüße\n", "notes.txt")},
    "file-text-latin-1": {"attachments": Attachment("Grüße\n".encode("latin-1"), "notes.txt", charset="iso-8859-1")},
    "file-message": {"attachments": Attachment.from_message(RAW, "forwarded.eml")},
    "file-calendar": {"attachments": Attachment(ICS, "invite.ics", 'text/calendar; method="REQUEST"')},
    "file-name-umlaut": {"attachments": Attachment(PDF, "Übersicht für März 2030.pdf")},
    "file-name-chinese": {"attachments": Attachment(PDF, "报告 👍.pdf")},
    "file-name-hostile": {"attachments": Attachment(PDF, 'a "b"; c=d, <e> %f \'g\'.pdf')},
    "file-name-long": {"attachments": Attachment(PDF, "n" * 200 + ".pdf")},
    "file-type-unusual": {"attachments": Attachment(b"{}", "data.x", "application/vnd.example+json; version=2")},
    "files-of-one-name": {"attachments": [Attachment(b"one", "same.bin"), Attachment(b"two", "same.bin")]},
    "files-several": {"attachments": [REPORT, Attachment("a,b\n", "table.csv"), Attachment(GIF, "picture.gif")]},
    "file-with-content-id": {"attachments": Attachment(PDF, "report.pdf", content_id="report@example.com")},
    "inline": {"html": WITH_LOGO, "attachments": LOGO},
    "inline-without-a-name": {
        "html": WITH_LOGO,
        "attachments": Attachment(GIF, None, "image/gif", inline=True, content_id="logo@example.com"),
    },
    "inline-several": {
        "html": WITH_LOGO + '<img src="cid:two">',
        "attachments": [LOGO, Attachment(GIF + b"2", "logo.gif", inline=True, content_id="two")],
    },
    "inline-and-file": {"html": WITH_LOGO, "attachments": [REPORT, LOGO, Attachment("x\n", "b.txt")]},
    "inline-without-html": {"attachments": LOGO},
    # forms
    "amp": {"html": "<p>Hi</p>", "amp": AMP},
    "calendar": {"html": "<p>Come!</p>", "calendar": ICS},
    "calendar-cancelled": {"calendar": ICS.replace("METHOD:REQUEST", "METHOD:CANCEL")},
    "alternative": {"alternatives": [("# Grüße", "text/markdown")]},
    "alternative-octets": {"html": "<p>Hi</p>", "alternatives": [(b'{"a": "\xc3\xa4"}', "application/ld+json")]},
    "forms-all": {
        "html": WITH_LOGO,
        "amp": AMP,
        "calendar": ICS,
        "alternatives": [("# Hi", "text/markdown")],
        "attachments": [LOGO, REPORT],
    },
    # headers
    "header": {"headers": {"X-Example": "one"}},
    "headers-several": {"headers": {"X-One": "1", "X-Two": "2", "Auto-Submitted": "auto-generated"}},
    "header-repeated": {"headers": {"X-Example": ["one", "two"]}},
    "header-non-ascii": {"headers": {"X-Example": "Grüße ≠ 世界 👍"}},
    "header-encoded-word": {"headers": {"X-Example": "=?utf-8?q?evil?="}},
    "header-long": {"headers": {"X-Example": "word " * 300 + "end"}},
    "header-long-word": {"headers": {"X-Example": "x" * 1200}},
    "header-hostile": {"headers": {"X-Example": 'a"b\\c, <d>; {{e}} %f% : g'}},
    "list-unsubscribe": {"list_unsubscribe": "mailto:leave@example.com?subject=leave"},
    "list-unsubscribe-one-click": {
        "list_unsubscribe": ["https://example.com/leave?u=1&v=2", "mailto:leave@example.com"],
        "list_unsubscribe_post": True,
    },
    "threading": {"in_reply_to": "<first@example.com>", "references": ["<zero@example.com>", "<first@example.com>"]},
    "threading-long": {"references": [f"<{'m' * 40}{number}@example.com>" for number in range(30)]},
    "priority-high": {"priority": "high"},
    "priority-low": {"priority": "low"},
    "message-id": {"message_id": "<own.1@mail.example.com>"},
    "date": {"date": LATER},
    # what events bring back
    "tag": {"tags": "welcome"},
    "tags-two": {"tags": ["welcome", "spring-2030"]},
    "tags-many": {"tags": [f"tag-{number}" for number in range(60)]},
    "tag-long": {"tags": "t" * 255},
    "tag-non-ascii": {"tags": "Frühjahr 世界"},
    "tag-punctuation": {"tags": 'a, b; "c" <d>'},
    "metadata": {"metadata": {"order": "1234", "customer": "ann"}},
    "metadata-numbers": {"metadata": {"order": 1234, "total": 12.5, "first": True, "gift": False}},
    "metadata-non-ascii": {"metadata": {"stadt": "Köln 世界 👍", "größe": "XL"}},
    "metadata-hostile": {"metadata": {"a b": 'c"d\\e, <f>; {{g}} %h%', "from": "x", "email": "y"}},
    "metadata-large": {"metadata": {f"key-{number}": "v" * 200 for number in range(200)}},
    "track-both": {"html": '<a href="https://example.com/">x</a>', "track_opens": True, "track_clicks": True},
    "track-opens": {"track_opens": True},
    "track-clicks": {"track_clicks": True},
    "track-clicks-not-opens": {"track_clicks": True, "track_opens": False},
    "track-nothing": {"track_opens": False, "track_clicks": False},
    # when and how
    "send-at": {"send_at": LATER},
    "send-at-in-india": {"send_at": IN_INDIA},
    "stream": {"stream": "broadcasts"},
    "idempotency-key": {"idempotency_key": "order-1234"},
    "require-tls": {"require_tls": True},
    "dsn": {"envelope": Envelope("app@example.com", ANN, notify=["FAILURE", "DELAY"], ret="HDRS", envid="e-1")},
    "raw": {"text": None, "subject": None, "raw": RAW},
    "raw-8bit": {"text": None, "subject": None, "raw": RAW_8BIT},
    # templates
    "template": {"text": None, "subject": None, "template": TEMPLATE},
    "template-with-subject": {"text": None, "template": TEMPLATE},
    "template-version": {"text": None, "subject": None, "template": Template(TEMPLATE, "2")},
    "template-data": {
        "text": None,
        "subject": None,
        "template": TEMPLATE,
        "merge_global": {"name": "Änn", "items": [{"sku": "a1", "count": 2}], "paid": True, "note": None, "sum": 1.5},
    },
    "template-merge": {
        **THREE,
        "text": None,
        "template": TEMPLATE,
        "merge_global": {"shop": "Example & Co", "name": "you"},
        "merge_data": {ANN: {"name": "Ann"}, BOB: {"name": "Bob", "extra": "1"}},
    },
    "template-merge-alone": {  # some services take no subject beside a template
        **THREE,
        "text": None,
        "subject": None,
        "template": TEMPLATE,
        "merge_data": {ANN: {"name": "Ann"}, BOB: {"name": "Bob"}},
    },
    "merge-data": {**THREE, "merge_data": {ANN: {"name": "Ann"}, BOB: {"name": "Bob"}, CYD: {"name": "Çyd"}}},
    "merge-data-spelt-otherwise": {
        "to": ["Ann.Smith@Bücher.example", "bob@example.org"],
        "merge_data": {"ann.smith@xn--bcher-kva.example": {"name": "Ann"}, "BOB@Example.Org": {"name": "Bob"}},
    },
    "merge-data-with-cc-and-bcc": {
        **THREE,
        "cc": "boss@example.com",
        "bcc": "log@example.com",
        "merge_data": {ANN: {"n": "1"}},
    },
    "merge-data-empty": {**THREE, "merge_data": {}},
    "merge-global": {"merge_global": {"name": "Ann"}},
    "merge-headers": {
        **THREE,
        "headers": {"X-All": "yes"},
        "merge_headers": {
            ANN: {"X-One": "ann"},
            BOB: {"X-All": "not Bob", "List-Unsubscribe": "<https://example.com/b>"},
        },
    },
    "merge-headers-alone": {**THREE, "merge_headers": {ANN: {"X-One": "ann"}, BOB: {"X-One": "bob"}}},
    "merge-metadata-alone": {**THREE, "merge_metadata": {ANN: {"id": "1"}, CYD: {"id": "3"}}},
    "merge-metadata": {
        **THREE,
        "metadata": {"run": "7"},
        "merge_metadata": {ANN: {"id": "1"}, BOB: {"id": "2", "run": "8"}},
    },
    "merge-everything": {
        **THREE,
        "text": None,
        "template": TEMPLATE,
        "merge_global": {"shop": "Example"},
        "merge_data": {ANN: {"name": "Ann"}, CYD: {"name": "Cyd"}},
        "merge_headers": {ANN: {"X-Id": "1"}, BOB: {"X-Id": "2"}},
        "merge_metadata": {BOB: {"id": "2"}, CYD: {"id": "3"}},
    },
    # as applications send them
    "order-confirmation": {
        "to": [("Änne O'Neil", ANN)],
        "reply_to": "Help <help@example.com>",
        "subject": "Your order no. 1234 – thank you",  # noqa: RUF001
        "html": WITH_LOGO,
        "attachments": [LOGO, REPORT],
        "tags": ["order"],
        "metadata": {"order": "1234"},
    },
    "newsletter": {
        "html": "<p>News</p>",
        "list_unsubscribe": "https://example.com/leave?u=1",
        "list_unsubscribe_post": True,
        "headers": {"X-Campaign": "spring"},
        "tags": ["news"],
        "track_opens": True,
        "track_clicks": True,
    },
    "support-answer": {
        "cc": BOB,
        "reply_to": "help+77@example.com",
        "in_reply_to": "<first@example.org>",
        "references": "<first@example.org>",
        "attachments": Attachment("log\n", "log.txt"),
    },
}  # fmt: skip

ORDINARY = frozenset(ORDINARY_FIELDS)
"""The names of the messages that no transport may refuse."""


@cache
def corpus(template: str = TEMPLATE) -> Mapping[str, Message]:
    """Return the messages by name, in an order that stays; `template` is the id of those that name one."""
    return MappingProxyType({name: _made({**_PLAIN, **fields}, template) for name, fields in _FIELDS.items()})


def _made(fields: dict[str, Any], template: str) -> Message:
    if (named := fields.get("template")) is not None:
        fields["template"] = template if named == TEMPLATE else Template(template, named.version)
    return Message(**fields)
