"""A Quart application: an extension, a background task, and the outbox of a test.

    python examples/quart_app.py

A mail server on this machine takes the mail and delivers none (extra `inbox`). For an application of yours:
`QUART_MAILBRIDGE__DSN=smtp://… quart --app examples.quart_app:create_app mail test-send you@example.com`.
"""

import asyncio

from quart import Quart, request

from mailbridge.asgi.quart import MailBridge
from mailbridge.inbox import CatchAll

mail = MailBridge()


def create_app() -> Quart:
    """Make the application; its configuration is read when it starts."""
    app = Quart(__name__)
    app.config["MAILBRIDGE"] = {"default_from": "Shop <shop@example.com>"}
    app.config.from_prefixed_env()
    mail.init_app(app)

    @app.post("/sign-up")
    async def sign_up() -> tuple[str, int]:
        email = (await request.get_json())["email"]
        message = mail.message(to=email, subject="Welcome", text="Hello, and welcome.")
        app.add_background_task(mail.for_app(app).asend, message)
        return "soon", 202

    return app


async def visit(app: Quart) -> None:
    """Start the application, sign up, and end it, which waits for the background task."""
    async with app.test_app() as running:
        answer = await running.test_client().post("/sign-up", json={"email": "ann@example.org"})
        print(answer.status_code, await answer.get_data(as_text=True))


if __name__ == "__main__":
    with CatchAll() as server:
        app = create_app()
        app.config["MAILBRIDGE"]["dsn"] = server.dsn
        asyncio.run(visit(app))
        [caught] = server.mailbox.messages
        print(f"{', '.join(caught.recipients)} got {caught.parsed()['subject']!r}.")

    app = create_app()
    app.testing = True
    asyncio.run(visit(app))
    [sent] = mail.outbox(app)
    print(f"In a test the outbox has {sent.subject!r} instead.")
