"""`MailCommand`: what every command has in common.

Options `--json`, `--log` and `-v`; a MailError becomes one sentence on stderr (or one JSON object on
stdout) and an exit code. It lives in the command, not in `main`, so that it holds as well where the
group is mounted in another program's command line.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, Literal

import click

from mailbridge.cli.program import masked

STDOUT = "mailbridge.stdout"


class MailCommand(click.Command):
    """A command that logs on demand and ends with the documented exit codes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(["as_json", "--json"], is_flag=True, help="Print JSON instead of text."),
            click.Option(["--log"], type=click.Choice(["text", "json"]), help="Log to stderr in this form."),
            click.Option(["-v", "--verbose"], count=True, help="Log what is sent; -vv every attempt too."),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; an error does not repeat a DSN in full."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise masked(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; return its exit code."""
        from mailbridge.cli.exits import exit_code
        from mailbridge.cli.telling import tell_error
        from mailbridge.errors import MailError

        form, verbose = ctx.params.pop("log"), ctx.params.pop("verbose")
        with _logging(form, verbose), _json_alone(ctx):
            try:
                code = super().invoke(ctx)
            except MailError as error:
                tell_error(error, as_json=ctx.params["as_json"])
                code = exit_code(error)
        # ctx.exit() is how click takes an exit code from a command, whoever runs the group.
        return ctx.exit(int(code or 0))


@contextmanager
def _json_alone(ctx: click.Context) -> Iterator[None]:
    """With --json, leave stdout to `tell_json`: what a transport such as console:// prints goes to stderr."""
    if not ctx.params["as_json"]:
        yield
        return
    ctx.meta[STDOUT] = sys.stdout
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def _logging(form: Literal["text", "json"] | None, verbose: int) -> Iterator[None]:
    """Log to stderr while the command runs: what was asked for, or else warnings that no outcome repeats."""
    import logging

    from mailbridge.logs import handler

    if form or verbose:
        added, level = handler(form or _form_of_settings()), logging.DEBUG if verbose > 1 else logging.INFO
    else:
        added, level = handler("plain"), logging.WARNING
        added.addFilter(lambda record: not record.name.startswith("mailbridge.send"))
    logger = logging.getLogger("mailbridge")
    before = logger.level
    logger.addHandler(added)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(added)
        logger.setLevel(before)


def _form_of_settings() -> Literal["text", "json"]:
    from mailbridge.errors import ConfigError
    from mailbridge.settings import Settings

    try:
        return Settings.load().log_format
    except ConfigError:
        return "text"  # the command itself will say what is wrong with the settings
