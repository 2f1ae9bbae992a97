"""What an application sends in its requests comes to the test that makes them, though the server is older than it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn
from fastapi import BackgroundTasks, FastAPI
from fastapi.testclient import TestClient
from support.members import message

from mailbridge import Mailer
from mailbridge.testing import Mailbox

Post = Callable[[str], object]

app = FastAPI()
mailer = Mailer("smtp://mail.example.com")


@app.post("/asynchronous")
async def asynchronous(tasks: BackgroundTasks) -> None:
    await mailer.asend(message("in a request"))
    tasks.add_task(mailer.asend, message("in a task"))
    tasks.add_task(mailer.send, message("in a thread"))


@app.post("/plain")
def plain() -> None:
    mailer.send(message("in a request of threads"))


@pytest.fixture(scope="module")
def client() -> Iterator[Post]:
    """Give a test client, whose event loop runs in a thread of its own for all tests."""
    with TestClient(app) as client:
        yield client.post


@pytest.fixture(scope="module")
def server() -> Iterator[Post]:
    """Start a real server for all tests."""
    listening = socket.create_server(("127.0.0.1", 0))
    served = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=served.run, kwargs={"sockets": [listening]})
    thread.start()
    end = time.monotonic() + 10
    while not served.started and time.monotonic() < end:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with httpx.Client(base_url=url, trust_env=False) as client:
        yield client.post
    served.should_exit = True
    thread.join(10)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("way", ["client", "server"])
def test_each_test_has_the_mails_of_its_requests(way: str, number: int, request: pytest.FixtureRequest) -> None:
    post: Post = request.getfixturevalue(way)
    with Mailbox(f"test {number}") as mailbox:
        post("/plain")
        post("/asynchronous")
        mailbox.wait_for(subject="in a thread", timeout=10)
    assert [mail.subject for mail in mailbox] == ["in a request of threads", "in a request", "in a task", "in a thread"]
