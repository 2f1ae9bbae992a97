"""Who logs in with what: the rules of a preset for user name and password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailbridge.extend import Secret
from mailbridge.transports.smtp.presets.keys import kind_of
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
    if login.one_key and not values.get("token"):
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


def flaws(preset: Preset, user: str, password: Secret | None, *, token: bool) -> list[str]:
    """Say what is wrong with a login, without quoting it."""
    found = []
    if password is not None and token:
        return ["password and token exclude each other; give the one that you log in with"]
    if token and not preset.takes_token:
        found.append(f"token: {preset.title} takes no OAuth 2 token over SMTP, but {preset.login.password}")
    elif password is None and not token:
        found.append(f"password is missing: {preset.title} wants {preset.login.password}, as in {preset.example}")
    if password is not None and (flaw := _password_flaw(preset, password.reveal())):
        found.append(flaw)
    if flaw := _user_flaw(preset, user):
        found.append(flaw)
    return found


def _password_flaw(preset: Preset, password: str) -> str:
    kind = kind_of(password)
    if kind is None or preset.name in kind.presets:
        return ""
    return f"password is {kind.what}; {preset.title} wants {preset.login.password}"


def _user_flaw(preset: Preset, user: str) -> str:
    login = preset.login
    kind = kind_of(user)
    if preset.name == "ses" and user.startswith("ASIA"):
        return "user is the id of a temporary access key, which SMTP cannot use; take the key of an IAM user (AKIA…)"
    if kind is not None and preset.name != "ses":
        return f"user is {kind.what}; {preset.title} wants {_user_wanted(preset)}"
    if login.kind == "fixed" and user and not _is_user(preset, user):
        return f"user must be {login.name}, or be left out: for {preset.title} it is the same for everybody"
    if login.kind in ("address", "given") and not user:
        return f"user is missing: {preset.title} wants {_user_wanted(preset)}"
    if login.kind == "address" and "@" not in user:
        return "user must be a whole address; its @ is %40 in a DSN"
    return ""


def _user_wanted(preset: Preset) -> str:
    if preset.login.kind == "address":
        return f"a whole address, as in {preset.example}"
    return f"a user name and a password, as in {preset.example}" if not preset.login.one_key else "the key alone"


def _is_user(preset: Preset, user: str) -> bool:
    login = preset.login
    return user == login.name or (bool(login.also) and re.fullmatch(login.also, user) is not None)


def _derives(password: str, region: object) -> bool:
    return len(password) == SECRET_KEY_LENGTH and isinstance(region, str) and bool(region)


def _text(value: object) -> str | None:
    reveal = getattr(value, "reveal", None) or getattr(value, "get_secret_value", None)
    found = reveal() if reveal is not None else value
    return found if isinstance(found, str) else None
