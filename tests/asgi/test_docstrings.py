"""The examples in the adapters' docstrings run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["fastapi", "litestar", "quart", "quart_mail", "starlette"])
def test_the_examples_of_a_module_run(name: str) -> None:
    outcome = doctest.testmod(import_module(f"mailbridge.asgi.{name}"))
    assert outcome.attempted
    assert not outcome.failed
