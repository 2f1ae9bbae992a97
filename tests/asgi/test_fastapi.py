"""FastAPI: the mailer as a dependency, overridden in tests, from settings that stop the startup when they are wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Annotated

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from support.peer import Peer
from support.trial import message

from mailbridge.asgi.fastapi import MailerDep, get_mailer, mail_lifespan
from mailbridge.errors import ConfigError
from mailbridge.mailer import Mailer

Start = Callable[..., Peer]

router = APIRouter()


@router.post("/welcome")
async def welcome(mailer: MailerDep) -> list[str]:
    return list((await mailer.asend(message())).accepted)


@router.post("/blocking")
def blocking_welcome(mailer: MailerDep) -> list[str]:
    return list(mailer.send(message()).accepted)


@router.post("/later")
async def welcome_later(mailer: MailerDep, background: BackgroundTasks) -> str:
    background.add_task(mailer.asend, message())
    return "soon"


@router.websocket("/talk")
async def talk(socket: WebSocket, mailer: MailerDep) -> None:
    await socket.accept()
    await socket.send_json((await mailer.asend(message())).accepted)
    await socket.close()


def application(mailer: Mailer | None = None) -> FastAPI:
    app = FastAPI(lifespan=mail_lifespan(mailer))
    app.include_router(router)
    return app


@pytest.mark.parametrize("path", ["/welcome", "/blocking"])
def test_endpoints_of_both_kinds_are_given_the_mailer(peer: Start, path: str) -> None:
    server = peer()
    with TestClient(application(Mailer(f"smtp://{server.address}"))) as client:
        assert [client.post(path).json() for _ in range(3)] == [["ann@example.org"]] * 3
    assert (server.submissions, server.connections) == (3, 1)
    assert [session.end for session in server.sessions] == ["quit"]


def test_a_background_task_and_a_websocket_have_it_too() -> None:
    mailer = Mailer("memory://")
    with TestClient(application(mailer)) as client:
        assert client.post("/later").json() == "soon"
        with client.websocket_connect("/talk") as socket:
            assert socket.receive_json() == ["ann@example.org"]
    assert len(mailer.transport().messages) == 2  # type: ignore[attr-defined]


def test_a_test_overrides_the_dependency_and_needs_no_settings() -> None:
    app, mailer = application(), Mailer("memory://")
    app.dependency_overrides[get_mailer] = lambda: mailer
    client = TestClient(app)  # not entered: the lifespan would read the settings
    client.post("/welcome").raise_for_status()
    assert len(mailer.transport().messages) == 1  # type: ignore[attr-defined]


class Welcome:
    def __init__(self, mailer: MailerDep) -> None:
        self.mailer = mailer


def test_dependencies_of_the_application_may_depend_on_it() -> None:
    app = FastAPI(lifespan=mail_lifespan(Mailer("null://")))

    @app.get("/")
    async def show(welcome: Annotated[Welcome, Depends()]) -> str:
        return str(welcome.mailer)

    with TestClient(app) as client:
        assert client.get("/").json() == "Mailer(default=null://)"


def test_the_lifespan_of_a_router_and_a_mounted_application_will_do() -> None:
    inner = FastAPI()
    inner.include_router(router)
    app = FastAPI()
    app.include_router(APIRouter(lifespan=mail_lifespan(Mailer("null://"))))
    app.mount("/inner", inner)
    with TestClient(app) as client:
        assert client.post("/inner/welcome").json() == ["ann@example.org"]


def test_the_mailer_is_no_part_of_the_schema() -> None:
    operation = application(Mailer("null://")).openapi()["paths"]["/welcome"]["post"]
    assert "parameters" not in operation
    assert "requestBody" not in operation


@pytest.mark.parametrize(
    ("dsn", "said"), [("smpt://ann:s3cret@mail.example.com", "did you mean smtp"), ("", "set MAILBRIDGE_DSN")]
)
def test_settings_that_are_wrong_stop_the_startup(monkeypatch: pytest.MonkeyPatch, dsn: str, said: str) -> None:
    monkeypatch.setenv("MAILBRIDGE_DSN", dsn)
    with pytest.raises(ConfigError, match=said) as caught, TestClient(application()):
        pass
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
