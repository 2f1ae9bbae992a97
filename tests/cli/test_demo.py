"""`mailbridge demo`: a whole send, on this machine."""

import re
import subprocess
import sys

import pytest


def test_it_shows_receipt_dialogue_and_the_message_as_it_arrived(run):
    result = run("demo")
    assert (result.code, result.err) == (0, "")
    text = result.out
    assert re.match(r"A catch-all SMTP server listens on 127\.0\.0\.1, port \d+\.\n", text)
    assert ": 1 of 1 accepted.\n" in text
    assert "  C  STARTTLS\n" in text
    assert "  C  AUTH PLAIN ********\n" in text
    assert "  encrypted by TLSv1.3, logged in as demo\n" in text
    assert "  from demo@example.com to you@example.com\n" in text
    assert "\nSubject: Test message from mailbridge\n" in text


def test_as_json(run):
    answer = run("demo", "ann@example.org", "--json").json
    assert answer["ok"] is True
    [caught] = answer["caught"]
    assert (caught["tls"], caught["authenticated_as"]) == ("TLSv1.3", "demo")
    assert caught["recipients"] == ["ann@example.org"]
    assert answer["receipt"]["message_id"] in caught["mime"]
    assert any(row["text"] == "STARTTLS" for row in answer["transcript"])


def test_a_bad_address_is_an_error_and_the_server_stops(run):
    result = run("demo", "ann at example.org")
    assert result.code == 1
    assert "is not an address" in result.err


def test_the_settings_of_the_machine_do_not_interfere(run, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_DSN", "nosuch://")
    monkeypatch.setenv("MAILBRIDGE_DEFAULT_FORM", "misspelt")
    assert run("demo").code == 0


@pytest.mark.parametrize("missing", ["aiosmtpd", "trustme"])
def test_without_the_extra_it_says_what_to_install(missing):
    program = f"import sys; sys.modules[{missing!r}] = None; from mailbridge.cli import main; main(['demo'])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert result.returncode == 3
    assert "Traceback" not in result.stderr
    assert "pip install '.[inbox]'" in result.stderr
