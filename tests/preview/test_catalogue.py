"""Every template with every sample in every locale."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbridge.content import Templates
from mailbridge.errors import ConfigError, TemplateError, VariableUndefined
from mailbridge.preview import Catalogue, Proof


def test_every_template_is_rendered_with_every_sample_in_every_locale(catalogue: Catalogue) -> None:
    proofs = list(catalogue.proofs())
    assert [(proof.template, proof.sample, proof.locale) for proof in proofs] == [
        ("account/reset", "default", ""),
        ("welcome", "usual", ""),
        ("welcome", "long", ""),
        ("welcome", "usual", "de"),
        ("welcome", "long", "de"),
    ]
    failed, *fine = proofs
    assert isinstance(failed.error, VariableUndefined)
    assert [proof.content and proof.content.subject for proof in fine] == [
        "Welcome, Ann", "Welcome, Maximiliane <b>", "Willkommen, Änne", "Willkommen, Änne",
    ]  # fmt: skip


def test_further_locales_can_be_asked_for_in_either_spelling(folder: Path) -> None:
    catalogue = Catalogue(Templates(folder), locales=["fr", "de-AT"])
    assert {proof.locale for proof in catalogue.proofs() if proof.template == "welcome"} == {"", "de", "de_AT", "fr"}


@pytest.mark.parametrize("locale", ["../x", "de/AT", "<b>"])
def test_what_is_no_locale_is_refused(folder: Path, locale: str) -> None:
    with pytest.raises(TemplateError, match="is not a locale"):
        Catalogue(Templates(folder), locales=[locale])


def test_a_template_that_exists_in_languages_only_is_shown_in_them(folder: Path) -> None:
    (folder / "bye.de.txt").write_text("Tschüß")
    assert [proof.locale for proof in Catalogue(Templates(folder)).proofs() if proof.template == "bye"] == ["de"]


def test_a_sample_file_that_cannot_be_read_fails_its_template_alone(folder: Path, catalogue: Catalogue) -> None:
    (folder / "account/reset.sample.toml").write_text("= 1")
    first, *others = catalogue.proofs()
    assert isinstance(first.error, ConfigError)
    assert all(proof.error is None for proof in others)


def test_a_proof_is_called_by_what_is_not_usual() -> None:
    assert Proof("a/b", "default", "").title == "a/b"
    assert Proof("a/b", "long", "de").title == "a/b (long, de)"
    assert Proof("a/b", "default", "de").title == "a/b (de)"
