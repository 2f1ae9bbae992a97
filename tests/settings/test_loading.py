"""Settings come from arguments, the environment, .env and TOML, in this order; all that is wrong is told at once."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.message.address import Address
from mailbridge.plugins import Plugins
from mailbridge.settings import Settings

CANARY = "c4n4ry"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the developer's take part."""
    for name in [name for name in os.environ if name.upper().startswith("MAILBRIDGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory that is the root of a project."""
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.fixture
def load(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Load settings from texts: `load(toml="…", env={…}, dotenv="…", dsn="…")`."""

    def loaded(*, toml: str = "", pyproject: str = "", dotenv: str = "", env: Any = (), **values: Any) -> Settings:
        for name, text in {"mailbridge.toml": toml, "pyproject.toml": pyproject, ".env": dotenv}.items():
            if text:
                (project / name).write_text(text, "utf-8")
        for name, value in dict(env).items():
            monkeypatch.setenv(name, value)
        return Settings.load(values, directory=project)

    return loaded


def wrong(load: Callable[..., Settings], **sources: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**sources)
    return str(caught.value)


class TestSources:
    DSNS: ClassVar[Mapping[str, Any]] = {
        "dsn": "null://1",
        "env": {"MAILBRIDGE_DSN": "null://2"},
        "dotenv": "MAILBRIDGE_DSN=null://3\n",
        "toml": 'dsn = "null://4"',
    }

    @pytest.mark.parametrize(
        ("names", "host"), [("dsn env dotenv toml", "1"), ("env dotenv toml", "2"), ("dotenv toml", "3"), ("toml", "4")]
    )
    def test_the_nearest_source_wins(self, load: Any, names: str, host: str) -> None:
        settings = load(**{name: self.DSNS[name] for name in names.split()})
        assert settings.dsn == Dsn("null", host=host)

    def test_the_table_of_a_pyproject_is_read(self, load: Any) -> None:
        settings = load(pyproject='[tool.mailbridge]\ndsn = "null://"\nplugins = ["acme"]\n')
        assert (settings.dsn, settings.plugins) == (Dsn("null"), ("acme",))

    def test_files_are_found_above_within_the_project(self, load: Any, project: Path) -> None:
        load(toml='dsn = "null://above"', dotenv="MAILBRIDGE_LOG_FORMAT=json\n")
        below = project / "src" / "app"
        below.mkdir(parents=True)
        (below / "pyproject.toml").write_text("[tool.other]\n")
        settings = Settings.load(directory=below)
        assert (str(settings.dsn), settings.log_format) == ("null://above", "json")

    def test_files_above_the_project_are_not_looked_at(self, project: Path) -> None:
        (project / "mailbridge.toml").write_text('dsn = "null://above"')
        inner = project / "inner"
        (inner / ".git").mkdir(parents=True)
        with pytest.raises(ConfigError, match="no mailer is configured"):
            Settings.load(directory=inner)

    def test_without_a_mailer_they_are_loaded_only_for_who_needs_none(self, project: Path) -> None:
        settings = Settings.load(directory=project, needs_mailer=False, default_from="app@example.com")
        assert settings.mailers == {}
        assert settings.dsn is None
        names = {row.name: (row.value, row.source) for row in settings.describe()}
        assert names["mailers"] == ("", "default")
        assert names["default_from"] == ("app@example.com", "default_from in the arguments")

    def test_a_directory_above_that_anybody_may_write_to_is_not_looked_at(self, project: Path) -> None:
        (project / "mailbridge.toml").write_text('dsn = "null://planted"')
        (project / "sub").mkdir()
        project.chmod(0o1777)
        with pytest.raises(ConfigError, match="no mailer is configured"):
            Settings.load(directory=project / "sub")
        assert str(Settings.load(directory=project).dsn) == "null://planted"

    def test_arguments_alone_are_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MAILBRIDGE_LOG_FORMAT", "nonsense")
        assert Settings.load({"dsn": "null://"}, environment=False).log_format == "text"
        assert Settings(dsn="null://").log_format == "text"

    def test_an_empty_variable_is_none(self, load: Any) -> None:
        settings = load(env={"MAILBRIDGE_DSN": "null://", "MAILBRIDGE_LOG_FORMAT": ""})
        assert settings.log_format == "text"

    def test_a_default_mailer_and_more_by_name(self, load: Any) -> None:
        settings = load(
            env={
                "MAILBRIDGE_DSN": "null://",
                "MAILBRIDGE_MAILERS__BULK__DSN": "smtp://bulk.example.com",
                "MAILBRIDGE_MAILERS__NEWS": "smtp://news.example.com",
            },
            toml='[mailers.slow]\ntransport = "smtp"\nport = 25\n',
        )
        assert settings.mailer_options()["mailers"] == {
            "default": Dsn("null"),
            "bulk": Dsn.parse("smtp://bulk.example.com"),
            "news": Dsn.parse("smtp://news.example.com"),
            "slow": {"transport": "smtp", "port": 25},
        }

    @pytest.mark.parametrize("password", ["12345", "1e5", "true", "null", "0123", "[x", "{", "p@ss/word"])
    def test_the_environment_supplies_a_password_as_it_is(self, load: Any, password: str) -> None:
        settings = load(toml='dsn = "smtp://ann@h"', env={"MAILBRIDGE_MAILERS__DEFAULT__PASSWORD": password})
        assert settings.mailer_options()["mailers"]["default"] == Dsn("smtp", user="ann", password=password, host="h")

    def test_a_mailer_named_anew_takes_nothing_from_below(self, load: Any) -> None:
        settings = load(
            toml='[mailers.bulk]\ntransport = "acme"\napi_key = "x"\nregion = "eu"\n',
            env={"MAILBRIDGE_MAILERS__BULK__DSN": "null://"},
        )
        assert settings.mailer_options()["mailers"] == {"bulk": Dsn("null")}

    def test_where_one_has_a_word_and_the_other_a_table_the_stronger_holds(self, load: Any) -> None:
        toml = 'dsn = "null://"\n[unsupported]\ntags = "drop"\n'
        assert load(toml=toml, env={"MAILBRIDGE_UNSUPPORTED": "warn"}).unsupported == "warn"
        assert load(toml='dsn = "null://"\nunsupported = "drop"', unsupported={"tags": "warn"}).unsupported == {
            "tags": "warn"
        }

    @pytest.mark.parametrize(
        "values", [{"dsn": False}, {"dsn": 17}, {"dsn": ["null://"]}, {"dsn": "null://", "mailers": "x"}]
    )
    def test_what_is_no_dsn_is_a_problem_and_not_overlooked(self, values: dict[str, Any]) -> None:
        with pytest.raises(ConfigError, match="dsn"):
            Settings.load(values, environment=False)

    def test_a_framework_says_where_its_values_stand(self) -> None:
        with pytest.raises(ConfigError, match=r"unknown setting dns; did you mean dsn\? \(in app\.config\)"):
            Settings.load({"dns": "null://"}, environment=False, where="app.config")

    def test_json_in_a_variable_is_read(self, load: Any) -> None:
        settings = load(env={"MAILBRIDGE_MAILERS": '{"a": "null://", "b": {"transport": "smtp", "port": 25}}'})
        assert settings.mailer_options()["mailers"] == {"a": Dsn("null"), "b": {"transport": "smtp", "port": 25}}

    def test_each_setting_is_read_from_a_variable(self, load: Any, project: Path) -> None:
        settings = load(
            env={
                "MAILBRIDGE_DSN": "null://",
                "MAILBRIDGE_DEFAULT_FROM": "App <app@example.com>",
                "MAILBRIDGE_DEFAULT_REPLY_TO": "help@example.com",
                "MAILBRIDGE_ATTACHMENT_ROOT": str(project),
                "MAILBRIDGE_UNSUPPORTED__TAGS": "drop",
                "MAILBRIDGE_MESSAGE_ID_DOMAIN": "id.example.com",
                "MAILBRIDGE_PLUGINS": "acme, -other",
                "MAILBRIDGE_INSECURE": "refuse",
                "MAILBRIDGE_LOG_FORMAT": "json",
            }
        )
        assert settings.default_from == Address("app@example.com", "App")
        assert settings.default_reply_to == (Address("help@example.com"),)
        assert settings.attachment_root == project.resolve()
        assert settings.unsupported == {"tags": "drop"}
        assert settings.message_id_domain == "id.example.com"
        assert settings.plugin_options() == {"enabled": ("acme", "-other"), "insecure": "refuse"}
        assert settings.log_format == "json"
        assert Plugins(enabled=["-null"], insecure=settings.insecure).all()

    def test_settings_say_one_word_for_all_features(self, load: Any) -> None:
        assert load(env={"MAILBRIDGE_DSN": "null://", "MAILBRIDGE_UNSUPPORTED": "warn"}).unsupported == "warn"


PROBLEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["no mailer is configured; set MAILBRIDGE_DSN"]),
    (
        {"env": {"MAILBRIDGE_DNS": "null://"}},
        ["unknown setting MAILBRIDGE_DNS; did you mean MAILBRIDGE_DSN? (in the environment)"],
    ),
    ({"dotenv": "MAILBRIDGE_DNS=null://\n"}, ["did you mean MAILBRIDGE_DSN? (in ", "/.env)"]),
    ({"toml": 'dns = "null://"'}, ["unknown setting dns; did you mean dsn? (in ", "mailbridge.toml)"]),
    ({"pyproject": '[tool.mailbridge]\ndns = "null://"'}, ["unknown setting dns", "pyproject.toml [tool.mailbridge])"]),
    ({"dns": "null://"}, ["unknown setting dns; did you mean dsn? (in the arguments)"]),
    ({"env": {"MAILBRIDGE_LOG_FORMAT__X": "json"}}, ["unknown setting MAILBRIDGE_LOG_FORMAT__X"]),
    ({"toml": "dsn = ="}, ["mailbridge.toml is no valid TOML", "line 1"]),
    ({"dsn": "null://", "log_format": "jsn"}, ["log_format (in the arguments) must be 'text' or 'json'"]),
    (
        {"dsn": "null://", "env": {"MAILBRIDGE_UNSUPPORTED": "w"}},
        ["MAILBRIDGE_UNSUPPORTED (in the environment) must be"],
    ),
    (
        {"dsn": "null://", "env": {"MAILBRIDGE_UNSUPPORTED__TAGZ": "drop"}},
        ["MAILBRIDGE_UNSUPPORTED__TAGZ (in the environment): there is no feature tagz; did you mean tags?"],
    ),
    ({"dsn": "null://", "default_from": "nobody"}, ["default_from (in the arguments)", "'nobody'"]),
    ({"dsn": "null://", "attachment_root": "/no/such"}, ["attachment_root (in the arguments): is not a directory"]),
    ({"dsn": "null://", "mailers": {"default": "null://"}}, ["mailers.default and dsn of the arguments say the same"]),
    (
        {"env": {"MAILBRIDGE_DSN": f"smtp://u:{CANARY}@@h"}},
        ["MAILBRIDGE_DSN (in the environment): Malformed DSN smtp://****"],
    ),
    (
        {"env": {"MAILBRIDGE_MAILERS__BULK__HOST": "h"}},
        [
            "MAILBRIDGE_MAILERS__BULK__HOST (in the environment) is alone",
            "set MAILBRIDGE_MAILERS__BULK__DSN or MAILBRIDGE_MAILERS__BULK__TRANSPORT too",
        ],
    ),
    (
        {"toml": "[mailers.bulk]\nport = 25"},
        ["mailers.bulk.port", "set mailers.bulk.dsn or mailers.bulk.transport too"],
    ),
    (
        {"env": {"MAILBRIDGE_MAILERS__B": "null://", "MAILBRIDGE_MAILERS__B__PORT": "25"}},
        [
            "MAILBRIDGE_MAILERS__B is text, so that MAILBRIDGE_MAILERS__B__PORT is nowhere",
            "call it MAILBRIDGE_MAILERS__B__DSN",
        ],
    ),
    ({"env": {"MAILBRIDGE_MAILERS": "{broken"}}, ["MAILBRIDGE_MAILERS (in the environment) must be a table"]),
    ({"mailers": {"bulk": 5}}, ["mailers.bulk (in the arguments): A mailer must be a DSN or a table, not int"]),
]


class TestProblems:
    @pytest.mark.parametrize(("sources", "said"), PROBLEMS)
    def test_each_names_what_to_set_and_where_it_was_found(self, load: Any, sources: Any, said: list[str]) -> None:
        text = wrong(load, **sources)
        for part in said:
            assert part in text
        assert CANARY not in text

    def test_all_are_told_at_once(self, load: Any) -> None:
        text = wrong(
            load,
            env={
                "MAILBRIDGE_DNS": "x",
                "MAILBRIDGE_LOG_FORMAT": "x",
                "MAILBRIDGE_MAILERS__A__DSN": "x",
                "MAILBRIDGE_MAILERS__B__PORT": "1",
            },
            toml='default_form = "x"\n[mailers.c]\ntransport = "smtp"\ndsn = "null://"\n',
            insecure="x",
        )
        assert "7 problems" in text
        for part in (
            "_DNS",
            "LOG_FORMAT",
            "MAILERS__A__DSN",
            "MAILERS__B__PORT",
            "default_form",
            "mailers.c",
            "insecure",
        ):
            assert part in text

    def test_an_unreadable_file_is_a_problem_like_others(self, load: Any, project: Path) -> None:
        (project / ".env").write_bytes(b"MAILBRIDGE_DSN=\xff\n")
        text = wrong(load, env={"MAILBRIDGE_LOG_FORMAT": "x"})
        assert "/.env is not UTF-8" in text
        assert "MAILBRIDGE_LOG_FORMAT" in text


SECRET_SOURCES: list[dict[str, Any]] = [
    {"dsn": f"smtp://u:{CANARY}@@h"},
    {"dsn": f"smtp://u:{CANARY}@h", "log_format": "x"},
    {"env": {"MAILBRIDGE_DSN": f"smtp://u:{CANARY}@h", "MAILBRIDGE_PASSWORD": CANARY}},
    {"env": {"MAILBRIDGE_MAILERS__A__PASSWORD": CANARY}},
    {"toml": f'dsn = "smtp://u:{CANARY}@h"\nlog_format = 5\n[mailers.b]\napi_key = "{CANARY}"\n'},
    {"dotenv": f"MAILBRIDGE_MAILERS__A__API_KEY={CANARY}\nMAILBRIDGE_KEY={CANARY}\n"},
    {"mailers": {"a": {"dsn": f"smtp://u:{CANARY}@h", "password": CANARY}}, "insecure": 1},
]


@pytest.mark.catalogue("A30")
class TestSecrets:
    @pytest.mark.parametrize("sources", SECRET_SOURCES)
    def test_no_error_shows_one_in_text_or_in_our_frames(self, load: Any, sources: dict[str, Any]) -> None:
        with pytest.raises(ConfigError) as caught:
            load(**sources)
        error = caught.value
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = "".join(str(frame.locals) for frame in shown.stack if "/mailbridge/" in frame.filename)
        assert ours
        assert CANARY not in str(error) + repr(error) + ours

    def test_settings_print_dump_and_describe_without_them(self, load: Any) -> None:
        settings = load(
            dsn=f"smtp://{CANARY}:{CANARY}@h?oauth_token={CANARY}",
            mailers={
                "a": {"transport": "acme", "api_key": CANARY},
                "b": {"transport": "retry", "transports": [f"x://{CANARY}@h"]},
            },
        )
        origins = settings._origins
        shown = [repr(settings), str(settings), settings.model_dump(), vars(settings), settings.describe(), origins]
        assert CANARY not in " ".join(map(str, shown)) + str(list(origins.values())) + str(
            [each.value for each in origins.values()]
        )
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(settings)

    def test_direct_use_of_the_model_shows_none_either(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Settings(dsn=f"smtp://u:{CANARY}@h", log_format=CANARY)
        assert CANARY not in str(caught.value)


class TestDescription:
    def test_each_setting_is_shown_with_its_source(self, load: Any, project: Path) -> None:
        settings = load(
            env={
                "MAILBRIDGE_DSN": "smtp://ann@h",
                "MAILBRIDGE_MAILERS__DEFAULT__PASSWORD": CANARY,
                "MAILBRIDGE_UNSUPPORTED__TAGS": "drop",
            },
            toml=(
                'plugins = ["a", "b"]\ndefault_reply_to = ["x@example.com", "y@example.com"]\n'
                '[mailers.bulk]\ntransport = "smtp"\nport = 25\ntls_verify = true\n'
            ),
        )
        rows = {row.name: (row.value, row.source) for row in settings.describe()}
        toml = f"in {project}/mailbridge.toml"
        assert rows == {
            "mailers.default.dsn": ("smtp://********@h", "MAILBRIDGE_DSN in the environment"),
            "mailers.default.password": ("********", "MAILBRIDGE_MAILERS__DEFAULT__PASSWORD in the environment"),
            "mailers.bulk.transport": ("smtp", f"mailers.bulk.transport {toml}"),
            "mailers.bulk.port": ("25", f"mailers.bulk.port {toml}"),
            "mailers.bulk.tls_verify": ("true", f"mailers.bulk.tls_verify {toml}"),
            "default_from": ("", "default"),
            "default_reply_to": ("x@example.com, y@example.com", f"default_reply_to {toml}"),
            "attachment_root": ("", "default"),
            "templates": ("", "default"),
            "unsupported": ('{"tags": "drop"}', "MAILBRIDGE_UNSUPPORTED__TAGS in the environment"),
            "message_id_domain": ("", "default"),
            "plugins": ("a, b", f"plugins {toml}"),
            "insecure": ("warn", "default"),
            "log_format": ("text", "default"),
        }

    def test_every_setting_says_what_it_is(self) -> None:
        for name, field in Settings.model_fields.items():
            assert field.description, name
