"""The pages of the preview as HTML: the list of the templates, and one of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mailbridge.errors import ConfigError
from mailbridge.preview.catalogue import Catalogue, Proof
from mailbridge.preview.diagnosis import diagnosis
from mailbridge.preview.isolation import contained, embedded
from mailbridge.preview.references import references
from mailbridge.preview.remarks import remarks, shown_size, size
from mailbridge.preview.sources import Line
from mailbridge.preview.view import SCHEMES, TABS, WIDTHS, View

if TYPE_CHECKING:
    from jinja2 import Environment

    from mailbridge.content import Content

FOLDER = Path(__file__).parent / "assets"


class Row(NamedTuple):
    """A template in the list: its first sample's subject, or what is wrong with it."""

    template: str
    subject: str
    error: str
    samples: list[str]
    locales: list[str]


class Asked(NamedTuple):
    """What an address asks for, and what else it could: samples and locales, by what stands for them in an address."""

    view: View
    proof: Proof
    context: Mapping[str, Any]
    samples: Mapping[str, str]
    locales: Mapping[str, str]


class Pages:
    """Makes pages of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def index(self, stamp: str) -> str:
        """Return the list of all templates."""
        names = self.catalogue.names()
        return self._page("index.html", stamp, names, current="", rows=[self._row(name) for name in names])

    def template(self, name: str, query: Mapping[str, str], stamp: str) -> str | None:
        """Return the page of a template; None if there is none of the name."""
        names = self.catalogue.names()
        if name not in names:
            return None
        asked = self._asked(name, query)
        said = {**asked._asdict(), "content": asked.proof.content, "error": None}
        if asked.proof.error is not None:
            said["error"] = diagnosis(asked.proof.error, asked.proof, self.catalogue, asked.context)
        elif asked.proof.content is not None:
            said |= _shown(asked.view, asked.proof.content)
        return self._page("template.html", stamp, names, current=name, **said)

    def output(self, name: str, query: Mapping[str, str]) -> tuple[str, View] | None:
        """Return the HTML of a template for its frame; None if there is none."""
        if name not in self.catalogue.names():
            return None
        view, proof, *_ = self._asked(name, query)
        if proof.content is None or proof.content.html is None:
            return None
        return contained(embedded(proof.content), mobile=view.width == "mobile"), view

    def _asked(self, name: str, query: Mapping[str, str]) -> Asked:
        """Render a template as an address asks for it."""
        try:
            samples = self.catalogue.samples_of(name)
        except ConfigError as error:
            return Asked(View(name), Proof(name, "", "", error=error), {}, {}, {})
        locales = self.catalogue.locales_of(name, samples)
        # The first is what an address without a choice means.
        by_name = {"": samples[0]} | {sample.name: sample for sample in samples[1:]}
        by_locale = {"": locales[0]} | {locale: locale for locale in locales[1:]}
        view = View.asked(name, query, by_name, by_locale)
        sample, locale = by_name[view.sample], by_locale[view.locale]
        return Asked(
            view,
            self.catalogue.proof(name, sample, locale),
            sample.context_in(locale),
            {key: each.name for key, each in by_name.items()},
            {key: each or "Default" for key, each in by_locale.items()},
        )

    def _row(self, name: str) -> Row:
        try:
            samples = self.catalogue.samples_of(name)
        except ConfigError as error:
            return Row(name, "", error.text, [], [])
        locales = self.catalogue.locales_of(name, samples)
        proof = self.catalogue.proof(name, samples[0], locales[0])
        subject = proof.content.subject or "" if proof.content else ""
        return Row(name, subject, proof.error.text if proof.error else "", [sample.name for sample in samples], locales)

    def _page(self, page: str, stamp: str, names: tuple[str, ...], **said: Any) -> str:
        fixed = {"widths": WIDTHS, "schemes": SCHEMES, "address_of": lambda name: View(name).address}
        template = _environment().get_template(page)
        return template.render(stamp=stamp, names=names, where=self.catalogue.where, **fixed, **said)


def _shown(view: View, content: Content) -> dict[str, Any]:
    """Return what the page says of a rendered template; by itself it shows the HTML, if there is any."""
    usual = "html" if content.html else "text"
    shown = view.tab or usual
    html = content.html or ""
    found = references(html)
    remote = sum(image.remote for image in found.images)
    return {
        "tab": shown,
        "tabs": [(said, view.change(tab="" if tab == usual else tab), tab == shown) for tab, said in TABS.items()],
        "source": [Line(number, text, False) for number, text in enumerate(html.splitlines(), 1)],
        "links": found.links,
        "remote": f"{remote} image{'' if remote == 1 else 's'}" if remote else "",
        "remarks": remarks(content),
        "facts": _facts(content),
    }


def _facts(content: Content) -> list[tuple[str, str]]:
    facts = [
        ("Subject", content.subject or "none"),
        ("Characters in the subject", str(len(content.subject or ""))),
        ("HTML", shown_size(size(content.html)) if content.html else "none"),
        ("Text", shown_size(size(content.text)) if content.text else "none"),
    ]
    return facts + [(f"Image {image.filename}", shown_size(len(image.content))) for image in content.images]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
