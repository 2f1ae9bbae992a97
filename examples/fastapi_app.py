"""A FastAPI application: one mailer while it runs, mail in a request, and mail after the response.

    python examples/fastapi_app.py

A mail server on this machine takes the mail and delivers none (extra `inbox`); the visitor is FastAPI's test client.
For an application of yours: `MAILBRIDGE_DSN=smtp://… uvicorn --app-dir examples fastapi_app:app`.
"""

import os
from typing import Annotated

from fastapi import BackgroundTasks, Body, FastAPI, Request
from fastapi.responses import JSONResponse

from mailbridge import MailError
from mailbridge.asgi.fastapi import MailerDep, mail_lifespan
from mailbridge.inbox import CatchAll

app = FastAPI(lifespan=mail_lifespan())


@app.post("/sign-up", status_code=201)
async def sign_up(email: Annotated[str, Body(embed=True)], mailer: MailerDep) -> dict[str, str]:
    """Welcome somebody; the answer knows what became of the mail."""
    receipt = await mailer.asend(mailer.message(to=email, subject="Welcome", text="Hello, and welcome."))
    return {"message_id": receipt.message_id}


@app.post("/orders", status_code=202)
async def order(email: Annotated[str, Body(embed=True)], mailer: MailerDep, background: BackgroundTasks) -> None:
    """Confirm an order once the visitor has the answer. Lost if the process ends in between: see the guide."""
    message = mailer.message(to=email, subject="Your order", text="It is on its way.")
    background.add_task(mailer.asend, message)


@app.exception_handler(MailError)
async def unsent(request: Request, error: MailError) -> JSONResponse:
    """Tell the visitor whether another try may help; what exactly went wrong is in the log."""
    return JSONResponse({"detail": "The mail was not sent."}, 503 if error.retryable else 422)


if __name__ == "__main__":
    from fastapi.testclient import TestClient

    os.environ["MAILBRIDGE_DEFAULT_FROM"] = "Shop <shop@example.com>"
    with CatchAll() as server:
        os.environ["MAILBRIDGE_DSN"] = server.dsn
        with TestClient(app) as visitor:
            print(visitor.post("/sign-up", json={"email": "ann@example.org"}).status_code)
            print(visitor.post("/orders", json={"email": "ann@example.org"}).status_code)
            print(visitor.post("/sign-up", json={"email": "ann at example.org"}).json())
        for caught in server.mailbox.messages:
            print(f"{', '.join(caught.recipients)} got {caught.parsed()['subject']!r}.")
