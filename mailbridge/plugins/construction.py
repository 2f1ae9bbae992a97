"""`Construction`: makes one transport, with those inside it, and gathers what is wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError, MailError
from mailbridge.hooks.implementation import described
from mailbridge.secret import Secret
from mailbridge.sending.plugin import Plugin
from mailbridge.sending.transport import Transport

Target = str | Secret | Dsn | Mapping[str, Any] | Transport
Insecure = Literal["allow", "warn", "refuse"]


class Construction:
    """Makes a transport out of a DSN or a mapping; `None` within stands for "the problem is noted"."""

    def __init__(self, plugin_for: Callable[[str], Plugin], insecure: Insecure) -> None:
        self._plugin_for = plugin_for
        self._insecure = insecure
        self._errors: list[ConfigError] = []

    def transport(self, target: Target, where: str) -> Transport:
        """Return the transport; raise one ConfigError for all that is wrong with it and those inside it."""
        made = self._noting(target, where)
        if made is None:
            raise joined(self._errors)
        return made

    def _noting(self, target: Target, where: str) -> Transport | None:
        try:
            return self._made(target, where)
        except ConfigError as error:
            self._errors.append(error)
            return None

    def _made(self, target: Target, where: str) -> Transport | None:
        if isinstance(target, Transport):
            return target
        if isinstance(target, (str, Secret)):
            target = Dsn.parse(target)
        if isinstance(target, Dsn):
            return self._from_dsn(target)
        if isinstance(target, Mapping):
            return self._from_fields(target, where)
        raise ConfigError(f"{where or 'A transport'} must be a DSN or a table, not {type(target).__name__}.")

    def _from_dsn(self, dsn: Dsn) -> Transport | None:
        inner = [self._noting(each, "") for each in dsn.inner]
        record = self._plugin_for(dsn.scheme)
        if record.policy and not dsn.inner:
            raise ConfigError(f"{dsn.scheme} is a policy around other transports: write {dsn.scheme}(smtp://host).")
        if dsn.inner and not record.policy:
            raise ConfigError(f"{dsn.scheme} is no policy, so nothing can be inside it: write {dsn.scheme}://host.")
        settings = _loaded(record, record.load_settings).from_dsn(dsn)
        return self._constructed(record, inner, settings, str(dsn))

    def _from_fields(self, target: Mapping[str, Any], where: str) -> Transport | None:
        fields = dict(target)
        prefix = f"{where}." if where else ""
        name = fields.pop("transport", None)
        if not isinstance(name, str):
            raise ConfigError(f"{prefix}transport is missing; it names the transport, such as smtp.")
        record = self._plugin_for(name)
        inner = self._inner(record, fields.pop("transports", ()), prefix)
        settings = _loaded(record, record.load_settings).from_fields(fields, scheme=name, where=where or name)
        return self._constructed(record, inner, settings, where or name)

    def _inner(self, record: Plugin, given: Any, prefix: str) -> list[Transport | None]:
        if not record.policy and given:
            raise ConfigError(f"{prefix}transports does not belong to {record.name}, which is no policy.")
        if record.policy and (not given or not isinstance(given, (list, tuple))):
            raise ConfigError(f"{prefix}transports is missing; it is the list of the transports inside {record.name}.")
        return [self._noting(each, f"{prefix}transports.{index}") for index, each in enumerate(given)]

    def _constructed(
        self, record: Plugin, inner: Sequence[Transport | None], settings: Any, shown: str
    ) -> Transport | None:
        self._judge(settings, shown)
        kind: Any = _loaded(record, record.load_transport)
        whole = [each for each in inner if each is not None]
        if len(whole) < len(inner):
            return None
        try:
            made: Transport = _policy(kind, whole, settings) if record.policy else kind(settings)
        except MailError:
            raise
        except Exception as error:
            raise ConfigError(f"The transport {record.name!r} could not be made: {described(error)}.") from error
        return made

    def _judge(self, settings: Any, shown: str) -> None:
        if self._insecure == "allow" or not settings.insecure:
            return
        given_up = ", ".join(settings.insecure)
        if self._insecure == "refuse":
            raise ConfigError(f"{shown} gives up protection by its setting {given_up}, which is not allowed here.")
        import logging

        facts = {"mailbridge_event": "insecure_settings"}
        logging.getLogger("mailbridge.plugins").warning("%s gives up protection by %s", shown, given_up, extra=facts)


def _policy(kind: Any, inner: Sequence[Transport], settings: Any) -> Transport:
    """Make a policy of the transports in it; its settings are its keyword arguments."""
    from inspect import signature

    options = {name: getattr(settings, name) for name in type(settings).model_fields}
    try:
        signature(kind).bind(*inner, **options)
    except TypeError:
        raise ConfigError(
            f"{kind.name} cannot be made of {len(inner)} transports.",
            hints=[f"Join them by a policy that takes several: {kind.name}(failover(a, b))."] if len(inner) > 1 else (),
        ) from None
    made: Transport = kind(*inner, **options)
    return made


def _loaded(record: Plugin, load: Callable[[], Any]) -> Any:
    """Import a part of a plugin; a missing dependency becomes an error that says what to install."""
    try:
        return load()
    except Exception as error:
        raise _not_loaded(record, error) from error


def _not_loaded(record: Plugin, error: Exception) -> ConfigError:
    if isinstance(error, ModuleNotFoundError) and record.extra:
        # Not `pip install mailbridge[…]`: that name on the public index is another project's.
        fix = f"Install it with the extra {record.extra}: pip install '.[{record.extra}]' in mailbridge's directory."
        return ConfigError(f"The transport {record.name!r} needs the module {error.name!r}.", hints=[fix])
    return ConfigError(f"The transport {record.name!r} could not be loaded: {described(error)}.")


def joined(errors: Iterable[ConfigError]) -> ConfigError:
    """Return one error that says all of them."""
    first, *others = errors
    if not others:
        return first
    lines = "".join(f"\n  - {error.text}" for error in (first, *others))
    hints = dict.fromkeys(hint for error in (first, *others) for hint in error.hints)
    return ConfigError(f"The configuration has {len(others) + 1} faults:{lines}", hints=hints)
