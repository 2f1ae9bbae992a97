"""The Mailers of this process, by their configuration.

Django 6.1 makes a new backend at each access, and `send_mail` of older ones does too. Connections,
rate limits and circuit breakers live longer than that: in the Mailer, of which there is one for each
configuration.
"""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Hashable, Mapping
from typing import Any

from django.core.signals import setting_changed

from mailbridge import ConfigError, Mailer
from mailbridge_django.configuration import frozen, invalid, mailer_arguments

LIMIT = 100
"""Mailers kept. More are needed only where backends are made for each tenant; the oldest goes first then."""

_mailers: dict[Hashable, Mailer] = {}


def mailer_for(options: Mapping[str, Any], alias: str | None) -> Mailer:
    """Return the Mailer of a configuration, made when first asked for.

    Raises InvalidMailer (ImproperlyConfigured before Django 6.1), with the alias.
    """
    key = frozen(options)
    found = _mailers.get(key)
    return found if found is not None else _made(key, options, alias)


def close_all() -> None:
    """Take leave of all servers and forget every Mailer."""
    while _mailers:
        _mailers.popitem()[1].close()


def _made(key: Hashable, options: Mapping[str, Any], alias: str | None) -> Mailer:
    try:
        made = Mailer(**mailer_arguments(options))
    except ConfigError as error:
        raise invalid(str(error), alias) from error
    # setdefault is atomic: of two threads that made one each, both go on with the same.
    made = _mailers.setdefault(key, made)
    while len(_mailers) > LIMIT:
        _mailers.pop(next(iter(_mailers))).close()
    return made


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting in ("MAILERS", "MAILBRIDGE", "EMAIL_BACKEND"):
        close_all()


setting_changed.connect(_on_setting_changed, dispatch_uid="mailbridge_django.registry")
# The drivers' finalizers cut connections at exit. What was registered last runs first, so `weakref`, which registers
# them all when it sees the first, has to see one before this.
weakref.finalize(Mailer, bool)
atexit.register(close_all)
