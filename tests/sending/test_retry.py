"""Retry: what is tried again, how long it waits, and that no recipient gets a message twice."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st
from support.members import (
    ACCEPTED,
    DEFERRED,
    REFUSED,
    FakeTransport,
    both_ways,
    deliveries,
    delivery,
    fates,
    send,
    send_many,
)

from mailbridge import errors
from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ConnectFailed,
    MailError,
    OutcomeUnknown,
    RateLimited,
    RecipientDeferred,
    RecipientRefused,
    ServerError,
    TimedOut,
)
from mailbridge.flow.operations import Sleep
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.failover import Failover
from mailbridge.sending.rate_limit import RateLimit
from mailbridge.sending.retry import LONGEST, FullJitter, Retry
from mailbridge.sending.round_robin import RoundRobin

ERRORS = [getattr(errors, name) for name in errors.__all__]
TWO = ("ann@example.org", "bob@example.org")
A, B = TWO

one_and_many = pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])


def retry(inner: FakeTransport, **options: Any) -> Retry:
    return Retry(inner, random=lambda: 0.5, **options)


@one_and_many
@pytest.mark.parametrize("kind", ERRORS, ids=[each.__name__ for each in ERRORS])
def test_the_error_table_says_what_is_tried_again(kind: type[MailError], many: bool) -> None:
    """Column "retry": yes and later are; no and keyed are not."""
    inner = FakeTransport(answers=[kind("x")])
    outcome = both_ways(retry(inner), delivery(), ScriptedDriver(), many=many)
    assert len(inner.submitted) == (2 if kind.retry in ("yes", "later") else 1)
    assert isinstance(outcome, Receipt) == (kind.retry in ("yes", "later"))


@pytest.mark.catalogue("F1", "F20")
@one_and_many
def test_the_attempts_of_all_tries_are_in_the_receipt(many: bool) -> None:
    inner = FakeTransport(answers=[ConnectFailed("refused"), ServerError("451 later", code=451), "ok"])
    receipt = both_ways(retry(inner), delivery(), ScriptedDriver(), many=many)
    assert [(each.number, each.error) for each in receipt.attempts] == [
        (1, "ConnectFailed"),
        (2, "ServerError"),
        (3, ""),
    ]


@one_and_many
def test_the_last_error_is_raised_with_all_attempts(many: bool) -> None:
    inner = FakeTransport(answers=[ConnectFailed("x"), ServerError("x"), TimedOut("x")])
    outcome = both_ways(retry(inner, attempts=3), delivery(), ScriptedDriver(), many=many)
    assert isinstance(outcome, TimedOut)
    assert [each.error for each in outcome.attempts] == ["ConnectFailed", "ServerError", "TimedOut"]
    assert len(inner.submitted) == 3


@pytest.mark.catalogue("F15")
@one_and_many
def test_a_refused_password_is_tried_once(many: bool) -> None:
    inner = FakeTransport(always=AuthFailed("535", code=535))
    assert isinstance(both_ways(retry(inner), delivery(), ScriptedDriver(), many=many), AuthFailed)
    assert len(inner.submitted) == 1


# --- waiting


@one_and_many
def test_it_waits_a_random_part_of_a_doubling_time(many: bool) -> None:
    driver = ScriptedDriver()
    inner = FakeTransport(always=ServerError("x"))
    both_ways(retry(inner, attempts=5, wait=2.0, within=100.0), delivery(), driver, many=many)
    assert driver.slept == [1.0, 2.0, 4.0, 8.0]


def test_full_jitter_stays_within_its_bounds_for_ever() -> None:
    wait = FullJitter(1.0, 60.0, lambda: 1.0)

    class State:
        attempt_number = 10_000

    assert wait(State()) == 60.0  # type: ignore[arg-type]


def test_jitter_is_random_unless_told_otherwise() -> None:
    waits = set()
    for _ in range(5):
        driver = ScriptedDriver()
        send(Retry(FakeTransport(answers=[ServerError("x")])), delivery(), driver)
        waits.update(driver.slept)
    assert len(waits) > 1
    assert all(0 <= wait <= 1.0 for wait in waits)


@pytest.mark.parametrize(
    ("asked", "within", "slept"),
    [
        pytest.param(20.0, 60.0, [20.0], id="waits as long as it asked"),
        pytest.param(0.1, 60.0, [0.5], id="never less than the backoff"),
        pytest.param(61.0, 60.0, [], id="raises at once when the budget is too small"),
        pytest.param(1e12, 1e9, [LONGEST], id="at most six hours"),
        pytest.param(-5.0, 60.0, [0.5], id="a time in the past"),
        pytest.param(float("nan"), 60.0, [0.5], id="no number"),
    ],
)
@one_and_many
def test_retry_after_is_honoured(asked: float, within: float, slept: list[float], many: bool) -> None:
    driver = ScriptedDriver()
    inner = FakeTransport(answers=[RateLimited("x", retry_after=asked)])
    outcome = both_ways(retry(inner, within=within), delivery(), driver, many=many)
    assert driver.slept == slept
    assert isinstance(outcome, Receipt) == bool(slept)


@one_and_many
def test_no_try_begins_after_the_budget(many: bool) -> None:
    """The budget counts from the start of the first try, which takes its time too."""
    driver = ScriptedDriver()

    def slow(_: Any) -> MailError:
        driver.now += 10.0
        return TimedOut("x")

    inner = FakeTransport(always=slow)
    both_ways(retry(inner, attempts=100, within=25.0, wait=1.0), delivery(), driver, many=many)
    assert len(inner.submitted) == 3  # at 0, 10.5 and 21.5; the next would begin at 33.5


def test_no_connection_is_held_while_it_waits() -> None:
    inner = FakeTransport(answers=["ok", ServerError("x")], ahead=2)
    driver = ScriptedDriver({Sleep: lambda op: inner.log.append("sleep")})
    send_many(retry(inner), deliveries(5), driver)
    assert inner.log.index("close") < inner.log.index("sleep")


# --- tenacity's strategies


def test_a_wait_strategy_of_tenacity_decides_how_long() -> None:
    driver = ScriptedDriver()
    wait = tenacity.wait_chain(tenacity.wait_fixed(3), tenacity.wait_fixed(4)) + tenacity.wait_fixed(1)
    inner = FakeTransport(always=ServerError("x"))
    send(retry(inner, attempts=3, wait=wait), delivery(), driver)
    assert driver.slept == [4.0, 5.0]


def test_a_wait_strategy_sees_the_error() -> None:
    driver = ScriptedDriver()
    wait = tenacity.wait_exception(lambda error: 9.0 if isinstance(error, TimedOut) else 1.0)
    inner = FakeTransport(answers=[TimedOut("x"), ServerError("x")])
    send(retry(inner, wait=wait), delivery(), driver)
    assert driver.slept == [9.0, 1.0]


@pytest.mark.parametrize(
    ("stop", "tries"),
    [
        (tenacity.stop_after_attempt(2), 2),
        (tenacity.stop_after_attempt(5), 5),
        (tenacity.stop_after_delay(10), 4),  # begun at 0, 4, 8 and 12
        (tenacity.stop_before_delay(10), 3),
        (tenacity.stop_after_attempt(9) | tenacity.stop_before_delay(10), 3),
    ],
)
def test_a_stop_strategy_of_tenacity_decides_when_it_is_enough(stop: Any, tries: int) -> None:
    """Its clock is the driver's: nothing here takes real time."""
    inner = FakeTransport(always=ServerError("x"))
    send(retry(inner, stop=stop, wait=tenacity.wait_fixed(4)))
    assert len(inner.submitted) == tries


