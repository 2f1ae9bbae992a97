"""`manage.py mailbridge`: the command line with Django's configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
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
    ],
)
def test_a_broken_configuration_is_said_in_one_sentence(
    configure: Configure, options: dict[str, Any], arguments: list[str], said: str
) -> None:
    configure(**options)
    with pytest.raises(CommandError, match=said):
        call_command("mailbridge", *arguments)


def test_the_app_has_no_models_so_there_are_no_migrations_to_make() -> None:
    from django.apps import apps

    app = apps.get_app_config("mailbridge")
    assert list(app.get_models()) == []
    assert str(app.verbose_name) == "Mail"
    app.ready()  # twice does no harm
