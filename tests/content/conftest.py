"""Fixtures of the tests of templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mailbridge import Templates

Make = Callable[..., Templates]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write files into a folder and open it: `make({"welcome.txt": "Hello"}, locale="de")`."""

    def templates(files: Mapping[str, str | bytes], **options: Any) -> Templates:
        for name, content in files.items():
            path = tmp_path / "mail" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Templates(tmp_path / "mail", **options)

    return templates
