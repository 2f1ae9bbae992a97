"""Starlette: the lifespan has the mailer, requests find it, clients start the application as often as they like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from support.peer import Peer, reply
from support.trial import message

from mailbridge.asgi.starlette import mail_lifespan, mailer_of
from mailbridge.errors import ConfigError, MailError
from mailbridge.hooks import hookimpl
from mailbridge.mailer import Mailer
from mailbridge.settings import Settings

Start = Callable[..., Peer]


async def welcome(request: Request) -> JSONResponse:
    receipt = await mailer_of(request).asend(message())
    return JSONResponse(receipt.accepted)


def blocking_welcome(request: Request) -> JSONResponse:
    return JSONResponse(mailer_of(request).send(message()).accepted)


async def welcome_later(request: Request) -> PlainTextResponse:
    return PlainTextResponse("soon", background=BackgroundTask(mailer_of(request).asend, message()))


ROUTES = [
    Route("/welcome", welcome, methods=["POST"]),
    Route("/blocking", blocking_welcome, methods=["POST"]),
    Route("/later", welcome_later, methods=["POST"]),
]


def test_requests_share_a_connection_and_the_end_of_the_application_takes_leave(peer: Start) -> None:
    server = peer()
    app = Starlette(routes=ROUTES, lifespan=mail_lifespan(Mailer(f"smtp://{server.address}")))
    with TestClient(app) as client:
        for _ in range(3):
            assert client.post("/welcome").json() == ["ann@example.org"]
    assert (server.submissions, server.connections) == (3, 1)
    assert [session.end for session in server.sessions] == ["quit"]


def test_plain_sends_of_endpoints_in_threads_take_leave_too(peer: Start) -> None:
    server = peer()
    app = Starlette(routes=ROUTES, lifespan=mail_lifespan(Mailer(f"smtp://{server.address}")))
    with TestClient(app) as client:
        assert client.post("/blocking").json() == ["ann@example.org"]
        assert client.post("/blocking").json() == ["ann@example.org"]
    assert (server.submissions, server.connections) == (2, 1)
    assert [session.end for session in server.sessions] == ["quit"]


def test_an_application_that_is_started_twice_works_in_each_event_loop(peer: Start) -> None:
    server = peer()
    app = Starlette(routes=ROUTES, lifespan=mail_lifespan(Mailer(f"smtp://{server.address}")))
    for _ in range(2):
        with TestClient(app) as client:
            client.post("/welcome").raise_for_status()
            client.post("/welcome").raise_for_status()
    assert (server.submissions, server.connections) == (4, 2)


def test_two_clients_at_a_time_do_not_disturb_each_other(peer: Start) -> None:
    server = peer()
    app = Starlette(routes=ROUTES, lifespan=mail_lifespan(Mailer(f"smtp://{server.address}")))
    with TestClient(app) as one:
        one.post("/welcome").raise_for_status()
        with TestClient(app) as other:
            other.post("/welcome").raise_for_status()
        one.post("/welcome").raise_for_status()
    assert (server.submissions, server.connections) == (3, 2)


def test_a_background_task_sends_after_the_response(peer: Start) -> None:
    server = peer()
    app = Starlette(routes=ROUTES, lifespan=mail_lifespan(Mailer(f"smtp://{server.address}")))
    with TestClient(app) as client:
        assert client.post("/later").text == "soon"
    assert server.messages[0].recipients == ("ann@example.org",)


def test_a_failure_in_the_background_reaches_hooks_log_and_server_and_skips_the_tasks_after_it(
    peer: Start, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[MailError] = []

    class Alert:
        @hookimpl
        def mailbridge_failed(self, error: MailError) -> None:
            failures.append(error)

    async def two(request: Request) -> PlainTextResponse:
        tasks = BackgroundTasks()
        for _ in range(2):
            tasks.add_task(mailer_of(request).asend, message())
        return PlainTextResponse("soon", background=tasks)

    server = peer({"RCPT": [reply("550 5.1.1 no such user")]})
    mailer = Mailer(f"smtp://{server.address}", hooks=[Alert()])
    app = Starlette(routes=[Route("/", two)], lifespan=mail_lifespan(mailer))
    with TestClient(app) as client, pytest.raises(MailError) as caught:  # a server logs what the test client raises
        client.get("/")
    assert failures == [caught.value]
    [failed] = [record for record in caplog.records if record.__dict__.get("mailbridge_event") == "failed"]
    assert "no such user" in failed.getMessage()
    assert server.count("RCPT") == 1, "the second task was skipped"


def test_one_task_for_many_messages_skips_none_of_them(peer: Start) -> None:
    async def remind(mailer: Mailer) -> None:
        async for _ in mailer.asend_many([message("ann@example.org"), message("bob@example.org")]):
            pass

    async def many(request: Request) -> PlainTextResponse:
        return PlainTextResponse("soon", background=BackgroundTask(remind, mailer_of(request)))

    server = peer({"RCPT": {"ann@": reply("550 5.1.1 no such user")}})
    app = Starlette(routes=[Route("/", many)], lifespan=mail_lifespan(Mailer(f"smtp://{server.address}")))
    with TestClient(app) as client:
        client.get("/")
    assert [each.recipients for each in server.messages] == [("bob@example.org",)]


def test_the_applications_own_lifespan_runs_inside_and_its_state_is_kept() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        seen.append("begin")
        yield {"database": "open"}
        seen.append("end")

    async def show(request: Request) -> JSONResponse:
        return JSONResponse([str(mailer_of(request)), request.state.database])

    app = Starlette(routes=[Route("/", show)], lifespan=mail_lifespan(Mailer("null://"), lifespan=lifespan))
    with TestClient(app) as client:
        assert client.get("/").json() == ["Mailer(default=null://)", "open"]
    assert seen == ["begin", "end"]


def test_an_own_lifespan_without_state_or_decorator_will_do() -> None:
    seen: list[Any] = []

    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        seen.append(app)
        yield

    app = Starlette(lifespan=mail_lifespan(Mailer("null://"), lifespan=lifespan))  # type: ignore[arg-type]
    with TestClient(app):
        assert seen == [app]


def test_a_startup_that_fails_after_ours_leaves_no_connection(peer: Start) -> None:
    server = peer()
    mailer = Mailer(f"smtp://{server.address}")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await mailer.asend(message())
        raise RuntimeError("no database")
        yield

    app = Starlette(lifespan=mail_lifespan(mailer, lifespan=lifespan))
    with pytest.raises(RuntimeError, match="no database"), TestClient(app):
        pass
    assert [session.end for session in server.sessions] == ["quit"]


def test_mounted_applications_and_websockets_use_the_same_mailer() -> None:
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json((await mailer_of(socket).asend(message())).accepted)
        await socket.close()

    mounted = Starlette(routes=[*ROUTES, WebSocketRoute("/talk", talk)])
    mailer = Mailer("memory://")
    with TestClient(Starlette(routes=[Mount("/shop", mounted)], lifespan=mail_lifespan(mailer))) as client:
        client.post("/shop/welcome").raise_for_status()
        with client.websocket_connect("/shop/talk") as socket:
            assert socket.receive_json() == ["ann@example.org"]
    assert len(mailer.transport().messages) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "source",
    [lambda: Mailer("null://"), Settings.load(dsn="null://", environment=False), None],
    ids=["function", "settings", "environment at startup"],
)
def test_the_mailer_may_come_from_elsewhere(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = Starlette(routes=ROUTES, lifespan=mail_lifespan(source))
    monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
    with TestClient(app) as client:
        assert client.post("/welcome").status_code == 200


@pytest.mark.parametrize("source", ["smtp://ann:s3cret@mail.example.com", lambda: None])
def test_what_is_no_mailer_stops_the_startup(source: Any) -> None:
    with (
        pytest.raises(ConfigError, match=r"Mailer\(…\) takes a DSN") as caught,
        TestClient(Starlette(lifespan=mail_lifespan(source))),
    ):
        pass
    assert "s3cret" not in str(caught.value)


def test_without_the_lifespan_the_error_says_how_to_get_a_mailer() -> None:
    client = TestClient(Starlette(routes=ROUTES, lifespan=mail_lifespan(Mailer("null://"))))
    with pytest.raises(ConfigError, match="enter the client"):
        client.post("/welcome")


def test_a_task_that_outlives_the_application_still_sends(peer: Start) -> None:
    """What the framework does not wait for, nobody does; it connects for itself then."""
    server = peer()

    async def scenario() -> None:
        async with mail_lifespan(Mailer(f"smtp://{server.address}"))(None) as state:
            assert state is not None
            mailer: Mailer = state["mailer"]
            left = asyncio.Event()

            async def late() -> None:
                await left.wait()
                await mailer.asend(message())

            task = asyncio.create_task(late())
        left.set()
        await task

    asyncio.run(scenario())
    assert server.submissions == 1
