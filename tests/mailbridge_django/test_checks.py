"""What `manage.py check` says of the configuration of mail."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.test import override_settings
from support.django_project import HAS_MAILERS, Configure, mail_settings
from support.peer import Peer

from mailbridge import Secret
from mailbridge_django import EmailBackend


def ids(*, deploy: bool = False) -> list[str]:
    """Return the ids of what is ours."""
    found = checks.run_checks(tags=["mail"], include_deployment_checks=deploy)
    return sorted(each.id for each in found if each.id.startswith("mailbridge."))


def test_a_good_configuration_has_nothing_to_say(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_DSN", "smtp://ann:s3cret@mail.example.com")
    configure({"bulk": {"dsn": "null://"}}, dsn="smtp://ann:s3cret@mail.example.com")
    assert ids(deploy=True) == []


@pytest.mark.parametrize(
    "options", [{"dsn": "nosuch://"}, {"dsn": "memory://", "hots": 1}, {"message_id_domain": "x.example"}]
)
def test_a_mailer_that_cannot_be_made_is_an_error(configure: Configure, options: dict[str, Any]) -> None:
    configure({"bulk": options}, dsn="memory://")
    assert ids() == ["mailbridge.E001"]
    (found,) = [each for each in checks.run_checks(tags=["mail"]) if each.id == "mailbridge.E001"]
    assert found.obj == "bulk"
    assert found.msg.startswith("The mailer 'bulk' cannot be made: ")


def test_the_hint_of_a_mailer_that_cannot_be_made_is_the_next_step(configure: Configure) -> None:
    configure(dsn="smtp:/ann:s3cret@mail.example.com")
    (found,) = [each for each in checks.run_checks(tags=["mail"]) if each.id == "mailbridge.E001"]
    assert found.msg.endswith("there is no scheme here.")
    assert found.hint.startswith("Begin with a transport")
    assert "s3cret" not in str(found)


def test_a_missing_extra_is_named_with_its_command(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    configure(dsn="ses://default")  # region and credentials are to be looked up
    (found,) = [each for each in checks.run_checks(tags=["mail"]) if each.id == "mailbridge.E001"]
    assert "botocore" in found.msg
    assert "pip install '.[ses]'" in found.hint


@pytest.mark.parametrize(
    "value",
    [
        None,
        "smtp://localhost",
        {"DSN": "smtp://localhost"},
        {"MAILERS": ["smtp://localhost"]},
        {"SENSITIVE": 5},
        {"SENSITIVE": "no.such.function"},
        {"TEMPLATES": 5},
    ],
)
def test_a_setting_that_cannot_be_read_is_an_error(configure: Configure, value: Any) -> None:
    configure(dsn="smtp://127.0.0.1:9")
    with override_settings(MAILBRIDGE=value):
        assert ids(deploy=True) == ["mailbridge.E002"]


@pytest.mark.parametrize("row", ["smtp://localhost", {"OPTIONS": "smtp://localhost"}, {"dsn": "smtp://localhost"}])
def test_a_row_of_another_shape_is_an_error(row: Any) -> None:
    way = {"EMAIL_BACKEND": "mailbridge_django.EmailBackend", "MAILBRIDGE": {"MAILERS": {"default": row}}}
    with warnings.catch_warnings(action="ignore"), override_settings(**way):
        assert ids(deploy=True) == ["mailbridge.E002"]
        with pytest.raises(ImproperlyConfigured, match="default"):
            EmailBackend()


def test_fail_silently_is_an_option_like_others(configure: Configure) -> None:
    configure(dsn="memory://", fail_silently=True)
    assert ids() == []


@pytest.mark.skipif(HAS_MAILERS, reason="Django 6.1 reads MAILERS")
def test_mailers_that_this_django_does_not_read_are_a_warning() -> None:
    rows = {"default": {"BACKEND": "mailbridge_django.EmailBackend", "OPTIONS": {"dsn": "memory://"}}}
    with override_settings(MAILERS=rows):
        assert ids() == ["mailbridge.W005"]
        with override_settings(**mail_settings("EMAIL_BACKEND", {"default": {"dsn": "memory://"}})):
            assert ids() == []  # ready for either


def test_mailers_in_both_places_are_a_warning(way: str, configure: Configure) -> None:
    configure(dsn="memory://")
    with override_settings(MAILBRIDGE={"MAILERS": {"default": {"OPTIONS": {"dsn": "memory://"}}}}):
        assert ids() == (["mailbridge.W001"] if way == "MAILERS" else [])


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("smtp://ann:s3cret@mail.example.com", ["mailbridge.W002"]),
        ("failover(null://, smtp://ann:s3cret@mail.example.com)", ["mailbridge.W002"]),
        (Secret("smtp://ann:s3cret@mail.example.com"), []),
        ("smtp://mail.example.com?tls=off", ["mailbridge.W003"]),
        ("smtp://mail.example.com?tls_verify=false", ["mailbridge.W003"]),
        ("smtp://localhost?tls=off", []),
        ("memory://", ["mailbridge.W004"]),
        ("console://", ["mailbridge.W004"]),
    ],
    # Not the DSN itself, for pytest writes the id of a test into the environment, where passwords may stand.
    ids=["password", "password in a policy", "Secret", "tls off", "not verified", "local", "memory", "console"],
)
def test_what_is_well_for_development_only_is_said_before_deployment(
    configure: Configure, dsn: Any, expected: list[str]
) -> None:
    configure(dsn=dsn)
    assert ids(deploy=True) == expected
    assert ids() == []


def test_a_table_of_fields_is_checked_too(configure: Configure) -> None:
    configure(transport="smtp", host="mail.example.com", user="ann", password="s3cret", tls="off")
    assert ids(deploy=True) == ["mailbridge.W002", "mailbridge.W003"]


def test_a_check_is_silenced_by_its_id(configure: Configure) -> None:
    configure(dsn="nosuch://")
    with pytest.raises(SystemCheckError, match=r"mailbridge\.E001"):
        call_command("check", tags=["mail"])
    with override_settings(SILENCED_SYSTEM_CHECKS=["mailbridge.E001"]):
        call_command("check", tags=["mail"])


def test_checks_connect_to_nobody_and_ask_no_database(configure: Configure, peer: Callable[..., Peer]) -> None:
    server = peer()
    configure(dsn=f"smtp://{server.address}?tls=off")

    def asked(*arguments: Any) -> None:
        pytest.fail(f"a query: {arguments}")

    with connections["default"].execute_wrapper(asked):
        assert ids(deploy=True) == []
    assert server.connections == 0


@pytest.mark.filterwarnings("ignore:The EMAIL_BACKEND setting:PendingDeprecationWarning")
def test_projects_without_our_backend_hear_nothing() -> None:
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        assert ids(deploy=True) == []


def test_a_switch_in_a_table_of_fields_may_be_a_boolean(configure: Configure) -> None:
    configure(transport="smtp", host="mail.example.com", tls_verify=False)
    assert ids(deploy=True) == ["mailbridge.W003"]


def test_a_key_in_the_place_of_the_user_is_a_password(configure: Configure) -> None:
    configure(dsn="resend://re_0123456789abcdef@default")
    assert ids(deploy=True) == ["mailbridge.W002"]
