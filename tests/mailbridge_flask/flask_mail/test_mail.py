"""The extension object, the state of an app, and connections."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest import mock

import flask_mail
import pytest
from flask import Flask
from support.peer import Peer, reply

from mailbridge import ConfigError, MailError, RecipientRefused, ServerError, Unsupported
from mailbridge.testing.mailbox import Mailbox
from mailbridge_flask import MailBridge, message_failed, message_sending, message_sent
from mailbridge_flask.flask_mail import Mail, Message, NotSetUp, email_dispatched

StartPeer = Callable[..., Peer]
MakeApp = Callable[..., Flask]


def test_each_app_has_a_state_of_its_own(make_app: MakeApp) -> None:
    one, two = make_app(MAIL_SERVER="one.example.com"), make_app(MAIL_SERVER="two.example.com")
    assert one.extensions["mail"].server == "one.example.com"
    assert two.extensions["mail"].server == "two.example.com"


def test_an_unbound_mail_sends_for_the_current_app(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    one, two = peer(), peer()
    mail = Mail()
    for server in (one, two):
        app = make_app(MAIL_PORT=server.port)
        mail.init_app(app)
        with app.app_context():
            mail.send(hello)
    assert (one.submissions, two.submissions) == (1, 1)


def test_an_app_without_mail_says_so(hello: Message) -> None:
    with Flask("bare").app_context(), pytest.raises(NotSetUp, match="bare"):
        Mail().send(hello)


def test_the_real_flask_mail_is_not_overwritten() -> None:
    app = Flask("shop")
    flask_mail.Mail(app)
    with pytest.raises(ConfigError, match="flask_mail"):
        Mail(app)


def test_the_mailer_is_that_of_mailbridge_whoever_came_first(make_app: MakeApp) -> None:
    app = Flask("shop")
    MailBridge(app)
    assert Mail(app).state.outlet is MailBridge().for_app(app)  # type: ignore[union-attr]  # it has an app
    other = make_app()
    assert other.extensions["mail"].outlet is MailBridge().for_app(other)


def test_mailbridge_wins_over_mail_server(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    server = peer()
    app = make_app(MAIL_SERVER="elsewhere.invalid", MAIL_USE_TLS=True, MAILBRIDGE={"dsn": f"smtp://{server.address}"})
    app.extensions["mail"].send(hello)
    assert server.submissions == 1


def test_the_default_sender_of_mailbridge_counts_where_mail_default_sender_is_not_set(make_app: MakeApp) -> None:
    app = make_app(MAILBRIDGE={"dsn": "memory://", "default_from": "ours@example.com"})
    app.extensions["mail"].send(Message("Hello", ["ann@example.org"], "Hi"))
    [kept] = MailBridge().for_app(app).mailer.transport().messages  # type: ignore[attr-defined]  # that of memory
    assert str(kept.from_) == "ours@example.com"


def test_init_mail_needs_no_app(peer: StartPeer, hello: Message) -> None:
    server = peer()
    state = Mail().init_mail({"MAIL_PORT": server.port}, testing=False)
    state.send(hello)
    state.outlet.close()
    assert server.submissions == 1
    assert Mail().init_mail({}, testing=True).suppress


def test_setting_an_attribute_of_the_state_changes_where_mail_goes(
    peer: StartPeer, make_app: MakeApp, hello: Message
) -> None:
    one, two = peer(), peer()
    state = make_app(MAIL_PORT=one.port).extensions["mail"]
    state.send(hello)
    state.port = two.port
    state.send(hello)
    assert (one.submissions, two.submissions) == (1, 1)


def test_attributes_of_the_state_are_seen_through_the_mail(make_app: MakeApp) -> None:
    app = make_app(MAIL_USERNAME="ann", MAIL_PASSWORD="s3cret", MAIL_USE_TLS="yes", MAIL_PORT="587")
    mail = Mail(app)
    assert (mail.username, mail.use_tls, mail.port, mail.suppress, mail.nonsense) == ("ann", True, 587, False, None)
    assert not hasattr(mail, "__nonsense__")


def test_a_login_by_the_keys(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    server = peer(auth=("ann", "s3cret"))
    make_app(MAIL_PORT=server.port, MAIL_USERNAME="ann", MAIL_PASSWORD="s3cret").extensions["mail"].send(hello)
    assert server.messages[0].user == "ann"


def test_the_dialogue_is_shown_under_mail_debug_without_the_password(
    peer: StartPeer, make_app: MakeApp, hello: Message, capsys: pytest.CaptureFixture[str]
) -> None:
    server = peer(auth=("ann", "s3cret"), mechanisms=["PLAIN"])
    app = make_app(MAIL_PORT=server.port, MAIL_USERNAME="ann", MAIL_PASSWORD="s3cret", MAIL_DEBUG="1")
    app.extensions["mail"].send(hello)
    shown = capsys.readouterr().err
    assert "C: MAIL FROM:<app@example.com>" in shown
    assert "AGFubgBzM2NyZXQ=" not in shown
    assert "AUTH PLAIN ********" in shown


def test_plain_text_that_was_asked_for_is_warned_of(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(MAIL_SERVER="mail.example.com", MAIL_USE_TLS=False)
    with caplog.at_level(logging.WARNING, "mailbridge.plugins"):
        _ = MailBridge().for_app(app).mailer
    assert "gives up protection by tls" in caplog.text


def test_signals_of_mailbridge_and_of_flask_mail_tell_of_a_mail(
    peer: StartPeer, make_app: MakeApp, hello: Message
) -> None:
    app = make_app(MAIL_PORT=peer({"RCPT": {"nobody@": reply("550 5.1.1 no")}}).port)
    told: list[str] = []
    with ExitStack() as listening:
        for signal in (message_sending, message_sent, message_failed, email_dispatched):
            note = partial(lambda word, sender, **_: told.append(word), signal.name)
            listening.enter_context(signal.connected_to(note, app))
        app.extensions["mail"].send(hello)
        with pytest.raises(RecipientRefused):
            app.extensions["mail"].send_message("Hello", ["nobody@example.org"], "Hi", sender="app@example.com")
    sent = ["mailbridge-sending", "mailbridge-sent", "email-dispatched"]
    assert told == [*sent, "mailbridge-sending", "mailbridge-failed"]


def test_a_suppressed_mail_is_in_the_outbox_of_mailbridge_too(make_app: MakeApp, hello: Message) -> None:
    app = make_app(TESTING=True)
    receipt = app.extensions["mail"].send(hello)
    assert receipt.provider == "suppressed"
    MailBridge().outbox(app).assert_sent(to="ann@example.org", subject="Hello")


@pytest.mark.parametrize("testing", [False, True])
def test_the_test_kit_sees_mails_and_makes_them_fail(testing: bool, make_app: MakeApp, hello: Message) -> None:
    mail = make_app(MAIL_SERVER="mail.example.com", TESTING=testing).extensions["mail"]
    with Mailbox() as mailbox:
        mail.send(hello)
        mailbox.assert_sent(to="ann@example.org", subject="Hello")
        mailbox.fail_next(ServerError("Busy."))
        with pytest.raises(smtplib.SMTPResponseException):
            mail.send(hello)
        mailbox.clear()


def test_recording_ends_with_its_block(make_app: MakeApp, hello: Message) -> None:
    mail = make_app(TESTING=True).extensions["mail"]
    with mail.record_messages() as recorded:
        mail.send(hello)
    mail.send(hello)
    assert recorded == [hello]


def test_a_connection_reconnects_after_max_emails(peer: StartPeer, make_app: MakeApp) -> None:
    server = peer()
    app = make_app(MAIL_PORT=server.port, MAIL_MAX_EMAILS="2")
    with app.extensions["mail"].connect() as connection:
        for number in range(5):
            connection.send_message(f"{number}", ["ann@example.org"], "Hi", sender="app@example.com")
    assert [len(each.messages) for each in server.sessions] == [2, 2, 1]


def test_a_message_of_the_real_flask_mail_is_taken_with_all_it_has(peer: StartPeer, make_app: MakeApp) -> None:
    server = peer()
    app = make_app(MAIL_PORT=server.port, MAIL_DEFAULT_SENDER=("Smith, Ann", "app@example.com"))
    with app.app_context():
        foreign = flask_mail.Message("Hello", ["ann@example.org"], "text", "<b>html</b>", bcc=["bcc@example.org"])
        foreign.attach("a.txt", "text/plain", "Grüße")
        app.extensions["mail"].send(foreign)
    [got] = server.messages
    assert got.recipients == ("ann@example.org", "bcc@example.org")
    assert b'From: "Smith, Ann" <app@example.com>' in got.data
    assert foreign.msgId.encode() in got.data


def test_some_of_several_recipients_refused_is_no_error(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    app = make_app(MAIL_PORT=peer({"RCPT": {"nobody@": reply("550 5.1.1 no")}}).port)
    hello.add_recipient("nobody@example.org")
    receipt = app.extensions["mail"].send(hello)
    assert receipt.recipients["nobody@example.org"].status == "refused"


# --- tests that were written for Flask-Mail


def test_a_host_that_a_test_puts_in_place_is_called_as_by_flask_mail(make_app: MakeApp, hello: Message) -> None:
    hello.mail_options = ["BODY=8BITMIME"]
    hello.cc = [("Jörg", "joerg@example.org")]
    with (
        make_app(TESTING=True).extensions["mail"].connect() as connection,
        mock.patch.object(connection, "host") as host,
    ):
        connection.send(hello)
        host.sendmail.assert_called_once_with(
            "app@example.com",
            ["ann@example.org", "=?utf-8?b?SsO2cmc=?= <joerg@example.org>"],
            hello.as_bytes(),
            ["BODY=8BITMIME"],
            [],
        )


def test_a_sendmail_that_a_test_puts_in_place_is_called(make_app: MakeApp, hello: Message) -> None:
    with make_app().extensions["mail"].connect() as connection:
        with mock.patch.object(connection.host, "sendmail") as sendmail:
            connection.send(hello, envelope_from="bounces@example.com")
        assert sendmail.call_args.args[0] == "bounces@example.com"


def test_sendmail_itself_sends_bytes(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    server = peer({"RCPT": {"nobody@": reply("550 5.1.1 no such user")}}, extensions=("DSN", "ENHANCEDSTATUSCODES"))
    recipients = ["ann@example.org", "nobody@example.org"]
    with make_app(MAIL_PORT=server.port).extensions["mail"].connect() as connection:
        lost = connection.host.sendmail("b@example.com", recipients, hello.as_bytes(), ["RET=HDRS"])
        with pytest.raises(Unsupported):
            connection.host.sendmail("b@example.com", recipients, hello.as_string(), ["BY=120;R"])
    [got] = server.messages
    assert (got.sender, got.mail_parameters["RET"]) == ("b@example.com", "HDRS")
    assert list(lost) == ["nobody@example.org"]
    assert lost["nobody@example.org"][0] == 550


@pytest.mark.parametrize("keys", [{"MAIL_PORT": "smtp"}, {"MAIL_USE_TLS": 1, "MAIL_USE_SSL": 1}, {"MAILBRIDGE": 17}])
def test_a_wrong_configuration_is_a_config_error_of_both_kinds(
    keys: dict[str, Any], make_app: MakeApp, hello: Message
) -> None:
    with pytest.raises(ConfigError, match="|".join(keys)) as caught:
        make_app(**keys).extensions["mail"].send(hello)
    assert isinstance(caught.value, smtplib.SMTPException)
    assert isinstance(caught.value, MailError)
