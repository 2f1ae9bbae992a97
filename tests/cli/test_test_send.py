"""`mailbridge test-send`: one message, and all that is known of it."""

import json
import sys
from email import message_from_bytes, message_from_string, policy

import pytest
from support.http_peer import HttpPeer, answer
from support.script import reply

BASE = ("test-send", "ann@example.org", "--from", "app@example.com", "--dsn")


def sent(folder):
    """Read the one message that the file transport wrote."""
    [path] = folder.glob("*.eml")
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def test_it_shows_what_became_of_the_message(run):
    result = run(*BASE, "null://")
    assert (result.code, result.err) == (0, "")
    first, message_id, fate = result.out.splitlines()
    assert first.startswith("Sent by null:// in ")
    assert first.endswith(" ms: 1 of 1 accepted.")
    assert message_id.startswith("  Message-ID: <")
    assert fate == "  ann@example.org: accepted"


def test_the_message_says_when_and_by_what_it_was_sent(run, nowhere):
    assert run(*BASE, f"file://{nowhere}/out").code == 0
    message = sent(nowhere / "out")
    assert message["Subject"] == "Test message from mailbridge"
    assert message["Auto-Submitted"] == "auto-generated"
    for form in ("plain", "html"):
        content = message.get_body([form]).get_content()
        assert "mailbridge" in content
        assert f"{sys.version_info.major}.{sys.version_info.minor}." in content
        assert " UTC" in content
        assert f"file://{nowhere}/out?format=eml" in content


@pytest.mark.parametrize(
    "dsn",
    [
        pytest.param("sendpulse://?api_key=key-0123456789", id="no headers at all"),
        pytest.param("msgraph://ann%40example.com@default?token=t-0123456789", id="none of this name"),
        pytest.param("zoho://?account_id=1&token=t-0123456789", id="nor a second form of the body"),
    ],
)
def test_what_a_transport_has_no_place_for_is_left_out_of_the_message(dsn, run):
    paths = []

    def respond(request):
        paths.append(request.path)
        return (
            answer(202)
            if "sendMail" in request.path
            else answer(200, {"result": True, "id": "x-1", "data": {"messageId": "1"}})
        )

    with HttpPeer(respond) as peer:
        result = run(*BASE, f"{dsn}&base_url={peer.url}")
    assert (result.code, len(paths)) == (0, 1)
    assert "Message-ID" not in result.out, "the provider writes one, and does not tell it"
    assert "1 of 1 accepted" in result.out


def test_of_what_was_given_nothing_is_left_out(run):
    result = run(*BASE, "zoho://?account_id=1&token=t-0123456789", "--text", "Hello", "--html", "<p>Hello</p>")
    assert result.code == 1
    assert "takes one form of the body" in result.err


def test_content_can_be_given(run, nowhere):
    (nowhere / "page.html").write_text("<p>Grüße</p>", encoding="utf-8")
    (nowhere / "prices.csv").write_bytes(b"a,b\r\n")
    (nowhere / "link.csv").symlink_to("prices.csv")
    options = ["--subject", "Hi", "--text", "Hello", "--html", "@page.html"]
    files = ["--attach", "prices.csv", "--attach", nowhere / "link.csv"]
    assert run(*BASE, f"file://{nowhere}/out", *options, *files).code == 0
    message = sent(nowhere / "out")
    assert message["Subject"] == "Hi"
    assert message.get_body(["plain"]).get_content().strip() == "Hello"
    assert message.get_body(["html"]).get_content().strip() == "<p>Grüße</p>"
    assert [part.get_filename() for part in message.iter_attachments()] == ["prices.csv", "link.csv"]


def test_several_recipients_may_be_named(run):
    result = run("test-send", "ann@example.org", "bob@example.org", "--from", "a@example.com", "--dsn", "null://")
    assert "2 of 2 accepted" in result.out


