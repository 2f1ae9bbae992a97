"""What all policies have in common: how they print, verify, nest."""

from __future__ import annotations

from typing import Any

import pytest
from support.members import FakeTransport, deliveries, delivery, send, send_many

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import AuthFailed, ConnectFailed, MailError, ServerError
from mailbridge.receipt import Receipt
from mailbridge.sending.failover import Failover
from mailbridge.sending.policy import Policy
from mailbridge.sending.rate_limit import RateLimit
from mailbridge.sending.retry import Retry
from mailbridge.sending.round_robin import RoundRobin
from mailbridge.sending.transport import Transport

WRAPPERS: dict[str, Any] = {
    "retry": Retry,
    "failover": Failover,
    "roundrobin": RoundRobin,
    "ratelimit": lambda inner: RateLimit(inner, rate="1000/s", burst=1000),
}


def nested(answers: tuple[Any, ...] = ()) -> tuple[Transport, FakeTransport]:
    inner = FakeTransport("a", answers=answers, ahead=2, features=["html"])
    policy: Transport = inner
    for wrap in WRAPPERS.values():
        policy = wrap(policy)
    return policy, inner


def test_a_policy_prints_as_it_is_written() -> None:
    policy = Failover(Retry(FakeTransport("a")), RateLimit(FakeTransport("b"), rate="1/s"))
    assert str(policy) == "failover(retry(fake://a), ratelimit(fake://b))"


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_policy_has_the_features_and_lanes_of_what_it_wraps(name: str) -> None:
    inner = FakeTransport(features=["html", "template"])
    inner.lanes = 5
    policy = WRAPPERS[name](inner)
    assert policy.features == {"html", "template"}
    assert policy.lanes == 5


def test_policies_nest_and_keep_the_pipeline() -> None:
    policy, inner = nested()
    assert all(isinstance(outcome, Receipt) for outcome in send_many(policy, deliveries(10)))
    assert inner.log.count("open") == 1
    assert inner.log[:5] == ["open", "pull 0", "pull 1", "pull 2", "emit 0"]


def test_nested_policies_keep_the_order_through_failures() -> None:
    policy, inner = nested(answers=("ok", ServerError("x"), "ok", ServerError("x"), ServerError("x")))
    outcomes = send_many(policy, deliveries(8))
    assert [type(outcome) for outcome in outcomes] == [Receipt] * 8
    assert sorted(int(each.subject) for each in inner.messages[-4:]) == [4, 5, 6, 7]


def test_nested_policies_deliver_single_messages() -> None:
    policy, _ = nested(answers=(ServerError("x"),))
    receipt = send(policy)
    assert [each.error for each in receipt.attempts] == ["ServerError", ""]


def test_verifying_asks_every_member() -> None:
    verification = ScriptedDriver().run(Failover(FakeTransport("a"), Retry(FakeTransport("b"))).verify())
    assert verification.transport == "failover(fake://a, retry(fake://b))"
    assert verification.text == "fake://a answers. fake://b answers."
    assert verification.details == {
        "fake://a": {"greeting": "hello"},
        "retry(fake://b)": {"fake://b": {"greeting": "hello"}},
    }


def test_verifying_raises_the_first_error_and_tells_the_others() -> None:
    members = [
        FakeTransport("a"),
        *(FakeTransport(n, answers=[e]) for n, e in (("b", AuthFailed("no login")), ("c", ConnectFailed("no route")))),
    ]
    with pytest.raises(AuthFailed) as caught:
        ScriptedDriver().run(Failover(*members).verify())
    assert caught.value.transport == "fake://b"
    assert caught.value.hints == ("fake://c failed too: no route",)


def test_an_error_survives_every_policy_with_its_attempts() -> None:
    policy, _ = nested(answers=(AuthFailed("535"),))
    error = send(policy, delivery())
    assert isinstance(error, MailError)
    assert [each.error for each in error.attempts] == ["AuthFailed"]


def test_a_policy_is_made_of_transports() -> None:
    assert issubclass(Policy, Transport)
    assert all(isinstance(wrap(FakeTransport()), Policy) for wrap in WRAPPERS.values())
