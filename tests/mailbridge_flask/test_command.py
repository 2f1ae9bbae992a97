"""`flask mail …`: the commands of mailbridge with the configuration of the app."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import Result
from flask import Flask
from support.addresses import Address
from support.flask_apps import MakeApp, RefuseBob
from support.peer import Peer, reply

from mailbridge_flask import MailBridge


def run(app: Flask, *arguments: str) -> Result:
    result = app.test_cli_runner().invoke(args=["mail", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


class TestTestSend:
    def test_it_sends_by_the_app(self, make_app: MakeApp, peer: Callable[..., Peer]) -> None:
        server = peer()
        app = make_app(dsn=f"smtp://{server.address}?tls=off", default_from="shop@example.com")
        result = run(app, "test-send", "ann@example.org")
        assert (result.exit_code, server.messages[0].sender) == (0, "shop@example.com")
        assert f"Sent by smtp://{server.address}" in result.output

    def test_mailer_names_another(self, make_app: MakeApp, closed_port: Address) -> None:
        app = make_app(dsn=f"smtp://{closed_port}", mailers={"bulk": "null://"}, default_from="shop@example.com")
        result = run(app, "test-send", "ann@example.org", "--mailer", "bulk", "--json")
        assert (result.exit_code, json.loads(result.output)["route"]["mailer"]) == (0, "bulk")

    def test_name_chooses_the_instance(self, make_app: MakeApp) -> None:
        app = make_app(dsn="null://", default_from="shop@example.com")
        MailBridge(app, name="bulk")
        app.config["MAILBRIDGE_BULK"] = {"dsn": "memory://", "default_from": "bulk@example.com"}
        result = run(app, "--name", "bulk", "test-send", "ann@example.org", "--json")
        assert json.loads(result.output)["route"]["transport"] == "memory://"
        assert "there are: default, bulk" in run(app, "--name", "x", "check").output

    def test_an_only_instance_of_another_name_is_meant(self) -> None:
        app = Flask("shop")
        app.config["MAILBRIDGE_BULK"] = {"dsn": "memory://", "default_from": "bulk@example.com"}
        MailBridge(app, name="bulk")
        assert "memory://" in run(app, "test-send", "ann@example.org").output

    def test_the_hooks_of_the_app_have_their_say(self, make_app: MakeApp) -> None:
        app = make_app(dsn="null://", default_from="shop@example.com", hooks=RefuseBob())
        assert [run(app, "test-send", f"{who}@example.org").exit_code for who in ("ann", "bob")] == [0, 1]

    def test_under_testing_nothing_leaves_and_it_says_so(
        self, mail: MailBridge, make_app: MakeApp, closed_port: Address
    ) -> None:
        app = make_app(config={"TESTING": True}, dsn=f"smtp://{closed_port}", default_from="shop@example.com")
        result = run(app, "test-send", "ann@example.org")
        assert (result.exit_code, len(mail.outbox(app))) == (0, 1)
        assert f"Sent by suppressed(smtp://{closed_port})" in result.output

    def test_exit_codes_are_those_of_mailbridge(
        self, make_app: MakeApp, peer: Callable[..., Peer], closed_port: Address
    ) -> None:
        refusing = peer({"RCPT": reply("550 5.1.1 no such user")})
        app = make_app(
            dsn="null://",
            mailers={"refusing": f"smtp://{refusing.address}?tls=off", "dead": f"smtp://{closed_port}"},
            default_from="shop@example.com",
        )
        codes = {
            name: run(app, "test-send", "a@b.org", "--mailer", name).exit_code for name in ("refusing", "dead", "x")
        }
        assert codes == {"refusing": 1, "dead": 4, "x": 3}
        assert run(app, "test-send").exit_code == 2

    def test_a_dsn_takes_the_place_of_a_configuration_that_is_broken(self, make_app: MakeApp) -> None:
        result = run(make_app(dsn="nul://"), "test-send", "a@b.org", "--dsn", "null://", "--from", "a@example.com")
        assert result.exit_code == 0


class TestCheck:
    def test_every_mailer_is_made(self, make_app: MakeApp) -> None:
        result = run(make_app(dsn="null://", mailers={"bulk": "memory://"}), "check")
        assert result.exit_code == 0
        assert "default: null:// ok" in result.output
        assert "bulk: memory:// ok" in result.output

    @pytest.mark.parametrize("as_json", [False, True])
    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({}, "No mailer is configured in app.config['MAILBRIDGE']"),
            ({"dns": "null://"}, "did you mean dsn"),
            ({"dsn": "smtp://ann:s3cret@mail.example.com?prot=1"}, "prot"),
        ],
    )
    def test_what_is_wrong_is_told_and_ends_with_3(
        self, make_app: MakeApp, settings: dict[str, Any], said: str, as_json: bool
    ) -> None:
        result = run(make_app(**settings), "check", *(["--json"] if as_json else []))
        assert result.exit_code == 3
        assert said in result.output
        assert "s3cret" not in result.output
        if as_json:
            assert json.loads(result.output)["ok"] is False

    def test_verify_connects(self, make_app: MakeApp, closed_port: Address) -> None:
        assert run(make_app(dsn=f"smtp://{closed_port}"), "check", "--verify").exit_code == 4


class TestShow:
    def test_settings_are_shown_without_secrets(self, make_app: MakeApp) -> None:
        result = run(make_app(dsn="smtp://ann:s3cret@mail.example.com", hooks=RefuseBob()), "show")
        assert result.exit_code == 0
        assert "dsn in app.config['MAILBRIDGE']" in result.output
        assert "s3cret" not in result.output

    def test_flat_keys_are_not_said_to_stand_in_the_dictionary(self, make_app: MakeApp) -> None:
        result = run(make_app(config={"MAIL_SERVER": "mail.example.com"}), "show")
        assert "mailers.default.host in app.config\n" in result.output


class TestPlugins:
    def test_they_are_listed_as_the_app_has_them(self, make_app: MakeApp) -> None:
        result = run(make_app(dsn="null://", plugins=["-console"]), "plugins", "--json")
        rows = {row["name"]: row["status"] for row in json.loads(result.output)["plugins"]}
        assert (result.exit_code, rows["console"], rows["smtp"]) == (0, "disabled", "built in")

    def test_no_mailer_is_needed_for_that(self, make_app: MakeApp) -> None:
        assert run(make_app(), "plugins").exit_code == 0


class TestGroup:
    def test_help_lists_the_commands(self, make_app: MakeApp) -> None:
        said = run(make_app(dsn="null://"), "--help").output
        assert all(f"  {name}" in said for name in ("check", "plugins", "show", "test-send"))

    def test_an_app_without_the_extension_has_no_such_command(self) -> None:
        assert Flask("other").test_cli_runner().invoke(args=["mail"]).exit_code == 2

    def test_an_application_may_add_its_own_and_an_unknown_one_is_told(self, make_app: MakeApp) -> None:
        app = make_app(dsn="null://")
        group: Any = app.cli.commands["mail"]
        group.add_command(click.Command("digest", callback=lambda: click.echo("digest sent")))
        assert run(app, "digest").output == "digest sent\n"
        assert "digest" in run(app, "--help").output
        assert run(app, "test-sned").exit_code == 2

    def test_a_command_of_the_same_name_is_left_alone(self, mail: MailBridge) -> None:
        app = Flask("shop")

        @app.cli.command("mail")
        def ours() -> None:
            click.echo("ours")

        mail.init_app(app)
        assert app.test_cli_runner().invoke(args=["mail"]).output == "ours\n"
