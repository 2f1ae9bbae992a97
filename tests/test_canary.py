"""A canary in every place where a secret may stand, an accident in every layer: it never sings.

What is searched: every text and repr of an error, of its causes and its pickle; the variables of our
frames, as an error tracker collects them; every log record; what the command line prints.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.colour import Colour
from support.members import FakeTransport, message
from support.peer import Peer, drop, reply
from support.telling import OURS, told_by

import mailbridge
from mailbridge import Dsn, Mailer, Plugins, Secret, ServerError, Settings, hookimpl
from mailbridge.cli import group
from mailbridge.extend import BlockingTransport, Delivery, Plugin, Receipt, TransportSettings

pytestmark = pytest.mark.catalogue("A30")

CORE = "c4n4ry"
PASSWORD = f"x{CORE}@{CORE} 100%"
ENCODED = f"x{CORE}%40{CORE}%20100%25"
USER = "ann@example.com"


def songs() -> Iterator[str]:
    """Yield what the canary sounds like, as it is and in base64 at each of the three offsets."""
    yield CORE
    for offset in range(3):
        text = b64encode(bytes(offset) + CORE.encode()).decode()
        yield text[4 if offset else 0 : 8]


SONGS = tuple(songs())


def heard(text: str) -> str:
    """Return the surroundings of the first song in a text, or nothing."""
    for song in SONGS:
        if (place := text.find(song)) >= 0:
            return f"…{text[max(place - 200, 0) : place + 40]}…"
    return ""


@pytest.fixture
def silence(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[BaseException], None]]:
    """Say that an error is silent; at the end of the test, that every log record was."""
    caplog.set_level(logging.DEBUG)
    for name in ("mailbridge", "mailbridge.send", "mailbridge.hooks", "mailbridge.plugins"):
        caplog.set_level(logging.DEBUG, name)

    def check(error: BaseException) -> None:
        leaks = {where: song for where, text in told_by(error) if (song := heard(text))}
        assert not leaks

    yield check
    for record in caplog.records:
        told = logging.Formatter().format(record) + repr({**vars(record), "exc_info": None})
        assert not heard(told)


def raised(act: Callable[[], Any]) -> BaseException:
    """Return what is raised."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it must be silent
        return error
    raise AssertionError("nothing was raised")


def test_the_canary_can_be_heard() -> None:
    assert heard(f"password={PASSWORD}")
    assert heard(f"AUTH PLAIN {b64encode(f'{chr(0)}ann{chr(0)}{PASSWORD}'.encode()).decode()}")
    assert heard(f"AUTH XOAUTH2 {b64encode(f'user=ann{chr(1)}auth=Bearer {PASSWORD}'.encode()).decode()}")
    assert heard(b64encode(PASSWORD.encode()).decode())
    secret = PASSWORD

    def act() -> None:
        Mailer(f"smtp://{secret}@h:x", resolver=1 / 0)  # type: ignore[arg-type]

    assert not [song for where, text in told_by(raised(act)) if (song := heard(text))], "only our frames count"


SPELLINGS = {
    "in a DSN": f"smtp://ann:{ENCODED}@127.0.0.1:1?tls=off",
    "as the user": f"smtp://{ENCODED}@127.0.0.1:1",
    "in an option": f"smtp://ann@127.0.0.1:1?password={ENCODED}",
    "in a policy": f"retry(failover(smtp://ann:{ENCODED}@127.0.0.1:1, null://), attempts=1)",
    "not encoded": f"smtp://ann:{PASSWORD}@127.0.0.1:1",
    "before a bad port": f"smtp://ann:{ENCODED}@127.0.0.1:99999",
    "before a bad option": f"smtp://ann:{ENCODED}@127.0.0.1?timout=3",
    "before a bad value": f"smtp://ann:{ENCODED}@127.0.0.1?timeout=soon",
    "before modes that do not fit": f"smtp://ann:{ENCODED}@127.0.0.1:465?tls=starttls",
    "before an unknown scheme": f"smpt://ann:{ENCODED}@127.0.0.1",
    "with a second @": f"smtp://ann:x@{CORE}@127.0.0.1",
    "with a slash": f"smtp://ann:x/{CORE}@127.0.0.1",
    "with a line break": f"smtp://ann:{ENCODED}%0d%0a@127.0.0.1",
    "in a policy that is not closed": f"retry(smtp://ann:{ENCODED}@127.0.0.1",
    "in a policy with a bad argument": f"retry(smtp://ann:{ENCODED}@127.0.0.1, attempts=many)",
    "where no user belongs": f"null://{ENCODED}@",
    "alone": CORE,
}
RIGHT = ("in a DSN", "in an option", "in a policy")
BROKEN = [name for name in SPELLINGS if name not in (*RIGHT, "alone")]


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("wrapped", [str, Secret], ids=["text", "secret"])
def test_a_dsn_that_cannot_be_used(name: str, wrapped: Callable[[str], Any], silence: Any) -> None:
    dsn = wrapped(SPELLINGS[name])
    silence(raised(lambda: Mailer(dsn)))
    silence(raised(lambda: Mailer("null://", mailers={"bulk": dsn})))
    silence(raised(lambda: Mailer("null://").send(message(), dsn=dsn)))
    silence(raised(lambda: Settings.load({"dsn": dsn}, environment=False).mailer_options() and Mailer(dsn)))


