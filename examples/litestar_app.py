"""A Litestar application: the mailer as a dependency, and mail sent by a listener to an event.

    python examples/litestar_app.py

A mail server on this machine takes the mail and delivers none (extra `inbox`); the visitor is Litestar's test client.
For an application of yours: `MAILBRIDGE_DSN=smtp://… litestar --app-dir examples --app litestar_app:app mail test-send
you@example.com`.
"""

import os
from dataclasses import dataclass

from litestar import Litestar, Request, post
from litestar.di import NamedDependency
from litestar.events import listener
from litestar.params import JSONBody

from mailbridge import Mailer, Message
from mailbridge.asgi.litestar import MailPlugin
from mailbridge.inbox import CatchAll


@dataclass
class Visitor:
    """Somebody who signs up."""

    email: str


@listener("signed_up")
async def welcome(mailer: Mailer, email: str) -> None:
    """Welcome somebody. Listeners are given no dependencies, so the event brings the mailer along."""
    await mailer.asend(Message(from_="shop@example.com", to=email, subject="Welcome", text="Hello, and welcome."))


@post("/sign-up")
async def sign_up(data: JSONBody[Visitor], request: Request, mailer: NamedDependency[Mailer]) -> str:
    """Answer at once; the listener sends."""
    request.app.emit("signed_up", mailer=mailer, email=data.email)
    return "soon"


app = Litestar([sign_up], listeners=[welcome], plugins=[MailPlugin()], logging_config=None)

if __name__ == "__main__":
    from litestar.testing import TestClient

    with CatchAll() as server:
        os.environ["MAILBRIDGE_DSN"] = server.dsn
        with TestClient(app) as visitor:
            print(visitor.post("/sign-up", json={"email": "ann@example.org"}).text)
        [caught] = server.mailbox.wait_for(1)
        print(f"{', '.join(caught.recipients)} got {caught.parsed()['subject']!r}.")
