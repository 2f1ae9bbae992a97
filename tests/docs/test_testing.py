"""The page on the test kit names everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailbridge.testing import Assertions, Mailbox, MailboxMixin, SentMail, plugin
from mailbridge.testing.criteria.keywords import KEYWORDS

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/testing.md").read_text(encoding="utf-8")


def rows(heading: str) -> str:
    """Return the first cells of the rows below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `"))


def public(kind: type) -> list[str]:
    return [name for name in vars(kind) if not name.startswith("_")]


@pytest.mark.parametrize("name", [name for name in plugin.__all__ if not name.startswith("pytest_")])
def test_every_fixture_is_a_row(name: str) -> None:
    assert f"`{name}`" in rows("With pytest")


def test_the_setting_and_its_values_are_rows() -> None:
    assert re.findall(r"`mailbridge_unowned = (\w+)`", rows("With pytest")) == ["fail", "allow"]


@pytest.mark.parametrize("name", [name for name in public(Mailbox) if name not in ("open", "close")])
def test_every_word_of_a_mailbox_is_a_row(name: str) -> None:
    assert re.search(rf"`{name}\b", rows("Mailbox"))


@pytest.mark.parametrize("name", [name for name in public(Assertions) if name not in ("sent", "failed")])
def test_every_assertion_is_a_row(name: str) -> None:
    assert f"`{name}(" in rows("Assertions")


@pytest.mark.parametrize("name", KEYWORDS)
def test_every_keyword_is_a_row(name: str) -> None:
    assert f"`{name}`" in rows("Keywords")


@pytest.mark.parametrize("name", [name for name in public(SentMail) if name not in ("from_bytes", *Mailbox.__dict__)])
def test_every_word_of_a_mail_is_a_row_or_a_field_of_the_message(name: str) -> None:
    assert re.search(rf"`{name}\b", rows("SentMail")) or name in ("text", "html", "attachments")


@pytest.mark.parametrize("name", [name for name in public(MailboxMixin) if name.startswith(("assert", "expect"))])
def test_every_assertion_of_unittest_is_a_row(name: str) -> None:
    assert f"`{name}(" in rows("With unittest")
