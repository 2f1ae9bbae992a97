"""Messages, their parts, and how they are read."""

from __future__ import annotations

import copy
import email
import email.policy
import pickle
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbridge import Address, Envelope, MessageInvalid, Unsupported
from mailbridge_flask.flask_mail import Attachment, BadHeaderError, Incomplete, Mail, Message, sanitize_address
from mailbridge_flask.flask_mail.addresses import one, several
from mailbridge_flask.flask_mail.conversion import converted


def made(**fields: Any) -> Message:
    return Message(**{"subject": "Hello", "recipients": ["ann@example.org"], "body": "Hi", **fields})


def from_app(**fields: Any) -> Message:
    return made(**{"sender": "app@example.com", **fields})


class Lazy:
    """Text that is translated when it is asked for, as Flask-Babel has it."""

    def __str__(self) -> str:
        return "später übersetzt"


def test_a_message_can_be_made_copied_pickled_and_rendered_without_an_app() -> None:
    message = from_app(date=1700000000)
    for each in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):  # noqa: S301 (our own)
        each.msgId = message.msgId
        assert each.as_bytes() == message.as_bytes()


def test_lists_given_to_a_message_stay_the_callers() -> None:
    recipients, attachments = ["ann@example.org"], [Attachment("a.txt", data="a")]
    message = made(recipients=recipients, attachments=attachments)
    message.add_recipient("bob@example.org")
    message.attach("b.txt", data="b")
    assert (len(recipients), len(attachments)) == (1, 1)


def test_the_message_id_is_made_once_at_the_domain_of_the_sender() -> None:
    message = made()
    message.sender = "App <app@Bücher.example>"
    assert message.msgId.endswith("@xn--bcher-kva.example>")
    assert message.msgId == message.msgId
    assert made().msgId.endswith("@localhost>")


def test_the_default_sender_of_the_current_app_is_the_sender() -> None:
    app = Flask("shop")
    app.config["MAIL_DEFAULT_SENDER"] = ("Smith, Ann", "ann@example.com")
    Mail(app)
    with app.app_context():
        assert made().sender == '"Smith, Ann" <ann@example.com>'
        assert made(sender="other@example.com").sender == "other@example.com"
    assert made().sender is None


def test_html_is_one_of_the_alternatives() -> None:
    message = made(alts={"html": "<b>1</b>"})
    assert message.html == "<b>1</b>"
    message.html = "<b>2</b>"
    assert message.alts == {"html": "<b>2</b>"}
    message.html = None
    assert message.alts == {}


def test_lazy_text_is_translated_when_it_is_sent() -> None:
    sent = converted(from_app(subject=Lazy(), body=Lazy(), html=Lazy()))
    assert (sent.subject, sent.text, sent.html) == ("später übersetzt",) * 3


def test_forms_keep_their_order_for_readers_show_the_last_they_know() -> None:
    sent = converted(from_app(alts=[("x-amp-html", "<html amp4email>"), ("html", "<b>"), ("markdown", "*")]))
    assert (sent.text, sent.amp, sent.html) == ("Hi", "<html amp4email>", "<b>")
    assert [each.content_type for each in sent.alternatives] == ["text/markdown"]
    sent = converted(from_app(alts=[("markdown", "*"), ("html", "<b>")]))
    assert [each.content_type for each in sent.alternatives] == ["text/markdown", "text/html"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ann@example.org", Address("ann@example.org")),
        (" Ann <ann@example.org> ", Address("ann@example.org", "Ann")),
        ("Smith, Ann <ann@example.org>", Address("ann@example.org", "Smith, Ann")),
        ('"Smith, Ann" <ann@example.org>', Address("ann@example.org", "Smith, Ann")),
        ("Jörg (Vertrieb) <joerg@example.org>", Address("joerg@example.org", "Jörg (Vertrieb)")),
        ("=?utf-8?q?J=C3=B6rg?= <joerg@example.org>", Address("joerg@example.org", "Jörg")),
        ("=?nonsense?q?x?= <joerg@example.org>", Address("joerg@example.org", "=?nonsense?q?x?=")),
        (("Jörg", "joerg@example.org"), Address("joerg@example.org", "Jörg")),
        ((None, "joerg@example.org"), Address("joerg@example.org")),
        (["Ann", "ann@example.org"], Address("ann@example.org", "Ann")),
        (Address("ann@example.org"), Address("ann@example.org")),
    ],
)
def test_addresses_are_read_as_flask_mail_and_its_users_write_them(written: Any, expected: Address) -> None:
    assert one(written, "recipients") == expected


