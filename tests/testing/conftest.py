"""The provider of examples/plugin_acme, which keeps the contract, as a thing to break."""

from __future__ import annotations

import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/plugin_acme"
sys.path.append(str(EXAMPLE))
