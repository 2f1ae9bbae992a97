"""Rendered templates as files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from mailbridge.errors import ConfigError
from mailbridge.preview.catalogue import Proof
from mailbridge.preview.isolation import embedded


def write(proof: Proof, folder: Path) -> None:
    """Write what a template says, `welcome/default.html` and the like; for one that failed, the error.

    Images that travel with the message stand in the HTML. Raises ConfigError where nothing can be written.
    """
    # Samples and locales may be called anything: quoted, each is a word without dots and slashes.
    words = [quote(each, safe=" ").replace(".", "%2E") for each in (proof.sample, proof.locale) if each]
    stem = folder / proof.template / (".".join(words) or "samples")
    texts: dict[str, str | None] = {"error.txt": str(proof.error) if proof.error else None}
    if proof.content:
        html = embedded(proof.content) if proof.content.html else None
        texts |= {"subject.txt": proof.content.subject, "txt": proof.content.text, "html": html}
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("subject.txt", "txt", "html", "error.txt"):
            file = stem.with_name(f"{stem.name}.{suffix}")
            file.unlink(missing_ok=True)  # what an earlier run wrote and this one does not
            if (text := texts.get(suffix)) is not None:
                file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{stem.parent} cannot be written: {error.strerror}.") from error
