"""Every built-in transport over HTTP keeps the contract that third-party ones run as well.

What only we have are the providers' own API descriptions as judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.contracts import CONTRACTS, PROVIDERS

from mailbridge.testing import Check


def checks() -> Iterator[Any]:
    for name, contract in CONTRACTS.items():
        for check in contract.checks():
            yield pytest.param(check, id=f"{name}-{check}")


@pytest.mark.parametrize("check", list(checks()))
def test_a_provider_keeps_the_contract(check: Check) -> None:
    check()


def test_every_provider_is_held_to_the_contract() -> None:
    """What a provider needs for that is in `mailbridge.testing.stubs`."""
    assert CONTRACTS.keys() == set(PROVIDERS)
    assert len(PROVIDERS) >= 17
