"""`mailbridge preview`: serving templates, and rendering them for CI."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from mailbridge.content import Templates, current
from mailbridge.content.current import use

PATIENCE = 20  # seconds
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/templates/mail"


@pytest.fixture
def folder(nowhere):
    """Make a folder with a template in two languages and a sample for it."""
    files = {
        "welcome.html": "<p>Welcome, {{ name }}",
        "welcome.subject.txt": "Welcome, {{ name }}",
        "welcome.de.txt": "Willkommen, {{ name }}",
        "welcome.sample.toml": 'name = "Ann"',
    }
    (nowhere / "mail").mkdir()
    for name, text in files.items():
        (nowhere / "mail" / name).write_text(text)
    return nowhere / "mail"


def served(*arguments, cwd, env=None):
    """Start the server in a process of its own that heeds Ctrl-C, as it does at a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "mailbridge", "preview", *arguments],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def test_check_is_0_when_everything_can_be_rendered(run, folder):
    assert run("preview", "mail", "--check") == (0, "2 of 2 rendered.\n", "")


def test_check_tells_each_failure_and_is_1(run, folder):
    (folder / "reset.txt").write_text("Hello\n{{ code }}")
    (folder / "bill.txt").write_text("{% if %}")
    result = run("preview", "mail", "--check")
    assert (result.code, result.out) == (1, "2 of 4 rendered.\n")
    broken, undefined = result.err.splitlines()
    assert broken.startswith("bill: The template bill.txt, line 1")
    assert undefined.startswith("reset: The template reset.txt, line 2: the variable code is undefined.")
    assert undefined.endswith("The data that it is shown with belongs into reset.sample.toml.")


def test_a_sample_that_cannot_be_read_is_wrong_configuration(run, folder):
    (folder / "welcome.sample.toml").write_text("name = Ann")
    result = run("preview", "mail", "--check")
    assert result.code == 3
    assert "welcome.sample.toml is not TOML" in result.err


def test_as_json_each_template_is_told_with_place_and_remarks(run, folder):
    (folder / "reset.txt").write_text("Hello\n{{ user.code }}")
    answer = run("preview", "mail", "--check", "--json").json
    assert (answer["ok"], answer["exit_code"]) == (False, 1)
    reset, welcome, _ = answer["templates"]
    assert (reset["error"]["template"], reset["error"]["line"], reset["error"]["type"]) == (
        "reset.txt",
        2,
        "VariableUndefined",
    )
    assert (welcome["ok"], welcome["subject"], welcome["error"]) == (True, "Welcome, Ann", None)
    assert welcome["remarks"] == []


