"""What a test wants to go wrong goes wrong below the policies, which do with it what they do in production."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from support.colour import Colour
from support.members import message

from mailbridge import (
    ConnectFailed,
    Mailer,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    Receipt,
    RecipientDeferred,
    RecipientRefused,
    ServerError,
    Status,
)
from mailbridge.testing import Mailbox

ANN, BOB, CAT = "ann@example.org", "bob@example.org", "cat@example.org"
SMTP = "smtp://mail.example.com"
API = "resend://re_aaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbb@default"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox("this test") as mailbox:
        yield mailbox


def transports(receipt: Receipt) -> list[str]:
    """Return the transports of the attempts, as they were configured."""
    return [attempt.transport.removeprefix("mailbox(").removesuffix(")") for attempt in receipt.attempts]


def fates(outcome: Any) -> dict[str, str]:
    return {address: row.status.value for address, row in outcome.recipients.items()}


class TestTheNextOnes:
    def test_the_next_attempts_end_with_the_errors_given_one_each(self, colour: Colour, mailbox: Mailbox) -> None:
        mailer = Mailer(SMTP)
        mailbox.fail_next(ServerError("busy", code=451), None, ConnectFailed)
        outcomes = [*colour.send_many(mailer, [message(str(number)) for number in range(4)])]
        kinds = sorted(type(each).__name__ for each in outcomes)
        assert kinds == ["ConnectFailed", "Receipt", "Receipt", "ServerError"]
        assert (len(mailbox), len(mailbox.failed)) == (2, 2)

    def test_an_error_is_raised_as_it_was_given(self, colour: Colour, mailbox: Mailbox) -> None:
        mailbox.fail_next(ServerError("busy", code=451, hints=["Wait."]))
        with pytest.raises(ServerError, match=r"busy Wait\.") as caught:
            colour.send(Mailer(SMTP), message())
        assert (caught.value.code, caught.value.transport) == (451, "mailbox(smtp://mail.example.com:587)")

    def test_one_error_may_be_given_twice_and_is_not_changed(self, mailbox: Mailbox) -> None:
        given = ServerError("busy")
        mailbox.fail_next(given, given)
        first, second = Mailer(SMTP).send_many([message(), message()])
        assert first is not second
        assert (given.attempts, given.transport) == ((), "")

    def test_only_one_backend_may_have_them(self, mailbox: Mailbox) -> None:
        mailer = Mailer(SMTP, mailers={"bulk": SMTP, "api": API})
        mailbox.fail_next(ServerError("by name"), backend="bulk")
        mailbox.fail_next(ServerError("by kind"), backend="resend")
        mailer.send(message())
        with pytest.raises(ServerError, match="by name"):
            mailer.send(message(), via="bulk")
        with pytest.raises(ServerError, match="by kind"):
            mailer.send(message(), via="api")

    def test_what_is_no_mail_error_is_a_fault_of_the_transport(self, colour: Colour, mailbox: Mailbox) -> None:
        mailbox.fail_next(ZeroDivisionError("oops"))
        with pytest.raises(OutcomeUnknown, match="failed with ZeroDivisionError: oops"):
            colour.send(Mailer(SMTP), message())

    @pytest.mark.parametrize("wrong", ["busy", 7, KeyboardInterrupt], ids=repr)
    def test_what_is_no_error_is_refused_at_once(self, mailbox: Mailbox, wrong: Any) -> None:
        with pytest.raises(TypeError, match="a fault is an exception such as"):
            mailbox.fail_next(wrong)

    def test_those_left_over_are_told_when_an_assertion_fails(self, mailbox: Mailbox) -> None:
        mailbox.fail_next(ServerError, ServerError)
        with pytest.raises(AssertionError, match="2 faults of fail_next did not happen"):
            mailbox.assert_sent(to=ANN)


class TestRecipients:
    def test_one_of_several_is_refused(self, colour: Colour, mailbox: Mailbox) -> None:
        mailbox.fail_next(RecipientRefused(BOB))
        receipt = colour.send(Mailer(SMTP), message("hello", (ANN, BOB)))
        assert fates(receipt) == {ANN: "accepted", BOB: "refused"}
        assert receipt.recipients[BOB].text == "bob@example.org: refused, because the test wants it so."
        mailbox.assert_sent(to=[ANN, BOB])

    def test_what_the_server_says_may_be_given(self, mailbox: Mailbox) -> None:
        error = RecipientRefused("no such user", code=550, enhanced_code="5.1.1", recipients=[BOB])
        mailbox.fail_next(error)
        receipt = Mailer(SMTP).send(message("hello", (ANN, BOB)))
        assert receipt.recipients[BOB][:4] == (Status.REFUSED, 550, "5.1.1", "no such user")

    def test_it_waits_for_a_message_to_him(self, mailbox: Mailbox) -> None:
        mailbox.fail_next(RecipientRefused(BOB))
        mailer = Mailer(SMTP)
        assert mailer.send(message("hello", (ANN,))).complete
        with pytest.raises(RecipientRefused) as caught:
            mailer.send(message("hello", (BOB,)))
        assert fates(caught.value) == {BOB: "refused"}

    def test_without_a_name_it_is_everybody(self, mailbox: Mailbox) -> None:
        mailbox.fail_next(RecipientRefused)
        with pytest.raises(RecipientRefused) as caught:
            Mailer(SMTP).send(message("hello", (ANN, BOB)))
        assert fates(caught.value) == {ANN: "refused", BOB: "refused"}

    def test_all_or_nobody_is_respected(self, mailbox: Mailbox) -> None:
        mailbox.fail_next(RecipientRefused(BOB))
        with pytest.raises(RecipientRefused) as caught:
            Mailer(SMTP).send(message("hello", (ANN, BOB), on_partial="abort"))
        assert fates(caught.value) == {BOB: "refused"}
        mailbox.assert_none()

    def test_one_put_off_is_tried_again_by_a_retry(self, colour: Colour, mailbox: Mailbox) -> None:
        mailbox.fail_next(RecipientDeferred(BOB))
        receipt = colour.send(Mailer(f"retry({SMTP})"), message("hello", (ANN, BOB)))
        assert fates(receipt) == {ANN: "accepted", BOB: "accepted"}
        assert len(receipt.attempts) == 2
        mailbox.assert_sent(to=[ANN, BOB])

    def test_an_address_that_is_none_is_refused_at_once(self, mailbox: Mailbox) -> None:
        with pytest.raises(MessageInvalid):
            mailbox.fail_next(RecipientRefused("ann@@example.org"))

    def test_a_transport_that_reaches_nobody_gets_it_for_the_others(self, mailbox: Mailbox) -> None:
        mailer = Mailer("memory://")
        mailbox.fail_next(RecipientRefused(BOB))
        receipt = mailer.send(message("hello", (ANN, BOB)))
        transport: Any = mailer.transport()
        assert [each.addr_spec for each in transport.kept[0].envelope.recipients] == [ANN]
        assert fates(receipt) == {ANN: "accepted", BOB: "refused"}


class TestPolicies:
    def test_a_retry_waits_as_long_as_it_was_asked_to_and_the_test_does_not(
        self, colour: Colour, mailbox: Mailbox
    ) -> None:
        mailbox.fail_next(RateLimited(retry_after=50))
        receipt = colour.send(Mailer(f"retry({SMTP})"), message())
        assert [attempt.error for attempt in receipt.attempts] == ["RateLimited", ""]
        assert 50.0 <= mailbox.waited < 52.0, "a test that really waited would be ended before"
        assert receipt.attempts[1].started - receipt.attempts[0].started >= 50.0

    def test_a_retry_does_not_wait_longer_than_it_may(self, mailbox: Mailbox) -> None:
        mailbox.fail_next(RateLimited(retry_after=61))
        with pytest.raises(RateLimited):
            Mailer(f"retry({SMTP})").send(message())

    def test_a_failover_goes_to_the_other_one_and_comes_back(self, colour: Colour, mailbox: Mailbox) -> None:
        mailer = Mailer(f"failover({API}, {SMTP}, failures=1, cooldown=30)")
        with mailbox.fail(ConnectFailed, backend="resend"):
            assert transports(colour.send(mailer, message())) == ["resend://default", "smtp://mail.example.com:587"]
        assert transports(colour.send(mailer, message())) == ["smtp://mail.example.com:587"]
        mailbox.pass_time(30)
        assert transports(colour.send(mailer, message())) == ["resend://default"]

    def test_many_messages_fail_over_as_well(self, colour: Colour, mailbox: Mailbox) -> None:
        mailer = Mailer(f"failover({API}, {SMTP})")
        with mailbox.fail(backend="resend"):
            outcomes = colour.send_many(mailer, [message(str(number)) for number in range(10)])
        assert {each.provider for each in outcomes} == {"smtp"}
        mailbox.assert_sent(times=10, backend="smtp")

    def test_each_mailbox_finds_the_policies_fresh(self) -> None:
        mailer = Mailer(f"failover({API}, {SMTP}, failures=1)")
        with Mailbox() as first, first.fail(backend="resend"):
            mailer.send(message())
        with Mailbox() as second:
            mailer.send(message())
        second.assert_sent(backend="resend")

    def test_a_rate_is_kept_in_no_time(self, colour: Colour, mailbox: Mailbox) -> None:
        mailer = Mailer(f"ratelimit({SMTP}, rate=1/h, max_wait=4h)")
        for _ in range(4):
            colour.send(mailer, message())
        assert mailbox.waited == pytest.approx(3 * 3600, abs=60)


class TestLasting:
    def test_every_attempt_fails_until_the_block_ends(self, mailbox: Mailbox) -> None:
        mailer = Mailer(SMTP)
        with mailbox.fail(), pytest.raises(ServerError, match="because the test wants it so"):
            mailer.send(message())
        mailer.send(message())

    def test_it_ends_when_it_is_told_to(self, mailbox: Mailbox) -> None:
        fault = mailbox.fail(ServerError("down"))
        fault.end()
        Mailer(SMTP).send(message())

    def test_a_share_fails_and_always_the_same_ones(self) -> None:
        def failing(seed: int) -> list[str]:
            with Mailbox() as mailbox:
                mailbox.fail(rate=0.3, seed=seed)
                list(Mailer(SMTP).send_many(message(str(number)) for number in range(200)))
                return [mail.subject for mail in mailbox.failed]

        assert 30 < len(failing(0)) < 90
        assert failing(0) == failing(0)
        assert failing(0) != failing(1)

    @pytest.mark.parametrize("rate", [-0.1, 1.5])
    def test_a_rate_is_a_share(self, mailbox: Mailbox, rate: float) -> None:
        with pytest.raises(ValueError, match=r"rate is a share from 0\.0 to 1\.0"):
            mailbox.fail(rate=rate)

    def test_all_is_well_after_healing(self, mailbox: Mailbox) -> None:
        mailbox.fail()
        mailbox.fail_next(ServerError)
        mailbox.delay(3600)
        mailbox.heal()
        assert Mailer(SMTP).send(message()).complete


class TestDelay:
    def test_every_attempt_takes_its_time_in_earnest(self, colour: Colour, mailbox: Mailbox) -> None:
        mailbox.delay(0.01)
        receipt = colour.send(Mailer(f"retry({SMTP})"), message())
        assert mailbox.waited == 0.0
        [attempt] = receipt.attempts
        assert attempt.ms is not None
        assert attempt.ms >= 10

    def test_other_tasks_go_on_meanwhile(self, mailbox: Mailbox) -> None:
        mailbox.delay(0.01)

        async def main() -> list[Any]:
            mailer = Mailer(SMTP)
            return await asyncio.gather(*(mailer.asend(message()) for _ in range(50)))

        assert len(asyncio.run(main())) == 50
        mailbox.assert_count(50)

    @pytest.mark.parametrize("method", ["delay", "pass_time"])
    def test_time_does_not_go_back(self, mailbox: Mailbox, method: str) -> None:
        with pytest.raises(ValueError, match="seconds"):
            getattr(mailbox, method)(-1)
