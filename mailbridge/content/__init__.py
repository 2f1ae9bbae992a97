"""What messages say: templates, and what is made of them. Knows no messages.

Nothing is imported before it is asked for; `Templates` imports Jinja when the first one is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailbridge.content.content import Content, Image
    from mailbridge.content.engine import Engine
    from mailbridge.content.sandbox import Limits
    from mailbridge.content.templates import Templates

__all__ = ["Content", "Engine", "Image", "Limits", "Templates"]

_HOMES = {"Content": "content", "Engine": "engine", "Image": "content", "Limits": "sandbox", "Templates": "templates"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
