"""Servers that misbehave at random: whatever they do, the outcomes agree with what they did."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.colour import Async, Colour, Sync
from support.oracle import agree
from support.peer import Action, Behaviour, Peer, drop, raw, read, reply, reset, stall
from support.trial import numbered

from mailbridge.mailer import Mailer

LIMIT = "timeout=0.15&final_timeout=0.15&greeting_timeout=0.15&connect_timeout=0.5"

WORDS = {
    "MAIL": ["250 2.1.0 ok", "451 4.3.0 later", "550 5.7.1 no", "452 4.3.1 full"],
    "RCPT": ["250 2.1.5 ok", "251 2.1.5 forwarded", "550 5.1.1 no", "450 4.2.0 later", "452 4.5.3 too many",
             "421 4.2.0 x"],
    "DATA": ["354 go on", "451 4.3.0 later", "554 5.5.1 no"],
    ".": ["250 2.0.0 taken", "250 2.0.0 taken", "451 4.3.0 later", "554 5.7.1 spam", "552 5.3.4 big"],
    "RSET": ["250 2.0.0 ok", "250 2.0.0 ok", "500 5.5.1 what?"],
}  # fmt: skip
ENDS: list[Action] = [
    reply("421 4.3.2 bye") + drop(), drop(), reset(), reply("abc"), raw(b"250 o\0k\r\n"), raw(b"250-half") + drop(),
]  # fmt: skip


def moves(step: str) -> st.SearchStrategy[Action | None]:
    """Give what may happen at one occurrence of a step: mostly the right thing, sometimes the end."""
    usual = st.sampled_from([None, None, None, *map(reply, WORDS[step])])
    return st.one_of(usual, usual, usual, usual, st.sampled_from(ENDS))


def within(action: Action | None) -> Behaviour:
    """Act within a transaction only: no server takes recipients for a sender that it has refused."""
    return lambda step: action if step.session.sender is not None else None


def scripts() -> st.SearchStrategy[dict[str, Any]]:
    steps = {step: st.lists(moves(step), max_size=25) for step in WORDS}
    steps |= {step: st.lists(moves(step).map(within), max_size=25) for step in ("RCPT", "DATA")}
    return st.fixed_dictionaries(steps | {"BODY": st.lists(st.sampled_from([None] * 9 + [drop(), read(5) + reset()]))})


def hold(colour: Colour, script: dict[str, Any], without: str, connections: int, count: int, lmtp: bool) -> None:
    with Peer(script, without=without, lmtp=lmtp, strict=False) as peer:
        scheme = "lmtp" if lmtp else "smtp"
        mailer = Mailer(f"{scheme}://{peer.address}?{LIMIT}&connections={connections}")
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, numbered(count, both=True))
    if lmtp:
        assert len(outcomes) == count
    else:
        agree(peer, outcomes, count)
    assert not [what for what in peer.violations if "MAIL within" not in what], peer.violations


@pytest.mark.parametrize("kind", [Sync, Async], ids=["sync", "async"])
@pytest.mark.catalogue("F20", "F24", "F26", "F29", "F34", "F39", "F41", "F42")
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    script=scripts(),
    without=st.sampled_from(["", "CHUNKING", "CHUNKING PIPELINING"]),
    connections=st.integers(1, 3),
    count=st.integers(1, 25),
)
def test_outcomes_agree_with_what_the_server_did(
    kind: type[Sync | Async], script: dict[str, Any], without: str, connections: int, count: int
) -> None:
    colour = kind()
    try:
        hold(colour, script, without, connections, count, lmtp=False)
    finally:
        colour.end()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Sync, Async], ids=["sync", "async"])
@pytest.mark.parametrize("without", ["", "CHUNKING", "CHUNKING PIPELINING"], ids=["bdat", "data", "plain"])
@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
@pytest.mark.catalogue("F20", "F24", "F26", "F29", "F34", "F39", "F41", "F42")
@pytest.mark.timeout(600)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=scripts(), stalls=st.booleans(), connections=st.integers(1, 4), count=st.integers(1, 60))
def test_outcomes_agree_with_what_the_server_did_at_length(
    kind: type[Sync | Async],
    without: str,
    lmtp: bool,
    script: dict[str, Any],
    stalls: bool,
    connections: int,
    count: int,
) -> None:
    if stalls:
        script = script | {"MAIL": [*script["MAIL"], stall()]}
    colour = kind()
    try:
        hold(colour, script, without, connections, count, lmtp)
    finally:
        colour.end()