def test_a_key_where_no_host_belongs() -> None:
    """Nobody can know it for a key but the transport, which does when it is to be made."""
    error = raised(lambda: Mailer(f"null://{CORE}"))
    assert not heard(f"{error} {error!r} {error.args} {vars(error)}")


@pytest.mark.parametrize("name", BROKEN)
def test_a_dsn_that_cannot_be_used_in_any_call(name: str, silence: Any, colour: Colour) -> None:
    dsn, mailer = SPELLINGS[name], Mailer("null://")
    silence(raised(lambda: colour.send(mailer, message(), dsn=dsn)))
    silence(raised(lambda: colour.send_many(mailer, [message()], dsn=dsn)))
    silence(raised(lambda: colour.verify(mailer, dsn=dsn)))


FIELDS: dict[str, dict[str, Any]] = {
    "an unknown field": {"transport": "smtp", "user": "ann", "password": PASSWORD, "hots": "h"},
    "a field that does not fit": {"transport": "smtp", "user": "ann", "password": PASSWORD, "port": "many"},
    "a password alone": {"transport": "smtp", "password": PASSWORD},
    "a password that is a list": {"transport": "smtp", "user": "ann", "password": [PASSWORD]},
    "a password that is a table": {"transport": "smtp", "user": "ann", "password": {"text": [PASSWORD]}},
    "a password with a line break": {"transport": "smtp", "user": "ann", "password": PASSWORD + "\r\nRSET"},
    "a token beside it": {"transport": "smtp", "user": "ann", "password": PASSWORD, "token": PASSWORD},
    "an unknown transport": {"transport": "smpt", "user": "ann", "password": PASSWORD},
    "an unknown secret": {"transport": "null", "api_key": PASSWORD},
    "within a policy": {"transport": "retry", "transports": [{"transport": "smtp", "password": PASSWORD}]},
    "a DSN within a policy": {"transport": "retry", "transports": [f"smtp://ann:{ENCODED}@127.0.0.1?timout=3"]},
    "beside a DSN": {"dsn": "smtp://ann@127.0.0.1?timout=3", "password": PASSWORD},
    "beside a DSN that has one": {"dsn": f"smtp://ann:{ENCODED}@127.0.0.1", "password": PASSWORD},
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_fields_that_cannot_be_used(fields: dict[str, Any], silence: Any) -> None:
    def from_settings() -> Any:
        return Mailer.from_settings(Settings.load({"mailers": {"default": fields}}, environment=False))

    silence(raised(from_settings))
    if "dsn" not in fields:
        silence(raised(lambda: Mailer(fields)))
        silence(raised(lambda: Mailer("null://").send(message(), dsn=fields)))
        silence(raised(lambda: Plugins().build(fields)))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, without settings in the environment."""
    for name in [name for name in os.environ if name.upper().startswith("MAILBRIDGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [*BROKEN, "alone"])
@pytest.mark.parametrize("source", ["environment", ".env", "mailbridge.toml", "pyproject.toml"])
def test_settings_that_cannot_be_used(
    name: str, source: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, silence: Any
) -> None:
    dsn = SPELLINGS[name]
    if source == "environment":
        monkeypatch.setenv("MAILBRIDGE_DSN", dsn)
    elif source == ".env":
        (elsewhere / ".env").write_text(f"MAILBRIDGE_DSN='{dsn}'\nMAILBRIDGE_MAILERS__BULK__PASSWORD={CORE}\n")
    else:
        head = "[tool.mailbridge]\n" if source == "pyproject.toml" else ""
        (elsewhere / source).write_text(f"{head}dsn = {json.dumps(dsn)}\n")
    silence(raised(lambda: Mailer.from_settings()))


def test_a_file_that_is_no_toml(elsewhere: Path, silence: Any) -> None:
    (elsewhere / "mailbridge.toml").write_text(f'dsn = "smtp://ann:{ENCODED}@h\n')
    silence(raised(Settings.load))


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_configured_prints_without_it(name: str, elsewhere: Path) -> None:
    dsn = SPELLINGS[name]
    (elsewhere / "mailbridge.toml").write_text(f"dsn = {json.dumps(dsn)}\n")
    settings, mailer, parsed = Settings.load(), Mailer(dsn), Dsn.parse(dsn)
    things: list[Any] = [settings, settings.mailers, settings.describe(), mailer, parsed, parsed.inner, parsed.options]
    things += [mailer.transport(), settings.mailer_options(), vars(mailer), vars(mailer.transport()), vars(parsed)]
    for thing in things:
        assert not heard(f"{thing!r} {thing} {thing!a}"), type(thing)
    for thing in (settings, parsed):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(thing)


def settings_of(peer: Peer, **more: Any) -> dict[str, Any]:
    """Return the settings that log in to a peer with the canary."""
    host, _, port = str(peer.address).rpartition(":")
    return {"transport": "smtp", "host": host, "port": int(port), "user": USER, "tls": "off", **more}


MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"]
ACCIDENTS: dict[str, Any] = {
    "refused": reply("535 5.7.8 no"),
    "put off": reply("454 4.7.0 later"),
    "lost": drop(),
    "nonsense": reply("hello"),
}


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("accident", ACCIDENTS)
def test_a_login_that_fails(mechanism: str, accident: str, silence: Any, colour: Colour) -> None:
    with Peer({"AUTH": ACCIDENTS[accident]}, auth=(USER, PASSWORD), strict=False, mechanisms=[mechanism]) as peer:
        secret = {"token": PASSWORD} if "OAUTH" in mechanism else {"password": PASSWORD}
        mailer = Mailer(settings_of(peer, auth=[mechanism], allow_insecure_auth=True, timeout=2.0, **secret))
        error = raised(lambda: colour.send(mailer, message()))
        silence(error)
        for outcome in colour.send_many(mailer, [message(), message()]):
            silence(outcome)
        silence(raised(lambda: colour.verify(mailer)))
        colour.close(mailer)


def test_a_server_that_quotes_the_password(colour: Colour) -> None:
    with Peer({"AUTH": reply(f"535 5.7.8 no, not with password={CORE}")}, auth=(USER, PASSWORD), strict=False) as peer:
        mailer = Mailer(settings_of(peer, password=PASSWORD, allow_insecure_auth=True))
        error = raised(lambda: colour.send(mailer, message()))
    assert isinstance(error, mailbridge.AuthFailed)
    assert not heard(f"{error} {error!r} {error.args} {vars(error)}")


@pytest.mark.parametrize(
    "accident",
    [
        pytest.param({"CONNECT": reply("554 5.3.2 no")}, id="greeting"),
        pytest.param({"MAIL": drop()}, id="mail"),
        pytest.param({"RCPT": reply("550 5.1.1 no")}, id="rcpt"),
        pytest.param({".": drop()}, id="final"),
    ],
)
def test_a_send_that_fails_after_a_login(accident: Any, silence: Any, colour: Colour) -> None:
    transcript = mailbridge.Transcript()
    with Peer(accident, auth=(USER, PASSWORD), strict=False) as peer:
        settings = settings_of(peer, password=PASSWORD, allow_insecure_auth=True)
        mailer = Mailer(settings, transcript=transcript)
        silence(raised(lambda: colour.send(mailer, message())))
        for outcome in colour.send_many(mailer, [message(), message()]):
            silence(outcome)
        colour.close(mailer)
    assert not heard("\n".join(map(str, transcript)) + repr(transcript))


def test_a_connection_that_fails(silence: Any, colour: Colour, closed_port: Any) -> None:
    mailer = Mailer(f"failover(smtp://ann:{ENCODED}@{closed_port}, smtp://ann:{ENCODED}@{closed_port}?tls=implicit)")
    silence(raised(lambda: colour.send(mailer, message())))


def test_tls_that_fails(silence: Any, colour: Colour) -> None:
    with Peer(tls="starttls", auth=(USER, PASSWORD), strict=False) as peer:
        mailer = Mailer(settings_of(peer, password=PASSWORD) | {"tls": "starttls"})  # nobody trusts its certificate
        silence(raised(lambda: colour.send(mailer, message())))


class KeyedSettings(TransportSettings):
    """Settings of a transport with a key."""

    dsn_parts = {"user": "api_key"}  # noqa: RUF012 -- as plugin authors write it
    api_key: Secret


class KeyedTransport(BlockingTransport):
    """A plugin's transport that fails without care, with its settings within reach."""

    name = "keyed"

    def __init__(self, settings: KeyedSettings) -> None:
        self.settings = settings
        if settings.api_key.reveal().startswith("break"):
            raise ZeroDivisionError(f"cannot reach keyed://{settings.api_key.reveal()}@default")

    def deliver(self, delivery: Delivery) -> Receipt:
        """Fail, with a URL in the text as HTTP clients have it."""
        raise ServerError(f"cannot reach https://{self.settings.api_key.reveal()}@api.example.com: refused")


KEYED = Plugin(
    name="keyed", schemes=["keyed"], settings=f"{__name__}:KeyedSettings", transport=f"{__name__}:KeyedTransport"
)


class TestPlugins:
    def test_a_transport_that_fails_with_a_url_in_its_text(self, silence: Any, colour: Colour) -> None:
        mailer = Mailer(f"keyed://{CORE}@default", plugins=Plugins([KEYED]))
        silence(raised(lambda: colour.send(mailer, message())))

    def test_an_observer_that_fails_with_a_url_in_its_text(self, silence: Any, colour: Colour) -> None:
        class Webhook:
            @hookimpl
            def mailbridge_failed(self) -> None:
                raise OSError(f"cannot reach https://ann:{CORE}@hooks.example.com/, Authorization: Bearer {CORE}")

        mailer = Mailer(FakeTransport(always=ServerError("x")), hooks=[Webhook()])
        silence(raised(lambda: colour.send(mailer, message())))


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def folder(self, elsewhere: Path) -> Path:
        return elsewhere

    def run(self, *arguments: str, **environment: str) -> str:
        """Run a command; return all it prints, on both streams."""
        result = CliRunner().invoke(group, arguments, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.output

    def test_a_process_of_its_own(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "mailbridge", "test-send", SPELLINGS["not encoded"], "--dsn", SPELLINGS["alone"]],
            env=os.environ | {"PYTHONPATH": str(Path(OURS).parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr
        assert not heard(done.stdout + done.stderr)

    @pytest.mark.parametrize("name", [*SPELLINGS])
    def test_a_dsn_on_the_command_line(self, name: str) -> None:
        sent = ("test-send", "ann@example.org", "--from", "app@example.com", "--dsn", SPELLINGS[name])
        said = self.run(*sent, "-vv", "--transcript")
        assert said
        assert not heard(said)

    @pytest.mark.parametrize("name", [*SPELLINGS])
    @pytest.mark.parametrize("command", ["show", "check"])
    def test_the_settings_shown_and_checked(self, name: str, command: str) -> None:
        said = self.run("config", command, "--json", "-vv", MAILBRIDGE_DSN=SPELLINGS[name])
        assert json.loads(said[said.index("{") : said.rindex("}") + 1])
        assert not heard(said)

    def test_a_dsn_in_the_wrong_place(self) -> None:
        for arguments in (
            [SPELLINGS["in a DSN"]],
            ["test-send", "--dns", SPELLINGS["in a DSN"]],
            ["send", SPELLINGS["in a DSN"], "--dsn", "null://"],
            ["config", SPELLINGS["in a DSN"]],
            ["test-send", "ann@example.org", "--from", "app@example.com", "--mailer", SPELLINGS["in a DSN"]],
            ["test-send", SPELLINGS["in a DSN"], "--from", "app@example.com", "--dsn", "null://"],
        ):
            said = self.run(*arguments)
            assert said
            assert not heard(said), arguments

    def test_a_login_that_fails(self) -> None:
        with Peer({"AUTH": reply("535 5.7.8 no")}, auth=(USER, PASSWORD), strict=False) as peer:
            dsn = f"smtp://ann:{ENCODED}@{peer.address}?tls=off&allow_insecure_auth=true"
            sent = ("test-send", "ann@example.org", "--from", "app@example.com", "--dsn", dsn)
            for form in ("text", "json"):
                said = self.run(*sent, "-vv", "--transcript", "--log", form)
                assert "AUTH" in said
                assert not heard(said)
            assert not heard(self.run(*sent, "-vv", "--transcript", "--json"))
            assert not heard(self.run("config", "check", "--verify", "-vv", "--json", MAILBRIDGE_DSN=dsn))
