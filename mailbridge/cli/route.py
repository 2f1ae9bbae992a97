"""Which mailer a command sends by: `--dsn`, or a mailer of the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from mailbridge.mailer import Mailer
    from mailbridge.sending.transport import Transport
    from mailbridge.transcript import Transcript

F = TypeVar("F", bound=Callable[..., Any])


def route_options(function: F) -> F:
    """Add `--mailer` and `--dsn` to a command."""
    function = click.option(
        "--dsn",
        metavar="DSN",
        help="Send by this transport. Other users of this machine can read a command line: for a DSN with a password "
        "set the variable MAILBRIDGE_DSN instead.",
    )(function)
    return click.option("--mailer", "name", metavar="NAME", help="Send by this mailer of the settings.")(function)


class Route(NamedTuple):
    """A mailer, the name of the transport in it, and what the settings say of messages.

    `sender` is the author of messages that name none, `attachment_root` the only folder from which
    they may attach files by path.
    """

    mailer: Mailer
    name: str
    sender: str
    attachment_root: Path | None = None

    @property
    def transport(self) -> Transport:
        """The transport. Raises ConfigError when the mailer has none of that name."""
        return self.mailer.transport(self.name)


def open_route(dsn: str | None, name: str | None, transcript: Transcript | None = None) -> Route:
    """Make the mailer that the options ask for. Raises ConfigError, UsageError."""
    if dsn is not None and name is not None:
        raise click.UsageError("Give --mailer or --dsn, not both.")
    from mailbridge.mailer import Mailer

    if dsn is not None:
        from mailbridge.dsn import Dsn

        target = Dsn.parse(dsn)
        sender, root = _variable("default_from"), _variable("attachment_root")
        return Route(
            Mailer(target, transcript=transcript), "default", sender or _login(target), Path(root) if root else None
        )
    from mailbridge.plugins import Plugins
    from mailbridge.settings import Settings

    settings = click.get_current_context().find_object(Settings) or Settings.load(check=Plugins.problems_of)
    chosen = name or "default"
    mailer = Mailer.from_settings(settings, transcript=transcript)
    if settings.default_from is not None:
        sender = str(settings.default_from)
    else:
        found = settings.mailers.get(chosen)
        sender = _login(found.target) if found else ""
    return Route(mailer, chosen, sender, settings.attachment_root)


def _variable(name: str) -> str:
    """Return what the environment says of a setting: beside a DSN, which replaces the settings, it still counts."""
    from mailbridge.settings.leaves import variable

    return os.environ.get(variable(name), "")


def _login(target: Any) -> str:
    """Return the user name where it is a mail address, as most submission servers want it to be."""
    if isinstance(target, dict):
        user, inner = target.get("user"), target.get("transports", ())
    else:
        user, inner = target.user, target.inner
    if user is None:
        return _login(inner[0]) if inner else ""
    text = user.reveal() if hasattr(user, "reveal") else str(user)
    return text if "@" in text else ""
