"""Images beside templates travel with the message."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbridge import TemplateError, TemplateMissing
from mailbridge.content import assets
from mailbridge.content.images import image

from .conftest import Make

PNG = b"\x89PNG\r\n"


def test_an_image_is_attached_once_however_often_it_is_shown(make: Make) -> None:
    html = "{% for i in range(3) %}<img src=\"{{ image('img/logo.png') }}\" alt=ACME>{% endfor %}"
    content = make({"w.html": html, "img/logo.png": PNG}).render("w")
    (logo,) = content.images
    assert (logo.content, logo.filename) == (PNG, "logo.png")
    assert (content.html or "").count(f'src="cid:{logo.content_id}"') == 3
    assert content.text == "[ACME][ACME][ACME]\n"


def test_an_image_that_the_html_does_not_show_stays_at_home(make: Make) -> None:
    files = {"w.txt": "{{ image('a.png') }}", "w.html": "<p>{% set x = image('a.png') %}Hi", "a.png": PNG}
    assert make(files).render("w").images == ()


def test_the_same_mail_has_the_same_ids_and_two_images_have_two(make: Make) -> None:
    html = "<img src=\"{{ image('a.png') }}\"><img src=\"{{ image('b.png') }}\">x"
    templates = make({"w.html": html, "a.png": PNG, "b.png": PNG})
    assert templates.render("w") == templates.render("w")
    assert len({each.content_id for each in templates.render("w").images}) == 2


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "link.png", "none.png", "img", "", "\0"])
def test_no_image_leads_out_of_the_folder(make: Make, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    templates = make({"w.html": "\n{{ image(name) }}", "img/a.png": PNG})
    (tmp_path / "mail" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(TemplateMissing, match="There is no file") as caught:
        templates.render("w", {"name": name})
    assert (caught.value.template, caught.value.line) == ("w.html", 2)


def test_a_file_that_is_too_large_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "LIMIT", 5)
    with pytest.raises(TemplateError, match="more than 5 bytes"):
        make({"w.html": "{{ image('a.png') }}", "a.png": PNG}).render("w")


def test_images_are_collected_while_a_template_is_rendered_only() -> None:
    with pytest.raises(TemplateError, match="by templates only"):
        image("logo.png")
