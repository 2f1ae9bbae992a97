"""`TransportSettings`: what a transport can be told, as a pydantic model, and how a DSN fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from mailbridge.dsn import Dsn
from mailbridge.dsn.flaws import flaw_in_text
from mailbridge.redaction import MASK
from mailbridge.secret import Secret
from mailbridge.settings.problems import complaint, nearest, problems_of

_PARTS = ("user", "password", "host", "port", "path")


class TransportSettings(BaseModel):
    """The settings of one transport; subclasses declare the fields.

    A DSN fills the fields `user`, `password`, `host`, `port` and `path` from its parts, and any field
    from an option of that name. A part whose field the model does not declare is refused, as is an
    unknown option. The host `default` leaves the field at its default. A field that is a list takes an
    option's words, separated by commas or spaces.

    Secrets are declared as `Secret` (or pydantic's `SecretStr`) and print as asterisks.

    >>> class AcmeSettings(TransportSettings):
    ...     dsn_parts = {"user": "api_key"}
    ...     api_key: Secret
    ...     timeout: float = 30.0
    >>> AcmeSettings.from_dsn(Dsn.parse("acme://s3cret@default?timeout=5"))
    AcmeSettings(api_key=Secret('********'), timeout=5.0)
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        populate_by_name=True,
    )

    dsn_parts: ClassVar[Mapping[str, str]] = {}
    """Which field a part of the DSN fills, where the names differ: `{"user": "api_key"}`."""

    scheme_field: ClassVar[str] = ""
    """The field that is told by which of its schemes the transport was named, if it has several."""

    insecure_values: ClassVar[Mapping[str, object]] = {}
    """The values that give up protection, by field: `{"verify": False}`. They are logged, or refused."""

    @classmethod
    def from_dsn(cls, dsn: Dsn) -> Self:
        """Return the settings that a DSN (or the arguments of a policy) states.

        Raises ConfigError with every problem: unknown, missing and ill-typed options and parts.
        """
        found, problems = cls._from_dsn(dsn)
        if found is None:
            # Where no host belongs, what stands in its place may be a key: acme://KEY for acme://KEY@default.
            shown = str(dsn) if "host" in cls.model_fields or dsn.inner else f"{dsn.scheme}://{MASK}"
            raise complaint(f"The DSN {shown} cannot be used", problems)
        return found

    @classmethod
    def from_fields(cls, fields: Mapping[str, object], *, scheme: str = "", where: str = "") -> Self:
        """Return the settings that named values state, for a transport that was named by `scheme`.

        `where` is put before each name in errors. Raises ConfigError with every problem.
        """
        prefix = f"{where}." if where else ""
        if cls.scheme_field and scheme:
            fields = {cls.scheme_field: scheme, **fields}
        found, problems = cls._checked(fields, lambda place: prefix + ".".join(map(str, place[:1])))
        if found is None:
            fields = {}  # a traceback may show the variables of this frame
            raise complaint(f"The settings of {where or cls.__name__} cannot be used", problems)
        return found

    @property
    def insecure(self) -> tuple[str, ...]:
        """The fields that are set to a value that gives up protection."""
        return tuple(name for name, value in self.insecure_values.items() if getattr(self, name) == value)

    @classmethod
    def _from_dsn(cls, dsn: Dsn) -> tuple[Self | None, list[str]]:
        """Return the settings or the problems; values that may be secret stay in this frame, which ends."""
        values, spelled, problems = cls._parts(dsn)
        for name, option in dsn.options.items():
            if (field := cls._field(name)) is None:
                problems.append(f"the option {name} is unknown{nearest(name, cls._names())}")
            elif field in values:
                problems.append(f"the option {name} repeats {spelled[field]}")
            else:
                values[field] = option
        found, more = cls._checked(values, lambda place: cls._spelled(place, dsn))
        return (None, problems + more) if problems else (found, more)

    @classmethod
    def _parts(cls, dsn: Dsn) -> tuple[dict[str, object], dict[str, str], list[str]]:
        values: dict[str, object] = {cls.scheme_field: dsn.scheme} if cls.scheme_field else {}
        spelled = {cls.scheme_field: "the scheme of the DSN"}
        problems = []
        for part in _PARTS:
            given = getattr(dsn, part)
            if given in (None, "") or (part == "host" and given == "default"):
                continue
            field = cls.dsn_parts.get(part, part)
            if field in cls.model_fields:
                values[field] = given
                spelled[field] = f"the {part} of the DSN"
            elif (part, given) != ("host", dsn.scheme):  # null://null, as elsewhere
                problems.append(f"{dsn.scheme}:// takes no {part}" + cls._meant(part, dsn.scheme))
        return values, spelled, problems

    @classmethod
    def _meant(cls, part: str, scheme: str) -> str:
        """Help who wrote `file://out` or a region as host; without quoting it, for what stands there may be a key."""
        if part == "host" and "region" in cls.model_fields:
            return "; write @default there, and a region as ?region=…"
        if part != "host" or "path" not in cls.model_fields:
            return ""
        return f"; an absolute path begins with a third slash, a relative one is written {scheme}://?path=…"

    @classmethod
    def _spelled(cls, place: Sequence[int | str], dsn: Dsn) -> str:
        name = ".".join(map(str, place[:1]))
        part = next((part for part in _PARTS if cls.dsn_parts.get(part, part) == name), None)
        if part is None or dsn.inner:
            return f"the option {name}"
        return f"{name} (the {part} of the DSN)" if part != name else f"the {part} of the DSN"

    @classmethod
    def _checked(
        cls, values: Mapping[str, object], spell: Callable[[Sequence[int | str]], str]
    ) -> tuple[Self | None, list[str]]:
        plain = {name: _revealed(value) for name, value in values.items()}
        if flawed := [
            f"{spell((name,))} {flaw}" for name in cls._protocol_fields() if (flaw := _flaw(plain.get(name)))
        ]:
            return None, flawed
        try:
            return cls.model_validate(plain), []
        except ValidationError as error:
            return None, problems_of(error, spell, cls._names())

    @classmethod
    def _protocol_fields(cls) -> list[str]:
        """Name the fields that end up in protocol lines and headers, where a line break is a second command."""
        return [cls.dsn_parts.get(part, part) for part in _PARTS]

    @classmethod
    def _names(cls) -> list[str]:
        aliases = [field.alias for field in cls.model_fields.values() if field.alias]
        return [*cls.model_fields, *aliases]

    @classmethod
    def _field(cls, name: str) -> str | None:
        return next((field for field, info in cls.model_fields.items() if name in (field, info.alias)), None)

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {
            name: value.replace(",", " ").split()
            if isinstance(value, str) and name in cls.model_fields and _is_list(cls.model_fields[name].annotation)
            else value
            for name, value in values.items()
        }

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} may hold secrets and cannot be pickled")


def _revealed(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else value


def _flaw(value: object) -> str:
    return flaw_in_text(value) if isinstance(value, str) else ""


def _is_list(annotation: Any) -> bool:
    kinds = (list, tuple, set, frozenset)
    return get_origin(annotation) in kinds or any(get_origin(each) in kinds for each in get_args(annotation))
