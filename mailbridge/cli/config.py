"""`mailbridge config`: what is set, where, and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit, exit_code, worst
from mailbridge.cli.program import DiscreetGroup

if TYPE_CHECKING:
    from mailbridge.errors import MailError
    from mailbridge.plugins import Plugins
    from mailbridge.settings import Settings


@click.group("config", cls=DiscreetGroup)
def command() -> None:
    """Show the settings, or check them."""


@command.command("show", cls=MailCommand)
def show(as_json: bool) -> None:
    """Show every setting with its value and where it comes from; secrets as asterisks."""
    from mailbridge.cli.telling import tell_json
    from mailbridge.settings import Settings
    from mailbridge.settings.problems import NO_MAILER

    settings = click.get_current_context().find_object(Settings) or Settings.load(needs_mailer=False)
    hints = [] if settings.mailers else [f"{NO_MAILER[0].upper()}{NO_MAILER[1:]}."]
    rows = settings.describe()
    if as_json:
        listed = [row._asdict() for row in rows]
        tell_json({"ok": True, "exit_code": 0, "error": None, "settings": listed, "hints": hints})
        return
    from mailbridge.cli.screen import show_table

    show_table(("Setting", "Value", "From"), rows)
    for hint in hints:
        click.echo(hint, err=True)


class Checked(NamedTuple):
    """One mailer of the settings, and what the check found out."""

    name: str
    transport: str
    text: str
    details: dict[str, Any]
    error: MailError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        from mailbridge.cli.telling import error_row

        row = self._asdict() | {"ok": self.error is None, "error": self.error and error_row(self.error)}
        return {key: row[key] for key in ("name", "transport", "ok", "text", "details", "error")}


@command.command("check", cls=MailCommand)
@click.option("--verify", is_flag=True, help="Connect to each server and log in, too; nothing is sent.")
def check(verify: bool, as_json: bool) -> Exit:
    """Check that the settings can be read and every mailer can be made."""
    from mailbridge.cli.telling import tell_json
    from mailbridge.plugins import Plugins
    from mailbridge.settings import Settings

    settings = click.get_current_context().find_object(Settings) or Settings.load(check=Plugins.problems_of)
    plugins = Plugins(**settings.plugin_options())
    found = [_checked(settings, plugins, name, verify) for name in settings.mailers]
    code = worst(Exit.OK if one.error is None else exit_code(one.error) for one in found)
    if as_json:
        mailers = [one.to_dict() for one in found]
        tell_json({"ok": code is Exit.OK, "exit_code": int(code), "error": None, "mailers": mailers})
    else:
        _tell(found)
    return code


def _checked(settings: Settings, plugins: Plugins, name: str, verify: bool) -> Checked:
    from mailbridge.errors import MailError
    from mailbridge.mailer import Mailer

    shown = ""
    try:
        transport = plugins.build(settings.mailers[name].target, where=f"mailers.{name}")
        shown = str(transport)
        if not verify:
            return Checked(name, shown, "Can be made; --verify connects.", {})
        with Mailer(transport, plugins=plugins) as mailer:
            found = mailer.verify()
        return Checked(name, shown, found.text, dict(found.details))
    except MailError as error:
        return Checked(name, shown, "", {}, error)


def _tell(found: list[Checked]) -> None:
    from mailbridge.cli.telling import sentence
    from mailbridge.escapes import visible

    for one in found:
        head = visible(f"{one.name}: {one.transport}".rstrip(" :"))
        if one.error is None:
            click.echo(f"{head} ok\n  {visible(one.text)}")
        else:
            click.echo(f"{head} FAILED\n  {type(one.error).__name__}: {sentence(one.error)}", err=True)
