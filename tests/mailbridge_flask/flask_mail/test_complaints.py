"""What users of Flask-Mail and Flask-Mailman complain of, by the number of the issue, is not so here."""

from __future__ import annotations

import email
import smtplib
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from support.addresses import Address
from support.certificates import Certificates, Kind
from support.http_peer import HttpPeer, answer
from support.peer import Peer, reply

from mailbridge import ConfigError, MailError, SenderRefused, TimedOut, TlsMisconfigured
from mailbridge_flask import MailBridge
from mailbridge_flask.flask_mail import Mail, Message, NotSetUp

StartPeer = Callable[..., Peer]
MakeApp = Callable[..., Flask]


@pytest.mark.parametrize("certificate", ["self_signed", "wrong_host", "expired"])
def test_241_a_certificate_that_is_not_trusted_is_refused_before_the_password(
    certificate: Kind, peer: StartPeer, make_app: MakeApp, hello: Message
) -> None:
    server = peer(tls="starttls", certificate=certificate, auth=("ann", "s3cret"), strict=False)
    app = make_app(MAIL_PORT=server.port, MAIL_USE_TLS=True, MAIL_USERNAME="ann", MAIL_PASSWORD="s3cret")
    with pytest.raises(TlsMisconfigured) as caught:
        app.extensions["mail"].send(hello)
    assert isinstance(caught.value, smtplib.SMTPException)
    assert "AUTH" not in server.sessions[0].verbs


