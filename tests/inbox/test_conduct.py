"""A catch-all server that does not take everything: each step may be answered otherwise."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable

import pytest

from mailbridge.inbox import CatchAll, Caught, Conduct, HangUp

MESSAGE = b"Subject: one\r\n\r\nhello\r\n"


def send(server: CatchAll, recipients: tuple[str, ...] = ("bob@example.org", "cyd@example.org")) -> dict[str, object]:
    """Send a message as smtplib does; return the recipients that were refused."""
    with smtplib.SMTP(server.host, server.port, local_hostname="client.test", timeout=5) as client:
        if server.tls == "starttls":
            client.starttls(context=ssl.create_default_context(cafile=server.ca_file))
        return client.sendmail("ann@example.org", recipients, MESSAGE)  # type: ignore[return-value]


class Full(Conduct):
    async def greet(self, connection: object) -> str | None:
        return "554 5.3.2 We are closed"


class Strict(Conduct):
    async def sender(self, connection: object, address: str) -> str | None:
        return f"550 5.7.1 {address} may not"


class Choosy(Conduct):
    async def recipient(self, connection: object, address: str) -> str | None:
        return "550 5.1.1 No such user" if address.startswith("cyd@") else None


class Reader(Conduct):
    async def message(self, connection: object, caught: Caught) -> str | None:
        return "554 5.7.1 No greetings" if b"hello" in caught.raw else None


@pytest.mark.parametrize(
    ("conduct", "error", "said"),
    [
        (Full, smtplib.SMTPConnectError, "We are closed"),
        (Strict, smtplib.SMTPSenderRefused, "ann@example.org may not"),
        (Reader, smtplib.SMTPDataError, "No greetings"),
    ],
)
@pytest.mark.parametrize("tls", ["off", "starttls"])
def test_a_step_is_answered_otherwise(
    conduct: Callable[[], Conduct], error: type[Exception], said: str, tls: str
) -> None:
    with CatchAll(tls=tls, conduct=conduct()) as server:  # type: ignore[arg-type]
        with pytest.raises(error, match=said):
            send(server)
        assert len(server.mailbox) == 0


def test_some_recipients_are_refused() -> None:
    with CatchAll(tls="off", conduct=Choosy()) as server:
        assert send(server) == {"cyd@example.org": (550, b"5.1.1 No such user")}
        assert server.mailbox[0].recipients == ("bob@example.org",)


def test_a_good_login_is_refused() -> None:
    class Sulky(Conduct):
        def let_in(self, connection: object, user: str) -> bool:
            return user != "ann"

    with CatchAll(tls="off", conduct=Sulky()) as server:
        with smtplib.SMTP(server.host, server.port, timeout=5) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("ann", "s3cret")
            assert client.login("bob", "s3cret")[0] == 235


@pytest.mark.parametrize("step", ["greet", "sender", "recipient", "message"])
@pytest.mark.parametrize("tls", ["off", "starttls"])
def test_it_hangs_up(step: str, tls: str) -> None:
    async def hang_up(*arguments: object) -> str | None:
        raise HangUp

    conduct = type("Rude", (Conduct,), {step: hang_up})()
    with CatchAll(tls=tls, conduct=conduct) as server:  # type: ignore[arg-type]
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
            send(server)
        assert len(server.mailbox) == 0
