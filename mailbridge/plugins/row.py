"""`Row`: what `mailbridge plugins` says of one plugin."""

from __future__ import annotations

from typing import Any

from mailbridge.message.value import Value
from mailbridge.plugins.source import Source, Status


class Row(Value):
    """One plugin: what it offers, where it comes from, and whether it can be used.

    Args:
        name: of the plugin.
        status: `built in`; `given` by the application; `installed` (an entry point); `disabled` by the
            setting `plugins`; `broken`, then `error` says why.
        schemes: the DSN schemes it answers to.
        features: what its transports can express (`mailbridge.message.features`).
        hooks: the hooks it implements; they are called when `active`.
        active: whether its hooks are called.
        distribution: name and version of the distribution it came with: `acme-mail 1.2`.
        summary: one line about it.
        examples: a DSN to adapt, of each transport whose author gave one.
        error: one sentence.
    """

    name: str
    status: Status
    schemes: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()
    hooks: tuple[str, ...] = ()
    active: bool = False
    distribution: str = ""
    summary: str = ""
    examples: tuple[str, ...] = ()
    error: str = ""

    def __init__(self, name: str, status: Status, **more: Any) -> None:
        self._set(name=name, status=status, **more)

    @classmethod
    def of(cls, source: Source, *, active: bool, status: Status, error: str) -> Row:
        """Describe a plugin."""
        records = source.content.records
        return cls(
            source.name,
            status,
            schemes=source.schemes,
            features=frozenset[str]().union(*(record.features for record in records)),
            hooks=source.hook_names,
            active=active,
            distribution=source.distribution,
            summary=" ".join(record.summary for record in records),
            examples=tuple(record.example for record in records if record.example),
            error=error,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        shown: dict[str, Any] = dict(zip(self._fields(), self._values(), strict=True))
        return shown | {
            "schemes": list(self.schemes),
            "features": sorted(self.features),
            "hooks": list(self.hooks),
            "examples": list(self.examples),
        }
