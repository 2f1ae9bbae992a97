"""What the tests of HTTP share: the same exchange by each engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.http_engines import ENGINES, Engine


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Exchange by threads' sockets, by httpcore under asyncio, and by aiohttp."""
    made = Engine(request.param)
    yield made
    made.close()
