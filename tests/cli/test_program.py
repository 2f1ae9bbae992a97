"""The group of commands and the console script."""

import os
import signal
import subprocess
import sys
import textwrap
from functools import partial
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from mailbridge.cli import group, main
from mailbridge.cli.program import _COMMANDS

HEAVY = ("asyncio", "email", "httpx", "importlib.metadata", "jinja2", "logging", "pluggy", "pydantic", "rich", "ssl")


def python(program, *arguments, **options):
    """Run a program in a fresh interpreter."""
    command = [sys.executable, "-c", textwrap.dedent(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, **options)


def test_help_lists_every_command_with_its_summary(run):
    result = run("--help")
    assert result.code == 0
    for name in _COMMANDS:
        assert f"\n  {name} " in result.out


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_summary_of_a_command_is_that_of_its_module(name):
    module, summary = _COMMANDS[name]
    command = import_module(module).command
    assert command.name == name
    assert command.get_short_help_str(1000) == summary


def test_help_imports_nothing_but_click():
    program = f"""
        import sys
        from mailbridge.cli import main
        try:
            main(["--help"])
        except SystemExit as end:
            assert end.code == 0
        print([name for name in sys.modules if name in {HEAVY}])
        print(sorted(name for name in sys.modules if name.startswith("mailbridge")))
    """
    *_, heavy, ours = python(program).stdout.splitlines()
    assert heavy == "[]"
    assert ours == "['mailbridge', 'mailbridge.cli', 'mailbridge.cli.exits', 'mailbridge.cli.program']"


@pytest.mark.slow
def test_help_costs_less_than_half_of_importing_httpx():
    """Counted in instructions, which repeat, where time does not."""

    def instructions(program):
        tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        result = subprocess.run([*tool, sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return int(result.stderr.rpartition("Collected : ")[2].split()[0])

    help_text = instructions("from mailbridge.cli import main\nmain(['--help'])")
    assert help_text <= 0.45 * instructions("import httpx")


def test_python_m_runs_it():
    result = subprocess.run([sys.executable, "-m", "mailbridge", "--version"], capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.startswith("mailbridge 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["smtp://ann:CANARY@mail.example.com"],
        ["test-send", "--no-such-option=smtp://ann:CANARY@mail.example.com"],
        ["plugins", "smtp://ann:CANARY@mail.example.com"],
        ["config", "smtp://ann:CANARY@mail.example.com"],
        ["send", "--form", "smtp://ann:CANARY@mail.example.com"],
    ],
    ids=lambda arguments: arguments[0][:9],
)
@pytest.mark.catalogue("A30")
def test_a_dsn_in_the_wrong_place_is_a_usage_error_that_does_not_repeat_it(run, arguments):
    result = run(*arguments)
    assert result.code == 2
    assert "CANARY" not in result.out + result.err


def test_main_exits_with_the_code_of_the_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["test-send", "ann@example.org", "--dsn", "null://"])
    assert end.value.code == 2
    assert "give --from" in capsys.readouterr().err


def test_ctrl_c_is_130_as_shells_count_it():
    command = [sys.executable, "-m", "mailbridge", "send", "--dsn", "null://", "--json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A shell's background jobs, CI's perhaps, ignore Ctrl-C, and their children with them.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, **pipes, preexec_fn=heed) as process:
        process.stdin.write(b'{"from": "a@example.com", "to": "b@example.org", "text": "x"}\n')
        process.stdin.flush()
        assert b'"ok": true' in process.stdout.readline()  # and now it waits for the next line
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip() == b"Interrupted."


def test_a_reader_that_goes_away_is_no_crash():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mailbridge", "plugins"]
    with os.fdopen(writing, "wb") as stdout:
        result = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, timeout=30)
    assert result.returncode == 1
    assert result.stderr == b""


def test_the_group_can_be_mounted_in_another_command_line():
    other = click.Group("flask", commands={"mail": group})
    result = CliRunner().invoke(other, ["mail", "test-send", "ann@example.org", "--dsn", "nosuch://"])
    assert result.exit_code == 3
    assert result.output.startswith("Error: There is no transport 'nosuch'")


def test_a_plugin_s_command_is_found_by_its_name(run, monkeypatch, nowhere):
    """An installed plugin that the settings enable adds commands; nothing is scanned for those of ours."""
    (nowhere / "greeting.py").write_text(
        "import click\nfrom mailbridge import hookimpl\n"
        "@hookimpl\ndef mailbridge_commands(group):\n"
        "    group.add_command(click.Command('greet', callback=lambda: click.echo('hello')))\n"
    )
    info = nowhere / "greeting-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[mailbridge.transports]\ngreeting = greeting\n")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(nowhere), *sys.path]),
        "MAILBRIDGE_DSN": "null://",
        "MAILBRIDGE_PLUGINS": "greeting",
    }
    result = python("from mailbridge.cli import main; main(['greet'])", env=environment)
    assert (result.returncode, result.stdout) == (0, "hello\n"), result.stderr
