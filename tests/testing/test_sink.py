"""The mail server of the test kit: what it keeps, how it is reached, and what it does wrong when told to."""

from __future__ import annotations

import asyncio
import smtplib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.colour import Colour

from mailbridge import (
    Attachment,
    AuthFailed,
    ConfigError,
    ConnectFailed,
    ContentRefused,
    Mailer,
    MailError,
    Message,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientDeferred,
    RecipientRefused,
    RecipientStatus,
    SenderRefused,
    ServerError,
    Status,
    TlsFailed,
    TlsMisconfigured,
    Unsupported,
)
from mailbridge.testing import SmtpSink, corpus
from mailbridge.testing.smtp_faults import FAULTS

MESSAGE = Message(
    from_="Shop <shop@example.com>", to=["ann@example.org", "bob@example.org"], subject="Welcome", text="Code: 123456"
)
KINDS: list[dict[str, Any]] = [{}, {"tls": "implicit", "auth": ("ann", "s3cret")}, {"tls": "off"}]
NAMES = ["starttls", "implicit with a login", "off"]


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as one:
        yield one


@pytest.mark.parametrize("options", KINDS, ids=NAMES)
def test_what_was_on_the_wire_is_a_mail(options: dict[str, Any], colour: Colour) -> None:
    with SmtpSink(**options) as sink, colour.using(Mailer(sink.dsn)) as mailer:
        letter = MESSAGE.replace(bcc="cyd@example.org", attachments=[Attachment(b"%PDF", "bill.pdf")])
        assert colour.send(mailer, letter).complete
        found = sink.assert_sent(to="ann@example.org", bcc="cyd@example.org", subject="Welcome", attachment="bill.pdf")
        assert found.code(r"\d{6}") == "123456"
        assert b"\r\nSubject: Welcome\r\n" in found.raw
        assert b"cyd@example.org" not in found.raw
        assert (found.from_.name, found.transport) == ("Shop", "smtp")


def test_every_message_of_the_corpus_arrives(sink: SmtpSink) -> None:
    taken = 0
    with Mailer(sink.dsn) as mailer:
        for case, message in corpus().items():
            sink.clear()
            try:
                mailer.send(message)
            except MessageInvalid:
                continue  # what only APIs can do
            taken += 1
            assert not sink.failed, case
            assert {to.key for mail in sink.sent for to in mail.recipients} == {to.key for to in message.recipients}, (
                case
            )
            if message.raw is None:
                assert {mail.subject for mail in sink.sent} == {message.subject}, case
    assert taken > 80


def test_a_client_that_is_not_ours_has_what_it_needs() -> None:
    with SmtpSink(auth=("ann", "s3cret")) as sink:
        with smtplib.SMTP(sink.host, sink.port, timeout=5) as client:
            client.starttls(context=sink.ssl_context)
            client.login(str(sink.username), str(sink.password))
            client.sendmail("a@example.com", ["b@example.org"], "Subject: By hand\r\n\r\nHello\r\n")
        assert sink.assert_sent(subject="By hand", to=[], bcc="b@example.org").text == "Hello\n"


def test_a_wrong_password_is_refused() -> None:
    with SmtpSink(auth=("ann", "s3cret")) as sink, Mailer(sink.dsn.replace("s3cret", "guess")) as mailer:
        with pytest.raises(AuthFailed):
            mailer.send(MESSAGE)


def test_whoever_does_not_log_in_is_refused() -> None:
    with SmtpSink(auth=("ann", "s3cret")) as sink, Mailer(sink.dsn.replace("ann:s3cret@", "")) as mailer:
        with pytest.raises(ConfigError):
            mailer.send(MESSAGE)


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("options", KINDS, ids=NAMES)
def test_a_fault_makes_a_mailer_raise_just_that_error(kind: type[MailError], options: dict[str, Any]) -> None:
    if kind is AuthFailed and "auth" not in options:
        options = {**options, "auth": ("ann", "s3cret")}
    with SmtpSink(**options) as sink, Mailer(f"{sink.dsn}&timeout=0.3") as mailer:
        mailer.send(MESSAGE)  # so that there is a connection from before
        sink.fail_next(kind)
        with pytest.raises(kind) as caught:
            mailer.send(MESSAGE)
        assert type(caught.value) is kind
        mailer.send(MESSAGE)  # and no more than once
        sink.assert_count(3 if kind is OutcomeUnknown else 2)


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_fault_is_the_same_for_coroutines(kind: type[MailError]) -> None:
    async def send() -> None:
        with SmtpSink(auth=("ann", "s3cret")) as sink:
            async with Mailer(f"{sink.dsn}&timeout=0.3") as mailer:
                await mailer.asend(MESSAGE)
                sink.fail_next(kind)
                with pytest.raises(kind):
                    await mailer.asend(MESSAGE)

    asyncio.run(send())


