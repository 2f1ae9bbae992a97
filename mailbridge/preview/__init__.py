"""A preview of templates in a browser: every one with sample data, shown anew when a file changes.

Needs the extra `preview`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailbridge.preview.catalogue import Catalogue, Proof
    from mailbridge.preview.samples import GivenSamples, Sample, SampleFiles, Samples
    from mailbridge.preview.server import serve
    from mailbridge.preview.website import application

__all__ = ["Catalogue", "GivenSamples", "Proof", "Sample", "SampleFiles", "Samples", "application", "serve"]

_HOMES = {
    "Catalogue": "catalogue",
    "GivenSamples": "samples",
    "Proof": "catalogue",
    "Sample": "samples",
    "SampleFiles": "samples",
    "Samples": "samples",
    "application": "website",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