def test_a_retry_strategy_narrows_what_is_tried_again() -> None:
    only_timeouts = tenacity.retry_if_exception_type(TimedOut)
    inner = FakeTransport(answers=[TimedOut("x"), ServerError("x")])
    assert isinstance(send(retry(inner, retry=only_timeouts)), ServerError)
    anything = tenacity.retry_if_exception_type(MailError)
    inner = FakeTransport(answers=[RecipientRefused("x")])
    assert isinstance(send(retry(inner, retry=anything)), RecipientRefused)


def test_a_partial_receipt_is_shown_to_strategies_as_deferred_recipients() -> None:
    only_deferred = tenacity.retry_if_exception_type(RecipientDeferred)
    inner = FakeTransport(answers=[{A: ACCEPTED, B: DEFERRED}])
    receipt = send(retry(inner, retry=only_deferred), delivery(to=TWO))
    assert fates(receipt) == {A: "accepted", B: "accepted"}


# --- recipients


@pytest.mark.catalogue("F25", "F27")
@one_and_many
def test_only_the_deferred_recipients_are_tried_again(many: bool) -> None:
    """Each recipient gets it once, and there is one receipt, in the caller's order."""
    inner = FakeTransport(answers=[{A: DEFERRED, B: ACCEPTED}])
    receipt = both_ways(retry(inner), delivery(to=TWO), ScriptedDriver(), many=many)
    assert inner.submitted == [TWO, (A,)]
    assert list(fates(receipt).items()) == [(A, "accepted"), (B, "accepted")]
    assert receipt.provider_ids == ("a1", "a2")
    assert len(receipt.attempts) == 2