class TestSender:
    """Who the message is from."""

    def test_the_setting_default_from(self, run, nowhere):
        (nowhere / "mailbridge.toml").write_text(
            f'dsn = "file://{nowhere}/out"\ndefault_from = "Shop <shop@example.com>"\n'
        )
        assert run("test-send", "ann@example.org").code == 0
        assert sent(nowhere / "out")["From"] == "Shop <shop@example.com>"

    def test_the_variable_even_with_a_dsn(self, run, nowhere, monkeypatch):
        monkeypatch.setenv("MAILBRIDGE_DEFAULT_FROM", "shop@example.com")
        assert run("test-send", "ann@example.org", "--dsn", f"file://{nowhere}/out").code == 0
        assert sent(nowhere / "out")["From"] == "shop@example.com"

    @pytest.mark.parametrize(
        "dsn",
        [
            "smtp://shop%40example.com:pw@127.0.0.1:1",
            "retry(smtp://shop%40example.com:pw@127.0.0.1:1, attempts=1)",
        ],
    )
    def test_the_user_name_of_the_dsn_if_it_is_an_address(self, run, dsn):
        result = run("test-send", "ann@example.org", "--dsn", dsn, "--json")
        assert result.json["message"]["from"] == "shop@example.com"

    def test_nobody_is_a_usage_error_that_says_what_to_set(self, run):
        result = run("test-send", "ann@example.org", "--dsn", "null://")
        assert result.code == 2
        assert "set default_from (MAILBRIDGE_DEFAULT_FROM)" in result.err


class TestRoute:
    """By which mailer."""

    @pytest.fixture(autouse=True)
    def settings(self, nowhere):
        (nowhere / "mailbridge.toml").write_text(
            f'default_from = "shop@example.com"\n[mailers]\ndefault = "null://"\nbulk = "file://{nowhere}/out"\n'
        )

    def test_the_default_of_the_settings(self, run):
        assert run("test-send", "ann@example.org").out.startswith("Sent by null://")

    def test_a_mailer_by_its_name(self, run):
        assert run("test-send", "ann@example.org", "--mailer", "bulk").out.startswith("Sent by file://")

    def test_an_unknown_name_lists_those_there_are(self, run):
        result = run("test-send", "ann@example.org", "--mailer", "blk")
        assert result.code == 3
        assert "'blk'" in result.err
        assert "default, bulk" in result.err

    def test_mailer_and_dsn_exclude_each_other(self, run):
        result = run("test-send", "ann@example.org", "--mailer", "bulk", "--dsn", "null://")
        assert result.code == 2
        assert "Give --mailer or --dsn, not both" in result.err


class TestDryRun:
    """--dry-run shows the message and its way, and connects to nobody."""

    def test_it_shows_the_way_and_the_octets(self, run, closed_port):
        result = run(*BASE, f"smtp://ann:CANARY@{closed_port}", "--dry-run", "--subject", "Grüße", "--text", "Hallo\n")
        assert result.code == 0
        head, _, mime = result.out.partition("\n\n")
        assert head.splitlines() == [
            f"Would be sent by smtp://{closed_port} (mailer default)",
            "  from app@example.com",
            "  to   ann@example.org",
        ]
        message = message_from_string(mime, policy=policy.default)
        assert message["Subject"] == "Grüße"
        assert message.get_content() == "Hallo\n"

    def test_as_json(self, run):
        row = run(*BASE, "null://", "--dry-run", "--json", "--text", "Hallo").json
        assert row["ok"] is True
        assert row["receipt"] is row["error"] is None
        assert row["route"] == {"mailer": "default", "transport": "null://"}
        assert row["message"]["envelope"] == {"sender": "app@example.com", "recipients": ["ann@example.org"]}
        assert row["mime"].endswith("\n\nHallo\n")

    def test_it_refuses_what_sending_would_refuse_at_once(self, run):
        result = run("test-send", "ann at example.org", "--from", "app@example.com", "--dsn", "null://", "--dry-run")
        assert result.code == 1
        assert "to: 'ann at example.org' is not an address" in result.err

    def test_nothing_is_written(self, run, nowhere):
        assert run(*BASE, f"file://{nowhere}/out", "--dry-run").code == 0
        assert not (nowhere / "out").exists()


