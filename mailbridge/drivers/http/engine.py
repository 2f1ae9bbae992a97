"""The HTTP library. Only this module imports it: `httpx2` has the same names and can take its place here."""

from __future__ import annotations

import httpcore as core
import httpx as engine

__all__ = ["core", "engine"]
