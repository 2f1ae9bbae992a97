"""`mailbridge config`: what is set, where, and whether it works."""

import pytest


@pytest.fixture(autouse=True)
def settings(nowhere, closed_port):
    """Three mailers: one works, one has nobody listening, one is misspelt."""
    text = f"""
        default_from = "Shop <shop@example.com>"
        [mailers]
        default = "null://"
        down = "smtp://ann:CANARY@{closed_port}"
        [mailers.bulk]
        transport = "smtp"
        host = "127.0.0.1"
        password = "CANARY"
        user = "ann"
    """
    (nowhere / "mailbridge.toml").write_text(text)


def test_show_gives_every_setting_its_source_and_no_secret(run, nowhere, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_UNSUPPORTED", "drop")
    result = run("config", "show")
    assert result.code == 0
    assert "CANARY" not in result.out
    rows = {line.split()[0]: line for line in result.out.splitlines()}
    assert str(nowhere / "mailbridge.toml") in rows["mailers.down.dsn"]
    assert "smtp://********@" in rows["mailers.down.dsn"]
    assert " ******** " in rows["mailers.bulk.password"]
    assert rows["unsupported"].split()[1] == "drop"
    assert "MAILBRIDGE_UNSUPPORTED" in rows["unsupported"]
    assert rows["insecure"].split() == ["insecure", "warn", "default"]


def test_show_as_json(run):
    answer = run("config", "show", "--json").json
    assert (answer["ok"], answer["exit_code"], answer["error"]) == (True, 0, None)
    rows = {row["name"]: row for row in answer["settings"]}
    assert rows["default_from"]["value"] == "Shop <shop@example.com>"
    assert rows["log_format"] == {"name": "log_format", "value": "text", "source": "default"}


def test_check_makes_every_mailer_and_connects_to_none(run):
    result = run("config", "check")
    assert result.code == 0
    assert [line.partition(":")[0] for line in result.out.splitlines() if not line.startswith(" ")] == [
        "default", "down", "bulk",
    ]  # fmt: skip


def test_check_goes_on_after_a_mailer_that_cannot_be_made(run, nowhere):
    with (nowhere / "mailbridge.toml").open("a") as file:
        file.write("timeot = 5\n")
    result = run("config", "check")
    assert result.code == 3
    assert "default: null:// ok" in result.out
    assert "bulk FAILED" in result.err
    assert "timeot is unknown; did you mean timeout?" in result.err


def test_verify_connects_and_tells_each(run, closed_port):
    result = run("config", "check", "--verify", "--json")
    mailers = {row["name"]: row for row in result.json["mailers"]}
    assert mailers["default"]["ok"] is True
    assert mailers["default"]["error"] is None
    assert mailers["down"]["ok"] is False
    assert mailers["down"]["error"]["type"] == "ConnectFailed"
    assert result.code == result.json["exit_code"] == 4
    assert "CANARY" not in result.out


def test_verify_says_what_the_server_offers(run, peer, monkeypatch, nowhere):
    (nowhere / "mailbridge.toml").unlink()
    monkeypatch.setenv("MAILBRIDGE_DSN", f"smtp://{peer().address}?tls=off")
    answer = run("config", "check", "--verify", "--json").json
    [mailer] = answer["mailers"]
    assert mailer["ok"] is True
    assert mailer["text"]
    assert mailer["details"]


def test_everything_wrong_with_the_settings_is_said_at_once(run, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_DEFAULT_FORM", "x")
    monkeypatch.setenv("MAILBRIDGE_UNSUPPORTED", "perhaps")
    result = run("config", "check")
    assert result.code == 3
    first, second, third = result.err.splitlines()
    assert first == "Error: The settings cannot be used: 2 problems:"
    assert "MAILBRIDGE_DEFAULT_FORM; did you mean MAILBRIDGE_DEFAULT_FROM?" in second
    assert "MAILBRIDGE_UNSUPPORTED" in third
    assert "must be 'raise', 'warn', 'drop' or 'emulate'" in third


def test_show_without_a_mailer_lists_the_settings_and_says_how_to_set_one(run, nowhere, monkeypatch):
    (nowhere / "mailbridge.toml").write_text('default_from = "shop@example.com"')
    monkeypatch.setenv("MAILBRIDGE_LOG_FORMAT", "json")
    result = run("config", "show")
    assert result.code == 0
    rows = {line.split()[0]: line.split() for line in result.out.splitlines()}
    assert rows["mailers"] == ["mailers", "default"]
    assert rows["default_from"][1:3] == ["shop@example.com", "default_from"]
    assert rows["log_format"][1:3] == ["json", "MAILBRIDGE_LOG_FORMAT"]
    assert rows["unsupported"] == ["unsupported", "raise", "default"]
    assert result.err == "No mailer is configured; set MAILBRIDGE_DSN, or dsn in mailbridge.toml.\n"


def test_show_without_a_mailer_as_json_has_the_hint(run, nowhere):
    (nowhere / "mailbridge.toml").unlink()
    answer = run("config", "show", "--json").json
    assert (answer["ok"], answer["exit_code"]) == (True, 0)
    assert answer["settings"][0] == {"name": "mailers", "value": "", "source": "default"}
    assert answer["hints"] == ["No mailer is configured; set MAILBRIDGE_DSN, or dsn in mailbridge.toml."]


def test_show_with_a_mailer_has_no_hint(run):
    assert run("config", "show").err == ""
    assert run("config", "show", "--json").json["hints"] == []


def test_show_without_a_mailer_still_refuses_what_is_wrong(run, nowhere):
    (nowhere / "mailbridge.toml").write_text('log_format = "yaml"')
    result = run("config", "show")
    assert result.code == 3
    assert "log_format" in result.err


def test_without_settings_it_says_what_to_set(run, nowhere):
    (nowhere / "mailbridge.toml").unlink()
    for arguments in (["config", "check"], ["test-send", "ann@example.org"]):
        result = run(*arguments)
        assert result.code == 3
        assert "set MAILBRIDGE_DSN" in result.err
