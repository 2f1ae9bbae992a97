"""What `app.config` says: nested and flat, from code and from the environment, and everything that is wrong."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.flask_apps import MESSAGE, MakeApp, RefuseBob
from support.peer import Peer

from mailbridge import ConfigError, Dsn, RecipientRefused, Secret, Settings
from mailbridge_flask import MailBridge
from mailbridge_flask.configuration import settings_of


def transport(mail: MailBridge, app: Flask, name: str = "default") -> str:
    return str(mail.for_app(app).mailer.transport(name))


class TestKeys:
    @pytest.mark.parametrize("given", ["null://", Secret("null://"), Dsn.parse("null://"), {"dsn": "null://"}])
    def test_a_dsn_alone_is_enough(self, mail: MailBridge, make_app: MakeApp, given: Any) -> None:
        assert transport(mail, make_app(config={"MAILBRIDGE": given})) == "null://"

    def test_mailers_have_names(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(dsn="memory://", mailers={"bulk": {"transport": "smtp", "host": "bulk.example.com"}})
        assert mail.for_app(app).mailer.mailers == ("default", "bulk")
        assert "bulk.example.com" in transport(mail, app, "bulk")

    def test_an_instance_reads_a_key_of_its_own(self) -> None:
        app = Flask("shop")
        app.config.update(MAILBRIDGE="null://", MAILBRIDGE_BULK={"dsn": "memory://", "default_from": "b@example.com"})
        first, bulk = MailBridge(app), MailBridge(app, name="bulk")
        assert (transport(first, app), transport(bulk, app)) == ("null://", "memory://")
        assert bulk.for_app(app).message(to="ann@example.org", text="Hi").from_.addr_spec == "b@example.com"

    def test_it_is_read_when_mail_is_first_used_and_again_after_close(
        self, mail: MailBridge, make_app: MakeApp
    ) -> None:
        app = make_app()
        app.config["MAILBRIDGE"] = "null://"
        assert transport(mail, app) == "null://"
        app.config["MAILBRIDGE"] = "memory://"
        assert transport(mail, app) == "null://"
        mail.close(app)
        assert transport(mail, app) == "memory://"

    @pytest.mark.parametrize("hooks", [RefuseBob(), [RefuseBob()], "support.flask_apps.RefuseBob"])
    def test_hooks_are_objects_or_dotted_paths(self, mail: MailBridge, make_app: MakeApp, hooks: Any) -> None:
        app = make_app(dsn="null://", hooks=hooks)
        with pytest.raises(RecipientRefused, match="not here"):
            mail.for_app(app).send(MESSAGE.replace(to="bob@example.org"))
        assert mail.for_app(app).send(MESSAGE).accepted == ("ann@example.org",)


class TestEnvironment:
    @pytest.fixture
    def loaded(self, monkeypatch: pytest.MonkeyPatch, make_app: MakeApp) -> Any:
        def load(given: dict[str, Any] | None = None, **variables: str) -> Flask:
            for name, value in variables.items():
                monkeypatch.setenv(f"FLASK_{name}", value)
            app = make_app(**(given or {}))
            assert app.config.from_prefixed_env()
            return app

        return load

    def test_double_underscores_lead_into_the_settings(self, mail: MailBridge, loaded: Any) -> None:
        app = loaded(
            MAILBRIDGE__DSN="memory://",
            MAILBRIDGE__DEFAULT_FROM="shop@example.com",
            MAILBRIDGE__MAILERS__BULK__TRANSPORT="smtp",
            MAILBRIDGE__MAILERS__BULK__HOST="bulk.example.com",
            MAILBRIDGE__MAILERS__BULK__PORT="2525",
        )
        assert transport(mail, app) == "memory://"
        assert transport(mail, app, "bulk") == "smtp://bulk.example.com:2525"
        assert mail.for_app(app).message(to="ann@example.org", text="Hi").from_.addr_spec == "shop@example.com"

    def test_an_instance_has_a_prefix_of_its_own(self, loaded: Any) -> None:
        app = loaded(MAILBRIDGE_BULK__DSN="null://")
        assert transport(MailBridge(app, name="bulk"), app) == "null://"

    def test_the_environment_wins_over_what_the_code_says(self, mail: MailBridge, loaded: Any) -> None:
        given = {"dsn": "smtp://old.example.com", "mailers": {"bulk": "null://"}, "default_from": "shop@example.com"}
        app = loaded(given, MAILBRIDGE__DSN="memory://")
        assert transport(mail, app) == "memory://"
        assert transport(mail, app, "bulk") == "null://"

    def test_a_whole_table_in_json_is_taken_too(self, mail: MailBridge, loaded: Any) -> None:
        assert transport(mail, loaded(MAILBRIDGE='{"mailers": {"default": {"dsn": "memory://"}}}')) == "memory://"

    @pytest.mark.parametrize("password", ["12345", "true", "0123", '"1e5"', "secret"])
    def test_a_password_that_looks_like_json_is_text(
        self, mail: MailBridge, loaded: Any, peer: Callable[..., Peer], password: str
    ) -> None:
        server = peer(auth=("123", password.strip('"')))
        fields = {"TRANSPORT": "smtp", "HOST": server.host, "PORT": str(server.port), "USER": "123", "TLS": "off"}
        fields["PASSWORD"] = password
        app = loaded(**{f"MAILBRIDGE__MAILERS__DEFAULT__{name}": value for name, value in fields.items()})
        assert mail.for_app(app).send(MESSAGE).complete
        assert server.sessions[0].user == "123"

    def test_a_password_that_flask_made_another_number_of_is_refused(self, mail: MailBridge, loaded: Any) -> None:
        app = loaded(MAILBRIDGE__MAILERS__DEFAULT__TRANSPORT="smtp", MAILBRIDGE__MAILERS__DEFAULT__PASSWORD="1e5")
        with pytest.raises(ConfigError, match=r"\['DEFAULT'\]\['PASSWORD'\] was read as a number.*quotation marks"):
            _ = mail.for_app(app).mailer

    def test_null_says_nothing(self, mail: MailBridge, loaded: Any) -> None:
        app = loaded({"dsn": "memory://"}, MAILBRIDGE__DSN="null")
        assert transport(mail, app) == "memory://"


class TestFlatKeys:
    def test_they_make_the_default_mailer(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"MAIL_SERVER": "mail.example.com", "MAIL_PORT": 2525, "MAIL_DEFAULT_SENDER": "a@b.org"})
        assert transport(mail, app) == "smtp://mail.example.com:2525"
        assert mail.for_app(app).message(to="ann@example.org", text="Hi").from_.addr_spec == "a@b.org"

    def test_a_mailer_of_the_settings_goes_before_them(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"MAIL_SERVER": "mail.example.com", "MAIL_DEFAULT_SENDER": "a@b.org"}, dsn="null://")
        assert transport(mail, app) == "null://"
        assert mail.for_app(app).message(to="ann@example.org", text="Hi").from_.addr_spec == "a@b.org"

    def test_they_stand_beside_other_mailers(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"MAIL_SERVER": "mail.example.com"}, mailers={"bulk": "null://"})
        assert mail.for_app(app).mailer.mailers == ("bulk", "default")

    def test_what_is_wrong_with_them_names_the_key(self, mail: MailBridge, make_app: MakeApp) -> None:
        with pytest.raises(ConfigError, match="MAIL_PORT"):
            _ = mail.for_app(make_app(config={"MAIL_PORT": "often"})).mailer


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dns": "null://"}, r"unknown setting dns; did you mean dsn\? \(in app.config\['MAILBRIDGE'\]\)"),
        ({"dsn": "nul://"}, "There is no transport 'nul'; did you mean null"),
        ({"dsn": "null://", "mailers": {"default": "null://"}}, "say the same"),
        ({"mailers": {"bulk": {"host": "x"}}}, r"mailers.bulk.host \(in app.config\['MAILBRIDGE'\]\) is alone"),
        ({"dsn": "null://", "default_from": "nobody"}, r"default_from \(in app.config\['MAILBRIDGE'\]\)"),
        ({"dsn": "null://", "hooks": "no.such.module"}, r"hooks \(in app.config\['MAILBRIDGE'\]\).*cannot be imported"),
        ({"dsn": "null://", "hooks": "mailbridge.Mailer.no"}, "cannot be imported: ModuleNotFoundError"),
        ({"dsn": "null://", "hooks": "support.peer.Options"}, "cannot be imported: TypeError"),
        ({"dsn": "null://", "unsupported": "ignore"}, "unsupported"),
        ({1: "null://"}, "has the key 1, which is no text"),
        (["null://"], r"app.config\['MAILBRIDGE'\] must be a DSN or a dictionary, not list"),
        (17, "must be a DSN or a dictionary, not int"),
        ({"dsn": 17}, r"dsn \(in app.config"),
    ],
)
def test_what_is_wrong_is_a_config_error_that_names_it(
    mail: MailBridge, make_app: MakeApp, given: Any, said: str
) -> None:
    app = make_app(config={"MAILBRIDGE": given})
    with pytest.raises(ConfigError, match=said):
        mail.for_app(app).send(MESSAGE)


def test_an_error_does_not_show_a_password(mail: MailBridge, make_app: MakeApp) -> None:
    app = make_app(dsn="smtp://ann:s3cret@mail.example.com?port=x")
    with pytest.raises(ConfigError) as caught:
        mail.for_app(app).send(MESSAGE)
    assert "s3cret" not in str(caught.value)


def test_a_configuration_that_came_after_the_first_mail_is_read(mail: MailBridge, make_app: MakeApp) -> None:
    app = make_app()
    with pytest.raises(ConfigError, match="No mailer is configured"):
        mail.for_app(app).send(MESSAGE)
    app.config["MAILBRIDGE"] = {"dsn": "memory://"}
    assert mail.for_app(app).send(MESSAGE).provider == "memory"


def test_without_a_mailer_the_error_says_how_to_name_one(mail: MailBridge, make_app: MakeApp) -> None:
    handle = mail.for_app(make_app())
    for use in (lambda: handle.send(MESSAGE), handle.verify):
        with pytest.raises(
            ConfigError, match=r"No mailer is configured in app.config\['MAILBRIDGE'\].*FLASK_MAILBRIDGE__DSN"
        ):
            use()


TEXTS = (
    st.text()
    | st.integers().map(str)
    | st.sampled_from(["true", "false", "0123", "1_000", "-", "{", "[", '"', "smtp://h"])
)
NAMES = st.sampled_from(
    ["dsn", "DSN", "mailers", "MAILERS", "default", "BULK", "default_from", "HOOKS", "transport", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from(["null://", "smtp", "a@b.org"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(TEXTS)
def test_text_from_the_environment_arrives_as_it_was_written(text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if not isinstance(value, str) or value == text:
        config = {"MAILBRIDGE": {"MAILERS": {"BULK": {"TRANSPORT": "acme", "NOTE": value}}}}
        assert settings_of(config).mailers["bulk"].fields["note"] in (text, str(value).lower())


@settings(max_examples=50, deadline=None)
@given(VALUES)
@example({"MAILERS": None, "mailers": {"default": "null://"}})
@example({"DSN": "null://", "dsn": 1})
@example({"mailers": [], "MAILERS": {}})
@example({"mailers": {"default": {"default": None}}})
def test_whatever_the_configuration_is_only_config_errors_leave(value: Any) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(settings_of({"MAILBRIDGE": value, "MAIL_SERVER": "localhost"}), Settings)
