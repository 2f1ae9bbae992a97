"""`Plugin`: the record by which a transport makes itself known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mailbridge.message.value import Value

if TYPE_CHECKING:
    from pydantic import BaseModel

    from mailbridge.sending.transport import Transport


class Plugin(Value):
    """What mailbridge knows of a transport without loading it.

    Args:
        name: unique, lower case: `sendgrid`.
        schemes: the DSN schemes it answers to; the first is the canonical one.
        settings: `module:Class` of a pydantic model with the transport's settings.
        transport: `module:Class` of the Transport, called with an instance of the settings.
        summary: one line for `mailbridge plugins`.
        example: a DSN that a person can adapt.
        features: what it can express (see `mailbridge.message.features`).
        limits: numbers to respect, by name (`recipients`, `bytes`, `batch`).
        extra: the pip extra it needs, if any.
        policy: whether it is made of other transports (retry, failover …).
        docs: where to read more.
    """

    name: str
    schemes: tuple[str, ...]
    settings: str
    transport: str
    summary: str = ""
    example: str = ""
    features: frozenset[str] = frozenset()
    limits: Mapping[str, int] = {}
    extra: str = ""
    policy: bool = False
    docs: str = ""

    def __init__(
        self,
        *,
        name: str,
        schemes: Iterable[str],
        settings: str,
        transport: str,
        summary: str = "",
        example: str = "",
        features: Iterable[str] = (),
        limits: Mapping[str, int] | None = None,
        extra: str = "",
        policy: bool = False,
        docs: str = "",
    ) -> None:
        self._set(
            name=name,
            schemes=tuple(schemes),
            settings=settings,
            transport=transport,
            summary=summary,
            example=example,
            features=frozenset(features),
            limits=dict(limits or {}),
            extra=extra,
            policy=policy,
            docs=docs,
        )

    def load_settings(self) -> type[BaseModel]:
        """Import the settings model."""
        return _load(self.settings)  # type: ignore[no-any-return]

    def load_transport(self) -> type[Transport]:
        """Import the transport class."""
        return _load(self.transport)  # type: ignore[no-any-return]


def _load(path: str) -> Any:
    from importlib import import_module

    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
