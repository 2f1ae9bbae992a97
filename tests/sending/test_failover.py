"""Failover: which errors pass a message on, to whom, and the way back to the preferred member."""

from __future__ import annotations

import threading
from copy import copy
from typing import Any

import pytest
from support.members import (
    ACCEPTED,
    DEFERRED,
    REFUSED,
    FakeTransport,
    Holding,
    both_ways,
    deliveries,
    delivery,
    fates,
    message,
    send,
    send_many,
)

from mailbridge import Mailer, errors
from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ConnectFailed,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientRefused,
    SenderRefused,
    ServerError,
    TimedOut,
    Unsupported,
)
from mailbridge.flow.operations import END, Close, Now, Pull
from mailbridge.hooks import Hooks, hookimpl
from mailbridge.receipt import Receipt
from mailbridge.sending.failover import Failover
from mailbridge.sending.guard import Guard
from mailbridge.sending.round_robin import RoundRobin

ERRORS = [getattr(errors, name) for name in errors.__all__]

one_and_many = pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])


def carriers(outcomes: list[Any]) -> str:
    """Return who carried each message, such as "aab", with ! for an error."""
    return "".join(outcome.transport[-1] if isinstance(outcome, Receipt) else "!" for outcome in outcomes)


def failing(label: str, *, times: int, error: MailError) -> FakeTransport:
    return FakeTransport(label, answers=[error] * times)


@one_and_many
@pytest.mark.parametrize("kind", ERRORS, ids=[each.__name__ for each in ERRORS])
def test_the_error_table_says_what_is_passed_on(kind: type[MailError], many: bool) -> None:
    """Column "fail over"; `configurable` is off unless set, `declared` needs a member that can."""
    details: dict[str, Any] = {"feature": "template"} if issubclass(kind, Unsupported) else {}
    first = FakeTransport("a", answers=[kind("x", **details)])
    second = FakeTransport("b", features=["template"])
    outcome = both_ways(Failover(first, second), delivery(), ScriptedDriver(), many=many)
    passes = kind.fail_over in ("yes", "declared")
    assert isinstance(outcome, Receipt) == passes
    assert len(second.submitted) == passes


@pytest.mark.catalogue("F1", "F3")
@one_and_many
def test_a_dead_first_member_costs_one_attempt(many: bool) -> None:
    policy = Failover(failing("a", times=1, error=ConnectFailed("refused")), FakeTransport("b"))
    driver = ScriptedDriver()
    receipt = both_ways(policy, delivery(), driver, many=many)
    assert receipt.transport == "fake://b"
    assert [(each.number, each.transport, each.error) for each in receipt.attempts] == [
        (1, "fake://a", "ConnectFailed"),
        (2, "fake://b", ""),
    ]
    assert driver.slept == []


@pytest.mark.catalogue("F32")
@one_and_many
def test_what_may_have_been_accepted_is_not_sent_elsewhere_unless_wished(many: bool) -> None:
    unknown = OutcomeUnknown("x")
    first, second = failing("a", times=1, error=unknown), FakeTransport("b")
    assert isinstance(both_ways(Failover(first, second), delivery(), ScriptedDriver(), many=many), OutcomeUnknown)
    assert second.submitted == []
    wished = Failover(failing("a", times=1, error=unknown), second, duplicates=True)
    assert both_ways(wished, delivery(), ScriptedDriver(), many=many).transport == "fake://b"


@pytest.mark.parametrize("error", [SenderRefused("x"), ContentRefused("x")])
@one_and_many
def test_refusals_are_passed_on_when_wished(error: MailError, many: bool) -> None:
    policy = Failover(failing("a", times=1, error=error), FakeTransport("b"), refusals=True)
    assert both_ways(policy, delivery(), ScriptedDriver(), many=many).transport == "fake://b"


@one_and_many
def test_an_unsupported_feature_goes_to_the_member_that_declares_it(many: bool) -> None:
    first = failing("a", times=1, error=Unsupported("x", feature="template"))
    second, third = FakeTransport("b"), FakeTransport("c", features=["template"])
    outcome = both_ways(Failover(first, second, third), delivery(), ScriptedDriver(), many=many)
    assert outcome.transport == "fake://c"
    assert second.submitted == []


@one_and_many
def test_a_member_that_would_lose_a_feature_is_not_even_tried(many: bool) -> None:
    first, second = FakeTransport("a"), FakeTransport("b", features=["tags"])
    policy = Failover(first, second)
    outcome = both_ways(policy, delivery(tags=["one"]), ScriptedDriver(), many=many)
    assert (outcome.transport, len(outcome.attempts), first.submitted) == ("fake://b", 1, [])
    assert both_ways(policy, delivery(), ScriptedDriver(), many=many).transport == "fake://a"