def test_every_member_of_the_answer_is_documented(run, folder):
    page = (ROOT / "docs/reference/cli.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith("| `preview` |")]
    (folder / "welcome.html").write_text("{{ nothing }}")
    told = run("preview", "mail", "--check", "--json").json["templates"][0]
    assert [name for name in told if f"`{name}`" not in row] == []
    assert [
        name for name in ("line", "variable", "template") if f"`{name}`" not in row or name not in told["error"]
    ] == []


def test_further_locales_and_another_folder_of_samples(run, folder, nowhere):
    (nowhere / "data").mkdir()
    (folder / "welcome.sample.toml").rename(nowhere / "data/welcome.sample.json")
    (nowhere / "data/welcome.sample.json").write_text('{"name": "Bo"}')
    answer = run(
        "preview", "mail", "--check", "--json", "--samples", "data", "--locale", "fr", "--locale", "de_AT"
    ).json
    assert [(row["locale"], row["subject"]) for row in answer["templates"]] == [
        ("", "Welcome, Bo"),
        ("de", "Welcome, Bo"),
        ("de_AT", "Welcome, Bo"),
        ("fr", "Welcome, Bo"),
    ]


def test_out_writes_what_is_rendered(run, folder, nowhere):
    assert run("preview", "mail", "--out", "out") == (0, "2 of 2 rendered into out.\n", "")
    assert (nowhere / "out/welcome/default.html").read_text() == "<p>Welcome, Ann"
    assert (nowhere / "out/welcome/default.de.txt").read_text() == "Willkommen, Ann\n"


@pytest.mark.parametrize("option", ["--check", "--out=out"])
def test_a_folder_without_templates_proves_nothing(run, nowhere, option):
    (nowhere / "empty").mkdir()
    result = run("preview", "empty", option)
    assert result.code == 3
    assert result.err.startswith("Error: There are no templates in empty. A template is a file such as welcome.html ")


def test_a_folder_that_does_not_exist_is_named(run):
    result = run("preview", "nosuch")
    assert result.code == 3
    assert "'nosuch' does not exist" in result.err


def test_without_a_folder_those_of_the_settings_are_taken(run, folder, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_TEMPLATES", "mail")
    command = [sys.executable, "-m", "mailbridge", "preview", "--check"]  # settings are read once in a process
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, "2 of 2 rendered.\n")


def test_without_a_folder_those_of_an_adapter_come_before(run, folder):
    with use(Templates("mail")):
        assert run("preview", "--check").code == 0


def test_without_any_it_says_how_to_name_one(run, monkeypatch):
    monkeypatch.setattr(current, "_finders", {})  # those of a framework, where its tests ran before in this process
    result = run("preview", "--check")
    assert result.code == 3
    assert "mailbridge preview FOLDER" in result.err


def test_it_serves_until_ctrl_c_which_is_no_failure(folder, nowhere):
    with served("mail", "--port", "0", cwd=nowhere) as process:
        line = process.stdout.readline()
        url = line.split()[5]
        assert line == f"The templates are shown at {url} (Ctrl-C ends it).\n"
        assert "Welcome, Ann" in httpx.get(f"{url}template/welcome", timeout=PATIENCE).text
        with httpx.stream("GET", f"{url}changes", timeout=PATIENCE):  # a page that is open
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (0, "", "")


def test_as_json_the_address_is_one_object(folder, nowhere):
    with served("mail", "--port", "0", "--json", cwd=nowhere) as process:
        told = "".join(iter(process.stdout.readline, "}\n")) + "}"
        answer = json.loads(told)
        assert httpx.get(answer["url"], timeout=PATIENCE).status_code == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert answer["ok"] is True


def test_a_port_in_use_is_wrong_configuration_with_the_cure(run, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("preview", "mail", "--port", taken.getsockname()[1])
    assert result.code == 3
    assert "Address already in use. Choose another port; " in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(folder, missing):
    program = f"import sys; sys.modules[{missing!r}] = None; from mailbridge.cli import main; main(['preview', 'mail'])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 3
    assert "Traceback" not in result.stderr
    assert "pip install '.[preview]'" in result.stderr


def test_checking_needs_no_extra(folder):
    program = (
        "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
        "from mailbridge.cli import main; main(['preview', 'mail', '--check'])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_example_has_samples_that_render(run):
    result = run("preview", EXAMPLE, "--check", "--json")
    rows = result.json["templates"]
    assert result.code == 0
    assert {(row["template"], row["sample"], row["locale"]) for row in rows} == {
        ("order", "one", ""),
        ("order", "many", ""),
        *(("welcome", sample, locale) for sample in ("usual", "long-name") for locale in ("", "de")),
    }
    assert [row["remarks"] for row in rows if row["remarks"]] == []


def test_open_opens_a_browser(folder, nowhere):
    browser = nowhere / "browser"
    browser.write_text('#!/bin/sh\nprintf %s "$1" > opened.part && mv opened.part opened\n')
    browser.chmod(0o755)
    environment = os.environ | {"BROWSER": str(browser)}
    with served("mail", "--port", "0", "--open", cwd=nowhere, env=environment) as process:
        url = process.stdout.readline().split()[5]
        late = time.monotonic() + PATIENCE
        while not (nowhere / "opened").exists() and time.monotonic() < late:
            httpx.get(url, timeout=PATIENCE)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert (nowhere / "opened").read_text() == url
