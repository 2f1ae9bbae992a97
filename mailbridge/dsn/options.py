"""`Options`: the options of a DSN."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mailbridge.redaction import MASK
from mailbridge.secret import Unpicklable, names_a_secret


class Options(Unpicklable, Mapping[str, str]):
    """Names and values as written: frozen, hashable, and what has a secret's name prints as asterisks.

    >>> Options({"timeout": "5", "api_key": "s3cret"})
    Options({'timeout': '5', 'api_key': '********'})
    """

    __slots__ = ("_options",)

    def __init__(self, options: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._options = dict(options)

    def __getitem__(self, name: str) -> str:
        return self._options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __hash__(self) -> int:
        return hash(frozenset(self._options.items()))

    def __repr__(self) -> str:
        return f"Options({self.masked()})"

    def masked(self) -> dict[str, str]:
        """Return the options fit to be shown."""
        return {name: MASK if names_a_secret(name) else value for name, value in self._options.items()}
