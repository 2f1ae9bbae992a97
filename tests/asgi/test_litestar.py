"""Litestar: handlers get the mailer by its name, listeners finish before the pool closes, `litestar mail` sends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from litestar import Litestar, Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.cli.main import litestar_group
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.events import listener
from litestar.testing import AsyncTestClient, TestClient, create_test_client
from support.peer import Peer, delay, proceed, reply
from support.trial import message

from mailbridge.asgi.litestar import MailPlugin
from mailbridge.errors import ConfigError
from mailbridge.mailer import Mailer
from mailbridge.settings import Settings

Start = Callable[..., Peer]


@post("/welcome")
async def welcome(mailer: NamedDependency[Mailer]) -> list[str]:
    return list((await mailer.asend(message())).accepted)


@post("/blocking", sync_to_thread=True)
def blocking_welcome(mailer: NamedDependency[Mailer]) -> list[str]:
    return list(mailer.send(message()).accepted)


@post("/later")
async def welcome_later(mailer: NamedDependency[Mailer]) -> Response[str]:
    return Response("soon", background=BackgroundTask(mailer.asend, message()))


@post("/signed-up")
async def sign_up(request: Request[Any, Any, State], mailer: NamedDependency[Mailer]) -> None:
    request.app.emit("signed_up", mailer=mailer)


@listener("signed_up")
async def send_welcome(mailer: Mailer) -> None:
    await mailer.asend(message())


HANDLERS = [welcome, blocking_welcome, welcome_later, sign_up]


@pytest.mark.parametrize("path", ["/welcome", "/blocking"])
def test_handlers_of_both_kinds_share_a_connection_until_the_end(peer: Start, path: str) -> None:
    server = peer()
    with create_test_client(
        HANDLERS, logging_config=None, plugins=[MailPlugin(Mailer(f"smtp://{server.address}"))]
    ) as client:
        assert [client.post(path).json() for _ in range(3)] == [["ann@example.org"]] * 3
    assert (server.submissions, server.connections) == (3, 1)
    assert [session.end for session in server.sessions] == ["quit"]


def test_an_application_that_is_started_twice_works_in_each_event_loop(peer: Start) -> None:
    server = peer()
    app = Litestar(HANDLERS, logging_config=None, plugins=[MailPlugin(Mailer(f"smtp://{server.address}"))])
    for _ in range(2):
        with TestClient(app) as client:
            assert client.post("/welcome").status_code == 201
    assert (server.submissions, server.connections) == (2, 2)


def test_the_asynchronous_client_works_too() -> None:
    async def scenario() -> int:
        app = Litestar(HANDLERS, logging_config=None, plugins=[MailPlugin(Mailer("null://"))])
        async with AsyncTestClient(app) as client:
            return (await client.post("/welcome")).status_code

    assert asyncio.run(scenario()) == 201


def test_a_background_task_sends_after_the_response() -> None:
    mailer = Mailer("memory://")
    with create_test_client(HANDLERS, logging_config=None, plugins=[MailPlugin(mailer)]) as client:
        assert client.post("/later").text == "soon"
    assert len(mailer.transport().messages) == 1  # type: ignore[attr-defined]


def test_the_pool_closes_after_event_listeners_have_finished(peer: Start) -> None:
    server = peer({".": [delay(0.3) + proceed()]})
    with create_test_client(
        HANDLERS,
        listeners=[send_welcome],
        logging_config=None,
        plugins=[MailPlugin(Mailer(f"smtp://{server.address}"))],
    ) as client:
        assert client.post("/signed-up").status_code == 201
    assert (server.submissions, server.connections) == (1, 1)
    assert [session.end for session in server.sessions] == ["quit"]


def test_a_failure_in_a_listener_is_logged_twice_over(peer: Start, caplog: pytest.LogCaptureFixture) -> None:
    server = peer({"RCPT": reply("550 5.1.1 no such user")})
    with create_test_client(
        HANDLERS,
        listeners=[send_welcome],
        logging_config=None,
        plugins=[MailPlugin(Mailer(f"smtp://{server.address}"))],
    ) as client:
        client.post("/signed-up")
    told = [record.name for record in caplog.records if record.levelno >= logging.ERROR]
    assert told[0] == "mailbridge.send"
    assert any(name.startswith("litestar") for name in told)


def test_two_plugins_have_names_of_their_own() -> None:
    @get("/")
    async def both(mailer: NamedDependency[Mailer], newsletter: NamedDependency[Mailer]) -> list[str]:
        return [str(mailer), str(newsletter)]

    plugins = [MailPlugin(Mailer("null://")), MailPlugin(Mailer("memory://"), dependency="newsletter")]
    with create_test_client(both, logging_config=None, plugins=plugins) as client:
        assert client.get("/").json() == ["Mailer(default=null://)", "Mailer(default=memory://)"]


def test_the_applications_own_dependency_goes_before() -> None:
    mine = Mailer("memory://")
    app_with = {"mailer": Provide(lambda: mine, sync_to_thread=False)}
    with create_test_client(
        welcome, logging_config=None, dependencies=app_with, plugins=[MailPlugin(Mailer("null://"))]
    ) as client:
        client.post("/welcome")
    assert len(mine.transport().messages) == 1  # type: ignore[attr-defined]


def test_the_mailer_is_no_part_of_the_schema() -> None:
    app = Litestar([welcome], logging_config=None, plugins=[MailPlugin(Mailer("null://"))])
    operation = app.openapi_schema.to_schema()["paths"]["/welcome"]["post"]
    assert "parameters" not in operation


def test_settings_come_from_the_environment_and_stop_the_startup_when_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Litestar(HANDLERS, logging_config=None, plugins=[MailPlugin()])
    monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
    with TestClient(app) as client:
        assert client.post("/welcome").status_code == 201
    monkeypatch.setenv("MAILBRIDGE_DSN", "smpt://mail.example.com")
    with pytest.raises(ExceptionGroup) as caught, TestClient(app):  # of a task group of Litestar's
        pass
    assert caught.group_contains(ConfigError, match="did you mean smtp")


# --- litestar mail


@pytest.fixture
def litestar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `litestar …` for an application with this plugin."""

    def run(app: Litestar, *arguments: str) -> Any:
        from litestar.cli._utils import LitestarEnv

        litestar_group._prepare_done = False
        litestar_group.commands.pop("mail", None)
        environment = LitestarEnv(app_path="shop:app", app=app, cwd=tmp_path)
        return CliRunner().invoke(litestar_group, arguments, obj=environment)

    return run


