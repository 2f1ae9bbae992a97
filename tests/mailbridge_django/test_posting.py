"""What a message knows afterwards, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.mail import EmailMessage
from support.django_project import Configure
from support.peer import Peer, reply

from mailbridge import MailError, MessageInvalid, RecipientRefused
from mailbridge_django import EmailBackend
from mailbridge_django.signals import message_failed, message_sending, message_sent, message_suppressed

SIGNALS = {
    "sending": message_sending,
    "sent": message_sent,
    "failed": message_failed,
    "suppressed": message_suppressed,
}


def a_message(*to: str) -> EmailMessage:
    return EmailMessage("Hi", "Hello", "app@example.com", list(to or ("ann@example.org",)))


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Callable[..., int]:
    def sync(messages: list[EmailMessage], **options: Any) -> int:
        return EmailBackend(**options).send_messages(messages)

    def awaiting(messages: list[EmailMessage], **options: Any) -> int:
        return asyncio.run(EmailBackend(**options).asend_messages(messages))

    return sync if request.param == "sync" else awaiting


@pytest.fixture
def told() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    heard: list[tuple[str, dict[str, Any]]] = []

    def listener(name: str) -> Callable[..., None]:
        def hear(sender: Any, signal: Any, **arguments: Any) -> None:
            assert sender is EmailBackend
            heard.append((name, arguments))

        return hear

    listeners = {name: listener(name) for name in SIGNALS}
    for name, signal in SIGNALS.items():
        signal.connect(listeners[name])
    yield heard
    for name, signal in SIGNALS.items():
        signal.disconnect(listeners[name])


Told = list[tuple[str, dict[str, Any]]]


def test_a_sent_message_has_its_receipt(send: Callable[..., int], told: Told) -> None:
    message = a_message("ann@example.org", "bob@example.org")
    assert send([message], dsn="memory://") == 1
    assert message.mailbridge_receipt.accepted == ("ann@example.org", "bob@example.org")
    assert message.mailbridge_error is None
    assert [name for name, _ in told] == ["sending", "sent"]
    assert told[1][1]["receipt"] is message.mailbridge_receipt
    assert told[1][1]["message"] is message


def test_a_partly_refused_message_counts_and_shows_who(send: Callable[..., int], peer: Callable[..., Peer]) -> None:
    server = peer({"RCPT": {"bob@": reply("550 5.1.1 no such user")}})
    message = a_message("ann@example.org", "bob@example.org")
    assert send([message], dsn=f"smtp://{server.address}?tls=off") == 1
    status = message.anymail_status
    assert status.status == {"queued", "rejected"}
    assert {address: row.status for address, row in status.recipients.items()} == {
        "ann@example.org": "queued",
        "bob@example.org": "rejected",
    }


def test_a_failed_message_has_its_error(send: Callable[..., int], peer: Callable[..., Peer], told: Told) -> None:
    server = peer({"RCPT": reply("550 5.1.1 no such user")})
    message = a_message()
    with pytest.raises(RecipientRefused) as caught:
        send([message], dsn=f"smtp://{server.address}?tls=off")
    assert message.mailbridge_error is caught.value
    assert message.anymail_status.status == {"rejected"}
    assert [name for name, _ in told] == ["sending", "failed"]
    assert told[1][1]["error"] is caught.value


def test_a_message_that_cannot_be_read_fails_too(send: Callable[..., int], told: Told) -> None:
    good, bad = a_message(), a_message("no address@")
    with pytest.raises(ValueError, match="Invalid address"):
        send([good, bad], dsn="memory://")
    assert good.mailbridge_receipt.complete
    assert isinstance(bad.mailbridge_error, MessageInvalid)
    assert bad.anymail_status.status == {"failed"}
    assert [name for name, _ in told if name != "sending"].count("failed") == 1


def test_whoever_is_left_out_is_told_of_and_does_not_count(send: Callable[..., int], told: Told) -> None:
    dsn = "guard(memory://, allow=@example.org)"
    both, nobody = a_message("ann@example.org", "eve@example.net"), a_message("eve@example.net")
    assert send([both, nobody], dsn=dsn) == 1
    assert [name for name, _ in told if name != "sending"] == ["suppressed", "sent", "suppressed"]
    assert told[-1][1]["recipients"] == ("eve@example.net",)
    assert told[-1][1]["reason"]
    assert nobody.anymail_status.status == {"rejected"}


def test_a_receiver_that_raises_changes_nothing(send: Callable[..., int], caplog: pytest.LogCaptureFixture) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("broken")

    for signal in SIGNALS.values():
        signal.connect(broken)
    try:
        assert send([a_message()], dsn="memory://") == 1
    finally:
        for signal in SIGNALS.values():
            signal.disconnect(broken)
    assert "broken" in caplog.text


def test_what_a_receiver_changes_before_is_sent(send: Callable[..., int]) -> None:
    def stamp(message: EmailMessage, **_: Any) -> None:
        message.subject = "changed"

    message_sending.connect(stamp)
    try:
        message = a_message()
        send([message], dsn="memory://?limit=3")
        transport: Any = EmailBackend(dsn="memory://?limit=3").mailer.transport()
        assert transport.messages[-1].subject == "changed"
    finally:
        message_sending.disconnect(stamp)


def test_async_failures_stop_what_has_not_begun(configure: Configure) -> None:
    options = {"dsn": "memory://", "hooks": ["support.django_project.RefuseBob"]}
    messages = [a_message("ann@example.org"), a_message("bob@example.org")]
    with pytest.raises(MailError, match="bob"):
        asyncio.run(EmailBackend(**options).asend_messages(messages))
    quiet = EmailBackend(**options)
    quiet.fail_silently = True
    assert asyncio.run(quiet.asend_messages([*messages, a_message("cem@example.org")])) == 2


def test_a_view_of_nothing_is_empty() -> None:
    from mailbridge_django.status import AnymailStatus

    nothing = AnymailStatus()
    assert (nothing.status, nothing.message_id, nothing.recipients, nothing.esp_response) == (None, None, {}, None)
    assert "None" in repr(nothing)


def test_via_chooses_among_the_mailers_of_one_alias(send: Callable[..., int]) -> None:
    message = a_message()
    message.mailbridge_options = {"via": "bulk"}
    assert send([message], dsn="memory://", mailers={"bulk": "null://"}) == 1
    assert message.mailbridge_receipt.provider == "null"


@pytest.mark.parametrize("options", [{"via": "nobody"}, "bulk"])
def test_options_that_cannot_be_read_fail_the_message(send: Callable[..., int], told: Told, options: Any) -> None:
    message = a_message()
    message.mailbridge_options = options
    with pytest.raises(MailError) as caught:
        send([message], dsn="memory://")
    assert message.mailbridge_error is caught.value
    assert [name for name, _ in told] == ["sending", "failed"]


def test_what_django_must_render_is_for_the_mailer_of_via(send: Callable[..., int]) -> None:
    message = a_message()
    message.encoding = "iso-8859-1"
    message.mailbridge_options = {"via": "relay"}
    key = "resend://re_0123456789abcdef@default"  # takes no rendered message
    assert send([message], dsn=key, mailers={"relay": "memory://"}) == 1