@one_and_many
def test_a_message_that_nobody_left_can_express_is_refused_with_what_the_others_said(many: bool) -> None:
    first, second = FakeTransport("a"), failing("b", times=1, error=ConnectFailed("gone"))
    second.features = frozenset({"tags"})
    outcome = both_ways(Failover(first, second), delivery(tags=["one"]), ScriptedDriver(), many=many)
    assert isinstance(outcome, ConnectFailed)
    assert "fake://a failed too: The transport fake://a cannot express tags" in " ".join(outcome.hints)
    assert first.submitted == []


def test_a_message_id_and_a_date_that_the_mailer_made_are_nothing_that_was_asked_for() -> None:
    first, second = FakeTransport("a"), FakeTransport("b", features=["message_id", "date"])
    mailer = Mailer(Failover(first, second))
    assert mailer.send(message()).transport == "fake://a"
    assert mailer.send(message(message_id="<own@example.com>")).transport == "fake://b"
    guarded = Mailer(Guard(Failover(first, second), redirect="dev@example.com"))
    assert guarded.send(message()).transport == "fake://a"


def test_among_members_a_message_with_a_feature_takes_no_turn_of_one_that_lacks_it() -> None:
    members = [FakeTransport("a"), FakeTransport("b", features=["tags"]), FakeTransport("c")]
    sent = [delivery(str(n), tags=["one"] if n % 2 else []) for n in range(12)]
    outcomes = ScriptedDriver().send_many(RoundRobin(*members, turn=1).send_many(), sent)
    assert carriers(outcomes)[1::2] == "b" * 6
    assert set(carriers(outcomes)[::2]) == {"a", "b", "c"}


def test_an_unsupported_feature_that_nobody_declares_is_the_error() -> None:
    first = failing("a", times=1, error=Unsupported("x", feature="template"))
    assert isinstance(send(Failover(first, FakeTransport("b"))), Unsupported)


@one_and_many
def test_a_partial_receipt_is_a_success(many: bool) -> None:
    to = ("ann@example.org", "bob@example.org", "cyd@example.org")
    first = FakeTransport("a", answers=[dict(zip(to, (ACCEPTED, REFUSED, DEFERRED), strict=True))])
    second = FakeTransport("b")
    receipt = both_ways(Failover(first, second), delivery(to=to), ScriptedDriver(), many=many)
    assert list(fates(receipt).values()) == ["accepted", "refused", "deferred"]
    assert second.submitted == []


# --- when all fail


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        pytest.param([ConnectFailed("a"), TimedOut("b")], ConnectFailed, id="the earliest of equals"),
        pytest.param([AuthFailed("a"), ConnectFailed("b")], ConnectFailed, id="one to retry before one to mend"),
        pytest.param(
            [Unsupported("a", feature="amp"), AuthFailed("b")], AuthFailed, id="one to mend before a final one"
        ),
        pytest.param(
            [ServerError("a"), RecipientRefused("b")], RecipientRefused, id="an answer about the message ends it"
        ),
    ],
)
@one_and_many
def test_when_all_fail_the_error_that_leaves_most_hope_is_raised(
    said: list[MailError], raised: type[MailError], many: bool
) -> None:
    members = [FakeTransport(error.text, answers=[error], features=["amp"]) for error in said]
    error = both_ways(Failover(*members), delivery(), ScriptedDriver(), many=many)
    assert type(error) is raised
    assert [each.transport for each in error.attempts] == ["fake://a", "fake://b"]


def test_the_error_raised_says_what_the_others_said() -> None:
    error = send(Failover(*(FakeTransport(name, answers=[ServerError(f"no {name}")]) for name in "abc")))
    assert error.text == "no a"
    assert error.hints == ("fake://b failed too: no b", "fake://c failed too: no c")


def test_an_unknown_outcome_is_never_hidden_by_a_later_failure() -> None:
    members = [FakeTransport("a", answers=[OutcomeUnknown("x")]), FakeTransport("b", answers=[ConnectFailed("x")])]
    assert isinstance(send(Failover(*members, duplicates=True)), OutcomeUnknown)


# --- breakers


