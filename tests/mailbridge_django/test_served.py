"""Mail from views of a served project: awaiting and blocking under uvicorn, and in workers that were forked."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from support.django_project import Configure, mail_settings
from support.peer import Peer
from support.served import served

from mailbridge import Message
from mailbridge_django import asend_mail, keep_connections, mailer

ROOT = Path(__file__).resolve().parents[2]


async def awaiting(request: HttpRequest) -> HttpResponse:
    sent = await asyncio.gather(*(asend_mail("Hi", "Hello", None, [f"a{n}@example.org"]) for n in range(3)))
    return HttpResponse(str(sum(sent)))


async def own(request: HttpRequest) -> HttpResponse:
    message = Message(from_="app@example.com", to="ann@example.org", subject="Hi", text="Hello")
    return HttpResponse(str(len((await mailer().asend(message)).accepted)))


async def blocking_in_the_loop(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(send_mail("Hi", "Hello", None, ["ann@example.org"])))


def blocking(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(send_mail("Hi", "Hello", None, ["ann@example.org"])))


VIEWS = {"awaiting": 3, "own": 1, "blocking_in_the_loop": 1, "blocking": 1}
urlpatterns = [path(name, globals()[name]) for name in VIEWS]


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_every_kind_of_view_sends_under_a_real_server(configure: Configure, peer: Callable[..., Peer]) -> None:
    server = peer()
    configure(dsn=f"smtp://{server.address}?tls=off")
    with (
        override_settings(ROOT_URLCONF=__name__),
        served(keep_connections(get_asgi_application())) as url,
        ThreadPoolExecutor(4) as threads,
    ):
        answers = list(threads.map(lambda name: (name, httpx.get(f"{url}/{name}").text), list(VIEWS) * 4))
    assert answers == [(name, str(count)) for name, count in list(VIEWS.items()) * 4]
    assert len(server.messages) == 4 * sum(VIEWS.values())


def test_connections_are_kept_while_the_project_is_served(configure: Configure, peer: Callable[..., Peer]) -> None:
    server, bulk = peer(), peer()
    configure({"bulk": {"dsn": f"smtp://{bulk.address}?tls=off"}}, dsn=f"smtp://{server.address}?tls=off")
    application = keep_connections(get_asgi_application(), "default", "bulk")
    with override_settings(ROOT_URLCONF=__name__), served(application) as url:
        assert (server.connections, bulk.connections) == (0, 0)
        assert [httpx.get(f"{url}/own").text for _ in range(5)] == ["1"] * 5
    assert (len(server.messages), server.connections) == (5, 1)
    assert server.sessions[0].end == "quit"


def test_a_mailer_that_cannot_be_made_is_said_before_the_project_is_served(configure: Configure) -> None:
    configure(dsn="nosuch://")
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(event: Any) -> None:
        said.append(event)

    asyncio.run(keep_connections(get_asgi_application())({"type": "lifespan"}, receive, send))
    assert [event["type"] for event in said] == ["lifespan.startup.failed"]
    assert "no transport 'nosuch'" in said[0]["message"]


FORKED = """
import os, sys
from django.conf import settings
settings.configure(**SETTINGS)
import django
django.setup()
from django.core.mail import send_mail

def send(subject):
    return send_mail(subject, "Hello", "app@example.com", ["ann@example.org"])

def worker(name):
    pid = os.fork()
    if pid:
        return pid
    os._exit(0 if [send(name), send(name)] == [1, 1] else 1)

assert send("before") == 1  # a connection is open when workers are forked, as with preload_app of gunicorn
workers = [worker("one"), worker("two")]
assert send("after") == 1
assert [os.waitpid(each, 0)[1] for each in workers] == [0, 0]
"""


def test_workers_that_were_forked_have_connections_of_their_own(way: str, peer: Callable[..., Peer]) -> None:
    server = peer()
    settings = mail_settings(way, {"default": {"dsn": f"smtp://{server.address}?tls=off"}})
    program = f"SETTINGS = {settings!r}\n{FORKED}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert len(server.messages) == 6
    assert server.connections == 3
