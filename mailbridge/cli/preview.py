"""`mailbridge preview`: every template in a browser, or rendered for CI."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit

if TYPE_CHECKING:
    from mailbridge.content import Templates
    from mailbridge.preview import Catalogue, Proof


@click.command("preview", cls=MailCommand)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--samples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of the sample data, if it is another one.",
)
@click.option(
    "--locale", "locales", metavar="LOCALE", multiple=True, help="Show this locale too; several times for several."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8026, show_default=True, help="The port; 0 takes a free one."
)
@click.option("--allow-host", "names", metavar="NAME", multiple=True, help="Answer to this host name too.")
@click.option("--open/--no-open", "opens", default=False, help="Open a browser.")
@click.option("--check", is_flag=True, help="Render everything once and exit with 1 if something fails; serve nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write what is rendered into this folder; serve nothing.",
)
def command(
    folder: Path | None,
    samples: Path | None,
    locales: tuple[str, ...],
    host: str,
    port: int,
    names: tuple[str, ...],
    opens: bool,
    check: bool,
    out: Path | None,
    as_json: bool,
) -> Exit:
    """Show the templates in FOLDER with sample data, in a browser.

    Without FOLDER they are those of the settings, or of the application. Pages are shown anew when a file
    changes; Ctrl-C ends it. The data for `welcome.html` stands in `welcome.sample.toml` beside it. Serving
    needs the extra `preview`.
    """
    from mailbridge.preview import Catalogue, SampleFiles, serve

    templates, data = _templates(folder), SampleFiles([samples]) if samples else None
    if check or out is not None:
        return _render(Catalogue(templates, data, locales), out, as_json=as_json)
    listening = partial(_tell_address, opens=opens, as_json=as_json)
    serve(templates, data, host=host, port=port, locales=locales, names=names, listening=listening)
    return Exit.OK


def _templates(folder: Path | None) -> Templates:
    """Return the templates in a folder, or those that the settings or an adapter know. Raises ConfigError."""
    from mailbridge.content import Templates
    from mailbridge.content.current import current
    from mailbridge.errors import ConfigError

    if folder is not None:
        return Templates(folder, auto_reload=True)
    try:
        return current()
    except ConfigError as error:
        error.hints += ("Or name the folder: mailbridge preview FOLDER.",)
        raise


def _tell_address(url: str, *, opens: bool, as_json: bool) -> None:
    from mailbridge.cli.telling import tell_json

    if as_json:
        tell_json({"ok": True, "exit_code": 0, "error": None, "url": url})
    else:
        click.echo(f"The templates are shown at {url} (Ctrl-C ends it).")
    if opens:
        import webbrowser
        from threading import Thread

        # A browser in the terminal waits for the page, which is only answered after this.
        Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _render(catalogue: Catalogue, out: Path | None, *, as_json: bool) -> Exit:
    """Render everything; tell what failed."""
    from mailbridge.cli.exits import exit_code, worst
    from mailbridge.cli.telling import tell_json
    from mailbridge.errors import ConfigError, VariableUndefined

    proofs = list(catalogue.proofs())
    if not proofs:
        raise ConfigError(
            f"There are no templates in {catalogue.where}.",
            hints=["A template is a file such as welcome.html with blocks subject, text and html."],
        )
    for proof in proofs:
        if isinstance(proof.error, VariableUndefined):
            place = catalogue.samples.place(proof.template)
            proof.error.hints += (f"The data that it is shown with belongs into {place}.",)
    code = worst(exit_code(proof.error) for proof in proofs if proof.error)
    if out is not None:
        from mailbridge.preview.files import write

        for proof in proofs:
            write(proof, out)
    if as_json:
        rows = [_row(proof) for proof in proofs]
        tell_json({"ok": code is Exit.OK, "exit_code": int(code), "error": None, "templates": rows})
    else:
        _tell(proofs, out)
    return code


def _row(proof: Proof) -> dict[str, Any]:
    from mailbridge.cli.telling import error_row
    from mailbridge.preview.remarks import remarks

    return {
        "template": proof.template,
        "sample": proof.sample,
        "locale": proof.locale,
        "ok": proof.error is None,
        "subject": proof.content.subject if proof.content else None,
        "remarks": remarks(proof.content) if proof.content else [],
        "error": proof.error
        and error_row(proof.error)
        | {name: getattr(proof.error, name, None) for name in ("template", "line", "variable")},
    }


def _tell(proofs: Sequence[Proof], out: Path | None) -> None:
    from mailbridge.cli.telling import sentence
    from mailbridge.escapes import visible

    for proof in proofs:
        if proof.error:
            click.echo(f"{visible(proof.title)}: {sentence(proof.error)}", err=True)
    wrong = sum(proof.error is not None for proof in proofs)
    click.echo(f"{len(proofs) - wrong} of {len(proofs)} rendered{f' into {out}' if out else ''}.")
