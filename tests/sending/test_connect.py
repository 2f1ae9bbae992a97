"""Connecting ahead of the first message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.colour import Colour
from support.members import message
from support.peer import Peer

from mailbridge import ConnectFailed, Mailer


def test_the_next_message_takes_the_connection(colour: Colour, peer: Callable[..., Peer]) -> None:
    server = peer()
    with colour.using(Mailer(f"smtp://{server.address}?tls=off")) as mailer:
        colour.connect(mailer)
        assert server.connections == 1
        colour.send(mailer, message())
    assert (server.connections, len(server.messages)) == (1, 1)


def test_an_open_connection_is_enough(colour: Colour, peer: Callable[..., Peer]) -> None:
    server = peer()
    with colour.using(Mailer(f"smtp://{server.address}?tls=off")) as mailer:
        colour.send(mailer, message())
        colour.connect(mailer)
        colour.connect(mailer)
    assert server.connections == 1


def test_what_keeps_it_from_opening_is_raised(colour: Colour, closed_port: Any) -> None:
    with colour.using(Mailer(f"smtp://{closed_port}?tls=off")) as mailer, pytest.raises(ConnectFailed):
        colour.connect(mailer)


@pytest.mark.parametrize(
    "target", ["resend://re_0123456789abcdef@default", "null://", "failover(smtp://127.0.0.1:1, null://)"]
)
def test_nothing_is_opened_where_there_is_nothing_to_open(colour: Colour, target: str) -> None:
    with colour.using(Mailer(target)) as mailer:
        colour.connect(mailer)


def test_it_connects_where_the_call_says(colour: Colour, peer: Callable[..., Peer]) -> None:
    bulk, tenant = peer(), peer()
    mailer = Mailer("null://", mailers={"bulk": f"smtp://{bulk.address}?tls=off"})
    with colour.using(mailer):
        colour.connect(mailer, via="bulk")
        colour.connect(mailer, dsn=f"smtp://{tenant.address}?tls=off")
    assert (bulk.connections, tenant.connections) == (1, 1)


def test_a_mailer_whose_mails_are_diverted_connects_to_nobody(colour: Colour, closed_port: Any) -> None:
    class Elsewhere:
        def instead(self, transport: Any, message: Any, mailer: str) -> Any:
            raise AssertionError("nothing is sent")

    with colour.using(Mailer(f"smtp://{closed_port}?tls=off", diversion=Elsewhere())) as mailer:
        colour.connect(mailer)
