"""One mailer for the life of an application: where it comes from, its beginning and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

from mailbridge.errors import ConfigError
from mailbridge.mailer import Mailer

if TYPE_CHECKING:
    from mailbridge.settings import Settings

Source = Union[Mailer, "Settings", Callable[[], Mailer], None]
"""Where a mailer comes from: itself, settings, a function that makes it; None for the settings found at startup."""


async def begin(source: Source) -> Mailer:
    """Return the mailer, made now unless it exists already, ready to share connections in this event loop.

    None reads the settings now: environment, `.env`, `mailbridge.toml`. Raises ConfigError, with no frames
    of ours in its traceback, for servers print that of a failed startup.
    """
    try:
        mailer = _made(source)
    except ConfigError as error:
        raise error.with_traceback(None) from None
    return await mailer.__aenter__()


async def end(mailer: Mailer) -> None:
    """Take leave of the servers, of those that plain calls in threads connected to as well."""
    await mailer.__aexit__(None, None, None)
    await asyncio.to_thread(mailer.close)


def _made(source: Any) -> Mailer:
    if isinstance(source, Mailer):
        return source
    if source is None:
        return Mailer.from_settings()
    from mailbridge.settings import Settings

    if isinstance(source, Settings):
        return Mailer.from_settings(source)
    found = source() if callable(source) else source
    if not isinstance(found, Mailer):
        raise ConfigError(
            f"The adapter was given {type(found).__name__} to send by.",
            hints=["Give it a Mailer, Settings, or a function that returns a Mailer: Mailer(…) takes a DSN."],
        )
    return found
