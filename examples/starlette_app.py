"""A Starlette application whose own lifespan runs beside the mailer's.

    python examples/starlette_app.py

A mail server on this machine takes the mail and delivers none (extra `inbox`); the visitor is Starlette's test client.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mailbridge import Mailer, Message
from mailbridge.asgi.starlette import mail_lifespan, mailer_of
from mailbridge.inbox import CatchAll


async def remind(mailer: Mailer, addresses: list[str]) -> None:
    """Remind customers; of two that cannot be reached, the log has both, and neither stops the others."""
    text = "Your basket is waiting."
    messages = [Message(from_="shop@example.com", to=to, subject="Reminder", text=text) for to in addresses]
    async for _ in mailer.asend_many(messages):
        pass


async def reminders(request: Request) -> JSONResponse:
    """Answer at once, and send afterwards."""
    customers = request.state.customers
    return JSONResponse(len(customers), 202, background=BackgroundTask(remind, mailer_of(request), customers))


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, list[str]]]:
    """Open what the application needs besides."""
    yield {"customers": ["ann@example.org", "bob@example.org", "cleo@example.org"]}


app = Starlette(
    routes=[Route("/reminders", reminders, methods=["POST"])],
    lifespan=mail_lifespan(lifespan=lifespan),
)

if __name__ == "__main__":
    from starlette.testclient import TestClient

    with CatchAll() as server:
        os.environ["MAILBRIDGE_DSN"] = server.dsn
        with TestClient(app) as visitor:
            print(visitor.post("/reminders").json(), "reminders")
        for caught in server.mailbox.messages:
            print(f"{', '.join(caught.recipients)} got {caught.parsed()['subject']!r}.")