@pytest.mark.parametrize("error", [TlsFailed(), TlsMisconfigured(), Unsupported()], ids=repr)
def test_an_error_that_no_server_causes_is_refused_at_once(error: MailError, sink: SmtpSink) -> None:
    with pytest.raises(ConfigError, match=rf"raise {type(error).__name__}\..*RecipientRefused"):
        sink.fail_next(ServerError, error)
    with Mailer(sink.dsn) as mailer:
        assert mailer.send(MESSAGE).complete


@pytest.mark.parametrize("fault", [7, ValueError("x"), ValueError])
def test_what_is_no_error_of_mail_is_no_fault(fault: Any, sink: SmtpSink) -> None:
    with pytest.raises(TypeError):
        sink.fail_next(fault)


def test_a_reply_says_what_the_error_says(sink: SmtpSink) -> None:
    with Mailer(sink.dsn) as mailer:
        sink.fail_next(ContentRefused("Looks like spam", code=554, enhanced_code="5.7.1"), RateLimited("Five an hour."))
        with pytest.raises(ContentRefused, match=r"554 5\.7\.1 Looks like spam"):
            mailer.send(MESSAGE)
        with pytest.raises(RateLimited, match=r"450 4\.7\.1 Rate limit exceeded: Five an hour"):
            mailer.send(MESSAGE)


@pytest.mark.parametrize(
    ("kind", "status"), [(RecipientRefused, "refused"), (RecipientDeferred, "deferred")], ids=["for good", "for now"]
)
def test_one_recipient_is_refused_and_the_other_gets_the_mail(
    kind: type[MailError], status: str, sink: SmtpSink, colour: Colour
) -> None:
    with colour.using(Mailer(sink.dsn)) as mailer:
        sink.fail_next(kind("Bob@Example.org"))
        assert colour.send(mailer, MESSAGE.replace(to="cyd@example.org")).complete
        receipt = colour.send(mailer, MESSAGE)
        fates = {address: row.status for address, row in receipt.recipients.items()}
        assert fates == {"ann@example.org": "accepted", "bob@example.org": status}
        assert colour.send(mailer, MESSAGE).complete


def test_an_address_is_refused_until_it_heals(sink: SmtpSink) -> None:
    with Mailer(sink.dsn) as mailer:
        sink.refuse("bob@example.org", 550, "5.1.1 no such user")
        for _ in range(2):
            row = mailer.send(MESSAGE).recipients["bob@example.org"]
            assert (row.status, row.code, row.enhanced_code) == ("refused", 550, "5.1.1")
        sink.heal()
        assert mailer.send(MESSAGE).complete
    with pytest.raises(ConfigError, match="250 is no refusal"):
        sink.refuse("bob@example.org", 250)


def test_a_greylist_defers_everybody_once(sink: SmtpSink) -> None:
    with Mailer(sink.dsn) as mailer:
        sink.greylist()
        with pytest.raises(RecipientDeferred, match="Greylisted"):
            mailer.send(MESSAGE)
        assert mailer.send(MESSAGE).complete
        rows = mailer.send(MESSAGE.replace(cc="cyd@example.org")).recipients
        assert [address for address, row in rows.items() if row.status == "deferred"] == ["cyd@example.org"]


def test_a_success_may_be_planned_between_faults(sink: SmtpSink) -> None:
    with Mailer(sink.dsn) as mailer:
        sink.fail_next(None, SenderRefused)
        mailer.send(MESSAGE)
        with pytest.raises(SenderRefused):
            mailer.send(MESSAGE)


@pytest.mark.parametrize("order", ["connection first", "connection last"])
def test_faults_come_in_their_order_whatever_they_concern(order: str) -> None:
    faults: list[Any] = [None, ConnectFailed, ContentRefused, AuthFailed, None, SenderRefused]
    faults = faults if order == "connection last" else faults[::-1]
    with SmtpSink(auth=("ann", "s3cret")) as sink, Mailer(sink.dsn) as mailer:
        sink.fail_next(*faults)
        found = []
        for _ in faults:
            try:
                mailer.send(MESSAGE)
            except MailError as error:
                found.append(type(error))
            else:
                found.append(None)
        assert found == faults


