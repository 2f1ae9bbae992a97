"""The policies as plugins: written in a DSN or a table, with settings that are checked."""

from __future__ import annotations

from typing import Any

import pytest

from mailbridge.errors import ConfigError
from mailbridge.extend import Failover, Guard, Policy, RateLimit, Retry, RoundRobin, Transport
from mailbridge.plugins import Plugins

KINDS: dict[str, type[Policy]] = {
    "retry": Retry,
    "failover": Failover,
    "roundrobin": RoundRobin,
    "ratelimit": RateLimit,
    "guard": Guard,
}


def build(target: Any) -> Any:
    return Plugins(entry_points=False).build(target)


@pytest.mark.parametrize("name", KINDS)
def test_the_example_of_each_record_is_a_dsn_that_works(name: str) -> None:
    record = Plugins(entry_points=False).plugin_for(name)
    policy = build(record.example)
    assert type(policy) is KINDS[name]
    assert record.policy
    assert policy.name == record.name == name


@pytest.mark.parametrize("name", KINDS)
def test_every_setting_is_an_argument_with_the_same_default(name: str) -> None:
    """Else a policy made in Python would behave in another way than the same one made of a DSN."""
    from inspect import signature

    fields = Plugins(entry_points=False).plugin_for(name).load_settings().model_fields
    arguments = {**signature(Failover).parameters, **signature(KINDS[name]).parameters}
    for field, info in fields.items():
        expected = Ellipsis if info.is_required() else info.default
        given = arguments[field].default
        assert (Ellipsis if given is arguments[field].empty else given) == expected, field


def test_options_reach_the_policy() -> None:
    retry = build("retry(null://, attempts=5, within=2m, wait=250ms)")
    assert (retry.within, retry._wait.first) == (120.0, 0.25)
    breaker = build("failover(null://, null://, failures=1, cooldown=1m, long_cooldown=1h)")._team[1].breaker
    assert (breaker.failures, breaker.cooldown, breaker.long_cooldown) == (1, 60.0, 3600.0)
    assert build("roundrobin(null://, memory://, weights=3 1)")._rotation == (0, 0, 1, 0)
    limit = build("ratelimit(null://, rate=600/m, burst=7, max_wait=5s)")
    assert (limit.rate, limit.max_wait) == (10.0, 5.0)
    guard = build("guard(null://, redirect=dev@example.com qa@example.com, block=@example.org)")
    assert [each.addr_spec for each in guard.rules.redirect] == ["dev@example.com", "qa@example.com"]


def test_policies_are_written_as_a_table_too() -> None:
    policy = build(
        {
            "transport": "failover",
            "cooldown": 5,
            "transports": ["null://", {"transport": "retry", "transports": ["memory://"]}],
        }
    )
    assert str(policy) == "failover(null://, retry(memory://))"


def test_a_nested_policy_prints_without_secrets() -> None:
    policy: Transport = build(
        "failover(retry(smtp://ann:s3cret@a.example:2525), ratelimit(smtp://bob:t0psecret@b.example, rate=1/s))"
    )
    shown = str(policy) + repr(policy)
    assert "s3cret" not in shown
    assert "t0psecret" not in shown
    assert str(policy) == "failover(retry(smtp://a.example:2525), ratelimit(smtp://b.example:587))"


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("retry(null://, attempts=0)", "attempts must be at least 1"),
        ("retry(null://, atempts=2)", "atempts is unknown; did you mean attempts"),
        ("retry(null://, within=soon)", "within must be"),
        ("retry(null://, null://)", "retry cannot be made of 2 transports"),
        ("ratelimit(null://)", "rate is missing"),
        ("ratelimit(null://, rate=10)", "rate '10' is not a number of messages in a time"),
        ("ratelimit(null://, rate=1/s, burst=0)", "burst must be at least 1"),
        ("roundrobin(null://, weights=1 2)", "weights must be 1 whole numbers"),
        ("roundrobin(null://, weights=many)", "weights must be a whole number"),
        ("failover(null://, refusals=perhaps)", "refusals must be"),
        ("guard(null://)", "nothing is guarded"),
        ("guard(null://, redirect=)", "redirect is empty"),
        ("guard(null://, redirect=nobody)", "'nobody' is not an address"),
    ],
)
def test_bad_settings_are_named(dsn: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build(dsn)
