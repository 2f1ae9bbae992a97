"""Runs the commands that a `console` block shows, without a shell, and compares what they print."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SECONDS = 25  # below the limit for a test, so that a command that hangs is named
RUN = frozenset({"mailbridge", "python", "cat", "echo", "ls"})
PUNCTUATION = "|<>&;()"


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block (after `$ `; `\\` continues a line) with the output shown below it."""
    parts = re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.MULTILINE)
    assert not parts[0].strip(), f"the block starts with output, not with a command: {parts[0]!r}"
    for part in parts[1:]:
        command, _, output = part.partition("\n")
        yield command.strip(), output


class Console:
    """A person at a prompt: a folder, an environment, and the status of the last command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILBRIDGE_")}
        self.environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self.environment["COLUMNS"] = "100"
        self.status = 0

    def run(self, command: str) -> str:
        """Return what the command prints, both streams; refuse one that is not on the list."""
        if command == "echo $?":
            status, self.status = self.status, 0
            return f"{status}\n"
        assert not self.status, f"the command before this one failed ({self.status}), and the page does not say so"
        words = _words(command)
        if words[0] == "export":
            return self._export(words[1:])
        if words[:2] == ["pip", "install"]:
            return _judge_install(words[2:])
        if words[0].startswith(("scripts/", ".ci/")):
            return _judge_script(words[0])
        if words[:3] == ["python", "-m", "aiosmtpd"]:
            return _judge_server(words[3:])
        return self._pipe(words)

    def _export(self, assignments: list[str]) -> str:
        for assignment in assignments:
            name, equals, value = assignment.partition("=")
            assert equals, f"export {assignment}: no value"
            self.environment[name] = value
        return ""

    def _pipe(self, words: list[str]) -> str:
        text = b""
        for piped, stage in groupby(words, key="|".__eq__):
            if not piped:
                text = self._stage(list(stage), text)
        return text.decode()

    def _stage(self, words: list[str], given: bytes) -> bytes:
        environment = dict(self.environment)
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        assert words[0] in RUN, f"{words[0]!r} is not a command that pages may run ({', '.join(sorted(RUN))})"
        target = None
        while len(words) > 2 and words[-2] in {"<", ">"}:
            *words, sign, name = words
            if sign == "<":
                given = (self.folder / name).read_bytes()
            else:
                target = self.folder / name
        for word in words:
            assert word.strip(PUNCTUATION) or not word, f"pages may not use {word!r}"
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        self.status = self.status or done.returncode
        if target:
            target.write_bytes(done.stdout)
            return b""
        return done.stdout


def _words(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=PUNCTUATION)
    lexer.whitespace_split = True
    return list(lexer)


def _judge_install(arguments: list[str]) -> str:
    """Check an installation instead of running it: only the checkout, only extras that exist."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for argument in set(arguments) - {"-e"}:
        checkout = re.fullmatch(r"\.(?:\[([\w,]+)\])?", argument)
        assert checkout, f"pip install {argument}: pages install the checkout (`.`), never a name"
        unknown = set((checkout[1] or "").split(",")) - {"", *extras}
        assert not unknown, f"pip install {argument}: there is no extra {unknown.pop()!r}"
    return ""


def _judge_script(path: str) -> str:
    """Check that a script is there instead of running it: CI runs them all, and scripts/test runs this."""
    assert os.access(ROOT / path, os.X_OK), f"{path} is not a script of the checkout"
    return ""


def _judge_server(arguments: list[str]) -> str:
    """Connect to the server that a page starts instead of starting it: the test's own stands there already."""
    host, _, port = arguments[arguments.index("-l") + 1].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS):
        return ""


def same(shown: str, printed: str) -> bool:
    """Compare loosely: blank lines and the width of white space do not count, `…` stands for anything.

    On a line of its own `…` stands for any lines. A page that shows nothing promises nothing.
    """
    wanted, found = _squeeze(shown), _squeeze(printed)
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, re.split(" ?… ?", line))) + r"\n" for line in wanted
    )
    return not wanted or re.fullmatch(pattern, "".join(f"{line}\n" for line in found)) is not None


def _squeeze(text: str) -> list[str]:
    return [squeezed for line in text.splitlines() if (squeezed := " ".join(line.split()))]
