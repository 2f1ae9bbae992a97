"""`Catalogue`: every template with every sample; `Proof`: what became of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailbridge.content.names import languages
from mailbridge.errors import ConfigError, MailError, TemplateError
from mailbridge.preview.samples import DEFAULT, Sample, SampleFiles, Samples

if TYPE_CHECKING:
    from mailbridge.content import Content, Templates


class Proof(NamedTuple):
    """A template, shown with one sample in one locale: its content, or the error that there is instead.

    Attributes:
        template: its name.
        sample: the name of the sample.
        locale: the locale, "" for none.
        content: what was rendered.
        error: why nothing was.
    """

    template: str
    sample: str
    locale: str
    content: Content | None = None
    error: MailError | None = None

    @property
    def title(self) -> str:
        """What the proof is of, as `welcome (long-name, de)`."""
        said = ", ".join(filter(None, (self.sample if self.sample != DEFAULT else "", self.locale)))
        return f"{self.template} ({said})" if said else self.template


class Catalogue:
    """The templates there are, with their samples and locales.

    Args:
        templates: what is shown.
        samples: with which data; by default files beside the templates.
        locales: further locales to show each template in.

    Raises TemplateError for what is no locale.
    """

    def __init__(self, templates: Templates, samples: Samples | None = None, locales: Sequence[str] = ()) -> None:
        self.templates = templates
        self.samples = samples or SampleFiles(templates.folders)
        self._locales = [spelled for locale in locales for spelled in languages(locale)[:1]]

    @property
    def where(self) -> str:
        """The folders of the templates, for people."""
        return ", ".join(map(_shown, self.templates.folders)) or "the application's folders of templates"

    def names(self) -> tuple[str, ...]:
        """Return the names of the templates, sorted."""
        return self.templates.names()

    def samples_of(self, name: str) -> list[Sample]:
        """Return the samples of a template. Raises ConfigError for a file that cannot be read."""
        return self.samples.of(name)

    def locales_of(self, name: str, samples: Sequence[Sample]) -> list[str]:
        """Return the locales to show a template in, sorted; "" is none."""
        known = {*self.templates.locales(name), *self._locales}
        known |= {locale.replace("-", "_") for sample in samples for locale in sample.locales}
        return sorted(known or {""})

    def proof(self, name: str, sample: Sample, locale: str = "") -> Proof:
        """Render a template with a sample."""
        try:
            content = self.templates.render(name, sample.context_in(locale), locale=locale or None)
        except (TemplateError, ConfigError) as error:
            return Proof(name, sample.name, locale, error=error)
        except (OSError, UnicodeError) as error:  # while it is being written, or gone, or of another program
            unreadable = TemplateError(f"A file of the template {name} cannot be read: {error}.")
            return Proof(name, sample.name, locale, error=unreadable)
        return Proof(name, sample.name, locale, content)

    def proofs(self) -> Iterator[Proof]:
        """Render every template with every sample in every locale."""
        for name in self.names():
            try:
                samples = self.samples_of(name)
            except ConfigError as error:
                yield Proof(name, "", "", error=error)
                continue
            for locale in self.locales_of(name, samples):
                for sample in samples:
                    yield self.proof(name, sample, locale)


def _shown(folder: Path) -> str:
    """Return a folder as one would type it here."""
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
