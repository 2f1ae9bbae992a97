"""The keys MAIL_* say the same to mailbridge as they did to Flask-Mail and Flask-Mailman."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbridge import Address, ConfigError, Mailer, Secret
from mailbridge_flask import mail_keys

SMTP = {"transport": "smtp", "host": "127.0.0.1", "port": 25}
TIMEOUTS = dict.fromkeys(["connect_timeout", "greeting_timeout", "timeout", "final_timeout"], 5.0)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, SMTP),
        ({"MAIL_SERVER": "mail.example.com", "MAIL_PORT": "2525"}, {"host": "mail.example.com", "port": 2525}),
        ({"MAIL_SERVER": "", "MAIL_PORT": None, "MAIL_USERNAME": " "}, {}),
        ({"MAIL_SERVER": "::1"}, {"host": "::1"}),
        ({"MAIL_USE_TLS": True, "MAIL_PORT": 587}, {"port": 587, "tls": "starttls"}),
        ({"MAIL_USE_TLS": "true", "MAIL_USE_SSL": "0"}, {"tls": "starttls"}),
        ({"MAIL_USE_TLS": "False"}, {"tls": "off"}),
        ({"MAIL_USE_TLS": False, "MAIL_USE_SSL": True}, {"port": 465, "tls": "implicit"}),
        ({"MAIL_USE_TLS": False, "MAIL_PORT": 465}, {"port": 465}),
        ({"MAIL_USE_SSL": "1", "MAIL_PORT": "2465"}, {"port": 2465, "tls": "implicit"}),
        ({"MAIL_USERNAME": "ann", "MAIL_PASSWORD": "s3cret"}, {"user": "ann", "password": Secret("s3cret")}),
        ({"MAIL_USERNAME": "ann", "MAIL_PASSWORD": 12345}, {"user": "ann", "password": Secret("12345")}),
        ({"MAIL_USERNAME": "ann", "MAIL_PASSWORD": Secret("s3cret")}, {"user": "ann", "password": Secret("s3cret")}),
        ({"MAIL_MAX_EMAILS": "100"}, {"max_messages": 100}),
        ({"MAIL_MAX_EMAILS": 0}, {}),
        ({"MAIL_TIMEOUT": "5"}, TIMEOUTS),
        (
            {"MAIL_SSL_CERTFILE": "/c.pem", "MAIL_SSL_KEYFILE": "/k.pem"},
            {"client_cert": "/c.pem", "client_key": "/k.pem"},
        ),
        ({"MAIL_BACKEND": "flask_mailman.backends.smtp"}, {}),
    ],
)
def test_keys_of_a_server_become_fields_of_smtp(config: dict[str, Any], expected: dict[str, Any]) -> None:
    assert mail_keys.target(config) == {**SMTP, **expected}


@pytest.mark.parametrize(
    ("backend", "transport"), [("console", "console"), ("locmem", "memory"), ("flask_mailman.backends.dummy", "null")]
)
def test_other_backends_of_flask_mailman_become_transports(backend: str, transport: str) -> None:
    assert mail_keys.target({"MAIL_BACKEND": backend}) == {"transport": transport}


def test_the_file_backend_writes_where_mail_file_path_says() -> None:
    config = {"MAIL_BACKEND": "file", "MAIL_FILE_PATH": "/var/mail/out"}
    assert mail_keys.target(config) == {"transport": "file", "path": "/var/mail/out"}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"MAIL_USE_TLS": True, "MAIL_USE_SSL": True}, "MAIL_USE_TLS and MAIL_USE_SSL"),
        ({"MAIL_USE_SSL": True, "MAIL_PORT": 587}, "MAIL_USE_SSL does not fit MAIL_PORT 587"),
        ({"MAIL_USE_TLS": True, "MAIL_PORT": 465}, "MAIL_USE_TLS does not fit MAIL_PORT 465"),
        ({"MAIL_USE_TLS": "maybe"}, "MAIL_USE_TLS must be true or false, not 'maybe'"),
        ({"MAIL_USE_SSL": []}, "MAIL_USE_SSL must be true or false"),
        ({"MAIL_PORT": "smtp"}, "MAIL_PORT must be a whole number from 1 to 65535, not 'smtp'"),
        ({"MAIL_PORT": 70000}, "MAIL_PORT"),
        ({"MAIL_PORT": 0}, "MAIL_PORT"),
        ({"MAIL_PORT": True}, "MAIL_PORT"),
        ({"MAIL_PORT": 25.5}, "MAIL_PORT"),
        ({"MAIL_MAX_EMAILS": -1}, "MAIL_MAX_EMAILS"),
        ({"MAIL_TIMEOUT": "soon"}, "MAIL_TIMEOUT"),
        ({"MAIL_TIMEOUT": 0}, "MAIL_TIMEOUT"),
        ({"MAIL_TIMEOUT": "nan"}, "MAIL_TIMEOUT"),
        ({"MAIL_TIMEOUT": True}, "MAIL_TIMEOUT"),
        ({"MAIL_SERVER": "mail.example.com:587"}, "belongs into MAIL_PORT"),
        ({"MAIL_SERVER": "smtp://mail.example.com"}, "MAIL_SERVER"),
        ({"MAIL_SERVER": "mail.example.com\r\nQUIT"}, "MAIL_SERVER"),
        ({"MAIL_SERVER": 25}, "MAIL_SERVER"),
        ({"MAIL_USERNAME": "ann"}, "MAIL_USERNAME is set, and MAIL_PASSWORD is not"),
        ({"MAIL_PASSWORD": "s3cret", "MAIL_USERNAME": ""}, "MAIL_PASSWORD is set, and MAIL_USERNAME is not"),
        ({"MAIL_USERNAME": "ann", "MAIL_PASSWORD": 1e5}, "MAIL_PASSWORD must be text, not float"),
        ({"MAIL_USERNAME": True, "MAIL_PASSWORD": "s3cret"}, "MAIL_USERNAME must be text, not bool"),
        ({"MAIL_SSL_KEYFILE": "/k.pem"}, "MAIL_SSL_KEYFILE"),
        ({"MAIL_BACKEND": "my.own.Backend"}, "MAIL_BACKEND"),
        ({"MAIL_BACKEND": "file"}, "MAIL_FILE_PATH is missing"),
        ({"MAIL_DEFAULT_SENDER": "nobody"}, "MAIL_DEFAULT_SENDER"),
        ({"MAIL_DEFAULT_SENDER": ("a", "b@example.com", "c")}, "MAIL_DEFAULT_SENDER"),
        ({"MAIL_DEFAULT_SENDER": 7}, "MAIL_DEFAULT_SENDER"),
    ],
)
def test_what_is_wrong_is_refused_by_the_name_of_its_key(config: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        _ = mail_keys.target(config), mail_keys.default_sender(config)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("app@example.com", Address("app@example.com")),
        ("The App <app@example.com>", Address("app@example.com", "The App")),
        (("Größe", "app@example.com"), Address("app@example.com", "Größe")),
        (["The App", "app@example.com"], Address("app@example.com", "The App")),
        ((None, "app@example.com"), Address("app@example.com")),
    ],
)
def test_the_default_sender_is_an_address_or_a_pair(value: Any, expected: Address | None) -> None:
    assert mail_keys.default_sender({"MAIL_DEFAULT_SENDER": value}) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, False),
        ({"TESTING": True}, True),
        ({"TESTING": True, "MAIL_SUPPRESS_SEND": False}, False),
        ({"TESTING": True, "MAIL_SUPPRESS_SEND": None}, True),
        ({"MAIL_SUPPRESS_SEND": "yes"}, True),
        ({"TESTING": "1", "MAIL_SUPPRESS_SEND": "off"}, False),
    ],
)
def test_mail_is_suppressed_by_its_key_and_else_under_testing(config: dict[str, Any], expected: bool) -> None:
    assert mail_keys.suppressed(config) is expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [({"DEBUG": True}, True), ({"DEBUG": True, "MAIL_DEBUG": "0"}, False), ({"MAIL_DEBUG": 2}, True)],
)
def test_the_dialogue_is_shown_by_its_key_and_else_under_debug(config: dict[str, Any], expected: bool) -> None:
    assert mail_keys.debug(config) is expected


def test_only_keys_that_choose_a_server_count_as_a_configuration() -> None:
    assert not mail_keys.present({"MAIL_DEFAULT_SENDER": "app@example.com", "MAIL_SERVER": ""})
    assert mail_keys.present({"MAIL_SERVER": "localhost"})


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "SERVER": "mail.example.com", "PORT": "587", "USE_TLS": "true", "USERNAME": "ann", "PASSWORD": "12345",
        "MAX_EMAILS": "20", "TIMEOUT": "2.5", "SUPPRESS_SEND": "false",
    }  # fmt: skip
    for key, value in environment.items():
        monkeypatch.setenv(f"FLASK_MAIL_{key}", value)
    config = Flask("shop").config
    config.from_prefixed_env()
    found = mail_keys.target(config)
    assert (found["host"], found["port"], found["tls"], found["user"]) == ("mail.example.com", 587, "starttls", "ann")
    assert (found["password"].reveal(), found["max_messages"], found["timeout"]) == ("12345", 20, 2.5)
    assert not mail_keys.suppressed({**config, "TESTING": True})


def test_a_mailer_takes_what_the_keys_stand_for() -> None:
    config = {
        "MAIL_SERVER": "mail.example.com",
        "MAIL_USE_SSL": "true",
        "MAIL_USERNAME": "ann",
        "MAIL_PASSWORD": "s3cret",
        "MAIL_MAX_EMAILS": "10",
        "MAIL_TIMEOUT": "2.5",
        "MAIL_DEFAULT_SENDER": "app@example.com",
    }
    with Mailer(mail_keys.target(config), default_from=mail_keys.default_sender(config)) as mailer:
        assert str(mailer.transport()) == "smtp://mail.example.com:465"
        assert mailer.message(to="ann@example.org", text="Hello").from_ == Address("app@example.com")


KEYS = (
    "MAIL_SERVER MAIL_PORT MAIL_USE_TLS MAIL_USE_SSL MAIL_USERNAME MAIL_PASSWORD MAIL_DEFAULT_SENDER MAIL_MAX_EMAILS "
    "MAIL_TIMEOUT MAIL_BACKEND MAIL_FILE_PATH MAIL_SSL_CERTFILE MAIL_SSL_KEYFILE"
).split()
TEXTS = st.text(max_size=20)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.tuples(TEXTS, TEXTS)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_whatever_the_keys_hold_is_read_or_refused(config: dict[str, Any]) -> None:
    try:
        said = mail_keys.target(config)["transport"]
        mail_keys.default_sender(config)
    except ConfigError as error:
        said = str(error)
    assert "MAIL_" in said or said in ("smtp", "console", "file", "memory", "null")
