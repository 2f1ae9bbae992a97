"""What the settings say of an alias, as arguments of `Mailer`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from mailbridge import ConfigError, Plugins

SETTING = "MAILBRIDGE"
_KEYS = frozenset({"MAILERS", "SENSITIVE"})
_OF_MAILER = frozenset({"mailers", "unsupported", "message_id_domain"})
_OF_PLUGINS = frozenset({"plugins", "insecure"})


def invalid(text: str, alias: str | None) -> ImproperlyConfigured:
    """Return the error for a configuration that cannot be used: InvalidMailer where there are MAILERS."""
    if by_mailers():
        error: ImproperlyConfigured = mail.InvalidMailer(text, alias=alias)
        return error
    return ImproperlyConfigured(f"{SETTING}['MAILERS'][{alias or 'default'!r}]: {text}")


def by_mailers() -> bool:
    """Say whether the project configures mail by MAILERS, and not by EMAIL_BACKEND."""
    return hasattr(mail, "mailers") and hasattr(settings, "MAILERS")


def own_settings() -> Mapping[str, Any]:
    """Return the setting MAILBRIDGE. Raises ImproperlyConfigured for what cannot stand in it."""
    found = getattr(settings, SETTING, {})
    if not isinstance(found, Mapping):
        raise ImproperlyConfigured(f"{SETTING} must be a dictionary, not {type(found).__name__}.")
    if unknown := sorted(set(found) - _KEYS):
        raise ImproperlyConfigured(f"{SETTING} has no key {unknown[0]!r}; it knows {', '.join(sorted(_KEYS))}.")
    return found


def options_of(alias: str) -> Mapping[str, Any]:
    """Return the OPTIONS that `MAILBRIDGE["MAILERS"]` has for an alias; it is of the shape of Django's MAILERS.

    Raises ImproperlyConfigured.
    """
    mailers = own_settings().get("MAILERS", {})
    if alias not in mailers:
        raise ImproperlyConfigured(
            f"{SETTING}['MAILERS'] has no {alias!r}. Set {SETTING} = "
            f'{{"MAILERS": {{"{alias}": {{"OPTIONS": {{"dsn": "smtp://…"}}}}}}}}.'
        )
    if unknown := sorted(set(mailers[alias]) - {"BACKEND", "OPTIONS"}):
        raise invalid(f"there is no {unknown[0]!r} here; what the mailer needs belongs into OPTIONS.", alias)
    options: Mapping[str, Any] = mailers[alias].get("OPTIONS", {})
    return options


def mailer_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn OPTIONS into arguments of `Mailer`. Raises ConfigError.

    >>> mailer_arguments({"dsn": "null://", "message_id_domain": "example.com"})["target"]
    'null://'
    """
    rest = dict(options)
    arguments = {name: rest.pop(name) for name in _OF_MAILER if name in rest}
    arguments["hooks"] = [_hooks(each) for each in rest.pop("hooks", ())]
    plugins = {name: rest.pop(name) for name in _OF_PLUGINS if name in rest}
    arguments["plugins"] = Plugins(enabled=plugins.pop("plugins", ()), **plugins)
    arguments["target"] = _target(rest)
    return arguments


def frozen(value: Any) -> Hashable:
    """Return what compares and hashes as the configuration `value` does."""
    if isinstance(value, Mapping):
        return frozenset((name, frozen(each)) for name, each in value.items())
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value if isinstance(value, Hashable) else id(value)
    return tuple(map(frozen, value))


def _target(rest: dict[str, Any]) -> Any:
    if "transport" in rest and "dsn" not in rest:
        return rest  # a table of fields, judged by the transport's own settings
    target = rest.pop("dsn", None)
    if rest:
        names = ", ".join(map(repr, sorted(rest)))
        raise ConfigError(
            f"Unknown options {names}.",
            hints=["Host, user and password belong into the dsn, or beside 'transport' in place of it."],
        )
    if not target:
        raise ConfigError(
            "OPTIONS must define 'dsn' (such as smtp://user:password@mail.example.com:587) or 'transport'."
        )
    return target


def _hooks(value: Any) -> Any:
    """Return an object with hooks; a dotted path may name it, its class, or a module."""
    if not isinstance(value, str):
        return value
    try:
        found = import_string(value)
    except ImportError:
        try:
            return import_module(value)
        except ImportError as error:
            raise ConfigError(f"hooks: {value!r} cannot be imported: {error}.") from error
    return found() if isinstance(found, type) else found