class TestFailure:
    """A failure is one sentence on stderr, and an exit code."""

    def test_a_server_that_is_not_there(self, run, closed_port):
        result = run(*BASE, f"smtp://ann:CANARY@{closed_port}")
        assert (result.code, result.out) == (4, "")
        assert result.err.startswith(f"Error: No connection to {closed_port}")
        assert len(result.err.splitlines()) == 1
        assert "CANARY" not in result.err

    def test_as_json_it_is_the_same_shape_as_a_success(self, run, closed_port):
        failed = run(*BASE, f"smtp://{closed_port}", "--json")
        worked = run(*BASE, "null://", "--json")
        assert (failed.code, failed.json["exit_code"], failed.json["ok"]) == (4, 4, False)
        assert (worked.code, worked.json["exit_code"], worked.json["ok"]) == (0, 0, True)
        assert failed.json.keys() == worked.json.keys()
        error = failed.json["error"]
        assert (error["type"], error["phase"], error["retryable"]) == ("ConnectFailed", "connect", True)
        assert len(error["attempts"]) == 1

    def test_a_configuration_error_as_json(self, run):
        result = run(*BASE, "nosuch://", "--json")
        assert result.code == result.json["exit_code"] == 3
        assert result.json["error"]["type"] == "ConfigError"
        assert result.json["receipt"] is None


def test_the_transcript_shows_directions_and_times_without_the_password(run, peer):
    server = peer(auth=("ann", "CANARY"), mechanisms=["PLAIN"])
    result = run(*BASE, f"smtp://ann:CANARY@{server.address}?tls=off&allow_insecure_auth=true", "--transcript")
    assert result.code == 0, result.err
    dialogue = result.out.partition("Dialogue (ms; C: mailbridge, S: server):\n")[2].splitlines()
    ms, direction, *_ = dialogue[0].split()
    assert (float(ms) >= 0, direction) == (True, "*")
    said = [line[12:] for line in dialogue]
    assert said[1].startswith("S  220 ")
    assert any(line.startswith("C  EHLO ") for line in said)
    assert any(line == "C  AUTH PLAIN ********" for line in said)
    assert "CANARY" not in result.out


def test_the_transcript_as_json(run, peer):
    rows = run(*BASE, f"smtp://{peer().address}?tls=off", "--transcript", "--json").json["transcript"]
    assert {row["direction"] for row in rows} == {"C", "S", "*"}
    assert [row["ms"] for row in rows] == sorted(row["ms"] for row in rows)


@pytest.mark.catalogue("A40")
def test_a_server_cannot_write_to_the_terminal(run, peer):
    server = peer(on={"RCPT": reply("550 5.1.1 \x1b]0;owned\x07 \u202e no")})
    result = run(*BASE, f"smtp://{server.address}?tls=off", "--transcript")
    assert result.code != 0
    assert "owned" in result.out + result.err
    assert not {"\x1b", "\x07", "\u202e"} & set(result.out + result.err)


def test_a_partial_refusal_is_shown_for_each_and_is_code_6(run, peer):
    server = peer(on={"RCPT": {"bob@": reply("550 5.1.1 no such user")}})
    addresses = ("ann@example.org", "bob@example.org")
    result = run("test-send", *addresses, "--from", "a@example.com", "--dsn", f"smtp://{server.address}?tls=off")
    assert result.code == 6
    assert "1 of 2 accepted" in result.out
    assert "bob@example.org: refused (550 5.1.1" in result.out


class TestLogging:
    """-v and --log write to stderr, beside what the command says."""

    def test_v_logs_the_outcome_and_vv_the_attempts(self, run):
        assert run(*BASE, "null://").err == ""
        once = run(*BASE, "null://", "-v").err
        assert "INFO    mailbridge.send: Sent <" in once
        assert "Attempt" not in once
        assert "DEBUG   mailbridge.send: Attempt 1 of <" in run(*BASE, "null://", "-vv").err

    def test_log_json_writes_an_object_a_line(self, run):
        [line] = run(*BASE, "null://", "--log", "json").err.splitlines()
        assert json.loads(line)["event"] == "sent"

    def test_the_setting_log_format_decides_where_the_option_does_not(self, run, monkeypatch):
        monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
        monkeypatch.setenv("MAILBRIDGE_LOG_FORMAT", "json")
        [line] = run("test-send", "ann@example.org", "--from", "a@example.com", "-v").err.splitlines()
        assert json.loads(line)["event"] == "sent"

    def test_a_warning_about_lost_protection_is_always_shown(self, run, peer):
        server = peer()
        result = run(*BASE, f"smtp://{server.address}?tls_verify=false&tls=off")
        assert result.err.startswith(f"Warning: smtp://{server.address}")
        assert "tls_verify" in result.err


def test_json_has_the_output_for_itself(run):
    result = run(
        "test-send", "ann@example.org", "--from", "app@example.com", "--text", "Hello", "--dsn", "console://", "--json"
    )
    assert result.json["ok"]
    assert "Hello" in result.err
