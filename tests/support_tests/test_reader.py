"""The reader of the documentation notices a page that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.reader import Reader

PAGE = Path("page.md")
Follow = Callable[[str], None]


def no_server() -> int:
    raise AssertionError("this page speaks of no server")


@pytest.fixture
def follow(tmp_path: Path) -> Follow:
    return lambda text: Reader(tmp_path, no_server).follow(PAGE, text)


def fence(tag: str, *lines: str) -> str:
    return "\n".join((f"```{tag}", *lines, "```", ""))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(fence("python", "x = 1") + fence("python", "assert x == 1"), id="blocks-share-names"),
        pytest.param(
            fence("python", "print('a  b')") + "It prints:\n" + fence("text", "a b"), id="text-is-what-was-printed"
        ),
        pytest.param(fence("console", "$ echo one", "one", "$ echo two"), id="output-not-shown-is-not-compared"),
        pytest.param(fence("console", "$ echo one two three", "one … three"), id="ellipsis"),
        pytest.param(
            fence("console", '$ python -c "print(1); print(2); print(3)"', "1", "…", "3"), id="ellipsis-of-lines"
        ),
        pytest.param(fence("console", '$ python -c "raise SystemExit(3)"', "$ echo $?", "3"), id="status-shown"),
        pytest.param(
            fence(
                "console", "$ export COLOUR=green", "$ python -c 'import os; print(os.environ[\"COLOUR\"])'", "green"
            ),
            id="export",
        ),
        pytest.param(
            "Save `a.txt.json`:\n\n" + fence("json", '{"a": 1}') + fence("console", "$ cat a.txt.json", '{"a": 1}'),
            id="file",
        ),
        pytest.param(fence("console", "$ echo out > f", "$ cat < f | cat", "out"), id="redirections-and-pipes"),
        pytest.param(
            "Save `p.py`:\n" + fence("python", "print('hi')") + fence("console", "$ python p.py", "hi"), id="program"
        ),
        pytest.param(fence("console", "$ pip install '.[django,flask]'"), id="install-of-the-checkout"),
        pytest.param(fence("sh", "scripts/test", "echo \\", "  done"), id="sh"),
        pytest.param("- a list:\n\n  ```python\n  if True:\n      x = 1\n  ```\n", id="block-in-a-list"),
        pytest.param(
            fence("toml", "a = 1") + fence("ini", "[a]", "b=1") + "In `.env`:\n" + fence("ini", "A=1"),
            id="configuration",
        ),
    ],
)
def test_a_right_page_passes(page: str, follow: Follow) -> None:
    follow(page)


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        pytest.param(fence("", "x"), "no rule for the tag ''", id="no-tag"),
        pytest.param(fence("ruby", "x"), "no rule for the tag 'ruby'", id="unknown-tag"),
        pytest.param("```python\nx = 1\n", "never closed", id="open-block"),
        pytest.param(fence("python", "print('a')") + fence("text", "b"), "page shows", id="other-output"),
        pytest.param(fence("text", "b"), "before it prints", id="text-after-nothing"),
        pytest.param(fence("console", "$ echo one", "two"), "page shows", id="other-command-output"),
        pytest.param(fence("console", "$ echo one", "one", "two"), "page shows", id="less-output"),
        pytest.param(fence("console", '$ python -c "print(1); print(2)"', "1"), "page shows", id="more-output"),
        pytest.param(fence("console", '$ python -c "raise SystemExit(3)"'), "failed", id="failure-not-shown"),
        pytest.param(
            fence("console", '$ python -c "raise SystemExit(3)"', "$ echo on"), r"failed \(3\)", id="on-after-failure"
        ),
        pytest.param(fence("console", "$ rm -r x"), "'rm' is not a command", id="command-not-listed"),
        pytest.param(fence("console", "$ echo a; echo b"), "may not use ';'", id="shell"),
        pytest.param(fence("console", "output"), "starts with output", id="no-command"),
        pytest.param(fence("console", "$ pip install mailbridge"), "never a name", id="install-by-name"),
        pytest.param(fence("console", "$ pip install '.[ruby]'"), "no extra 'ruby'", id="install-unknown-extra"),
        pytest.param(fence("console", "$ scripts/nothing"), "not a script", id="script-missing"),
        pytest.param("Save `p.py`:\n" + fence("python", "x = 1"), "runs p.py", id="program-never-run"),
        pytest.param(fence("toml", ""), "says nothing", id="empty-toml"),
        pytest.param(fence("ini", "[a]"), "says nothing", id="empty-ini"),
        pytest.param(fence("python", "assert False, 'wrong'"), "wrong", id="python-fails"),
    ],
)
def test_a_wrong_page_fails(page: str, complaint: str, follow: Follow) -> None:
    with pytest.raises(AssertionError, match=complaint):
        follow(page)


@pytest.mark.parametrize("tag", ["toml", "json"])
def test_configuration_that_cannot_be_parsed_fails(tag: str, follow: Follow) -> None:
    with pytest.raises(ValueError, match=r"(?i)expect|invalid"):
        follow(fence(tag, "{ a = }"))


def test_a_traceback_names_the_line_of_the_page(follow: Follow) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        follow("one\n\ntwo\n\n" + fence("python", "x = 0", "1 / x"))
    assert caught.traceback[-1].lineno + 1 == 7


def test_localhost_1025_is_a_server_of_the_test(tmp_path: Path) -> None:
    page = fence("python", "print('smtp://localhost:1025')") + fence("text", "smtp://localhost:1025")
    page += fence("console", "$ echo localhost:1025", "localhost:1025")
    started = []

    def serve() -> int:
        started.append(True)
        return 4321

    Reader(tmp_path, serve).follow(PAGE, page)
    assert started == [True]