@pytest.mark.parametrize(
    "written",
    ["", "root", "ann@example.org, bob@example.org", "Ann <ann@example.org>, Bob <bob@example.org>", "a@b@c.org", 17],
)
def test_what_is_not_one_address_is_refused_by_the_name_of_the_field(written: Any) -> None:
    with pytest.raises(MessageInvalid, match=r"^recipients: "):
        one(written, "recipients")


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("a@example.org, Bob <b@example.org>", 2),
        (["a@example.org"], 1),
        (("Ann", "a@example.org"), 1),
        ("a@example.org", 1),
    ],
)
def test_reply_to_may_be_several(written: Any, count: int) -> None:
    assert len(several(written, "reply_to")) == count


@given(st.text() | st.tuples(st.text(), st.text()))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whatever_is_given_for_an_address_is_read_or_refused(written: Any) -> None:
    try:
        found = sanitize_address(written)
    except MessageInvalid:
        return
    assert "\n" not in found
    assert "\r" not in found
    assert found.isascii() or "@" in found


@given(st.sampled_from(["subject", "sender", "reply_to", "cc", "bcc", "extra_headers"]), st.text(), st.text())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_text_adds_a_header(field: str, before: str, after: str) -> None:
    text = f"{before}\r\nX-Injected: {after}"
    value: Any = {"subject": text, "sender": text, "reply_to": text, "extra_headers": {"X-Own": text}}.get(
        field, [text]
    )
    message = from_app(**{field: value})
    assert message.has_bad_headers()
    with pytest.raises(BadHeaderError):
        message.as_bytes()


@pytest.mark.parametrize("field", ["sender", "recipients", "cc", "bcc", "reply_to"])
def test_a_line_break_in_a_name_is_a_bad_header(field: str) -> None:
    pair = ("Ann\nBcc: spy@example.net", "ann@example.org")
    with pytest.raises(BadHeaderError, match=field):
        converted(from_app(**{field: pair if field in ("sender", "reply_to") else [pair]}))


@pytest.mark.parametrize(
    ("headers", "field", "expected"),
    [
        ({"Date": "Tue, 14 Nov 2023 22:13:20 +0000"}, "date", "2023-11-14 22:13:20+00:00"),
        ({"Message-ID": "<own@example.com>"}, "message_id", "<own@example.com>"),
        ({"in-reply-to": "<1@example.com>"}, "in_reply_to", "<1@example.com>"),
        ({"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "List-Unsubscribe": "<https://e.com/u>"},
         "list_unsubscribe_post", "True"),
        ({"Sender": "Robot <robot@example.com>"}, "sender", "Robot <robot@example.com>"),
        ({"Return-Path": "<bounces@example.com>"}, "envelope_sender", "bounces@example.com"),
        ({"Return-Path": "<>"}, "envelope_sender", "<>"),
        ({"X-Greeting": "Grüße"}, "headers", "(('X-Greeting', 'Grüße'),)"),
        ({"X-Greeting": "=?utf-8?q?Gr=C3=BC=C3=9Fe?="}, "headers", "(('X-Greeting', 'Grüße'),)"),
    ],
)  # fmt: skip
def test_extra_headers_that_have_a_field_are_written_from_it(headers: Any, field: str, expected: str) -> None:
    assert str(getattr(converted(from_app(extra_headers=headers)), field)) == expected


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Bcc": "spy@example.net"}, "argument bcc"),
        ({"To": "ann@example.org"}, "argument recipients"),
        ({"Date": "yesterday"}, "no date"),
        ({"Content-Type": "text/html"}, "Content-Type"),
        ({"X Y": "1"}, "X Y"),
        ({"X-Encoded": "=?utf-8?q?a=0ABcc:_spy@example.net?="}, "control character"),
        ({"Sender": "nobody"}, "extra_headers"),
    ],
)
def test_extra_headers_that_cannot_be_are_refused(headers: Any, says: str) -> None:
    with pytest.raises(MessageInvalid, match=says):
        converted(from_app(extra_headers=headers))


