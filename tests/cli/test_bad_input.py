"""Bad input: each is a typed error whose text names the thing and the way to mend it."""

import json

import pytest

from mailbridge import Mailer, Message, Plugins
from mailbridge.errors import ConfigError, MessageInvalid
from mailbridge.sending.plugin import Plugin

DSNS = [
    pytest.param("smpt://mail.example.com", "There is no transport 'smpt'; did you mean smtp?", id="unknown-scheme"),
    pytest.param("acme://KEY@default", "There is no transport 'acme'. List what there is", id="unknown-provider"),
    pytest.param("smtp://mail.example.com?timeot=5", "timeot is unknown; did you mean timeout?", id="misspelt-option"),
    pytest.param("memory://?limit=many", "the option limit must be a whole number", id="ill-typed-option"),
    pytest.param("file://", "the path of the DSN is missing", id="missing-option"),
    pytest.param("", "it is empty. Write one such as smtp://", id="empty-dsn"),
    pytest.param("mail.example.com:587", "no scheme here. Begin with a transport, as smtp://host", id="no-scheme"),
    pytest.param("smtp://ann:CANARY@x@mail.example.com", "more than one @", id="at-sign-in-password"),
    pytest.param("smtp://ann:CANARY@mail.example.com:58x", "the port is not a number from 1 to 65535", id="bad-port"),
    pytest.param("failover(smtp://a.example.com", "parenthesis of failover( is missing. Add it.", id="open-policy"),
    pytest.param(
        "smtp://ann:CANARY@mail.example.com:465?tls=starttls", "use tls=implicit, or port 587", id="starttls-on-465"
    ),
    pytest.param("smtp://mail.example.com:587?tls=implicit", "with tls=starttls, or port 465", id="implicit-on-587"),
]


@pytest.mark.parametrize(("dsn", "said"), DSNS)
def test_a_bad_dsn_is_a_configuration_error(run, dsn, said):
    with pytest.raises(ConfigError) as caught:
        Mailer(dsn)
    assert said in str(caught.value)
    result = run("test-send", "ann@example.org", "--from", "app@example.com", "--dsn", dsn)
    assert (result.code, result.out) == (3, "")
    assert said in result.err
    assert "CANARY" not in str(caught.value) + result.err


@pytest.mark.parametrize("name", ["MAILBRIDGE_DNS", "MAILBRIDGE_DEFAULT_FORM", "MAILBRIDGE_MAILRS__BULK__DSN"])
def test_a_misspelt_setting_names_the_right_one(run, monkeypatch, name):
    right = {"DNS": "MAILBRIDGE_DSN", "DEFAULT_FORM": "MAILBRIDGE_DEFAULT_FROM", "MAILRS": "MAILBRIDGE_MAILERS"}
    monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
    monkeypatch.setenv(name, "smtp://ann:CANARY@mail.example.com")
    result = run("test-send", "ann@example.org", "--from", "app@example.com")
    assert result.code == 3
    assert name.partition("__")[0] in result.err
    assert f"did you mean {right[name.removeprefix('MAILBRIDGE_').partition('__')[0]]}" in result.err
    assert "CANARY" not in result.err


def test_a_missing_extra_says_how_to_install_it():
    record = Plugin(
        name="acme", schemes=["acme"], settings="no_acme_here:Settings", transport="no_acme_here:T", extra="acme"
    )
    with pytest.raises(ConfigError, match="needs the module 'no_acme_here'") as caught:
        Mailer("acme://", plugins=Plugins([record]))
    assert "pip install '.[acme]'" in str(caught.value)


@pytest.mark.parametrize("path", ["nosuch.pdf", "folder", "locked/file.pdf"])
def test_an_attachment_that_cannot_be_read_is_named(run, nowhere, path):
    (nowhere / "folder").mkdir()
    (nowhere / "locked").write_text("a file where a folder should be")
    base = ("test-send", "ann@example.org", "--from", "app@example.com", "--dsn", "null://")
    result = run(*base, "--attach", path)
    assert result.code == 1
    assert f"{path}' cannot be attached: " in result.err


@pytest.mark.parametrize("option", ["--text", "--html"])
@pytest.mark.parametrize(("name", "why"), [("nosuch", "cannot be read"), ("binary", "is not text in UTF-8")])
def test_a_text_that_cannot_be_read_is_a_usage_error(run, nowhere, option, name, why):
    (nowhere / "binary").write_bytes(b"\xff\xfe\x00")
    result = run("test-send", "ann@example.org", option, f"@{name}", "--dsn", "null://")
    assert result.code == 2
    assert f"{name} {why}" in result.err


def test_an_empty_list_of_recipients_says_where_to_put_one(run):
    with pytest.raises(MessageInvalid, match="give at least one in to, cc or bcc"):
        Message(from_="app@example.com", to=[], text="x")
    result = run("send", "--dsn", "null://", input='{"from": "app@example.com", "to": [], "text": "x"}')
    assert result.code == 1
    assert "give at least one in to, cc or bcc" in result.err


def test_ten_thousand_recipients_are_all_answered_for(run):
    many = [f"someone{number}@example.org" for number in range(10_000)]
    text = json.dumps({"from": "app@example.com", "to": many, "text": "x"})
    result = run("send", "--dsn", "null://", "--json", input=text)
    assert result.code == 0
    assert set(result.json["receipt"]["recipients"]) == set(many)
    shown = run("send", "--dsn", "null://", input=text).out
    assert "10000 of 10000 accepted" in shown
    assert len(shown.splitlines()) == 2
