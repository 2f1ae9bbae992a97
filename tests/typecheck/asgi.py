"""Applications as users write them: what an adapter hands over has the types that the frameworks ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_type

from fastapi import BackgroundTasks, FastAPI
from litestar import Litestar, post
from litestar.di import NamedDependency
from quart import Quart
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mailbridge import Mailer, Message, Receipt, Settings
from mailbridge.asgi.fastapi import MailerDep, get_mailer, mail_lifespan
from mailbridge.asgi.litestar import MailPlugin
from mailbridge.asgi.quart import MailBridge
from mailbridge.asgi.starlette import mailer_of

MESSAGE = Message(from_="shop@example.com", to="ann@example.org", text="Hello")


@asynccontextmanager
async def plain(app: FastAPI) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def stateful(app: Starlette) -> AsyncIterator[dict[str, str]]:
    yield {"database": "open"}


fastapi_app = FastAPI(lifespan=mail_lifespan(Mailer("null://"), lifespan=plain))
fastapi_app.dependency_overrides[get_mailer] = lambda: Mailer("memory://")


@fastapi_app.post("/")
async def sign_up(mailer: MailerDep, background: BackgroundTasks) -> str:
    background.add_task(mailer.asend, MESSAGE, via="bulk")
    assert_type(mailer, Mailer)
    return (await mailer.asend(MESSAGE)).message_id


async def show(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await mailer_of(request).asend(MESSAGE)).message_id)


starlette_app = Starlette(
    routes=[Route("/", show)], lifespan=mail_lifespan(lambda: Mailer.from_settings(), lifespan=stateful)
)


@post("/")
async def order(mailer: NamedDependency[Mailer]) -> str:
    return (await mailer.asend(MESSAGE)).message_id


litestar_app = Litestar([order], plugins=[MailPlugin(Settings.load(dsn="null://"), dependency="mailer")])

mail = MailBridge(hooks=[])


def create_app() -> Quart:
    app = Quart("shop")
    mail.init_app(app)

    @app.post("/")
    async def sign_up() -> str:
        assert_type(await mail.asend(MESSAGE, via="bulk"), Receipt)
        app.add_background_task(mail.for_app(app).asend, MESSAGE)
        return mail.message(to="ann@example.org").subject

    return app
