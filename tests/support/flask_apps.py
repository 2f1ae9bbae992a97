"""Flask apps as the tests make them."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Flask

from mailbridge import Message, RecipientRefused, hookimpl

MESSAGE = Message(from_="shop@example.com", to="ann@example.org", subject="Hi", text="Hello")


class MakeApp(Protocol):
    """Makes an app: `make_app(dsn="memory://")`, or `make_app(config={"MAIL_SERVER": …})`."""

    def __call__(self, name: str = "shop", *, config: dict[str, Any] | None = None, **settings: Any) -> Flask:
        """Make it, with `settings` in `app.config["MAILBRIDGE"]`."""


class RefuseBob:
    """A hook that refuses one recipient before anything is sent."""

    @hookimpl
    def mailbridge_pre_send(self, message: Message) -> None:
        """Refuse whatever is to bob."""
        if message.to[0].local == "bob":
            raise RecipientRefused("bob is not here")
