"""The page on capabilities says what the records say."""

import re
from pathlib import Path

import pytest

from mailbridge.cli.matrix import markdown_of
from mailbridge.message import features
from mailbridge.plugins import Plugins
from mailbridge.sending.http.limits import NAMES

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/capabilities.md").read_text(encoding="utf-8")
TABLES = re.search(r"<!-- capabilities: begin -->\n(.*)<!-- capabilities: end -->\n", PAGE, re.DOTALL)


def test_the_tables_are_those_of_the_records():
    records = [record for record in Plugins(entry_points=False).records() if not record.policy]
    assert TABLES is not None
    assert TABLES[1] == markdown_of(records), "run scripts/capabilities"


@pytest.mark.parametrize("name", sorted(features.ALL))
def test_every_feature_is_explained(name):
    assert f"\n| `{name}` | {features.DESCRIPTIONS[name]} |\n" in PAGE


@pytest.mark.parametrize(
    "name", sorted(NAMES - {"to", "cc", "bcc", "reply_to", "attachments", "headers", "metadata", "tags"})
)
def test_every_limit_that_is_not_named_like_a_field_is_explained(name):
    assert f"`{name}`" in PAGE.partition("\n## Limits\n")[2].partition("\n## ")[0]
