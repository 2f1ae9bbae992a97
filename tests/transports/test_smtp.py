"""The settings of the SMTP transport: what they refuse before anything is connected, and tokens by function."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.colour import Colour
from support.peer import Peer

from mailbridge import ConfigError, Dsn, Mailer, Message
from mailbridge.transports.smtp.settings import SmtpSettings

MESSAGE = Message(from_="shop@example.com", to="ann@example.org", text="Hello")
ANN = {"transport": "smtp", "host": "127.0.0.1", "user": "ann", "allow_insecure_auth": True}


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("smtp://ann@h", "a user needs a password"),
        ("smtp://:pw@h", "a password or token needs a user"),
        ("smtp://ann:pw@h?token=x", "password and token exclude each other"),
        ("smtp://h:465?tls=starttls", "port 465 expects TLS from the first byte"),
        ("smtp://h:587?tls=implicit", "port 587 speaks STARTTLS"),
        ("smtps://h:25", "port 25 speaks STARTTLS"),
        ("smtps://h?tls=off", "smtps:// means tls=implicit"),
        ("smtp://h?tls=ssl", "tls must be 'auto', 'starttls', 'implicit' or 'off'"),
        ("smtp://h?timeout=soon", "timeout must be a number"),
        ("smtp://h?timeout=0s", "timeout must be greater than 0"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_connected(dsn: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Mailer(dsn)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("smtp://h", "smtp://h:587"),
        ("smtp://h?tls=implicit", "smtp://h:465"),
        ("smtps://h", "smtp://h:465"),
        ("lmtp://h", "lmtp://h:24"),
        ("lmtp:///run/lmtp", "lmtp:///run/lmtp"),
        ("smtp://[::1]", "smtp://[::1]:587"),
    ],
)
def test_the_port_follows_from_the_mode(dsn: str, shown: str) -> None:
    assert str(Mailer(dsn).transport()) == shown


def test_times_may_have_units() -> None:
    made = SmtpSettings.from_fields({"timeout": "2m", "max_age": "1h", "final_timeout": 30}, scheme="smtp")
    assert (made.timeout, made.max_age, made.final_timeout) == (120.0, 3600.0, 30.0)


@pytest.mark.parametrize(
    ("dsn", "given_up"),
    [
        ("smtp://h", ()),
        ("smtp://h?tls=off", ("tls",)),
        ("smtp://h?tls=off&tls_verify=false&allow_insecure_auth=true", ("tls", "tls_verify", "allow_insecure_auth")),
        ("smtp://localhost?tls=off", ()),
        ("smtp://127.1.2.3?tls=off", ()),
        ("smtp://[::1]?tls=off", ()),
        ("lmtp:///run/lmtp?tls=off", ()),
        ("smtp://localhost.example.com?tls=off", ("tls",)),
        ("smtp://127.example.com?tls=off", ("tls",)),
        ("smtp://localhost?tls_verify=false", ("tls_verify",)),
    ],
)
def test_settings_that_give_up_protection_are_known(dsn: str, given_up: tuple[str, ...]) -> None:
    assert SmtpSettings.from_dsn(Dsn.parse(dsn)).insecure == given_up


@pytest.mark.parametrize("dsn", ["smtp://a.example.com/in", "lmtp://h/run/lmtp", "lmtp:///run/lmtp?port=24"])
def test_a_host_or_port_beside_a_socket_is_refused(dsn: str) -> None:
    with pytest.raises(ConfigError, match=r"a path is a Unix socket, in place of host and port"):
        Mailer(dsn)


class TestTokens:
    def test_a_function_gives_the_token_when_somebody_logs_in(self, colour: Colour, peer: Callable[..., Peer]) -> None:
        asked = []

        def token(*, refresh: bool) -> str:
            asked.append(refresh)
            return "fresh"

        server = peer(auth=("ann", "fresh"), mechanisms=["XOAUTH2"])
        mailer = Mailer({**ANN, "port": server.port, "token": token})
        with colour.using(mailer):
            assert asked == []
            assert colour.send(mailer, MESSAGE).complete
        assert asked == [False]

    def test_what_is_neither_text_nor_a_function_is_refused(self) -> None:
        with pytest.raises(ConfigError, match=r"token must be text or a function"):
            Mailer({**ANN, "token": []})
