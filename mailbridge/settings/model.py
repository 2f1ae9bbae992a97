"""`Settings`: what an application tells mailbridge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.message import features
from mailbridge.message.address import Address, address, domain
from mailbridge.settings.description import Described, described
from mailbridge.settings.leaves import PREFIX, SEPARATOR, Leaves
from mailbridge.settings.mailer import MailerSettings
from mailbridge.settings.problems import gathering, nearest

Unsupported = Literal["raise", "warn", "drop", "emulate"]


def _words(value: Any) -> Any:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _addresses(value: Any) -> tuple[Address, ...]:
    many = value if isinstance(value, (list, tuple)) else [value]
    return tuple(address(each, "default_reply_to") for each in many)


def _directory(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("is not a directory")
    return value.resolve()


def _by_feature(value: Any) -> Any:
    if isinstance(value, Mapping):
        for name in value:
            if name != "*" and name not in features.ALL:
                raise ValueError(f"there is no feature {name}{nearest(name, features.ALL)}")
    return value


class Settings(BaseSettings):
    """The settings of an application.

    `Settings.load()` gathers them from its arguments, the environment, `.env` and `mailbridge.toml` or
    `[tool.mailbridge]` of `pyproject.toml`, and says everything that is wrong with them at once.
    `Settings(…)` reads nothing but its arguments.

    >>> settings = Settings(dsn="smtp://ann:s3cret@mail.example.com", default_from="app@example.com")
    >>> settings.mailers["default"].dsn
    Dsn('smtp://********@mail.example.com')
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=SEPARATOR,
        env_ignore_empty=True,  # what compose files and CI set for a variable that nobody gave
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    mailers: Annotated[
        dict[str, MailerSettings],
        Field(description="the mailers by name; `dsn` is short for that of the mailer `default`"),
    ] = {}
    default_from: Annotated[
        Annotated[Address, PlainValidator(gathering(lambda value: address(value, "default_from")))] | None,
        Field(description="the author of messages that name none"),
    ] = None
    default_reply_to: Annotated[
        tuple[Address, ...],
        PlainValidator(gathering(_addresses)),
        Field(description="where answers go to messages that name no address"),
    ] = ()
    attachment_root: Annotated[
        Annotated[Path, AfterValidator(_directory)] | None,
        Field(description="the only directory from which `mailbridge send` attaches files by path; none by default"),
    ] = None
    templates: Annotated[
        Annotated[Path, AfterValidator(_directory)] | None,
        Field(description="the folder of the templates that `Message.from_template` makes messages of"),
    ] = None
    unsupported: Annotated[
        Unsupported | dict[str, Unsupported],
        BeforeValidator(_by_feature),
        Field(description="what to do with features that a transport lacks: one word, or one by feature"),
    ] = "raise"
    message_id_domain: Annotated[
        str,
        AfterValidator(gathering(lambda value: value and domain(value, "message_id_domain"))),
        Field(description="the right-hand side of Message-IDs; the author's domain by default"),
    ] = ""
    plugins: Annotated[
        tuple[str, ...],
        BeforeValidator(_words),
        Field(description="installed plugins whose hooks act; * for all, -name shuts one out"),
    ] = ()
    insecure: Annotated[
        Literal["allow", "warn", "refuse"],
        Field(description="what to do with a transport whose settings give up protection"),
    ] = "warn"
    log_format: Annotated[Literal["text", "json"], Field(description="how the command line writes log records")] = (
        "text"
    )

    _origins: Leaves = PrivateAttr(default_factory=Leaves)

    @classmethod
    def load(
        cls,
        values: Mapping[str, Any] | None = None,
        *,
        directory: Path | None = None,
        environment: bool = True,
        check: Callable[[Self], Iterable[str]] | None = None,
        needs_mailer: bool = True,
        where: str = "the arguments",
        **more: Any,
    ) -> Self:
        """Gather the settings; the first that says something wins.

            1. `values` and keyword arguments
            2. the environment: `MAILBRIDGE_DSN`, `MAILBRIDGE_MAILERS__BULK__DSN`
            3. `.env` in `directory` (by default the current one) or above it in the project
            4. `mailbridge.toml`, or `[tool.mailbridge]` of `pyproject.toml`, likewise

        `environment=False` leaves out 2 to 4. Raises one ConfigError for everything that is unknown,
        misspelt, missing or malformed, each with the name to set and where it was found. `check` may add
        to that what it finds in the rest, which is usable; without problems it is not called. That no
        mailer is configured is such a problem, unless `needs_mailer` is false. `where` says in errors
        where `values` stand, for frameworks that have a place of their own for them.
        """
        from mailbridge.settings.loading import load

        try:
            return load(cls, {**(values or {}), **more}, where, directory, environment, check, needs_mailer)
        except ConfigError as error:
            values, more = None, {}  # a traceback may show the variables of this frame; of those below it has none
            raise error.with_traceback(None) from None

    @property
    def dsn(self) -> Dsn | None:
        """The DSN of the default mailer."""
        default = self.mailers.get("default")
        return default.dsn if default else None

    def mailer_options(self) -> dict[str, Any]:
        """Return the arguments of `Mailer` that follow from these settings."""
        return {
            "mailers": {name: each.target for name, each in self.mailers.items()},
            "default_from": self.default_from,
            "default_reply_to": self.default_reply_to,
            "templates": self.templates,
            "unsupported": self.unsupported,
            "message_id_domain": self.message_id_domain,
        }

    def plugin_options(self) -> dict[str, Any]:
        """Return the arguments of `Plugins` that follow from these settings."""
        return {"enabled": self.plugins, "insecure": self.insecure}

    def describe(self) -> list[Described]:
        """Return each setting with its value, secrets masked, and where it came from."""
        return described(self, self._origins)

    @model_validator(mode="before")
    @classmethod
    def _short_dsn(cls, values: Any) -> Any:
        """Take `dsn` for the DSN of the mailer `default`."""
        if not isinstance(values, dict) or "dsn" not in values:
            return values
        rest = {name: value for name, value in values.items() if name != "dsn"}
        mailers = dict(rest.get("mailers", {}))
        if "default" in mailers:
            raise ValueError("dsn and mailers.default say the same; keep one of the two")
        return {**rest, "mailers": {"default": values["dsn"], **mailers}}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but arguments: `load` reads the rest and remembers where each value came from."""
        return (init_settings,)

    def __reduce__(self) -> NoReturn:
        raise TypeError("Settings hold secrets and cannot be pickled")