def test_where_nobody_logs_in_no_login_can_be_refused(sink: SmtpSink) -> None:
    with pytest.raises(ConfigError, match=r"smtp_sink_factory\(auth="):
        sink.fail_next(AuthFailed)


def test_a_retry_sends_what_was_deferred(sink: SmtpSink) -> None:
    with Mailer(f"retry({sink.dsn}, attempts=3, wait=0.01)") as mailer:
        sink.fail_next(ServerError, ConnectFailed)
        receipt = mailer.send(MESSAGE)
        assert len(receipt.attempts) == 3
    sink.assert_sent(subject="Welcome")


def test_a_mail_whose_answer_was_lost_is_there(sink: SmtpSink) -> None:
    with Mailer(sink.dsn) as mailer:
        sink.fail_next(OutcomeUnknown)
        with pytest.raises(OutcomeUnknown):
            mailer.send(MESSAGE)
    sink.assert_sent(subject="Welcome")


def test_a_slow_server_has_taken_the_mail_by_then(sink: SmtpSink) -> None:
    sink.delay(20)
    with Mailer(f"{sink.dsn}&final_timeout=0.2") as mailer, pytest.raises(OutcomeUnknown):
        mailer.send(MESSAGE)
    sink.assert_sent(subject="Welcome")
    with pytest.raises(ValueError, match="delay is a number of seconds"):
        sink.delay(-1)


def test_what_is_no_message_is_refused_with_the_reason(sink: SmtpSink) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as client:
        with pytest.raises(smtplib.SMTPDataError, match="sink cannot read the message: The header X contains"):
            client.sendmail("a@example.com", ["b@example.org"], b"X: a\x01b\r\n\r\nHello\r\n")
    sink.assert_none()


def test_a_failure_tells_what_did_not_come(sink: SmtpSink) -> None:
    sink.fail_next(SenderRefused, ContentRefused)
    with Mailer(sink.dsn) as mailer, pytest.raises(SenderRefused):
        mailer.send(MESSAGE)
    with pytest.raises(AssertionError, match=r"1 fault of fail_next did not happen(.|\n)*1 commands .* were refused"):
        sink.assert_sent(subject="Welcome")


def test_a_mail_of_another_thread_is_waited_for(sink: SmtpSink) -> None:
    def later() -> None:
        with Mailer(sink.dsn) as mailer:
            mailer.send(MESSAGE)

    thread = threading.Thread(target=later)
    thread.start()
    assert sink.wait_for(5, subject="Welcome").to[0].addr_spec == "ann@example.org"
    thread.join()


def test_a_mail_of_another_task_is_awaited(sink: SmtpSink) -> None:
    async def both() -> None:
        async with Mailer(sink.dsn) as mailer:
            task = asyncio.create_task(mailer.asend(MESSAGE))
            assert (await sink.await_for(5, subject="Welcome")).subject == "Welcome"
            await task

    asyncio.run(both())


def test_mails_are_forgotten(sink: SmtpSink) -> None:
    with Mailer(sink.dsn) as mailer:
        mailer.send(MESSAGE)
    sink.clear()
    sink.assert_none()


def test_a_sink_that_is_stopped_in_the_middle_of_a_silence_ends() -> None:
    from mailbridge.errors import TimedOut

    with SmtpSink(tls="off") as sink:
        sink.fail_next(TimedOut)
        client = smtplib.SMTP(sink.host, sink.port, timeout=5)
        client.ehlo()
        client.putcmd("MAIL FROM:<a@example.com>")
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    client.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "mailbridge inbox"]


@pytest.mark.parametrize(("package", "tls"), [("aiosmtpd.smtp", "off"), ("trustme", "starttls")])
def test_without_the_extra_it_says_what_to_install(package: str, tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[inbox\]'"):
        SmtpSink(tls=tls).start()


def test_healing_ends_a_greylist_and_a_delay(sink: SmtpSink) -> None:
    sink.greylist()
    sink.delay(20)
    sink.heal()
    with Mailer(f"{sink.dsn}&timeout=5") as mailer:
        assert mailer.send(MESSAGE).complete


def test_a_fault_that_names_two_hits_both_of_them_in_one_message(sink: SmtpSink) -> None:
    refused = dict.fromkeys(["ann@example.org", "bob@example.org"], RecipientStatus(Status.REFUSED))
    sink.fail_next(RecipientRefused(recipients=refused))
    with Mailer(sink.dsn) as mailer:
        rows = mailer.send(MESSAGE.replace(cc="cyd@example.org")).recipients
    assert [address for address, row in rows.items() if row.status == "refused"] == list(refused)
