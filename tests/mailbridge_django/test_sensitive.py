"""Which messages are sensitive."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.test import RequestFactory, override_settings
from support.django_project import Configure

from mailbridge import Mailer
from mailbridge_django.convert import convert
from mailbridge_django.sensitive import carries_secret


def a_message(body: str, html: str = "", **attributes: Any) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives("Hi", body, None, ["ann@example.org"])
    if html:
        message.attach_alternative(html, "text/html")
    vars(message).update(attributes)
    return message


def is_sensitive(message: EmailMultiAlternatives) -> bool:
    return convert(message, Mailer("memory://").transport()).mail.sensitive


def signed() -> str:
    return signing.dumps({"user": 1}, key="k")


@pytest.mark.parametrize(
    "body",
    [
        "https://example.com/reset/MQ/c9x1q2-0123456789abcdef0123456789abcdef/",
        "https://example.com/login?next=/&sesame=AAAAAb7bJvA",
        "https://example.com/confirm?token=0123456789",
        "http://example.com/#access_token=0123456789",
        "https://example.com/v?otp=123456.",
        "https://example.com/v?login-token=0123456789",
        pytest.param(f"https://example.com/confirm/{quote(signed())}/", id="escaped"),
        pytest.param(f"https://example.com/confirm/{quote(signed()).replace('%3A', '%3a')}/", id="escaped-small"),
        pytest.param(f"https://example.com/accounts/confirm-email/{signed()}/", id="signed"),
    ],
)
def test_a_link_that_lets_its_reader_in_is_sensitive(body: str) -> None:
    assert is_sensitive(a_message(f"Hello\n\n{body}\n"))
    assert is_sensitive(a_message("Hello", f'<a href="{body.replace("&", "&amp;")}">here</a>'))


@pytest.mark.parametrize(
    "body",
    [
        "Hello",
        "https://example.com/orders/0123456789abcdef0123456789abcdef/",
        "https://example.com/?page=2&keyword=shoes&tokens=no",
        "The token=0123456789 is no link",
        "https://example.com/2026-11-22/report",
        "https://example.com/a:1abcde:" + "x" * 44,
    ],
)
def test_other_links_are_not(body: str) -> None:
    assert not is_sensitive(a_message(body))


def test_the_message_decides_first() -> None:
    link = "https://example.com/?token=0123456789"
    assert not is_sensitive(a_message(link, mailbridge_options={"sensitive": False}))
    assert is_sensitive(a_message("Hello", mailbridge_options={"sensitive": True}))


def about_shoes(message: EmailMultiAlternatives) -> bool | None:
    return True if "shoes" in message.body else None


@pytest.mark.parametrize(
    ("setting", "body", "expected"),
    [
        (True, "Hello", True),
        (False, "https://example.com/?token=0123456789", False),
        (about_shoes, "shoes", True),
        (about_shoes, "https://example.com/?token=0123456789", True),
        (about_shoes, "Hello", False),
        ("mailbridge_django.sensitive.carries_secret", "Hello", False),
    ],
)
def test_the_setting_decides_next(setting: Any, body: str, expected: bool) -> None:
    with override_settings(MAILBRIDGE={"SENSITIVE": setting}):
        assert is_sensitive(a_message(body)) is expected


class Form(PasswordResetForm):
    """Django's form, with a user that needs no database."""

    def get_users(self, email: str) -> list[User]:
        return [User(pk=1, username="ann", email=email, password="!x")]


@override_settings(ROOT_URLCONF="django.contrib.auth.urls")
def test_djangos_password_reset_is_sensitive_and_its_link_is_hidden(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    configure(dsn="memory://")
    form = Form({"email": "ann@example.org"})
    assert form.is_valid()
    with caplog.at_level("DEBUG"):
        form.save(request=RequestFactory().get("/"), domain_override="example.com")
    from mailbridge_django.registry import (
        _mailers,
        close_all,  # noqa: F401 - the registry is what kept the mail
    )

    (mailer,) = _mailers.values()
    (kept,) = mailer.transport().messages  # type: ignore[attr-defined]
    assert kept.sensitive
    assert "/reset/" in kept.text
    assert "/reset/" not in caplog.text
    assert "/reset/" not in repr(kept)


def test_a_long_text_without_links_is_read_in_no_time() -> None:
    assert not carries_secret(a_message("http" * 100_000 + "://" + "a-" * 100_000))


def test_a_part_that_is_no_text_is_read_as_far_as_it_goes() -> None:
    message = a_message("Hello")
    message.attach_alternative(b"\xff https://example.com/?token=0123456789", "application/octet-stream")
    assert carries_secret(message)
