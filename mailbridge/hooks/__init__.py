"""Hooks: how plugins take part in every send, whichever transport carries it.

`specification` says what each hook is; `host` calls them. A plugin is any object or module with
functions marked `@hookimpl`; importing this package does not import pluggy, using `hookimpl` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailbridge.hooks.context import Context
from mailbridge.hooks.host import Hooks

if TYPE_CHECKING:
    from mailbridge.hooks.specification import hookimpl

__all__ = ["Context", "Hooks", "hookimpl"]


def __getattr__(name: str) -> Any:
    if name == "hookimpl":
        from mailbridge.hooks.specification import hookimpl

        return hookimpl
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
