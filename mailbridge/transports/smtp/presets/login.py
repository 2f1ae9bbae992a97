"""Who logs in with what: the rules of a preset for user name and password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailbridge.extend import Secret, kind_of_key
from mailbridge.transports.smtp.presets.preset import Preset
from mailbridge.transports.smtp.presets.ses import SECRET_KEY_LENGTH, smtp_password


def completed(preset: Preset, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the login as the server wants it.

    A key that stands alone, wherever it stands, is the password; what is shown for reading is removed; the
    secret access key of SES becomes the password of its region. Nothing is judged here.
    """
    values = dict(given)
    user, password = _text(values.get("user")), _text(values.get("password"))
    login = preset.login
    if login.one_key and not values.get("token") and values.get(preset.hosts.option) not in login.pairs:
        if user and not password and not _is_user(preset, user):
            user, password = "", user
        if password and not user and login.kind != "same":
            user = login.name
    if login.spaced and password:
        password = password.replace(" ", "")
    if preset.name == "ses" and password and _derives(password, values.get("region")):
        password = smtp_password(password, values["region"])
    for name, value in (("user", user), ("password", password)):
        if value is not None and value != _text(values.get(name)):
            values[name] = value
    return values


def flaws(preset: Preset, user: str, password: Secret | None, *, token: bool, choice: str) -> list[str]:
    """Say what is wrong with a login for a region or stream, field by field, without quoting it."""
    if password is not None and token:
        return ["password and token exclude each other; give the one that you log in with"]
    if token and not preset.takes_token:
        return [f"a token is nothing that {preset.title} takes over SMTP; it wants {preset.login.password}"]
    found = [_user_flaw(preset, user, choice)]
    if password is not None:
        found.append(_password_flaw(preset, password.reveal()))
    elif not token and kind_of_key(user) is None:
        found.append(f"password is missing: {preset.title} wants {preset.login.password}")
    return [flaw for flaw in found if flaw]


def _password_flaw(preset: Preset, password: str) -> str:
    kind = kind_of_key(password)
    if kind is None or preset.name in kind.presets:
        return ""
    return f"password is {kind.what}; {preset.title} wants {preset.login.password}"


def _user_flaw(preset: Preset, user: str, choice: str) -> str:
    login = preset.login
    if preset.name == "ses":
        if user.startswith("ASIA"):
            return "user is the id of a temporary access key, which SMTP cannot use; take that of an IAM user (AKIA…)"
    elif (kind := kind_of_key(user)) is not None:
        return f"user is {kind.what}; {_wanted(preset)}"
    if login.kind == "fixed" and user and not _is_user(preset, user):
        return f"user must be {login.name}, or be left out: for {preset.title} it is the same for everybody"
    if not user and (login.kind in ("address", "given") or choice in login.pairs):
        return f"user is missing; {_wanted(preset)}"
    if login.kind == "address" and "@" not in user:
        return "user must be a whole address; its @ is %40 in a DSN"
    return ""


def _wanted(preset: Preset) -> str:
    """Say what a login consists of; no DSN, whose credentials would be masked."""
    if preset.login.one_key:
        return f"{preset.title} wants {preset.login.password}"
    what = "a whole address" if preset.login.kind == "address" else "a user name"
    return f"{preset.title} wants {what} there, and as password {preset.login.password}"


def _is_user(preset: Preset, user: str) -> bool:
    login = preset.login
    return user == login.name or (bool(login.also) and re.fullmatch(login.also, user) is not None)


def _derives(password: str, region: object) -> bool:
    return len(password) == SECRET_KEY_LENGTH and isinstance(region, str) and bool(region)


def _text(value: object) -> str | None:
    reveal = getattr(value, "reveal", None) or getattr(value, "get_secret_value", None)
    found = reveal() if reveal is not None else value
    return found if isinstance(found, str) else None
