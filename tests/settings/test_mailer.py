"""One mailer is a DSN, or a transport's name with fields, or a DSN with what it lacks."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.secret import Secret
from mailbridge.settings import MailerSettings

CANARY = "c4n4ry"


def target(value: Any) -> Any:
    return MailerSettings.read(value).target


@pytest.mark.parametrize("value", ["smtp://h", Secret("smtp://h"), Dsn("smtp", host="h"), {"dsn": "smtp://h"}])
def test_a_dsn_is_taken_however_it_comes(value: Any) -> None:
    assert target(value) == Dsn.parse("smtp://h")


def test_fields_supply_what_the_dsn_lacks() -> None:
    fields = {
        "dsn": "smtp://ann@h?a=b",
        "password": "p@ss",
        "port": 25,
        "tls_verify": False,
        "auth": ["PLAIN", "LOGIN"],
    }
    assert target(fields) == Dsn.parse("smtp://ann:p%40ss@h:25?a=b&tls_verify=false&auth=PLAIN%20LOGIN")


def test_a_transport_has_fields_with_their_types() -> None:
    fields = {"transport": "smtp", "host": "h", "port": 25, "password": CANARY}
    assert target(fields) == {"transport": "smtp", "host": "h", "port": 25, "password": Secret(CANARY)}


def test_a_policy_lists_what_is_inside() -> None:
    inner = [{"transport": "smtp", "host": "a"}, "smtp://b"]
    assert target({"transport": "failover", "transports": inner, "cooldown": 5}) == {
        "transport": "failover",
        "transports": [{"transport": "smtp", "host": "a"}, Dsn.parse("smtp://b")],
        "cooldown": 5,
    }


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({}, "either dsn or transport"),
        ({"host": "h"}, "either dsn or transport"),
        ({"dsn": "smtp://h", "transport": "smtp"}, "not both"),
        ({"dsn": "smtp://ann@h", "user": "bob"}, "user is given in the DSN .* and beside it"),
        ({"dsn": "smtp://h?a=b", "a": "c"}, "a is given in the DSN"),
        ({"dsn": "retry(smtp://h)", "attempts": 3}, "Beside the DSN of a policy"),
        ({"transport": "retry", "transports": "smtp://h"}, "must be a list"),
        ({"dsn": "smtp://u:p@@h"}, "more than one @"),
        ({"transport": "retry", "transports": [{"host": "h"}]}, "either dsn or transport"),
        (5, "must be a DSN or a table, not int"),
    ],
)
def test_what_contradicts_itself_is_refused(value: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        target(value)


@pytest.mark.catalogue("A30")
def test_a_mailer_prints_without_secrets_and_is_not_pickled() -> None:
    mailer = MailerSettings.read(
        {
            "transport": "retry",
            "transports": [{"transport": "acme", "api_key": CANARY}, f"smtp://u:{CANARY}@h"],
            "signing_key": CANARY,
        }
    )
    assert CANARY not in f"{mailer!r} {mailer} {vars(mailer)} {mailer.masked()} {mailer.target}"
    assert copy.deepcopy(mailer) is mailer
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(mailer)
