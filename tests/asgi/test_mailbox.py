"""The test kit's mailbox over the adapters: the application runs in another thread, and its mail is the test's."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.testclient import TestClient
from litestar import post
from litestar.di import NamedDependency
from litestar.testing import create_test_client
from quart import Quart
from support.served import served
from support.trial import message

from mailbridge.asgi.fastapi import MailerDep, mail_lifespan
from mailbridge.asgi.litestar import MailPlugin
from mailbridge.asgi.quart import MailBridge
from mailbridge.errors import ServerError
from mailbridge.mailer import Mailer
from mailbridge.testing.mailbox import Mailbox

DSN = "smtp://mail.example.com"


def application() -> FastAPI:
    app = FastAPI(lifespan=mail_lifespan(Mailer(DSN)))

    @app.post("/welcome/{name}")
    async def welcome(name: str, mailer: MailerDep) -> None:
        await mailer.asend(message(f"{name}@example.org"))

    @app.post("/blocking/{name}")
    def blocking_welcome(name: str, mailer: MailerDep) -> None:
        mailer.send(message(f"{name}@example.org"))

    @app.post("/later/{name}")
    async def welcome_later(name: str, mailer: MailerDep, background: BackgroundTasks) -> None:
        background.add_task(mailer.asend, message(f"{name}@example.org"))

    return app


@pytest.mark.parametrize("path", ["welcome", "blocking", "later"])
def test_what_fastapi_sends_is_in_the_mailbox(path: str) -> None:
    with Mailbox() as mailbox, TestClient(application()) as client:
        client.post(f"/{path}/ann").raise_for_status()
        mailbox.assert_sent(to="ann@example.org", times=1)


@pytest.mark.parametrize("path", ["welcome", "blocking", "later"])
def test_two_tests_in_threads_of_their_own_get_their_own_mail(path: str) -> None:
    both_open, sent = threading.Barrier(2, timeout=10), threading.Barrier(2, timeout=10)
    boxes: dict[str, Mailbox] = {}
    app = application()

    def test(name: str) -> None:
        with Mailbox(name) as mailbox, TestClient(app) as client:
            boxes[name] = mailbox
            both_open.wait()
            client.post(f"/{path}/{name}").raise_for_status()
            sent.wait()

    threads = [threading.Thread(target=test, args=(name,)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, mailbox in boxes.items():
        mailbox.assert_sent(to=f"{name}@example.org", times=1)
        mailbox.assert_count(1)


def test_a_failure_is_made_by_the_mailbox_and_seen_by_the_visitor() -> None:
    with Mailbox() as mailbox, TestClient(application(), raise_server_exceptions=False) as client:
        mailbox.fail_next(ServerError)
        assert client.post("/welcome/ann").status_code == 500
        mailbox.assert_none()


def test_what_a_server_sends_that_was_there_before_is_anybodys() -> None:
    with served(application()) as url, Mailbox() as mailbox:
        assert httpx.post(f"{url}/welcome/ann").status_code == 200
        mailbox.wait_for(to="ann@example.org")


def test_what_litestar_sends_is_in_the_mailbox() -> None:
    @post("/")
    async def welcome(mailer: NamedDependency[Mailer]) -> None:
        await mailer.asend(message())

    with (
        Mailbox() as mailbox,
        create_test_client(welcome, logging_config=None, plugins=[MailPlugin(Mailer(DSN))]) as client,
    ):
        assert client.post("/").status_code == 201
        mailbox.assert_sent(to="ann@example.org", times=1)


@pytest.mark.parametrize("testing", [False, True])
def test_what_quart_sends_is_in_the_mailbox_suppressed_or_not(testing: bool) -> None:
    app = Quart(__name__)
    app.config.update(MAILBRIDGE=DSN, TESTING=testing)
    mail = MailBridge(app)

    @app.post("/")
    async def welcome() -> str:
        app.add_background_task(mail.for_app(app).asend, message())
        return "soon"

    async def scenario() -> int:
        async with app.test_app() as running:
            return (await running.test_client().post("/")).status_code

    with Mailbox() as mailbox:
        assert asyncio.run(scenario()) == 200
        mailbox.assert_sent(to="ann@example.org", times=1)