@one_and_many
def test_a_member_that_keeps_failing_is_left_alone_and_then_probed(many: bool) -> None:
    """Two failures open it; after 30 s one message probes, in vain; after 30 more it is back."""
    first = failing("a", times=3, error=ConnectFailed("x"))
    policy = Failover(first, FakeTransport("b"), failures=2, cooldown=30.0)
    driver = ScriptedDriver()
    seen = []
    for now in (0, 1, 2, 29, 31, 32, 60, 61.5, 62):
        driver.now = now
        seen.append((both_ways(policy, delivery(), driver, many=many).transport[-1], len(first.submitted)))
    assert seen == [("b", 1), ("b", 2), ("b", 2), ("b", 2), ("b", 3), ("b", 3), ("b", 3), ("a", 4), ("a", 5)]


def test_a_long_send_many_comes_back_to_the_preferred_member() -> None:
    """Ten seconds between messages, 30 of rest: 0 fails, 1 was in a's pipeline already, 4 probes."""
    source = iter(deliveries(10))

    def pull(_: Any) -> Any:
        driver.now += 10.0
        return next(source, END)

    driver = ScriptedDriver({Pull: pull})
    first = failing("a", times=1, error=ConnectFailed("x"))
    outcomes = send_many(Failover(first, FakeTransport("b"), failures=1, cooldown=30.0), [], driver)
    assert carriers(outcomes) == "babbaaaaaa"


@pytest.mark.catalogue("F15")
@one_and_many
def test_a_wrong_password_is_tried_once_and_then_left_alone_for_long(many: bool) -> None:
    first = FakeTransport("a", always=AuthFailed("535", code=535))
    policy = Failover(first, FakeTransport("b"), long_cooldown=600.0)
    driver = ScriptedDriver()
    for now in (0, 100, 599):
        driver.now = now
        assert both_ways(policy, delivery(), driver, many=many).transport == "fake://b"
    assert len(first.submitted) == 1


def test_a_rate_limited_member_rests_as_long_as_it_asked() -> None:
    first = failing("a", times=1, error=RateLimited("x", retry_after=5.0))
    policy = Failover(first, FakeTransport("b"))
    driver = ScriptedDriver()
    seen = []
    for now in (0, 4.9, 5.1):
        driver.now = now
        seen.append(send(policy, delivery(), driver).transport[-1])
    assert seen == ["b", "b", "a"]


@one_and_many
def test_refused_recipients_never_open_a_breaker(many: bool) -> None:
    first, second = FakeTransport("a", answers=[RecipientRefused("x")] * 50), FakeTransport("b")
    policy = Failover(first, second, failures=1)
    outcomes = [both_ways(policy, delivery(), ScriptedDriver(), many=many) for _ in range(51)]
    assert carriers(outcomes) == "!" * 50 + "a"


@one_and_many
def test_an_unknown_outcome_counts_against_the_member(many: bool) -> None:
    first = FakeTransport("a", always=OutcomeUnknown("x"))
    policy = Failover(first, FakeTransport("b"), failures=2)
    outcomes = [both_ways(policy, delivery(), ScriptedDriver(), many=many) for _ in range(3)]
    assert carriers(outcomes) == "!!b"


@one_and_many
def test_when_all_are_left_alone_the_one_whose_rest_ends_first_is_tried(many: bool) -> None:
    first = FakeTransport("a", answers=[AuthFailed("x")])
    second = FakeTransport("b", answers=[ConnectFailed("x")])
    policy = Failover(first, second, failures=1)
    driver = ScriptedDriver()
    assert isinstance(both_ways(policy, delivery(), driver, many=many), ConnectFailed)
    driver.now = 1.0
    assert both_ways(policy, delivery(), driver, many=many).transport == "fake://b"
    assert len(first.submitted) == 1


def test_when_all_are_left_alone_a_feature_still_chooses() -> None:
    """The one that rests is asked all the same when only it can express the message."""
    first = FakeTransport("a", answers=[ConnectFailed("x")], features=["template"])
    second = FakeTransport("b", answers=["ok", Unsupported("x", feature="template")])
    policy = Failover(first, second, failures=1)
    assert carriers([send(policy), send(policy)]) == "ba"


def test_an_error_found_before_any_io_leaves_the_breaker_alone() -> None:
    first = FakeTransport("a", answers=[ConnectFailed("x"), MessageInvalid("x"), ConnectFailed("x"), "ok"])
    policy = Failover(first, FakeTransport("b"), failures=2)
    assert carriers([send(policy) for _ in range(4)]) == "b!bb"


def test_an_abandoned_probe_lets_the_next_message_probe() -> None:
    first = Holding()
    policy = Failover(first, FakeTransport("b"))
    breaker = policy._team[0].breaker
    visit = breaker.enter(0.0)
    assert visit is not None
    visit.failed(AuthFailed("x"), 0.0)
    steps = ScriptedDriver(now=1000.0).steps(policy.send(delivery()))
    while type(next(steps)) is not Close:
        pass
    assert not breaker.due(1000.0)
    steps.close()
    assert breaker.due(1000.0)


