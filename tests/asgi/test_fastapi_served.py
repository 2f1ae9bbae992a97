"""FastAPI under a real uvicorn: what many requests at once cost, and what the end of the server waits for.

The numbers are those of complaints about fastapi-mail.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
from fastapi import BackgroundTasks, FastAPI
from support.peer import Peer, Session, Step, delay, proceed
from support.script import Action
from support.served import served
from support.trial import message

from mailbridge.asgi.fastapi import MailerDep, mail_lifespan
from mailbridge.inbox import CatchAll
from mailbridge.mailer import Mailer

Start = Callable[..., Peer]


def application(dsn: str) -> FastAPI:
    app = FastAPI(lifespan=mail_lifespan(Mailer(dsn)))

    @app.post("/welcome")
    async def welcome(mailer: MailerDep) -> list[str]:
        return list((await mailer.asend(message())).accepted)

    @app.post("/later")
    async def welcome_later(mailer: MailerDep, background: BackgroundTasks) -> str:
        background.add_task(mailer.asend, message())
        return "soon"

    @app.get("/health")
    async def health() -> str:
        return "well"

    return app


async def _post(url: str, times: int) -> list[int]:
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=times), timeout=20) as client:
        answers = await asyncio.gather(*(client.post(url) for _ in range(times)))
    return [answer.status_code for answer in answers]


def test_275_fifty_requests_at_once_need_five_connections_not_fifty(peer: Start) -> None:
    server = peer()
    with served(application(f"smtp://{server.address}?connections=5")) as url:
        assert asyncio.run(_post(f"{url}/welcome", 50)) == [200] * 50
    assert server.submissions == 50
    assert server.connections <= 5
    assert {session.end for session in server.sessions} == {"quit"}


def test_a_server_that_takes_two_connections_at_a_time_is_enough_for_fifty_requests() -> None:
    with CatchAll(max_connections=2) as server:
        with served(application(f"{server.dsn}&connections=2")) as url:
            assert asyncio.run(_post(f"{url}/welcome", 50)) == [200] * 50
        assert server.mailbox.received == 50


def test_221_a_background_send_does_not_keep_other_requests_waiting(peer: Start) -> None:
    held, released = threading.Event(), threading.Event()

    async def hold(session: Session, step: Step) -> None:
        held.set()
        await asyncio.to_thread(released.wait, 10)

    server = peer({".": [Action("hold", hold) + proceed()]})
    with served(application(f"smtp://{server.address}")) as url:
        assert httpx.post(f"{url}/later").json() == "soon"
        try:
            assert held.wait(10)
            assert httpx.get(f"{url}/health").json() == "well"
        finally:
            released.set()
    assert server.submissions == 1


def test_the_end_of_the_server_waits_for_background_tasks_and_closes_the_pool_after_them(peer: Start) -> None:
    server = peer({".": [delay(0.3) + proceed()]})
    with served(application(f"smtp://{server.address}")) as url:
        assert httpx.post(f"{url}/later").json() == "soon"
    assert server.submissions == 1
    assert [session.end for session in server.sessions] == ["quit"]


def test_settings_that_are_wrong_end_the_server_with_a_sentence(tmp_path: Path) -> None:
    Path(tmp_path, "shop.py").write_text(
        "from fastapi import FastAPI\n"
        "from mailbridge.asgi.fastapi import mail_lifespan\n"
        "app = FastAPI(lifespan=mail_lifespan())\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILBRIDGE_")}
    environment |= {"MAILBRIDGE_DSN": "smpt://ann:s3cret@mail.example.com", "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-m", "uvicorn", "shop:app", "--port", "0"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    lines = ended.stderr.splitlines()
    assert ended.returncode == 3, ended.stderr
    assert any("ConfigError: There is no transport 'smpt'; did you mean smtp?" in line for line in lines)
    assert lines[-1].endswith("Application startup failed. Exiting.")
    assert len(lines) < 20
    assert "s3cret" not in ended.stderr
