"""Litestar: a plugin that gives handlers the mailer, and `litestar mail`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins import CLIPlugin, InitPlugin

from mailbridge.asgi.serving import Source, begin, end
from mailbridge.mailer import Mailer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import click
    from litestar.config.app import AppConfig

__all__ = ["MailPlugin"]


class MailPlugin(InitPlugin, CLIPlugin):
    """Has one mailer while the application runs, and provides it as the dependency `mailer`.

    At the end it takes leave of the servers, after event listeners and background tasks have finished. The
    application's own dependency of that name goes before. `litestar mail` is mailbridge's command line; it is
    there where the mailer comes from settings.

    Args:
        source: a Mailer, Settings, or a function that returns a Mailer; by default the settings that
            environment, `.env` and `mailbridge.toml` hold at startup. What is wrong with them stops the startup.
        dependency: the name of the dependency, and of the mailer in `app.state`.

    >>> plugins = [MailPlugin(Mailer("memory://"))]
    """

    def __init__(self, source: Source = None, *, dependency: str = "mailer") -> None:
        self._source = source
        self._name = dependency

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the dependency, the type for annotations, and what happens at startup and shutdown."""

        def provide(state: State) -> Mailer:
            mailer: Mailer = state[self._name]
            return mailer

        app_config.dependencies = {self._name: Provide(provide, sync_to_thread=False), **app_config.dependencies}
        app_config.signature_namespace.setdefault("Mailer", Mailer)
        app_config.lifespan = [self._begin, *app_config.lifespan]
        # Not where the lifespan ends: event listeners that still run end after it, and before this.
        app_config.on_shutdown = [*app_config.on_shutdown, self._end]
        return app_config

    def on_cli_init(self, cli: click.Group) -> None:
        """Mount the command line, where there are settings for it."""
        settings = self._source
        if not (isinstance(settings, Mailer) or callable(settings)):
            from mailbridge.asgi.commands import mail_commands

            cli.add_command(mail_commands(lambda: settings))

    @asynccontextmanager
    async def _begin(self, app: Litestar) -> AsyncIterator[None]:
        app.state[self._name] = await begin(self._source)
        yield

    async def _end(self, app: Litestar) -> None:
        mailer = app.state.pop(self._name, None)
        if mailer is not None:
            await end(mailer)
