"""`mailbridge send`: messages from files and standard input."""

import json

import pytest
from support.script import reply

from mailbridge.cli.send import outcomes
from mailbridge.cli.sources import Item
from mailbridge.errors import MessageInvalid

ROW = {"from": "app@example.com", "to": "ann@example.org", "text": "Hi"}
LINE = json.dumps(ROW)


@pytest.fixture(autouse=True)
def files(nowhere):
    """Write some files of each kind."""
    (nowhere / "one.json").write_text(LINE)
    (nowhere / "many.jsonl").write_text("\n".join([LINE, "broken", LINE, '{"from": "a@example.com"}', LINE]))
    (nowhere / "mail.eml").write_text("From: app@example.com\nTo: ann@example.org\nSubject: Hi\n\nHello\n")


def test_a_single_message_is_told_in_full(run):
    result = run("send", "one.json", "--dsn", "null://")
    assert (result.code, result.err) == (0, "")
    assert "1 of 1 accepted" in result.out
    assert "ann@example.org: accepted" in result.out


def test_of_many_the_failures_and_a_summary_are_told(run):
    result = run("send", "many.jsonl", "mail.eml", "nosuch.json", "--dsn", "null://")
    assert result.code == 1
    assert [line.partition(": ")[0] for line in result.err.splitlines()] == [
        "many.jsonl, line 2", "many.jsonl, line 4", "nosuch.json",
    ]  # fmt: skip
    assert result.out.startswith("7 messages in ")
    assert result.out.endswith(" s: 4 sent, 3 refused.\n")


def test_as_json_there_is_a_line_for_each_in_order(run):
    result = run("send", "many.jsonl", "mail.eml", "--dsn", "null://", "--json")
    assert [(row["place"], row["ok"], row["exit_code"]) for row in result.rows] == [
        ("many.jsonl, line 1", True, 0),
        ("many.jsonl, line 2", False, 1),
        ("many.jsonl, line 3", True, 0),
        ("many.jsonl, line 4", False, 1),
        ("many.jsonl, line 5", True, 0),
        ("mail.eml", True, 0),
    ]
    assert all((row["receipt"] is None) is not row["ok"] for row in result.rows)
    assert result.err == ""


@pytest.mark.parametrize("arguments", [(), ("-",)], ids=["by default", "by name"])
def test_standard_input(run, nowhere, arguments):
    result = run("send", *arguments, "--dsn", "null://", "--json", input=f"{LINE}\n{LINE}\n")
    assert [row["place"] for row in result.rows] == ["standard input, line 1", "standard input, line 2"]
    assert run("send", "--dsn", "null://", input=(nowhere / "mail.eml").read_bytes()).code == 0


def test_nothing_to_send_is_no_failure(run):
    result = run("send", "--dsn", "null://", input="")
    assert (result.code, result.out) == (0, "There was no message.\n")


def test_the_author_may_come_from_the_settings(run, nowhere):
    (nowhere / "mailbridge.toml").write_text(f'dsn = "file://{nowhere}/out"\ndefault_from = "shop@example.com"\n')
    assert run("send", input='{"to": "ann@example.org", "text": "Hi"}').code == 0
    [path] = (nowhere / "out").iterdir()
    assert b"From: shop@example.com\r\n" in path.read_bytes()


def test_files_are_attached_from_the_folder_that_is_named(run, nowhere):
    row = json.dumps({**ROW, "attachments": [{"path": "one.json"}]})
    assert "attachments.path is not allowed here" in run("send", "--dsn", "null://", input=row).err
    assert run("send", "--dsn", "null://", "--attach-root", nowhere, input=row).code == 0


def test_files_are_attached_from_the_folder_of_the_setting_unless_another_is_named(run, nowhere):
    for folder in ("set", "named"):
        (nowhere / folder).mkdir()
        (nowhere / folder / f"{folder}.txt").write_text(folder)
    (nowhere / "mailbridge.toml").write_text('dsn = "null://"\nattachment_root = "set"\n')
    of_the_setting, of_the_option = (
        json.dumps({**ROW, "attachments": [{"path": f"{folder}.txt"}]}) for folder in ("set", "named")
    )
    assert run("send", input=of_the_setting).code == 0
    assert run("send", input=of_the_option).code == 1
    assert run("send", "--attach-root", "named", input=of_the_option).code == 0
    assert run("send", "--attach-root", "named", input=of_the_setting).code == 1


