"""The page on the contract names every argument, check and field."""

from dataclasses import fields
from inspect import signature
from pathlib import Path

import pytest

from mailbridge.testing import Decoded, DecodedFile, TransportContract, corpus

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/contract.md").read_text(encoding="utf-8")
ARGUMENTS = [name for name in signature(TransportContract).parameters if name != "self"]
CHECKS = [
    check.name
    for check in TransportContract("null://", answer=lambda request: None, decode=lambda request: []).checks()  # type: ignore[arg-type,return-value]
    if check.name not in corpus()
]


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_argument_is_a_row(name: str) -> None:
    assert f"\n| `{name}` | " in section("TransportContract")


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_a_row(name: str) -> None:
    assert f"\n| `{name}` | " in section("Checks")


@pytest.mark.parametrize("name", [each.name for kind in (Decoded, DecodedFile) for each in fields(kind)])
def test_every_field_is_there(name: str) -> None:
    assert f"`{name}`" in section("Decoded")
