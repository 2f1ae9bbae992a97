"""What a sample lacks, as one would write it into its file."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from mailbridge.preview.snippet import written


@pytest.mark.parametrize("given", [{}, {"u": {}}, {"u": {"home": {}}}])
def test_what_lacks_is_written_as_toml_and_json(given: dict[str, Any]) -> None:
    lacking = {"a": "…", "u": {"home": {"zip": "…"}, "rows": [{"n": "…", "tags": ["…"]}]}}
    assert tomllib.loads(written(lacking, given, form="toml")) == lacking
    assert json.loads(f"{{{written(lacking, given, form='json')}}}") == lacking
