"""`MailerSettings`: how one named mailer is configured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.message.value import Value
from mailbridge.secret import Secret, Unpicklable, guarded
from mailbridge.settings.problems import gathering

_PARTS = ("user", "password", "host", "port", "path")


class MailerSettings(Unpicklable, Value):
    """One mailer: a DSN, or the name of a transport, and fields for either.

    Beside a DSN, fields supply what it lacks, so that a file can hold the DSN and the environment the
    password. What names a secret is kept as a `Secret`.

    Args:
        dsn: the whole of it, or all but some fields.
        transport: a scheme, instead of a DSN.
        transports: what a policy named by `transport` is made of.
        fields: settings of the transport by name.

    >>> MailerSettings.read({"dsn": "smtp://ann@mail.example.com", "password": "s3cret"}).target
    Dsn('smtp://********@mail.example.com')
    """

    dsn: Dsn | None = None
    transport: str = ""
    transports: tuple[MailerSettings, ...] = ()
    fields: Mapping[str, Any] = {}

    def __init__(
        self,
        *,
        dsn: Dsn | None = None,
        transport: str = "",
        transports: Iterable[MailerSettings] = (),
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        self._set(dsn=dsn, transport=transport, transports=tuple(transports), fields=dict(fields or {}))
        fields = None  # a traceback may show the variables of this frame
        if (dsn is None) == (not transport):
            raise ConfigError("A mailer needs either dsn or transport" + (", not both." if dsn else "."))
        if dsn is not None and (dsn.inner or self.transports) and (self.fields or self.transports):
            raise ConfigError("Beside the DSN of a policy there can be no fields; write them into the DSN.")

    @classmethod
    def read(cls, value: Any) -> Self:
        """Read what a file, a variable or a caller gave: a DSN, or a table of fields.

        Raises ConfigError.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, (str, Secret, Dsn)):
            value = {"dsn": value}
        if not isinstance(value, Mapping):
            raise ConfigError(f"A mailer must be a DSN or a table, not {type(value).__name__}.")
        fields = guarded(value)
        dsn, transports = fields.pop("dsn", None), fields.pop("transports", ())
        if not isinstance(dsn, (Secret, Dsn)) and dsn is not None:
            raise ConfigError(f"The setting dsn must be text, not {type(dsn).__name__}.")
        if not isinstance(transports, (list, tuple)):
            raise ConfigError("The setting transports must be a list of DSNs or tables.")
        made = cls(
            dsn=dsn if dsn is None or isinstance(dsn, Dsn) else Dsn.parse(dsn),
            transport=fields.pop("transport", ""),
            transports=map(cls.read, transports),
            fields=fields,
        )
        _ = made.target  # what contradicts itself is a problem like any other
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic read one by `read`."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(gathering(cls.read))

    @property
    def target(self) -> Dsn | dict[str, Any]:
        """What `Plugins.build` takes."""
        if self.dsn is not None:
            return _completed(self.dsn, self.fields) if self.fields else self.dsn
        inner = {"transports": [each.target for each in self.transports]} if self.transports else {}
        return {"transport": self.transport, **inner, **self.fields}

    def masked(self) -> dict[str, Any]:
        """Return its settings as they may be shown."""
        shown: dict[str, Any] = {"dsn": str(self.dsn)} if self.dsn is not None else {"transport": self.transport}
        if self.transports:
            shown["transports"] = [each.masked() for each in self.transports]
        return shown | {name: str(each) if isinstance(each, Secret) else each for name, each in self.fields.items()}


def _completed(dsn: Dsn, fields: Mapping[str, Any]) -> Dsn:
    """Add fields to a DSN; raise ConfigError for what it says already."""
    parts = {part: getattr(dsn, part) for part in _PARTS}
    options: dict[str, Any] = dict(dsn.options)
    for name, value in fields.items():
        home = parts if name in parts else options
        if home.get(name) not in (None, "", "default"):
            raise ConfigError(f"The setting {name} is given in the DSN {dsn} and beside it; keep one of the two.")
        home[name] = value
    return Dsn(dsn.scheme, **parts, options={name: _text(value) for name, value in options.items()})


def _text(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, (list, tuple)):
        return " ".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