def test_litestar_mail_sends_by_the_settings_of_the_plugin(peer: Start, litestar: Callable[..., Any]) -> None:
    server = peer()
    settings = Settings.load(dsn=f"smtp://{server.address}", default_from="shop@example.com", environment=False)
    ran = litestar(
        Litestar(logging_config=None, plugins=[MailPlugin(settings)]), "mail", "test-send", "ann@example.org"
    )
    assert ran.exit_code == 0, ran.output
    assert "1 of 1 accepted" in ran.output
    assert server.messages[0].recipients == ("ann@example.org",)


def test_litestar_mail_ends_with_mailbridges_codes(
    litestar: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILBRIDGE_DSN", raising=False)
    ran = litestar(Litestar(logging_config=None, plugins=[MailPlugin()]), "mail", "config", "check")
    assert ran.exit_code == 3
    assert "MAILBRIDGE_DSN" in ran.stderr


def test_litestar_mail_is_missing_where_the_mailer_is_an_object(litestar: Callable[..., Any]) -> None:
    assert (
        litestar(Litestar(logging_config=None, plugins=[MailPlugin(Mailer("null://"))]), "mail", "plugins").exit_code
        == 2
    )


async def _sees_the_mailer(app: Litestar) -> None:
    assert isinstance(app.state["mailer"], Mailer)


def test_the_applications_own_shutdown_still_has_the_mailer() -> None:
    app = Litestar([], logging_config=None, on_shutdown=[_sees_the_mailer], plugins=[MailPlugin(Mailer("null://"))])
    with TestClient(app):
        pass
    assert "mailer" not in app.state


def test_the_applications_own_lifespan_has_the_mailer_from_its_beginning() -> None:
    seen: list[object] = []

    @asynccontextmanager
    async def own(app: Litestar) -> AsyncIterator[None]:
        seen.append(app.state.get("mailer"))
        yield

    mailer = Mailer("null://")
    with TestClient(Litestar([], logging_config=None, lifespan=[own], plugins=[MailPlugin(mailer)])):
        assert seen == [mailer]