# --- send_many


def test_a_healthy_batch_stays_in_one_pipeline_and_reads_no_clock() -> None:
    first = FakeTransport("a", ahead=2)
    driver = ScriptedDriver()
    plain = ScriptedDriver()
    assert carriers(send_many(Failover(first, FakeTransport("b")), deliveries(20), driver)) == "a" * 20
    assert first.log.count("open") == 1
    send_many(FakeTransport("a", ahead=2), deliveries(20), plain)
    assert driver.count(Now) == plain.count(Now)


def test_a_batch_moves_over_in_order_when_its_member_fails() -> None:
    first = FakeTransport("a", answers=["ok"] * 3, always=ServerError("x"), ahead=2)
    second = FakeTransport("b", ahead=2)
    outcomes = send_many(Failover(first, second, failures=2), deliveries(12))
    assert carriers(outcomes) == "aaa" + "b" * 9
    assert [message.subject for message in second.messages] == [str(n) for n in range(3, 12)]
    assert second.log.count("open") == 1


# --- the hook that may forbid it


class Veto:
    """Forbids the targets named, and notes what it was asked."""

    def __init__(self, *targets: str) -> None:
        self.targets = targets
        self.asked: list[tuple[str, str, str]] = []

    @hookimpl
    def mailbridge_fallback(self, source: str, target: str, error: MailError) -> bool | None:
        self.asked.append((source[-1], target[-1], type(error).__name__))
        return False if target in self.targets else None


def hooked(veto: Veto) -> Hooks:
    hooks = Hooks()
    hooks.register(veto)
    return hooks


@one_and_many
def test_a_plugin_may_forbid_a_target_and_the_next_one_is_asked_for(many: bool) -> None:
    veto = Veto("fake://b")
    members = [failing("a", times=1, error=ServerError("x")), FakeTransport("b"), FakeTransport("c")]
    outcome = both_ways(Failover(*members), delivery(hooks=hooked(veto)), ScriptedDriver(), many=many)
    assert outcome.transport == "fake://c"
    assert veto.asked == [("a", "b", "ServerError"), ("a", "c", "ServerError")]


@one_and_many
def test_when_every_target_is_forbidden_the_first_error_is_raised(many: bool) -> None:
    members = [failing("a", times=1, error=ServerError("x")), FakeTransport("b")]
    one = delivery(hooks=hooked(Veto("fake://b")))
    outcome = both_ways(Failover(*members), one, ScriptedDriver(), many=many)
    assert isinstance(outcome, ServerError)
    assert members[1].submitted == []


@one_and_many
def test_a_veto_holds_while_the_preferred_member_is_left_alone(many: bool) -> None:
    """Else the message would go where it must not, just because another one failed before."""
    veto = Veto("fake://b")
    first, second = FakeTransport("a", answers=[ConnectFailed("x")]), FakeTransport("b")
    policy = Failover(first, second, failures=1)
    assert send(policy, delivery()).transport == "fake://b"
    outcome = both_ways(policy, delivery(hooks=hooked(veto)), ScriptedDriver(), many=many)
    assert outcome.transport == "fake://a"
    assert veto.asked[0] == ("a", "b", "ConnectFailed")
    assert len(second.submitted) == 1


# --- the rest


def test_features_are_those_of_all_members_but_a_key_holds_at_one_provider_only() -> None:
    policy = Failover(
        FakeTransport(features=["html", "idempotency_key"]), FakeTransport(features=["template", "idempotency_key"])
    )
    assert policy.features == {"html", "template"}


def test_there_are_no_more_lanes_than_every_member_has() -> None:
    first, second = FakeTransport("a"), FakeTransport("b")
    first.lanes, second.lanes = 5, 2
    assert Failover(first, second).lanes == 2


def test_threads_share_breakers_without_losing_messages() -> None:
    def flaky(one: Any) -> Any:
        return copy(ServerError("x")) if int(one.message.subject) % 3 == 0 else "ok"

    policy = Failover(FakeTransport("a", always=flaky), FakeTransport("b"), failures=1, cooldown=0.0)
    outcomes: list[Any] = []

    def work() -> None:
        outcomes.extend(send_many(policy, deliveries(60)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 480
    assert "!" not in carriers(outcomes)


def test_a_failover_holds_transports() -> None:
    with pytest.raises(ConfigError, match=r"^failover\(\) holds no transport"):
        Failover()
