"""What the settings say of an alias, as arguments of `Mailer`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from mailbridge import ConfigError, Plugins
from mailbridge.settings.problems import nearest, sentence

SETTING = "MAILBRIDGE"
_TABLE = ((Mapping,), "a dictionary")
_KEYS: Mapping[str, tuple[tuple[Any, ...], str]] = {
    "MAILERS": _TABLE,
    "SENSITIVE": ((bool, str, Callable, type(None)), "a boolean, a function or its dotted path"),
    "TEMPLATES": _TABLE,
}
_OF_TEMPLATES = {"FOLDER": str, "STRICT": bool, "INLINE_CSS": bool, "MAKE_TEXT": bool}
_OF_MAILER = frozenset({"mailers", "unsupported", "message_id_domain"})
_OF_PLUGINS = frozenset({"plugins", "insecure"})
_OPTIONS = frozenset({"dsn", "fail_silently", "hooks", "transport"}) | _OF_MAILER | _OF_PLUGINS
_INSECURE = ("allow", "warn", "refuse")


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
    for name, value in found.items():
        if name not in _KEYS:
            raise ImproperlyConfigured(f"{SETTING} has no key {name!r}; it knows {', '.join(_KEYS)}.")
        kinds, wanted = _KEYS[name]
        if not isinstance(value, kinds):
            raise ImproperlyConfigured(f"{SETTING}[{name!r}] must be {wanted}, not {type(value).__name__}.")
    return found


def template_options() -> Mapping[str, Any]:
    """Return `MAILBRIDGE["TEMPLATES"]`. Raises ImproperlyConfigured for what cannot stand in it."""
    given: Mapping[str, Any] = own_settings().get("TEMPLATES", {})
    for name, value in given.items():
        if name not in _OF_TEMPLATES:
            known = ", ".join(_OF_TEMPLATES)
            raise ImproperlyConfigured(f"{SETTING}['TEMPLATES'] has no key {name!r}; it knows {known}.")
        if not isinstance(value, _OF_TEMPLATES[name]):
            raise ImproperlyConfigured(f"{SETTING}['TEMPLATES'][{name!r}] must be {_OF_TEMPLATES[name].__name__}.")
    return given


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
    options = options_in(mailers[alias], alias)
    if unknown := sorted(set(mailers[alias]) - {"BACKEND", "OPTIONS"}):
        raise invalid(f"there is no {unknown[0]!r} here; what the mailer needs belongs into OPTIONS.", alias)
    return options


def options_in(row: Any, alias: str) -> Mapping[str, Any]:
    """Return the OPTIONS of a row of MAILERS. Raises ImproperlyConfigured for what has none."""
    options = row.get("OPTIONS", {}) if isinstance(row, Mapping) else None
    if not isinstance(options, Mapping):
        raise invalid('this must be a dictionary such as {"OPTIONS": {"dsn": "smtp://…"}}.', alias)
    return options


def mailer_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn OPTIONS into arguments of `Mailer`. Raises ConfigError.

    >>> mailer_arguments({"dsn": "null://", "message_id_domain": "example.com"})["target"]
    'null://'
    """
    rest = dict(options)
    arguments = {name: rest.pop(name) for name in _OF_MAILER if name in rest}
    if not isinstance(arguments.get("mailers", {}), Mapping):
        raise ConfigError("mailers must be a dictionary of names and DSNs.")
    arguments["hooks"] = [_hooks(each) for each in _listed(rest.pop("hooks", ()), "hooks")]
    enabled, insecure = _listed(rest.pop("plugins", ()), "plugins"), rest.pop("insecure", "warn")
    if insecure not in _INSECURE:
        raise ConfigError(f"insecure must be one of {', '.join(_INSECURE)}, not {insecure!r}.")
    arguments["plugins"] = Plugins(enabled=enabled, insecure=insecure)
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
    if "transport" in rest and "dsn" in rest:
        raise ConfigError("Give 'dsn' or 'transport', not both.")
    if "transport" in rest:
        return rest  # a table of fields, judged by the transport's own settings
    given = "dsn" in rest
    target = rest.pop("dsn", None)
    if rest:
        names = ", ".join(map(repr, sorted(rest)))
        raise ConfigError(
            sentence(f"Unknown options {names}{nearest(min(rest), _OPTIONS)}"),
            hints=["Host, user and password belong into the dsn, or beside 'transport' in place of it."],
        )
    if not target and given:
        raise ConfigError("The option 'dsn' is empty.", hints=["Is the variable set that it comes from?"])
    if not target:
        raise ConfigError("OPTIONS must define 'dsn' (such as smtp://mail.example.com:587) or 'transport'.")
    return target


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise ConfigError(f"{name} must be a list, not {type(value).__name__}.")
    return list(value)


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
