"""`Value`: the frozen base of everything in this package that is only data.

Fields are annotated on the class, defaults are class attributes, and only what differs from its
default is stored on the instance. That makes a value with thirty rarely used fields as cheap as one
with five, which a frozen dataclass is not (it pays for each field, each time).
"""

from __future__ import annotations

from typing import Any, NoReturn, Self

_put = object.__setattr__


class Value:
    """A frozen, comparable, picklable record.

    Subclasses write their own `__init__` (so that what callers may pass and what is stored can
    differ) and store fields with `self._set(name=value, …)`.
    """

    def _set(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen; use .replace({name}=…) to get a changed copy")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen; use .replace(…) to get a changed copy")

    @classmethod
    def _fields(cls) -> tuple[str, ...]:
        """Name every field, base classes first, in the order of their annotations."""
        names: dict[str, None] = {}
        for base in reversed(cls.__mro__):
            names.update(dict.fromkeys(n for n in base.__dict__.get("__annotations__", ()) if not n.startswith("_")))
        return tuple(names)

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name, None) for name in self._fields())

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        shown = (f"{name}={self.__dict__[name]!r}" for name in self._fields() if name in self.__dict__)
        return f"{type(self).__name__}({', '.join(shown)})"

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these arguments changed, checked as when it was made.

        >>> from mailbridge.message.address import Address
        >>> Address("ann@example.org", "Ann").replace(name="Ann Smith")
        Address('ann@example.org', 'Ann Smith')
        """
        kept = {name: self.__dict__[name] for name in self._fields() if name in self.__dict__}
        return type(self)(**{**kept, **changes})

    def __replace__(self, **changes: Any) -> Self:
        """Let `copy.replace` do it as well (Python 3.13)."""
        return self.replace(**changes)

    def _copy(self, **changes: Any) -> Self:
        """Copy without validating: for changes whose values are known to be good."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.__dict__.update(changes)
        return twin
