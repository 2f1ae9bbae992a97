"""The flat `MAIL_*` keys of Flask-Mail and Flask-Mailman, as what `mailbridge.Settings` take.

Values may be text, as environment variables and `.env` files give them; empty text and None stand for
"not set". Everything is read when asked for, never copied: a key that is set after `init_app` counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailbridge import Address, ConfigError, MessageInvalid, Secret

DEFAULT_SERVER = "127.0.0.1"
DEFAULT_PORT = 25

_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
_FALSE = frozenset({"0", "false", "no", "off", "f", "n"})
_CHOICE = ("MAIL_SERVER", "MAIL_PORT", "MAIL_USE_TLS", "MAIL_USE_SSL", "MAIL_USERNAME", "MAIL_BACKEND")
_MAILMAN = "flask_mailman.backends."
_TRANSPORTS = {"smtp": "smtp", "console": "console", "file": "file", "locmem": "memory", "dummy": "null"}
_TIMEOUTS = ("connect_timeout", "greeting_timeout", "timeout", "final_timeout")


def present(config: Mapping[str, Any]) -> bool:
    """Say whether any of the keys that choose a server or a backend is set."""
    return any(_given(config, key) is not None for key in _CHOICE)


def target(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the transport as a table of its fields. Raises ConfigError naming the key that is wrong.

    >>> target({"MAIL_SERVER": "mail.example.com", "MAIL_PORT": "587", "MAIL_USE_TLS": "true"})
    {'transport': 'smtp', 'host': 'mail.example.com', 'port': 587, 'tls': 'starttls'}
    """
    backend = str(_given(config, "MAIL_BACKEND") or "smtp")
    name = _TRANSPORTS.get(backend.removeprefix(_MAILMAN))
    if name is None:
        raise ConfigError(
            f"MAIL_BACKEND must be one of {', '.join(_TRANSPORTS)}, not {backend!r:.80}.",
            hints=["Every other way to send is a DSN in MAILBRIDGE, such as sendgrid://KEY@default."],
        )
    if name == "smtp":
        return _smtp(config)
    if name != "file":
        return {"transport": name}
    path = _given(config, "MAIL_FILE_PATH")
    if path is None:
        raise ConfigError("MAIL_FILE_PATH is missing: the directory in which MAIL_BACKEND = 'file' writes messages.")
    return {"transport": name, "path": path}


def default_sender(config: Mapping[str, Any]) -> Address | None:
    """Return MAIL_DEFAULT_SENDER: an address, or a pair of name and address. Raises ConfigError."""
    value = _given(config, "MAIL_DEFAULT_SENDER")
    try:
        match value:
            case None | Address():
                return value
            case str():
                return Address.parse(value)
            case [name, spec]:
                return Address(spec, name or "")
    except MessageInvalid as error:
        raise ConfigError(f"MAIL_DEFAULT_SENDER: {error.text}") from None
    raise ConfigError("MAIL_DEFAULT_SENDER must be an address, or a pair of name and address.")


def suppressed(config: Mapping[str, Any]) -> bool:
    """Say whether nothing is to be sent: by MAIL_SUPPRESS_SEND or, without it, under TESTING."""
    return switch(config, "MAIL_SUPPRESS_SEND", default=switch(config, "TESTING"))


def debug(config: Mapping[str, Any]) -> bool:
    """Say whether the dialogue with the server is to be shown: by MAIL_DEBUG or, without it, under DEBUG.

    Flask-Mail shows it while an app is debugged; an app that has MAILBRIDGE has left those habits behind.
    """
    return switch(config, "MAIL_DEBUG", default=switch(config, "DEBUG") and not config.get("MAILBRIDGE"))


def ascii_attachments(config: Mapping[str, Any]) -> bool:
    """Say whether names of attached files are to be written in ASCII letters: MAIL_ASCII_ATTACHMENTS."""
    return switch(config, "MAIL_ASCII_ATTACHMENTS")


def max_emails(config: Mapping[str, Any]) -> int | None:
    """Return MAIL_MAX_EMAILS: how many messages one connection carries; None stands for any number."""
    return _number(config, "MAIL_MAX_EMAILS", least=0) or None