@pytest.mark.catalogue("F26")
def test_of_deferred_and_refused_recipients_only_the_deferred_are_tried_again() -> None:
    rows = {A: REFUSED, B: DEFERRED}
    inner = FakeTransport(answers=[RecipientDeferred("x", recipients=rows)])
    receipt = send(retry(inner), delivery(to=TWO))
    assert inner.submitted == [TWO, (B,)]
    assert fates(receipt) == {A: "refused", B: "accepted"}


def test_when_nobody_accepts_in_the_end_the_error_has_every_fate() -> None:
    inner = FakeTransport(
        answers=[
            RecipientDeferred("x", recipients={A: REFUSED, B: DEFERRED}),
            RecipientRefused("x", recipients={B: REFUSED}),
        ]
    )
    error = send(retry(inner), delivery(to=TWO))
    assert isinstance(error, RecipientRefused)
    assert error.recipients == {A: REFUSED, B: REFUSED}


def test_a_refused_recipient_is_no_reason_to_try_again() -> None:
    inner = FakeTransport(answers=[{A: ACCEPTED, B: REFUSED}])
    assert fates(send(retry(inner), delivery(to=TWO))) == {A: "accepted", B: "refused"}
    assert len(inner.submitted) == 1


@pytest.mark.parametrize(
    ("then", "fate"),
    [
        (ServerError("x", code=451), "deferred"),
        (RecipientRefused("x", recipients={B: REFUSED}), "refused"),
        (errors.ContentRefused("x"), "refused"),
        (OutcomeUnknown("x"), "unknown"),
        (AuthFailed("x"), "deferred"),
    ],
)
def test_an_error_after_a_partial_receipt_is_the_fate_of_the_rest(then: MailError, fate: str) -> None:
    """Somebody has the message, so it is a receipt whatever happens later."""
    inner = FakeTransport(answers=[{A: ACCEPTED, B: DEFERRED}, then], always={B: DEFERRED})
    receipt = send(retry(inner), delivery(to=TWO))
    assert fates(receipt) == {A: "accepted", B: fate}
    assert all(submitted == (B,) for submitted in inner.submitted[1:])


def test_what_must_reach_all_or_nobody_is_tried_again_for_all() -> None:
    deferred = RecipientDeferred("x", recipients={B: DEFERRED})
    inner = FakeTransport(answers=[deferred])
    assert isinstance(send(retry(inner), delivery(to=TWO, on_partial="abort")), Receipt)
    assert inner.submitted == [TWO, TWO]
    inner = FakeTransport(answers=[RecipientDeferred("x", recipients={A: REFUSED, B: DEFERRED})])
    assert isinstance(send(retry(inner), delivery(to=TWO, on_partial="abort")), RecipientDeferred)
    assert inner.submitted == [TWO]


@given(st.lists(st.lists(st.sampled_from("aadr"), min_size=5, max_size=5), max_size=6))
def test_no_recipient_is_submitted_again_after_a_final_answer(script: list[list[str]]) -> None:
    everybody = tuple(f"{letter}@example.org" for letter in "vwxyz")
    meaning = {"a": ACCEPTED, "d": DEFERRED, "r": REFUSED}
    answers = [{to: meaning[said] for to, said in zip(everybody, row, strict=True)} for row in script]
    final: dict[str, RecipientStatus] = {}

    def submit(rows: dict[str, RecipientStatus]) -> Any:
        def answer(one: Any) -> Any:
            asked = {each.addr_spec for each in one.envelope.recipients}
            assert not asked & final.keys()
            said = {to: row for to, row in rows.items() if to in asked}
            final.update({to: row for to, row in said.items() if row.status is not Status.DEFERRED})
            if any(row.status is Status.ACCEPTED for row in said.values()):
                return rows
            return (
                RecipientDeferred("x", recipients=said)
                if DEFERRED in said.values()
                else RecipientRefused("x", recipients=said)
            )

        return answer

    inner = FakeTransport(answers=map(submit, answers), always=submit(dict.fromkeys(everybody, DEFERRED)))
    outcome = send(retry(inner, attempts=5), delivery(to=everybody))
    assert {to: row for to, row in outcome.recipients.items() if row.status is not Status.DEFERRED} == final
    assert set(outcome.recipients) == set(everybody)
    assert isinstance(outcome, Receipt) == any(row.status is Status.ACCEPTED for row in final.values())


