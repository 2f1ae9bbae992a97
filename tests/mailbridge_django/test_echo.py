"""Log handlers that mail what is logged do not mail that mailing failed: it would go on for ever."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from logging.handlers import QueueHandler, QueueListener
from queue import Queue
from typing import Any

import django
import pytest
from django.core import mail
from django.test import override_settings
from django.utils.log import AdminEmailHandler
from support.django_project import Configure
from support.peer import Peer

from mailbridge import ConnectFailed

Attach = Callable[[logging.Handler], None]


@pytest.fixture
def admins() -> Iterator[None]:
    people = ["root@example.org"] if django.VERSION >= (6, 0) else [("Root", "root@example.org")]
    with override_settings(ADMINS=people):
        yield


@pytest.fixture
def attach() -> Iterator[Attach]:
    """Attach a handler to the root logger, for errors."""
    attached = []

    def to_root(handler: logging.Handler) -> None:
        handler.setLevel(logging.ERROR)
        logging.getLogger().addHandler(handler)
        attached.append(handler)

    yield to_root
    for handler in attached:
        logging.getLogger().removeHandler(handler)


def send() -> int:
    return mail.send_mail("Hi", "Hello", "app@example.com", ["ann@example.org"])


@pytest.mark.usefixtures("admins")
def test_a_mail_that_fails_is_not_mailed_to_admins_by_the_root_logger(
    configure: Configure, closed_port: Any, attach: Attach
) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off")
    attach(AdminEmailHandler())
    with pytest.raises(ConnectFailed):
        send()


@pytest.mark.usefixtures("admins")
def test_nor_by_a_handler_that_waits_behind_a_queue(configure: Configure, closed_port: Any, attach: Attach) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off")
    records: Queue[Any] = Queue()
    heard: list[str] = []

    class Admins(AdminEmailHandler):  # type: ignore[misc]  # Django has no types
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.name)
            if len(heard) < 4:
                super().emit(record)

    listener = QueueListener(records, Admins())
    attach(QueueHandler(records))
    listener.start()
    with pytest.raises(ConnectFailed):
        send()
    records.join()  # until nothing is left, also of what was logged while the first was being mailed
    listener.stop()
    assert heard == ["mailbridge.send"]


@pytest.mark.usefixtures("admins")
@pytest.mark.parametrize("name", ["shop", "mailbridgewater"])
def test_what_others_log_is_mailed(configure: Configure, peer: Callable[..., Peer], attach: Attach, name: str) -> None:
    server = peer()
    configure(dsn=f"smtp://{server.address}?tls=off")
    attach(AdminEmailHandler())
    logging.getLogger(name).error("It burns")
    (message,) = server.messages
    assert b"It burns" in message.data


@pytest.mark.usefixtures("admins")
def test_nor_by_a_handler_that_logs_it_anew_by_another_name(
    configure: Configure, closed_port: Any, attach: Attach
) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off")
    heard: list[str] = []

    class Relay(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name == "mailbridge.send":
                heard.append(record.name)
                if len(heard) < 4:
                    logging.getLogger("shop").error("No mail")

    attach(Relay())
    attach(AdminEmailHandler())
    with pytest.raises(ConnectFailed):
        send()
    assert heard == ["mailbridge.send"]
