"""What `app.config` says of mail, as `mailbridge.Settings`.

    app.config["MAILBRIDGE"] = {"dsn": "smtp://…", "mailers": {"bulk": "ses://…"}, "default_from": "shop@example.com"}

The keys are those of `AppSettings`. A name in capitals comes from the environment,
`FLASK_MAILBRIDGE__MAILERS__BULK__DSN` by `app.config.from_prefixed_env()`, and wins over the same in small letters.
An instance with a name of its own has a key of its own: `MAILBRIDGE_BULK` for `MailBridge(name="bulk")`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr
from werkzeug.utils import import_string

from mailbridge import ConfigError, Dsn, Secret, Settings
from mailbridge.hooks.implementation import described
from mailbridge.secret import names_a_secret
from mailbridge.settings.leaves import flattened, merged
from mailbridge_flask import mail_keys

DEFAULT = "default"


def _hooks(value: Any) -> Any:
    given = value if isinstance(value, (list, tuple)) else [value]
    return tuple(map(_imported, given))


def _imported(value: Any) -> Any:
    """Return an object with hooks; a dotted path may name it, its class, or a module."""
    if not isinstance(value, str):
        return value
    try:
        found = import_string(value, silent=True) or import_module(value)
        return found() if isinstance(found, type) else found
    except Exception as error:
        raise ValueError(f"{value!r} cannot be imported: {described(error)}") from error


class AppSettings(Settings):
    """The settings of an app: those of mailbridge, the hooks of its mailers, and how its templates are used."""

    hooks: Annotated[
        tuple[Any, ...],
        BeforeValidator(_hooks),
        Field(description="objects, classes or modules with hooks, or their dotted paths"),
    ] = ()

    template_folder: Annotated[
        str, Field(description="where mails lie in the app's folders of templates; those of `templates` go before them")
    ] = "mail"

    inline_css: Annotated[bool, Field(description="whether styles go into the elements of the app's templates")] = True

    make_text: Annotated[bool, Field(description="whether text is made of the HTML where a template has none")] = True

    _further: dict[str, Any] = PrivateAttr(default_factory=dict)

    def mailer_options(self) -> dict[str, Any]:
        """Return the arguments of Mailer, with the hooks and what `further` gave."""
        return {**super().mailer_options(), "hooks": self.hooks, **self._further}

    def further(self, **options: Any) -> Self:
        """Give further arguments of Mailer, or others in place of those that follow from the settings."""
        self._further.update(options)
        return self


def key_of(name: str) -> str:
    """Return the key of `app.config` that an instance reads.

    >>> key_of("default"), key_of("bulk")
    ('MAILBRIDGE', 'MAILBRIDGE_BULK')
    """
    return "MAILBRIDGE" if name == DEFAULT else f"MAILBRIDGE_{name.upper()}"


def settings_of(config: Mapping[str, Any], name: str = DEFAULT) -> AppSettings:
    """Return the settings of an instance; what they do not say, the flat `MAIL_*` keys may.

    Without any mailer they are whole all the same: see `unconfigured`. Raises ConfigError naming the key,
    with everything that is wrong.
    """
    key = key_of(name)
    where = f"app.config[{key!r}]"
    values = _values(config.get(key), where)
    if name == DEFAULT and not _names_default(values) and mail_keys.present(config):
        values["mailers"] = {**values.get("mailers", {}), DEFAULT: mail_keys.target(config)}
        where = "app.config"
    if "default_from" not in values and (sender := mail_keys.default_sender(config)) is not None:
        values["default_from"] = sender
    return AppSettings.load(values, environment=False, needs_mailer=False, where=where)


def unconfigured(name: str) -> ConfigError:
    """Return the error for an app that says nowhere how to send."""
    key = key_of(name)
    return ConfigError(
        f"No mailer is configured in app.config[{key!r}].",
        hints=[
            f'Set app.config[{key!r}] = {{"dsn": "smtp://…"}}, '
            f"or FLASK_{key}__DSN and call app.config.from_prefixed_env()."
        ],
    )


def _names_default(values: Mapping[str, Any]) -> bool:
    mailers = values.get("mailers", {})
    return "dsn" in values or not isinstance(mailers, Mapping) or DEFAULT in mailers


def _values(given: Any, where: str) -> dict[str, Any]:
    if given is None or given == "":
        return {}
    if isinstance(given, (str, Secret, Dsn)):
        return {"dsn": given}
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} must be a DSN or a dictionary, not {type(given).__name__}.")
    if names := [name for name in given if not isinstance(name, str)]:
        raise ConfigError(f"{where} has the key {names[0]!r}, which is no text.")
    written = {name: value for name, value in given.items() if not name.isupper()}
    environment = {name.lower(): _of_environment(name, given[name], where) for name in given if name.isupper()}
    environment = {name: value for name, value in environment.items() if value is not None}
    if not (written and environment):
        return written or environment
    return merged([flattened(environment, where), flattened(written, where)]).nested()


def _of_environment(name: str, value: Any, where: str) -> Any:
    """Undo what Flask's reading as JSON did: the password 12345 is text, and so is `true`.

    A list or a table was meant. A number with a point or an exponent is not told apart from how it was
    written, so it cannot be a secret.
    """
    if isinstance(value, Mapping):
        found = {str(each).lower(): _of_environment(each, value[each], f"{where}[{name!r}]") for each in value}
        return {each: one for each, one in found.items() if one is not None}
    if isinstance(value, float) and names_a_secret(name):
        raise ConfigError(
            f"{where}[{name!r}] was read as a number.",
            hints=["In the environment, write it with quotation marks, so that it is text in JSON too."],
        )
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value