def test_with_a_dsn_the_variables_for_author_and_folder_count_too(run, nowhere, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_DEFAULT_FROM", "shop@example.com")
    monkeypatch.setenv("MAILBRIDGE_ATTACHMENT_ROOT", str(nowhere))
    row = {"to": "ann@example.org", "text": "Hi", "attachments": [{"path": "one.json"}]}
    result = run("send", "--dsn", f"file://{nowhere}/out", input=json.dumps(row))
    assert (result.code, result.err) == (0, "")
    [path] = (nowhere / "out").iterdir()
    assert b"From: shop@example.com\r\n" in path.read_bytes()
    assert b'filename="one.json"' in path.read_bytes()


def test_a_message_goes_by_the_mailer_it_names(run, nowhere):
    (nowhere / "mailbridge.toml").write_text(f'[mailers]\ndefault = "null://"\nbulk = "file://{nowhere}/out"\n')
    result = run("send", "--json", input="\n".join([LINE, json.dumps({**ROW, "via": "bulk"}), LINE]))
    assert [row["receipt"]["provider"] for row in result.rows] == ["null", "file", "null"]


def test_the_exit_code_is_that_of_the_worst(run, peer):
    server = peer(on={"RCPT": {"full@": reply("452 4.2.2 full"), "gone@": reply("550 5.1.1 gone")}})
    dsn = f"smtp://{server.address}?tls=off"

    def code(*addresses):
        rows = [json.dumps({**ROW, "to": address}) for address in addresses]
        return run("send", "--dsn", dsn, "--json", input="\n".join(rows)).code

    assert code("ann@example.org", "full@example.org") == 4
    assert code("full@example.org", "gone@example.org", "ann@example.org") == 1
    assert code(["ann@example.org", "gone@example.org"], "ann@example.org") == 6


def test_a_partial_refusal_among_many_is_told(run, peer):
    server = peer(on={"RCPT": {"gone@": reply("550 5.1.1 gone")}})
    rows = [LINE, json.dumps({**ROW, "to": ["ann@example.org", "gone@example.org"]})]
    result = run("send", "--dsn", f"smtp://{server.address}?tls=off", input="\n".join(rows))
    assert "line 2: ann@example.org accepted, gone@example.org refused" in result.err
    assert "1 sent, 1 sent to some recipients only." in result.out


def test_a_wrong_route_is_one_error_however_many_messages_there_are(run):
    result = run("send", "many.jsonl", "--dsn", "nosuch://")
    assert result.code == 3
    assert len(result.err.splitlines()) == 1


def test_outcomes_keep_their_order_around_what_could_not_be_read():
    """Also when the mailer takes messages ahead of the outcomes."""
    bad = MessageInvalid("No.")
    items = [Item("1", bad), Item("2", "a"), Item("3", bad), Item("4", "b"), Item("5", "c"), Item("6", bad)]

    def pipelined(messages):
        for message in list(messages):
            yield f"sent {message}"

    def lazy(messages):
        for message in messages:
            yield f"sent {message}"

    expected = [("1", bad), ("2", "sent a"), ("3", bad), ("4", "sent b"), ("5", "sent c"), ("6", bad)]
    assert list(outcomes(items, pipelined)) == expected
    assert list(outcomes(items, lazy)) == expected


def test_a_bar_runs_on_a_terminal_and_leaves_the_summary(nowhere):
    """Run under a pseudo-terminal, as `script` would."""
    import os
    import pty
    import subprocess
    import sys

    (nowhere / "lines.jsonl").write_text(f"{LINE}\n" * 200)
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "mailbridge", "send", "lines.jsonl", "--dsn", "null://"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child, cwd=nowhere) as process:
        os.close(child)
        out = process.stdout.read()
        drawn = b""
        try:
            while chunk := os.read(parent, 65536):
                drawn += chunk
        except OSError:  # Linux answers EIO when the other side is closed
            pass
        os.close(parent)
    assert process.returncode == 0
    assert b"Sending" in drawn or b"messages" in drawn
    assert out.startswith(b"200 messages in ")
