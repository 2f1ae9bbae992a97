"""System checks: what is wrong with the configuration of mail, before the first mail.

| id | says | when |
|---|---|---|
| mailbridge.E001 | it cannot be made: unknown transport or options, missing extra (with its pip command) | always |
| mailbridge.E002 | the setting MAILBRIDGE cannot be read | always |
| mailbridge.W001 | MAILBRIDGE["MAILERS"] is not used, for MAILERS is set | always |
| mailbridge.W002 | a password stands in the settings, and not in the environment | `--deploy` |
| mailbridge.W003 | TLS is switched off, or not verified, towards another machine | `--deploy` |
| mailbridge.W004 | the default mailer sends to nobody (console, file, memory, null) | `--deploy` |
| mailbridge.W005 | MAILERS names our backend, but this Django does not read MAILERS | always |

Texts come in the active language. What E001 and E002 quote after the colon, and the hint of E001, is said in
the words of the error that sending would raise, in English, so that it can be searched for. Nothing is
connected to and no database is asked. Silence one by its id in SILENCED_SYSTEM_CHECKS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import django
from django.core import mail
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from mailbridge import ConfigError, Dsn, Secret
from mailbridge.redaction import mask
from mailbridge_django import sensitive
from mailbridge_django.configuration import by_mailers, own_settings, template_options
from mailbridge_django.registry import mailer_for
from mailbridge_django.roster import mailers, rows_of_ours

_NOBODY = frozenset({"console", "file", "memory", "null"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "[::1]", ""})
_OFF = {"tls": "off", "tls_verify": "false"}


def check_mailers(app_configs: Any = None, **__: Any) -> list[CheckMessage]:
    """Make every mailer; report those that cannot be made."""
    try:
        ours = own_settings()
        template_options()
        sensitive.setting()
        found = mailers()
    except ImproperlyConfigured as error:
        return [Error(_("Mail is not configured: %(error)s") % {"error": error}, id="mailbridge.E002")]
    messages: list[CheckMessage] = []
    if not hasattr(mail, "mailers") and not found and any(rows_of_ours()):
        text = _("MAILERS is not used: Django %(version)s does not know it.") % {"version": django.get_version()}
        hint = _('Set EMAIL_BACKEND, and move what is in MAILERS to MAILBRIDGE["MAILERS"]; it has the same shape.')
        messages.append(Warning(text, hint=hint, id="mailbridge.W005"))
    if by_mailers() and ours.get("MAILERS"):
        hint = _('Move what is in MAILBRIDGE["MAILERS"] to MAILERS; it has the same shape.')
        text = _('MAILBRIDGE["MAILERS"] is not used, for MAILERS is set.')
        messages.append(Warning(text, hint=hint, id="mailbridge.W001"))
    for alias, options in found.items():
        try:
            mailer_for(options, alias)
        except ImproperlyConfigured as error:
            messages.append(_unusable(alias, error))
    return messages


def _unusable(alias: str, error: ImproperlyConfigured) -> Error:
    """Report a mailer that cannot be made; what to do about it is the hint."""
    cause = error.__cause__
    said, hints = (mask(cause.text), mask(" ".join(cause.hints))) if isinstance(cause, ConfigError) else (error, "")
    text = _("The mailer %(alias)r cannot be made: %(error)s") % {"alias": alias, "error": said}
    return Error(text, hint=hints or None, obj=alias, id="mailbridge.E001")


def check_deployment(app_configs: Any = None, **__: Any) -> list[CheckMessage]:
    """Report what is well for development only."""
    try:
        found = mailers()
    except ImproperlyConfigured:
        return []  # E002 says so
    return [message for alias, options in found.items() for message in _deployed(alias, options)]


def _deployed(alias: str, options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    targets = list(_targets(options))
    if alias == "default" and targets and targets[0]["transport"] in _NOBODY:
        text = _("The default mailer is %(transport)s://, which sends to nobody.") % targets[0]
        yield Warning(text, hint=_("Name a transport for production."), obj=alias, id="mailbridge.W004")
    given = isinstance(options.get("dsn"), Secret)
    if not given and any(_in_the_clear(each.get("password")) for each in targets):
        text = _("The mailer %(alias)r has a password that stands in the settings.") % {"alias": alias}
        hint = _("Take it from the environment, or wrap what another store of secrets gave you in mailbridge.Secret.")
        yield Warning(text, hint=hint, obj=alias, id="mailbridge.W002")
    for each in targets:
        for name in _unprotected(each):
            option = {"alias": alias, "host": each["host"], "option": name, "value": _OFF[name]}
            text = _("The mailer %(alias)r sends to %(host)s with %(option)s=%(value)s; others can read its mail.")
            hint = _("Leave %(option)s out.")
            yield Warning(text % option, hint=hint % option, obj=alias, id="mailbridge.W003")


def _unprotected(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options by which a transport to another machine gives up TLS."""
    if str(fields.get("host") or "") not in _LOCAL:
        yield from (name for name, off in _OFF.items() if str(fields.get(name, "")).lower() == off)


def _targets(options: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the fields of every transport, those inside policies too."""
    if "transport" in options:
        yield options
        return
    dsn = options.get("dsn")
    if isinstance(dsn, Dsn):
        yield from _of_dsn(dsn)
    elif isinstance(dsn, (str, Secret)):
        try:
            yield from _of_dsn(Dsn.parse(dsn))
        except ConfigError:
            return  # E001 says so


def _of_dsn(dsn: Dsn) -> Iterator[Mapping[str, Any]]:
    yield {**dsn.options, "transport": dsn.scheme, "host": dsn.host, "password": dsn.password or dsn.user}
    for each in dsn.inner:
        yield from _of_dsn(each)


def _in_the_clear(password: Any) -> bool:
    """Say whether a password came from nowhere but the settings."""
    text = password.reveal() if isinstance(password, Secret) else password
    if not text or len(str(text)) < 4:
        return False
    return not any(str(text) in value for value in os.environ.values())