@pytest.mark.parametrize(
    ("arguments", "sender"),
    [
        ({}, "app@example.com"),
        ({"envelope_from": "bounces@example.com"}, "bounces@example.com"),
        ({"envelope_from": ("Bounces", "bounces@example.com")}, "bounces@example.com"),
        ({"envelope_from": "<>"}, None),
    ],
)
def test_bounces_go_to_the_author_unless_somebody_else_is_named(arguments: Any, sender: str | None) -> None:
    for options in ([], ["RET=FULL"]):
        message = from_app(extra_headers={"Sender": "robot@example.com"}, mail_options=options)
        envelope = converted(message, **arguments).envelope
        assert (envelope.sender and envelope.sender.addr_spec) == sender


def test_parameters_of_esmtp_become_the_envelope() -> None:
    message = from_app(
        bcc=["bob@example.org"],
        mail_options=["ret=HDRS", "ENVID=17", "REQUIRETLS", "BODY=8BITMIME", "SMTPUTF8"],
        rcpt_options=["NOTIFY=SUCCESS,DELAY"],
    )
    sent = converted(message)
    assert sent.require_tls
    assert sent.envelope == Envelope(
        "app@example.com", ["ann@example.org", "bob@example.org"], notify=["SUCCESS", "DELAY"], ret="HDRS", envid="17"
    )


@pytest.mark.parametrize("options", [{"rcpt_options": ["ORCPT=rfc822;a"]}, {"rcpt_options": ["RET=FULL"]}])
def test_other_parameters_are_refused(options: Any) -> None:
    with pytest.raises(Unsupported, match="rcpt_options"):
        converted(from_app(**options))


def test_an_inline_image_has_its_content_id() -> None:
    message = from_app(html='<img src="cid:logo">')
    message.attach("logo.png", data=b"PNG", disposition="inline", headers=[("Content-ID", "<logo>")])
    [logo] = converted(message).attachments
    assert (logo.content_id, logo.inline, logo.content_type) == ("logo", True, "image/png")


def test_another_header_of_an_attachment_is_refused() -> None:
    message = from_app()
    message.attach("a.txt", data="a", headers={"X-Attachment-Id": "1"})
    with pytest.raises(MessageInvalid, match="x-attachment-id"):
        converted(message)


@pytest.mark.parametrize(
    ("name", "expected"), [("Prüfung  2.txt", "Prufung 2.txt"), ("資料.txt", ".txt"), ("資料", None)]
)
def test_names_of_files_are_cut_down_to_ascii(name: str, expected: str | None) -> None:
    message = from_app()
    message.attach(name, "text/plain", "a")
    [file] = converted(message, ascii_attachments=True).attachments
    assert file.filename == expected


def test_a_message_without_sender_or_recipients_is_incomplete() -> None:
    for message in (made(recipients=[]), made()):
        with pytest.raises(Incomplete) as caught:
            message.as_bytes()
        assert isinstance(caught.value, AssertionError)


def test_anything_with_the_attributes_of_a_message_is_converted() -> None:
    shape = SimpleNamespace(**{name: getattr(from_app(), name) for name in (
        "subject", "recipients", "body", "alts", "sender", "cc", "bcc", "attachments", "reply_to", "date",
        "extra_headers", "mail_options", "rcpt_options", "msgId",
    )})  # fmt: skip
    assert converted(shape).subject == "Hello"


def test_a_rendered_message_is_read_back_as_it_was_meant() -> None:
    message = from_app(subject="Grüße", body="Zeile 1\nZeile 2", cc=[("Jörg", "joerg@example.org")])
    parsed = email.message_from_bytes(bytes(message), policy=email.policy.default)
    assert str(parsed["subject"]) == "Grüße"
    assert str(parsed["cc"]) == "Jörg <joerg@example.org>"
    assert parsed.get_content().splitlines() == ["Zeile 1", "Zeile 2"]
    assert str(message) == bytes(message).decode()
