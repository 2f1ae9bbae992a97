"""Tables on a terminal, as narrow as it may be."""

import os
import pty
import subprocess
import sys

from mailbridge import Dsn


def on_a_terminal(*arguments, columns):
    """Run a command with a terminal for its output; return what it shows."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    command = [sys.executable, "-m", "mailbridge", *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.returncode == 0
    return shown.decode().splitlines()


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # what Linux answers once the other side is closed
        return b""


def test_a_narrow_terminal_cuts_nothing_off():
    lines = on_a_terminal("plugins", columns=100)
    assert max(map(len, lines)) <= 100
    assert not [line for line in lines if "…" in line]
    column = lines[0].index("Example"), lines[0].index("What it does")
    start = next(number for number, line in enumerate(lines) if line.startswith("smtp "))
    end = next(number for number, line in enumerate(lines) if number > start and line[:1].strip())
    example = "".join(line[slice(*column)].strip() for line in lines[start:end])
    assert Dsn.parse(example).scheme == "smtp"
    assert example == "smtp://user:password@mail.example.com:587"
