"""What `manage.py check` says of the configuration of mail."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.test import override_settings
from support.django_project import Configure

from mailbridge import Secret


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


@pytest.mark.parametrize("value", ["smtp://localhost", {"DSN": "smtp://localhost"}])
def test_a_setting_that_cannot_be_read_is_an_error(configure: Configure, value: Any) -> None:
    configure(dsn="smtp://127.0.0.1:9")
    with override_settings(MAILBRIDGE=value):
        assert ids(deploy=True) == ["mailbridge.E002"]


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


@pytest.mark.filterwarnings("ignore:The EMAIL_BACKEND setting:PendingDeprecationWarning")
def test_projects_without_our_backend_hear_nothing() -> None:
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        assert ids(deploy=True) == []