def test_241_tls_from_the_first_byte_is_verified_too(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    server = peer(tls="implicit", certificate="self_signed", strict=False)
    app = make_app(MAIL_PORT=server.port, MAIL_USE_SSL="true")
    with pytest.raises(TlsMisconfigured):
        app.extensions["mail"].send(hello)


def test_198_a_ca_file_can_be_named(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    server = peer(tls="starttls")
    app = make_app(MAILBRIDGE=f"smtp://{server.address}?tls=starttls&ca_file={server.ca_file}")
    app.extensions["mail"].send(hello)
    assert server.messages[0].encrypted


def test_162_a_client_certificate_can_be_shown(
    peer: StartPeer, make_app: MakeApp, hello: Message, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca_file)  # what the system trusts
    server = peer(tls="starttls", client_certificate=True)
    app = make_app(
        MAIL_PORT=server.port,
        MAIL_USE_TLS=True,
        MAIL_SSL_CERTFILE=certificates.client.cert_file,
        MAIL_SSL_KEYFILE=certificates.client.key_file,
    )
    app.extensions["mail"].send(hello)
    assert server.messages[0].encrypted


def test_114_a_server_that_hangs_does_not_hang_the_request(
    blackhole: Address, make_app: MakeApp, hello: Message
) -> None:
    app = make_app(MAIL_SERVER=blackhole.host, MAIL_PORT=blackhole.port, MAIL_TIMEOUT="0.2")
    with pytest.raises(TimedOut) as caught:
        app.extensions["mail"].send(hello)
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, smtplib.SMTPException)


def test_114_there_is_a_timeout_though_nobody_set_one(make_app: MakeApp) -> None:
    app = make_app()
    assert MailBridge().for_app(app).mailer.transport().server.timeouts.connect == 10  # type: ignore[attr-defined]


def test_63_a_thread_sends_without_a_context(peer: StartPeer, make_app: MakeApp) -> None:
    server = peer()
    app = make_app(MAIL_PORT=server.port, MAIL_DEFAULT_SENDER="app@example.com")
    outcomes: list[object] = []

    def work() -> None:
        message = Message("Hello", ["ann@example.org"], "Hi")
        outcomes.append(app.extensions["mail"].send(message).accepted)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert outcomes == [("ann@example.org",)]
    assert server.messages[0].sender == "app@example.com"


def test_63_a_mail_without_an_app_says_what_to_do(hello: Message) -> None:
    with pytest.raises(RuntimeError, match="app_context") as caught:
        Mail().send(hello)
    assert isinstance(caught.value, NotSetUp)
    assert isinstance(caught.value, ConfigError)


@pytest.mark.parametrize("key", ["TESTING", "MAIL_SUPPRESS_SEND"])
def test_96_and_25_testing_counts_though_it_is_set_after_init_app(
    key: str, peer: StartPeer, make_app: MakeApp, hello: Message
) -> None:
    server = peer()
    app = make_app(MAIL_PORT=server.port)
    app.config[key] = True
    mail = app.extensions["mail"]
    with mail.record_messages() as recorded:
        mail.send(hello)
        app.config[key] = False
        mail.send(hello)
    assert (recorded, server.submissions) == ([hello, hello], 1)


def test_106_no_sender_is_demanded_while_mail_is_suppressed(make_app: MakeApp) -> None:
    app = make_app(TESTING=True)
    message = Message("Hello", ["ann@example.org"], "Hi")
    with app.extensions["mail"].record_messages() as recorded:
        assert app.extensions["mail"].send(message) is None
    assert recorded == [message]


@pytest.mark.parametrize("name", ["資料" * 100 + ".pdf", "ü" * 251 + ".txt", "Größe (1).pdf", "plain.pdf"])
def test_138_and_174_names_of_files_arrive_however_long_and_in_whatever_script(
    name: str, peer: StartPeer, make_app: MakeApp, hello: Message
) -> None:
    server = peer()
    hello.attach(name, "application/pdf", b"%PDF")
    make_app(MAIL_PORT=server.port).extensions["mail"].send(hello)
    octets = server.messages[0].data
    header, _, _ = octets.rpartition(b"\r\n\r\n")
    assert max(map(len, header.split(b"\r\n"))) < 100
    [part] = [each for each in email.message_from_bytes(octets).walk() if each.get_content_disposition()]
    assert part.get_filename() == name


def test_21_a_provider_with_an_api_takes_it_by_one_key(make_app: MakeApp, hello: Message) -> None:
    hello.attach("report.pdf", "application/pdf", b"%PDF")
    with HttpPeer([answer(202, headers={"X-Message-Id": "m1"})]) as api:
        app = make_app(MAIL_SERVER="ignored.invalid", MAILBRIDGE=f"sendgrid://SG.key@default?base_url={api.url}")
        receipt = app.extensions["mail"].send(hello)
    assert receipt.provider_id == "m1"
    assert api.requests[0].json["attachments"][0]["filename"] == "report.pdf"


def test_81_the_console_takes_it(make_app: MakeApp, hello: Message, capsys: pytest.CaptureFixture[str]) -> None:
    make_app(MAIL_BACKEND="console").extensions["mail"].send(hello)
    assert "Hi Ann" in capsys.readouterr().out


def test_34_suppression_is_what_the_key_says(peer: StartPeer, make_app: MakeApp, hello: Message) -> None:
    server = peer()
    app = make_app(MAIL_PORT=server.port, TESTING=True, MAIL_SUPPRESS_SEND="false")
    app.extensions["mail"].send(hello)
    assert server.submissions == 1


def test_flask_mailman_5_the_backend_locmem_keeps_messages(make_app: MakeApp, hello: Message) -> None:
    app = make_app(MAIL_BACKEND="locmem")
    app.extensions["mail"].send(hello)
    [kept] = MailBridge().for_app(app).mailer.transport().messages  # type: ignore[attr-defined]  # that of memory
    assert kept.subject == "Hello"


def test_flask_mailman_63_what_is_kept_does_not_change_with_the_message(make_app: MakeApp, hello: Message) -> None:
    app = make_app(TESTING=True)
    app.extensions["mail"].send(hello)
    hello.subject = "Changed"
    assert [each.subject for each in MailBridge().outbox(app)] == ["Hello"]


def test_a_refusal_is_caught_by_the_names_of_smtplib_and_by_ours(
    peer: StartPeer, make_app: MakeApp, hello: Message
) -> None:
    app = make_app(MAIL_PORT=peer({"MAIL": reply("553 5.7.1 not you")}).port)
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        app.extensions["mail"].send(hello)
    assert isinstance(caught.value, SenderRefused)
    assert isinstance(caught.value, MailError)
    assert caught.value.smtp_code == 553
