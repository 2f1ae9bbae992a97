"""`manage.py mailbridge`: the command line with Django's configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.test import override_settings
from django.utils.functional import lazystr
from support.django_project import Configure
from support.peer import Peer

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def work(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            call_command("mailbridge", *arguments)
        return int(end.value.code or 0), capsys.readouterr().out

    return work


def test_test_send_sends_by_the_default_mailer(configure: Configure, peer: Callable[..., Peer], run: Run) -> None:
    server = peer()
    configure(dsn=f"smtp://{server.address}?tls=off")
    code, said = run("test-send", "ann@example.org")
    assert code == 0
    assert "accepted" in said
    assert server.messages[0].sender == "app@example.com"


@pytest.mark.parametrize("arguments", [["--using", "bulk"], ["--using=bulk"], ["--mailer", "bulk"]])
def test_using_names_the_mailer(configure: Configure, run: Run, arguments: list[str]) -> None:
    configure({"bulk": {"dsn": "null://"}}, dsn="smtp://127.0.0.1:9")
    code, said = run("test-send", "ann@example.org", *arguments, "--json")
    assert code == 0
    assert json.loads(said)["route"] == {"mailer": "bulk", "transport": "null://"}


def test_what_django_reads_itself_is_left_out(configure: Configure, run: Run) -> None:
    configure(dsn="null://")
    assert run("test-send", "ann@example.org", "--settings", "x", "--pythonpath=y")[0] == 0


def test_a_server_that_is_not_there_is_one_sentence_and_an_exit_code(
    configure: Configure, closed_port: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off")
    with pytest.raises(SystemExit) as end:
        call_command("mailbridge", "test-send", "ann@example.org")
    assert end.value.code == 4
    said = capsys.readouterr().err
    assert said.startswith("Error: No connection to ")
    assert said.count("\n") == 1


def test_a_dry_run_connects_to_nobody(configure: Configure, peer: Callable[..., Peer], run: Run) -> None:
    server = peer()
    configure(dsn=f"smtp://{server.address}?tls=off")
    assert run("test-send", "ann@example.org", "--dry-run")[0] == 0
    assert server.connections == 0


def test_djangos_own_commands_stay_djangos() -> None:
    commands = get_commands()
    assert commands["sendtestemail"] == "django.core"
    assert [name for name, app in commands.items() if app == "mailbridge_django"] == ["mailbridge"]


def test_the_hooks_of_the_mailer_have_their_say(configure: Configure, run: Run) -> None:
    configure(dsn="null://", hooks=["support.django_project.RefuseBob"])
    assert run("test-send", "ann@example.org")[0] == 0
    assert run("test-send", "bob@example.org")[0] == 1


def test_config_show_shows_djangos_mailers_without_secrets(configure: Configure, run: Run) -> None:
    configure({"bulk": {"dsn": "smtp://ann:s3cret@mail.example.com"}}, dsn="null://")
    code, said = run("config", "show", "--json")
    assert code == 0
    assert "null://" in said
    assert "mail.example.com" in said
    assert "s3cret" not in said


def test_config_check_checks_djangos_mailers(configure: Configure, run: Run) -> None:
    configure({"bulk": {"dsn": "null://"}}, dsn="memory://")
    code, said = run("config", "check", "--json")
    assert (code, [each["name"] for each in json.loads(said)["mailers"]]) == (0, ["default", "bulk"])


def test_without_a_command_there_is_help(configure: Configure, run: Run) -> None:
    configure(dsn="null://")
    code, said = run()
    assert code == 0
    assert "manage.py mailbridge" in said
    assert "test-send" in said


@pytest.mark.parametrize(
    ("options", "arguments", "said"),
    [
        ({"dsn": "null://"}, ["test-send", "a@example.org", "--using", "nobody"], "No mailer"),
        ({"dsn": "null://", "hots": 1}, ["test-send", "a@example.org"], "hots"),
        ({"dsn": "smtp:/localhost"}, ["test-send", "a@example.org"], "'default'.*Malformed DSN"),
        ({"dsn": 5}, ["config", "check"], "'default'.*must be a DSN"),
        ({"dsn": "null://", "unsupported": {"x": "drop"}}, ["config", "show"], "no feature x"),
        ({"dsn": "null://", "message_id_domain": 5}, ["test-send", "a@example.org"], "message_id_domain"),
    ],
)
def test_a_broken_configuration_is_said_in_one_sentence(
    configure: Configure, options: dict[str, Any], arguments: list[str], said: str
) -> None:
    configure(**options)
    with pytest.raises(CommandError, match=f"(?s)^Mail is not configured: .*{said}"):
        call_command("mailbridge", *arguments)


def test_a_sender_that_cannot_be_one_is_said_by_the_name_of_its_setting(configure: Configure) -> None:
    configure(dsn="null://")
    with override_settings(DEFAULT_FROM_EMAIL="webmaster"), pytest.raises(CommandError, match="DEFAULT_FROM_EMAIL"):
        call_command("mailbridge", "test-send", "a@example.org")


def test_the_sender_may_be_a_lazy_string(configure: Configure, run: Run) -> None:
    configure(dsn="null://")
    with override_settings(DEFAULT_FROM_EMAIL=lazystr("Shop <shop@example.com>")):
        assert run("test-send", "a@example.org")[0] == 0


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["--version"], ["test-send", "--help"], ["plugins"], ["capabilities", "smtp"]]
)
def test_what_needs_no_mailer_runs_with_a_broken_configuration(
    configure: Configure, run: Run, arguments: list[str]
) -> None:
    configure(dsn="smtp:/localhost")
    assert run(*arguments)[0] == 0


def test_a_project_without_a_mailer_of_ours_is_told_where_to_set_it(way: str) -> None:
    dummy = "django.core.mail.backends.dummy.EmailBackend"
    settings = {"MAILERS": {"default": {"BACKEND": dummy}}} if way == "MAILERS" else {"EMAIL_BACKEND": dummy}
    with override_settings(**settings), pytest.raises(CommandError, match=rf"{way}.*mailbridge_django\.EmailBackend"):
        call_command("mailbridge", "test-send", "a@example.org")


def test_a_dsn_of_its_own_needs_no_mailer(way: str, run: Run) -> None:
    dummy = "django.core.mail.backends.dummy.EmailBackend"
    settings = {"MAILERS": {"default": {"BACKEND": dummy}}} if way == "MAILERS" else {"EMAIL_BACKEND": dummy}
    with override_settings(**settings):
        assert run("test-send", "a@example.org", "--dsn=null://", "--from", "b@example.org")[0] == 0


def test_a_mailer_that_is_not_ours_is_named_with_what_is(configure: Configure, way: str) -> None:
    if way != "MAILERS":
        pytest.skip("without MAILERS all mailers are ours")
    rows = {"default": {"BACKEND": "mailbridge_django.EmailBackend", "OPTIONS": {"dsn": "null://"}}}
    rows["old"] = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "localhost"}}
    with override_settings(MAILERS=rows), pytest.raises(CommandError, match=r"'old'.*sendtestemail --using old"):
        call_command("mailbridge", "test-send", "a@example.org", "--using", "old")


def test_the_app_has_no_models_so_there_are_no_migrations_to_make() -> None:
    from django.apps import apps

    app = apps.get_app_config("mailbridge")
    assert list(app.get_models()) == []
    assert str(app.verbose_name) == "Mail"
    app.ready()  # twice does no harm
