"""Two mail readers of another world, npm's postal-mime and mailparser, read what we write."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.hostile import build, messages

from mailbridge.message.address import Address
from mailbridge.message.message import Message
from mailbridge.message.mime import render

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280), pytest.mark.catalogue("A1", "A6")]

PACKAGE = {
    "dependencies": {"mailparser": "3.14.2", "postal-mime": "4.0.0"},
    # What mailparser asks for exactly is not on every mirror; these are the same parsers a little older.
    "overrides": {"@zone-eu/mailsplit": "5.4.19", "encoding-japanese": "2.2.0", "libmime": "5.3.7"},
}
READERS = ["postal-mime", "mailparser"]
Read = Callable[[bytes], dict[str, Any]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Install the readers and keep them running."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("NOT PROVEN: no npm or no node here, so the JavaScript mail readers cannot be asked")
    home = tmp_path_factory.mktemp("readers")
    (home / "package.json").write_text(json.dumps(PACKAGE))
    shutil.copy(Path(__file__).with_name("reading.js"), home)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"NOT PROVEN: npm could not install the JavaScript mail readers: {done.stderr[-500:]}")
    with subprocess.Popen([node, "reading.js"], cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pipes = (process.stdin, process.stdout)

        def ask(octets: bytes) -> dict[str, Any]:
            pipes[0].write(base64.b64encode(octets) + b"\n")
            pipes[0].flush()
            return json.loads(pipes[1].readline())  # type: ignore[no-any-return]

        yield ask
        process.stdin.close()


def lines(text: str | None) -> str:
    """Compare texts without what readers even out: kinds of line ends, those at the end, a byte order mark."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\ufeff", "")


def line(text: str | None) -> str:
    """Compare lines without runs of white space, of which a byte order mark is one for JavaScript."""
    return " ".join((text or "").replace("\ufeff", " ").split())


def boxes(read: Any) -> list[tuple[str, str]]:
    """Compare names and addresses whatever the spelling of domains."""
    return [(line(name), Address(spec).wire) for name, spec in read]


def pairs(addresses: Any) -> list[tuple[str, str]]:
    return [(each.name, each.addr_spec) for each in addresses]


def readable(fields: dict[str, Any]) -> Message:
    """Leave out what these readers show otherwise than it was given.

    They put a text shown inline, and every further form of the body, into the text they show; and
    they decode what looks like an encoded word in a file name even after RFC 2231.
    """
    files = [
        each
        for each in fields.get("attachments", [])
        if not (each.inline and each.mime_type.startswith("text/")) and "=?" not in (each.filename or "")
    ]
    return build({**fields, "attachments": files, "amp": None, "calendar": None, "alternatives": None})


def expected_files(message: Message) -> list[Any]:
    inside = [each for each in message.attachments if each.inline and message.html is not None]
    rest = [each for each in message.attachments if each not in inside]
    return [[line(each.filename), base64.b64encode(each.content).decode()] for each in (*inside, *rest)]


@pytest.mark.parametrize("name", READERS)
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=messages)
def test_other_readers_read_the_same_message(read: Read, name: str, fields: dict[str, Any]) -> None:
    message = readable(fields)
    said = read(bytes(render(message)))[name]
    assert line(said["subject"]) == line(message.subject)
    assert boxes(said["from"]) == boxes(pairs([message.from_]))
    assert boxes(said["to"]) == boxes(pairs(message.to))
    assert [[line(filename), content] for filename, _, content in said["files"]] == expected_files(message)
    assert lines(said["text"]) == lines(message.text)
    assert lines(said["html"]) == lines(message.html)
    assert said["messageId"] == message.message_id
    assert "bcc" not in said["names"]
    assert sorted(each for each in said["names"] if each.startswith("x-")) == sorted(
        [each.lower() for each, _ in message.headers] + ["x-priority"] * (message.priority in ("high", "low"))
    )
