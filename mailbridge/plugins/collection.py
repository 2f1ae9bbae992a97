"""`Plugins`: the transports and hooks that one Mailer can use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from mailbridge.errors import ConfigError
from mailbridge.hooks import Hooks
from mailbridge.plugins.built_in import FOLDERS, record_of
from mailbridge.plugins.construction import Construction, Insecure, Target, joined
from mailbridge.plugins.row import Row
from mailbridge.plugins.source import Source, installed
from mailbridge.sending.plugin import Plugin
from mailbridge.sending.transport import Transport
from mailbridge.settings.problems import nearest, sentence

if TYPE_CHECKING:
    from mailbridge.settings import Settings


class Plugins:
    """The transports and hooks that one Mailer can use; nothing of it is global.

    A scheme is looked up among what the application gave, then what is built in, then what is
    installed; entry points are scanned only in the last case, and once. Installed plugins cannot take
    a built-in scheme. Their transports can be used as soon as they are installed; their hooks act only
    when the application names the plugin, so that installing something changes no mail.

    Args:
        extra: records and hook objects of the application's own; their hooks act at once.
        enabled: names of installed plugins whose hooks shall act, `*` for all of them; a name with a
            minus before it (`-acme`) shuts a plugin out altogether, a built-in one too.
        entry_points: whether installed plugins are looked for at all.
        insecure: what becomes of a transport whose settings give up protection (`verify=false`):
            `warn` logs it on `mailbridge.plugins`.

    >>> plugins = Plugins()
    >>> plugins.plugin_for("memory").name
    'memory'
    """

    def __init__(
        self,
        extra: Iterable[object] = (),
        *,
        enabled: Iterable[str] = (),
        entry_points: bool = True,
        insecure: Insecure = "warn",
    ) -> None:
        self.hooks = Hooks()
        self._insecure: Insecure = insecure
        self._entry_points = entry_points
        self._active: dict[str, Source] = {}
        wanted = list(enabled)
        self._disabled = frozenset(name[1:] for name in wanted if name.startswith("-"))
        self._given = [self._take(one) for one in extra]
        for name in wanted:
            if not name.startswith("-"):
                self._activate_installed(name)

    def plugin_for(self, scheme: str) -> Plugin:
        """Return the record of the transport with this scheme.

        Raises ConfigError for an unknown, disabled or broken one, naming what is like it.
        """
        for source in self._given:
            if record := _record(source, scheme):
                return record
        if scheme in FOLDERS:
            return self._permitted(record_of(FOLDERS[scheme]), FOLDERS[scheme])
        for source in self._installed:
            if record := _record(source, scheme):
                return self._permitted(record, source.name)
        raise self._unknown(scheme)

    def build(self, target: Target, *, where: str = "") -> Transport:
        """Make the transport that a DSN or a mapping (`{"transport": "smtp", "host": …}`) describes.

        A policy is made with the transports inside it; in a mapping these are the list `transports`.
        A Transport is returned as it is. `where` names the setting in errors.

        Raises ConfigError with every problem at once.
        """
        try:
            return Construction(self.plugin_for, self._insecure).transport(target, where)
        except ConfigError as error:
            target = ""  # a traceback may show the variables of this frame; those below are cut off
            raise error.with_traceback(None) from error.__cause__

    def build_all(self, targets: Mapping[str, Target]) -> dict[str, Transport]:
        """Make several transports, by name; raise one ConfigError with the problems of all."""
        made, errors = self._made(targets)
        if errors:
            targets = {}  # as above
            raise joined(errors)
        return made

    @classmethod
    def problems_of(cls, settings: Settings) -> list[str]:
        """Say what is wrong with the mailers of settings, a sentence each; for `Settings.load(check=…)`."""
        try:
            plugins = cls(**settings.plugin_options())
        except ConfigError as error:
            return [error.text]
        _, errors = plugins._made({name: each.target for name, each in settings.mailers.items()})
        return [error.text for error in errors]

    def _made(self, targets: Mapping[str, Target]) -> tuple[dict[str, Transport], list[ConfigError]]:
        made, errors = dict[str, Transport](), list[ConfigError]()
        for name in targets:
            where = f"mailers.{name}"
            try:
                made[name] = self.build(targets[name], where=where)
            except ConfigError as error:
                alone = len(targets) == 1 or where in error.text
                errors.append(error if alone else ConfigError(f"{where}: {error.text}", hints=error.hints))
        return made, errors

    def all(self) -> list[Row]:
        """Describe every plugin, broken ones included; the one thing that loads them all."""
        owners = dict.fromkeys(FOLDERS, "mailbridge")
        return [self._row(source, owners) for source in self._sources]

    def records(self) -> list[Plugin]:
        """Return the records of all transports but those of broken and disabled plugins."""
        able = [source for source in self._sources if source.name not in self._disabled]
        return [record for source in able for record in source.content.records]

    @property
    def _sources(self) -> tuple[Source, ...]:
        built_in = [Source(name, "built in", partial(record_of, name)) for name in dict.fromkeys(FOLDERS.values())]
        return (*self._given, *built_in, *self._installed)

    @cached_property
    def _installed(self) -> tuple[Source, ...]:
        return tuple(installed()) if self._entry_points else ()

    def _take(self, plugin: object) -> Source:
        name = getattr(plugin, "name", None) or getattr(plugin, "__name__", None) or type(plugin).__name__
        source = Source(str(name), "given", lambda: plugin)
        if source.content.error:
            raise ConfigError(f"The plugin {name} cannot be used: {source.content.error}")
        self._activate(source)
        return source

    def _activate(self, source: Source) -> None:
        if source.content.hooks is not None:
            self._active[self.hooks.register(source.content.hooks, source.name)] = source

    def _activate_installed(self, wanted: str) -> None:
        found = [each for each in self._installed if wanted in (each.name, "*") and each.name not in self._disabled]
        if not found and wanted != "*":
            near = nearest(wanted, (each.name for each in self._installed))
            raise ConfigError(sentence(f"The setting plugins names {wanted!r}, which is not installed{near}"))
        for source in found:
            if source.content.error and wanted != "*":
                raise ConfigError(f"The plugin {wanted!r} is broken: {source.content.error}")
            self._activate(source)

    def _permitted(self, record: Plugin, name: str) -> Plugin:
        if name in self._disabled:
            raise ConfigError(f"The transport {record.name} is shut out by -{name} in the setting plugins.")
        return record

    def _unknown(self, scheme: str) -> ConfigError:
        known = [*FOLDERS, *(each for source in (*self._given, *self._installed) for each in source.schemes)]
        broken = [
            f"The plugin {each.name} is broken: {each.content.error}" for each in self._installed if each.content.error
        ]
        hints = [*broken, "List what there is with `mailbridge plugins`, or install the plugin that brings it."]
        return ConfigError(sentence(f"There is no transport {scheme!r}{nearest(scheme, known)}"), hints=hints)

    def _row(self, source: Source, owners: dict[str, str]) -> Row:
        error, status = source.content.error, source.status
        if source.status == "installed":
            taken = [each for each in source.schemes if owners.setdefault(each, source.name) != source.name]
            error = error or "".join(f"The scheme {each} is taken by {owners[each]}." for each in taken[:1])
        if error:
            status = "broken"
        elif source.name in self._disabled:
            status = "disabled"
        return Row.of(source, active=source in self._active.values(), status=status, error=error)


def _record(source: Source, scheme: str) -> Plugin | None:
    return next((record for record in source.content.records if scheme in record.schemes), None)
