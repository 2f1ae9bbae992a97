"""Follows a page of the documentation from top to bottom, block by block. docs/README.md has the rules."""

from __future__ import annotations

import ast
import configparser
import contextlib
import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import CodeType

from support.console import Console, same, steps
from support.markdown import Block, blocks

SERVER = "localhost:1025"


class Reader:
    """Somebody who reads one page with an empty folder and a prompt, and does everything it says.

    `serve` starts a catch-all SMTP server and answers its port; it is called when the page first
    speaks of localhost:1025.
    """

    def __init__(self, folder: Path, serve: Callable[[], int]) -> None:
        self.folder = folder
        self.console = Console(folder)
        self._serve = serve
        self._port = 0
        self._names: dict[str, object] = {"__name__": "__main__"}
        self._printed: str | None = None
        self._programs: set[str] = set()
        self._typed: list[str] = []

    def follow(self, page: Path, text: str) -> None:
        """Do what the page says; fail where it is wrong."""
        rules = {
            "python": self._python,
            "text": self._text,
            "console": self._console,
            "sh": self._sh,
            "toml": _parse_toml,
            "json": _parse_json,
            "ini": _parse_ini,
            "html": _saved,
            "jinja": _saved,
        }
        for block in blocks(page, text):
            assert block.tag in rules, f"{block}: no rule for the tag {block.tag!r}, only for {', '.join(rules)}"
            served = self._served(block.text)
            if block.file:
                self._save(block, served)
            if block.tag not in {"python", "text"}:
                self._printed = None
            if block.tag != "python" or not block.file:
                rules[block.tag](block, served)
        idle = {name for name in self._programs if not any(name in command for command in self._typed)}
        assert not idle, f"{page}: no command of the page runs {', '.join(idle)}"

    def _served(self, text: str) -> str:
        if SERVER not in text:
            return text
        self._port = self._port or self._serve()
        return text.replace(SERVER, f"localhost:{self._port}")

    def _save(self, block: Block, text: str) -> None:
        file = self.folder / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if block.tag == "python" and "/" not in block.file:  # a module of a package is imported
            self._programs.add(block.file)

    def _python(self, block: Block, text: str) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(_compiled(block, text), self._names)
        self._printed = out.getvalue()

    def _text(self, block: Block, text: str) -> None:
        printed, self._printed = self._printed, None
        assert printed is not None, f"{block}: a text block shows what the python block before it prints"
        _compare(block, "the block", text, printed)

    def _console(self, block: Block, text: str) -> None:
        for command, shown in steps(text):
            self._typed.append(command)
            _compare(block, command, shown, self.console.run(command))
        assert not self.console.status, f"{block}: {command} failed, and the page does not say so (echo $?)"

    def _sh(self, block: Block, text: str) -> None:
        for command in filter(None, map(str.strip, text.replace("\\\n", "").splitlines())):
            self._typed.append(command)
            printed = self.console.run(command)
            assert not self.console.status, f"{block}: {command} failed:\n{printed}"


def _compare(block: Block, speaker: str, shown: str, printed: str) -> None:
    assert same(shown, printed), f"{block}: {speaker} prints\n{printed}\nbut the page shows\n{shown}"


def _parse_toml(block: Block, text: str) -> None:
    assert tomllib.loads(text), f"{block}: says nothing"


def _parse_json(block: Block, text: str) -> None:
    assert json.loads(text) is not None, f"{block}: says nothing"


def _parse_ini(block: Block, text: str) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(f"[environment]\n{text}" if block.file.startswith(".env") else text)
    assert any(parser[section] for section in parser.sections()), f"{block}: says nothing"


def _saved(block: Block, text: str) -> None:
    assert block.file, f"{block}: a file of this kind has to have a name"


def _compiled(block: Block, text: str) -> CodeType:
    """Compile so that a traceback points at the line of the page."""
    tree = ast.increment_lineno(ast.parse(text, filename=str(block.page)), block.line)
    return compile(tree, str(block.page), "exec")