# --- unknown outcomes


@pytest.mark.catalogue("F32")
@pytest.mark.parametrize("key", [None, "order-17"])
@pytest.mark.parametrize("features", [(), ("idempotency_key",)], ids=["keyless", "keyed"])
@one_and_many
def test_an_unknown_outcome_is_tried_again_only_under_a_key_that_the_transport_honours(
    key: str | None, features: tuple[str, ...], many: bool
) -> None:
    unknown = OutcomeUnknown("x", recipients={A: RecipientStatus(Status.UNKNOWN)})
    inner = FakeTransport(answers=[unknown], features=features)
    outcome = both_ways(retry(inner), delivery(idempotency_key=key), ScriptedDriver(), many=many)
    assert isinstance(outcome, Receipt) == bool(key and features)
    assert len(inner.submitted) == (2 if key and features else 1)


@pytest.mark.catalogue("H4")
@one_and_many
def test_an_unknown_outcome_is_tried_again_where_every_send_carries_a_key(many: bool) -> None:
    inner = FakeTransport(answers=[OutcomeUnknown("x")] * 2)
    inner.keyed = True
    outcome = both_ways(retry(inner), delivery(), ScriptedDriver(), many=many)
    assert isinstance(outcome, Receipt)
    assert [attempt.error for attempt in outcome.attempts] == ["OutcomeUnknown", "OutcomeUnknown", ""]


@one_and_many
def test_an_unknown_outcome_of_a_shared_call_is_final(many: bool) -> None:
    unknown = OutcomeUnknown("x")
    unknown.shared = True
    inner = FakeTransport(answers=[unknown], features=["idempotency_key"])
    inner.keyed = True
    assert isinstance(
        both_ways(retry(inner), delivery(idempotency_key="k"), ScriptedDriver(), many=many), OutcomeUnknown
    )
    assert len(inner.submitted) == 1


@one_and_many
def test_an_unknown_outcome_of_private_copies_is_final(many: bool) -> None:
    inner = FakeTransport(answers=[OutcomeUnknown("x")], features=["idempotency_key"])
    inner.keyed = True
    private = delivery(idempotency_key="k", merge_data={A: {"n": 1}})
    assert isinstance(both_ways(retry(inner), private, ScriptedDriver(), many=many), OutcomeUnknown)
    assert len(inner.submitted) == 1


def test_keys_hold_through_policies_at_one_provider_only() -> None:
    inner = FakeTransport()
    inner.keyed = True
    assert retry(inner).keyed
    assert RateLimit(inner, rate="1/s").keyed
    assert not Failover(inner, inner).keyed
    assert not RoundRobin(inner, inner).keyed


# --- send_many


def test_in_send_many_order_is_kept_and_only_what_failed_is_sent_again() -> None:
    failing = {"1": ServerError("x"), "2": ServerError("x")}

    def answer(one: Any) -> Any:
        return copy(failing.pop(one.message.subject, "ok"))

    inner = FakeTransport(always=answer, ahead=2)
    outcomes = send_many(retry(inner), deliveries(6))
    assert [outcome.attempts[-1].number for outcome in outcomes] == [1, 2, 2, 1, 1, 1]
    assert inner.log.count("open") == 2
    assert [entry for entry in inner.log if entry.startswith("send")] == ["send 1", "send 2"]


def test_a_message_that_fails_for_good_does_not_stop_the_others() -> None:
    def answer(one: Any) -> Any:
        return RecipientRefused("x") if one.message.subject == "1" else "ok"

    inner = FakeTransport(always=answer)
    outcomes = send_many(retry(inner), deliveries(4))
    assert [type(outcome).__name__ for outcome in outcomes] == ["Receipt", "RecipientRefused", "Receipt", "Receipt"]
    assert inner.log.count("open") == 1


def test_no_attempts_is_no_setting() -> None:
    with pytest.raises(ConfigError, match="attempts must be at least 1, not 0"):
        Retry(FakeTransport(), attempts=0)
