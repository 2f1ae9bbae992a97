"""The reference pages name everything there is."""

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from mailbridge.cli import group
from mailbridge.cli.exits import Exit
from mailbridge.logs import FIELDS, PREFIX

REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference"
CLI = (REFERENCE / "cli.md").read_text(encoding="utf-8")
LOGGING = (REFERENCE / "logging.md").read_text(encoding="utf-8")


def commands(of, path=()):
    """Yield every command with its names."""
    context = click.Context(of)
    for name in of.list_commands(context):
        command = of.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


ALL = dict(commands(group))


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_a_heading_and_its_help(name):
    assert f"\n## mailbridge {name}\n" in CLI
    assert f"\n$ mailbridge {name} --help\n" in CLI


@pytest.mark.parametrize("name", ALL)
def test_every_option_of_a_command_is_on_the_page(name):
    section = CLI.partition(f"\n## mailbridge {name}\n")[2].partition("\n## ")[0]
    shown = [parameter for parameter in ALL[name].params if not getattr(parameter, "hidden", False)]
    spelled = [spelling for parameter in shown for spelling in parameter.opts if spelling.startswith("-")]
    assert {"--json", "--log", "--verbose"} <= set(spelled)
    assert [spelling for spelling in spelled if spelling not in section] == []


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_a_row(code):
    assert re.search(rf"^\| {int(code)} \| ", CLI, re.MULTILINE)


@pytest.mark.parametrize("field", FIELDS)
def test_every_attribute_of_a_record_is_a_row(field):
    assert f"\n| `{PREFIX}{field}` | " in LOGGING


@pytest.mark.parametrize(
    "arguments",
    [
        ("test-send", "a@example.org", "--dsn", "null://", "--from", "b@example.com", "--transcript"),
        ("test-send", "a@example.org", "--dsn", "null://", "--from", "b@example.com", "--dry-run"),
        ("test-send", "a@example.org", "--dsn", "smtp://127.0.0.1:1", "--from", "b@example.com"),
        ("plugins",),
        ("capabilities",),
        ("config", "show"),
        ("config", "check"),
        ("demo",),
    ],
    ids=" ".join,
)
def test_every_member_of_the_json_answers_is_on_the_page(arguments, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
    answer = json.loads(CliRunner().invoke(group, [*arguments, "--json"]).stdout)
    assert {"ok", "exit_code", "error"} <= answer.keys()
    known = CLI.partition("\n## JSON\n")[2]
    assert [name for name in members(answer) if not re.search(rf"[`\"]{name}[`\"]", known)] == []


def members(value):
    """Yield the names in an answer, but those that are data: addresses, limits, and what a server offers."""
    for name, inner in value.items():
        if "@" not in name:
            yield name
        if name in ("details", "limits"):
            continue
        if isinstance(inner, dict):
            yield from members(inner)
        elif isinstance(inner, list):
            for each in inner:
                if isinstance(each, dict):
                    yield from members(each)
