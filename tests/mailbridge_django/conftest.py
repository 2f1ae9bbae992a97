"""Fixtures of the tests with Django."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import override_settings
from support.django_project import WAYS, Configure, mail_settings


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Run the test with MAILERS where Django has them, and with EMAIL_BACKEND."""
    return str(request.param)


@pytest.fixture
def override() -> Iterator[Callable[..., None]]:
    """Override settings until the end of the test; what came last is undone first, whichever fixture asked for it."""
    with ExitStack() as overridden:
        yield lambda **settings: overridden.enter_context(override_settings(**settings))


@pytest.fixture
def configure(way: str, override: Callable[..., None]) -> Configure:
    """Configure mail: `configure(dsn="memory://")`, further aliases by `configure({"bulk": {…}}, dsn=…)`."""

    def by(others: dict[str, dict[str, Any]] | None = None, /, **options: Any) -> None:
        override(**mail_settings(way, {**({"default": options} if options else {}), **(others or {})}))

    return by


@pytest.fixture
def backend(way: str) -> Callable[..., Any]:
    """Make the backend of an alias as Django makes it."""
    from django.core import mail

    def make(alias: str = "default", **options: Any) -> Any:
        if way == "MAILERS" and not options:
            return mail.mailers[alias]
        if alias != "default":
            options["alias"] = alias
        return mail.get_connection(**options)

    return make
