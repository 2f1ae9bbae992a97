"""Credentials looked up by one flow for all, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from mailbridge.errors import ConfigError, ConnectFailed, MailError
from mailbridge.extend import Block, Sleep, Wall
from mailbridge.transports.ses.lookup import KEPT, Lookup
from mailbridge.transports.ses.signature import Credentials

OLD, NEW = Credentials("ASIA1", "secret", "old"), Credentials("ASIA1", "secret", "new")


class Chain:
    """What is asked; the answers are sent by the test."""

    def credentials(self) -> Credentials:
        raise AssertionError("a flow asks by an operation")

    renewed = credentials


def lookup() -> Lookup:
    return Lookup(Chain())  # type: ignore[arg-type]


def returned(flow: Any, answer: Any = None) -> Any:
    """Answer a flow's operation, and return what it ends with."""
    with pytest.raises(StopIteration) as ended:
        flow.send(answer)
    return ended.value.value


def told(found: Lookup, credentials: Credentials, now: float) -> None:
    """Let one flow ask and be told."""
    flow = found.current(now)
    assert isinstance(next(flow), Block)
    assert isinstance(flow.send(credentials), Wall)
    assert returned(flow, now) == credentials


def test_one_asks_and_the_others_wait() -> None:
    found = lookup()
    first, second = found.current(0.0), found.current(0.0)
    assert isinstance(next(first), Block)
    assert isinstance(next(second), Sleep)
    assert isinstance(second.send(None), Sleep)
    first.send(OLD)
    assert returned(first, 0.0) == OLD
    assert returned(second) == OLD


@pytest.mark.parametrize("error", [ConfigError("none"), ConnectFailed("not now")])
def test_who_waited_shares_the_failure(error: MailError) -> None:
    found = lookup()
    first, second = found.current(0.0), found.current(0.0)
    next(first)
    next(second)
    assert isinstance(first.throw(error), Wall)
    with pytest.raises(type(error)):
        first.send(0.0)
    with pytest.raises(type(error)):
        second.send(None)


@pytest.mark.parametrize(("error", "asks"), [(ConfigError("none"), False), (ConnectFailed("not now"), True)])
def test_only_what_is_wrong_for_good_stands_for_a_while(error: MailError, asks: bool) -> None:
    found = lookup()
    first = found.current(0.0)
    next(first)
    first.throw(error)
    with pytest.raises(type(error)):
        first.send(0.0)
    soon, later = found.current(5.0), found.current(20.0)
    if asks:
        assert isinstance(next(soon), Block)
        soon.close()
    else:
        with pytest.raises(ConfigError):
            next(soon)
    assert isinstance(next(later), Block)


def test_who_was_abandoned_leaves_the_turn_to_another() -> None:
    found = lookup()
    first, second = found.current(0.0), found.current(0.0)
    next(first)
    next(second)
    first.close()
    assert isinstance(second.send(None), Block)


def test_for_a_minute_nobody_asks_again() -> None:
    found = lookup()
    told(found, OLD, 1000.0)
    assert returned(found.current(1000.0 + KEPT - 1)) == OLD


@pytest.mark.parametrize("now", [1000.0 + KEPT, 999.0], ids=["a minute later", "a clock that was set back"])
def test_then_one_asks_and_the_others_go_on_with_what_they_have(now: float) -> None:
    found = lookup()
    told(found, OLD, 1000.0)
    first = found.current(now)
    assert isinstance(next(first), Block)
    assert returned(found.current(now)) == OLD
    first.send(NEW)
    assert returned(first, now) == NEW
    assert returned(found.current(now)) == NEW


def test_a_refused_token_is_looked_up_anew_by_one() -> None:
    found = lookup()
    told(found, OLD, 0.0)
    first, second = found.renewed("old"), found.renewed("old")
    assert isinstance(next(first), Block)
    assert isinstance(next(second), Sleep)
    first.send(NEW)
    assert returned(first, 1.0) is True
    assert returned(second) is True
    assert returned(found.renewed("old")) is True, "somebody has it already"


def test_the_same_token_again_is_no_other() -> None:
    found = lookup()
    told(found, OLD, 0.0)
    flow = found.renewed("old")
    next(flow)
    flow.send(OLD)
    assert returned(flow, 1.0) is False
