"""RoundRobin: the members share the work as their weights say."""

from __future__ import annotations

import threading
from collections import Counter
from math import gcd
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.members import FakeTransport, deliveries, delivery, send, send_many

from mailbridge.errors import ConfigError, ConnectFailed, RecipientRefused
from mailbridge.sending.round_robin import RoundRobin, rotation


def members(labels: str, **options: Any) -> list[FakeTransport]:
    return [FakeTransport(label, **options) for label in labels]


def carriers(outcomes: list[Any]) -> str:
    return "".join(outcome.transport[-1] for outcome in outcomes)


def test_each_message_goes_to_the_next_member() -> None:
    policy = RoundRobin(*members("abc"))
    assert carriers([send(policy) for _ in range(7)]) == "abcabca"


def test_weights_say_how_many_turns_each_gets() -> None:
    policy = RoundRobin(*members("ab"), weights=(6, 2))
    assert carriers([send(policy) for _ in range(8)]) == "aabaaaba"


def test_a_batch_goes_in_turns_long_enough_for_a_pipeline() -> None:
    team = members("ab", ahead=5)
    outcomes = send_many(RoundRobin(*team, turn=3), deliveries(8))
    assert carriers(outcomes) == "aaabbbaa"
    assert [each.log.count("open") for each in team] == [2, 1]


def test_a_failing_member_is_stood_in_for_and_then_left_out() -> None:
    team = [FakeTransport("a", always=ConnectFailed("x")), *members("bc")]
    policy = RoundRobin(*team, failures=1)
    assert carriers([send(policy) for _ in range(6)]) == "bbcbbc"
    assert len(team[0].submitted) == 1


def test_in_a_batch_a_failing_member_is_stood_in_for() -> None:
    team = [FakeTransport("a", always=ConnectFailed("x"), ahead=2), *members("bc", ahead=2)]
    outcomes = send_many(RoundRobin(*team, failures=1, turn=2), deliveries(9))
    assert set(carriers(outcomes)) == {"b", "c"}
    assert len(outcomes) == 9


def test_an_answer_about_the_message_is_final() -> None:
    team = [FakeTransport("a", answers=[RecipientRefused("x")]), FakeTransport("b")]
    assert isinstance(send(RoundRobin(*team)), RecipientRefused)
    assert team[1].submitted == []


def test_threads_take_turns_without_skipping() -> None:
    team = members("ab")
    policy = RoundRobin(*team, weights=(3, 1))

    def work() -> None:
        for _ in range(100):
            send(policy, delivery())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(each.submitted) for each in team] == [600, 200]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_a_rotation_gives_each_its_share_and_spreads_it(weights: list[int]) -> None:
    turns = rotation(weights)
    shares = {index: weight // gcd(*weights) for index, weight in enumerate(weights)}
    assert Counter(turns) == shares
    seen: Counter[int] = Counter()
    for taken, index in enumerate(turns, start=1):
        seen[index] += 1
        due = {each: taken * share / len(turns) for each, share in shares.items()}
        assert all(abs(seen[each] - due[each]) <= len(weights) for each in shares)


@pytest.mark.parametrize("weights", [(1,), (1, 2, 3), (0, 1), (-1, 1), (1, 1001), ()])
def test_weights_that_do_not_fit_are_refused(weights: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="weights must be 2 whole numbers from 1 to 1000"):
        RoundRobin(*members("ab"), weights=weights)
