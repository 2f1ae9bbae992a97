"""Signals where Django alone cannot send them: the blocking functions in the thread of an event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.mail import EmailMessage
from django.db import connections
from django.dispatch import Signal
from support.peer import Peer, reply

from mailbridge import ConnectFailed, RecipientRefused
from mailbridge_django import EmailBackend
from mailbridge_django.signals import message_failed, message_sending, message_sent

REQUEST: ContextVar[str] = ContextVar("REQUEST", default="none")


def a_message(number: int = 0) -> EmailMessage:
    return EmailMessage(f"Hi {number}", "Hello", "app@example.com", ["ann@example.org"])


def send_in_loop(*messages: EmailMessage, **options: Any) -> int:
    """Send in the thread of an event loop, as an asynchronous view does that calls `send_mail`."""

    async def view() -> int:
        REQUEST.set("r-1")
        return EmailBackend(**options).send_messages(messages)

    return asyncio.run(view())


@pytest.fixture
def connect() -> Iterator[Callable[[Signal, Any], None]]:
    connected: list[tuple[Signal, Any]] = []

    def to(signal: Signal, receiver: Any) -> None:
        signal.connect(receiver)
        connected.append((signal, receiver))

    yield to
    for signal, receiver in connected:
        signal.disconnect(receiver)


Connect = Callable[[Signal, Any], None]


@pytest.mark.parametrize("count", [1, 3], ids=["one", "many"])
def test_asynchronous_receivers_hear_of_a_blocking_send_in_a_loop(connect: Connect, count: int) -> None:
    heard: list[str] = []

    async def sending(message: EmailMessage, **_: Any) -> None:
        message.subject += "!"

    async def sent(message: EmailMessage, receipt: Any, **_: Any) -> None:
        await asyncio.sleep(0)
        heard.append(f"{message.subject} {receipt.accepted[0]} {REQUEST.get()}")

    connect(message_sending, sending)
    connect(message_sent, sent)
    assert send_in_loop(*map(a_message, range(count)), dsn="memory://") == count
    assert heard == [f"Hi {number}! ann@example.org r-1" for number in range(count)]


def test_receivers_of_both_kinds_hear_of_a_blocking_send_in_a_loop(connect: Connect) -> None:
    heard = []

    async def awaiting(**_: Any) -> None:
        heard.append("async")

    def blocking(**_: Any) -> None:
        heard.append(REQUEST.get())

    connect(message_sent, awaiting)
    connect(message_sent, blocking)
    assert send_in_loop(a_message(), dsn="memory://") == 1
    assert heard == ["r-1", "async"]


def test_what_an_asynchronous_receiver_raises_is_logged_and_changes_nothing(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(**_: Any) -> None:
        raise LookupError("no such order")

    connect(message_sent, broken)
    with caplog.at_level(logging.ERROR, "django.dispatch"):
        assert send_in_loop(a_message(), dsn="memory://") == 1
    assert "no such order" in caplog.text


class Broken(logging.Handler):
    """A log handler that raises, as AdminEmailHandler of Django 6.1 does when its mail fails."""

    def emit(self, record: logging.LogRecord) -> None:
        raise ConnectFailed("No mail to the admins.")


@pytest.mark.parametrize("how", ["blocking", "in a loop", "awaiting"])
def test_a_log_handler_that_raises_about_a_receiver_changes_nothing_either(
    connect: Connect, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    def broken(**_: Any) -> None:
        raise LookupError("no such order")

    connect(message_sent, broken)
    logger, handler = logging.getLogger("django.dispatch"), Broken()
    logger.addHandler(handler)
    try:
        backend = EmailBackend(dsn="memory://")
        if how == "blocking":
            assert backend.send_messages([a_message()]) == 1
        elif how == "in a loop":
            assert send_in_loop(a_message(), dsn="memory://") == 1
        else:
            assert asyncio.run(backend.asend_messages([a_message()])) == 1
    finally:
        logger.removeHandler(handler)
    assert "No mail to the admins." in capsys.readouterr().err


def test_a_failure_in_a_loop_is_the_servers_and_is_told(connect: Connect, peer: Callable[..., Peer]) -> None:
    server = peer({"RCPT": reply("550 5.1.1 no such user")})
    heard = []

    async def failed(error: Exception, **_: Any) -> None:
        heard.append(error)

    connect(message_failed, failed)
    with pytest.raises(RecipientRefused) as raised:
        send_in_loop(a_message(), dsn=f"smtp://{server.address}?tls=off")
    assert heard == [raised.value]


def test_without_an_event_loop_receivers_run_in_the_callers_thread(connect: Connect) -> None:
    heard = []

    def blocking(**_: Any) -> None:
        heard.append(threading.current_thread())

    connect(message_sent, blocking)
    assert EmailBackend(dsn="memory://").send_messages([a_message()]) == 1
    assert heard == [threading.current_thread()]


def test_a_loop_leaves_no_thread_of_ours_behind(connect: Connect) -> None:
    heard = []

    def blocking(**_: Any) -> None:
        heard.append(threading.current_thread())

    connect(message_sent, blocking)
    send_in_loop(a_message(), dsn="memory://")
    (thread,) = heard
    assert thread.name.startswith("mailbridge-signal")
    assert not thread.is_alive()


@pytest.mark.parametrize("kind", ["blocking", "awaiting"])
def test_connections_that_a_receiver_opened_in_a_loop_are_closed(connect: Connect, kind: str) -> None:
    closed = []

    class Connection:
        def close(self) -> None:
            closed.append(threading.current_thread().name)

    def blocking(**_: Any) -> None:
        connections["default"] = Connection()

    async def awaiting(**_: Any) -> None:
        await sync_to_async(blocking)()

    connect(message_sent, blocking if kind == "blocking" else awaiting)
    assert send_in_loop(a_message(), dsn="memory://") == 1
    (name,) = closed
    assert name.startswith("mailbridge-signal")
    assert not isinstance(connections["default"], Connection)
