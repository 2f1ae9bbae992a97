"""What takes an API's place in a test refuses the same messages as the API's transport does before its first call."""

from __future__ import annotations

from typing import Any

import pytest
from support.contracts import PROVIDERS

from mailbridge import MailError, Plugins, Transport, Unsupported
from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.flow.http import Http
from mailbridge.plugins.built_in import record_of
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.unsupported import Unsupporting
from mailbridge.testing import corpus
from mailbridge.testing.contract.rehearsal import stamped


class Called(Exception):
    """The transport has made its first call."""


def deliveries(transport: Transport) -> dict[str, Delivery]:
    """Return what of the corpus has no feature that the transport lacks."""
    found = {}
    for name, message in corpus().items():
        try:
            found[name] = Delivery(stamped(name.replace(" ", "-"), Unsupporting().fitted(message, transport)))
        except Unsupported:
            continue
    return found


def sent(transport: Transport, delivery: Delivery) -> str:
    """Send until the first call; return the refusal, or nothing."""
    driver = ScriptedDriver({Http: lambda op: Called()})
    try:
        driver.run(transport.send(delivery))
    except MailError as error:
        # There is no login here to get a token with, and tokens are for calls.
        return "" if driver.count(Http) or error.phase == "auth" else repr(error)
    raise AssertionError("nothing was sent, and nothing raised")


def rehearsed(transport: Transport, delivery: Delivery) -> str:
    """Rehearse with a driver that knows no operation of a network; return the refusal, or nothing."""
    driver = ScriptedDriver()
    try:
        driver.run(transport.rehearse(delivery))
    except MailError as error:
        return repr(error)
    assert driver.performed == []
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_rehearsal_refuses_what_sending_would_refuse(name: str) -> None:
    transport: Any = Plugins(entry_points=False).build(record_of(name).example)
    told = {key: rehearsed(transport, each) for key, each in deliveries(transport).items()}
    assert told == {key: sent(transport, each) for key, each in deliveries(transport).items()}
    assert any(told.values()), "the corpus has messages that are refused"
    assert not all(told.values())