def switch(config: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    """Return a key that is on or off. Raises ConfigError for anything else than booleans and their usual names.

    >>> switch({"MAIL_USE_TLS": "False"}, "MAIL_USE_TLS", default=True)
    False
    """
    found = _stated(config, key)
    return default if found is None else found


def _smtp(config: Mapping[str, Any]) -> dict[str, Any]:
    starttls, implicit = _stated(config, "MAIL_USE_TLS"), switch(config, "MAIL_USE_SSL")
    if starttls and implicit:
        raise ConfigError(
            "MAIL_USE_TLS and MAIL_USE_SSL exclude each other.",
            hints=["Keep MAIL_USE_TLS for port 587, or MAIL_USE_SSL for port 465."],
        )
    port = _number(config, "MAIL_PORT", least=1, most=65535) or (465 if implicit else DEFAULT_PORT)
    if implicit and port in (25, 587):
        raise ConfigError(
            f"MAIL_USE_SSL does not fit MAIL_PORT {port}, where encryption begins by STARTTLS.",
            hints=["Set MAIL_USE_TLS in its place, or MAIL_PORT to 465."],
        )
    if starttls and port == 465:
        raise ConfigError(
            "MAIL_USE_TLS does not fit MAIL_PORT 465, which expects TLS from the first byte.",
            hints=["Set MAIL_USE_SSL in its place, or MAIL_PORT to 587."],
        )
    fields: dict[str, Any] = {"transport": "smtp", "host": _server(config), "port": port}
    if implicit:
        fields["tls"] = "implicit"
    elif starttls is not None and port != 465:
        # Said to be off, it is off; not said, it is as everywhere: demanded towards other machines.
        fields["tls"] = "starttls" if starttls else "off"
    return fields | _login(config) | _certificate(config) | _limits(config)


def _server(config: Mapping[str, Any]) -> str:
    host = _given(config, "MAIL_SERVER") or DEFAULT_SERVER
    if not isinstance(host, str) or not re.fullmatch(r"[\w.~:-]+", host):
        raise ConfigError(
            f"MAIL_SERVER must be the name or address of a server, not {host!r:.80}.",
            hints=["A port belongs into MAIL_PORT; a URL is the DSN of MAILBRIDGE."],
        )
    if host.count(":") == 1:
        raise ConfigError(f"MAIL_SERVER {host!r:.80} has a port; it belongs into MAIL_PORT.")
    return host


def _login(config: Mapping[str, Any]) -> dict[str, Any]:
    user, password = _given(config, "MAIL_USERNAME"), _given(config, "MAIL_PASSWORD")
    if (user is None) != (password is None):
        there, missing = ("MAIL_USERNAME", "MAIL_PASSWORD") if password is None else ("MAIL_PASSWORD", "MAIL_USERNAME")
        raise ConfigError(f"{there} is set, and {missing} is not.", hints=["Set both, or neither to send without."])
    if user is None:
        return {}
    return {"user": _text("MAIL_USERNAME", user), "password": Secret(_text("MAIL_PASSWORD", password))}


def _text(key: str, value: Any) -> str:
    """Return text, also where Flask took it for a whole number in the environment; others cannot be told back."""
    if isinstance(value, Secret):
        return value.reveal()
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise ConfigError(
            f"{key} must be text, not {type(value).__name__}.",
            hints=[f"In the environment, write FLASK_{key} with quotation marks, so that it is text in JSON too."],
        )
    return str(value)


def _certificate(config: Mapping[str, Any]) -> dict[str, Any]:
    certificate, key = _given(config, "MAIL_SSL_CERTFILE"), _given(config, "MAIL_SSL_KEYFILE")
    if key is not None and certificate is None:
        raise ConfigError("MAIL_SSL_KEYFILE is the key of the certificate in MAIL_SSL_CERTFILE, which is not set.")
    named = {"client_cert": certificate, "client_key": key}
    return {field: path for field, path in named.items() if path is not None}


def _limits(config: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if (messages := max_emails(config)) is not None:
        fields["max_messages"] = messages
    timeout = _given(config, "MAIL_TIMEOUT")
    if timeout is not None:
        try:
            seconds = float(timeout)
        except (TypeError, ValueError):
            seconds = 0.0
        if not 0 < seconds < float("inf") or isinstance(timeout, bool):
            raise ConfigError(f"MAIL_TIMEOUT must be a number of seconds above 0, not {timeout!r:.80}.")
        fields |= dict.fromkeys(_TIMEOUTS, seconds)
    return fields


def _number(config: Mapping[str, Any], key: str, *, least: int, most: int | None = None) -> int | None:
    value = _given(config, key)
    if value is None:
        return None
    number = int(value) if re.fullmatch(r"\d{1,9}", str(value).strip(), re.ASCII) else -1
    if number < least or (most is not None and number > most):
        span = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise ConfigError(f"{key} must be a whole number {span}, not {value!r:.80}.")
    return number


def _stated(config: Mapping[str, Any], key: str) -> bool | None:
    value = _given(config, key)
    if value is None or isinstance(value, int):  # MAIL_DEBUG may be one of smtplib's levels
        return None if value is None else bool(value)
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ConfigError(f"{key} must be true or false, not {value!r:.80}.")
    return text in _TRUE


def _given(config: Mapping[str, Any], key: str) -> Any:
    """Return a value that says something: the empty text of an unset variable does not."""
    value = config.get(key)
    return None if isinstance(value, str) and not value.strip() else value
