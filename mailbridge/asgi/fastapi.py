"""FastAPI: the lifespan of Starlette, and the mailer as a dependency."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from mailbridge.asgi.starlette import mail_lifespan, mailer_of
from mailbridge.mailer import Mailer

__all__ = ["MailerDep", "get_mailer", "mail_lifespan"]


async def get_mailer(connection: HTTPConnection) -> Mailer:
    """Return the application's mailer: the dependency that tests override.

    >>> from fastapi import FastAPI
    >>> app = FastAPI(lifespan=mail_lifespan())
    >>> app.dependency_overrides[get_mailer] = lambda: Mailer("memory://")
    """
    return mailer_of(connection)


MailerDep = Annotated[Mailer, Depends(get_mailer)]
"""The type of a parameter that is to be the application's mailer: `async def sign_up(mailer: MailerDep)`."""
