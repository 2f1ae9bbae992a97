"""Styles go into the elements; files come from the templates' folders, nothing from elsewhere."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from mailbridge import ConfigError, TemplateMissing
from mailbridge.content import styles

from .conftest import Make


def html(make: Make, text: str, files: dict[str, str] | None = None, **options: Any) -> str:
    content = make({"w.html": text, "w.txt": "x", **(files or {})}, **options).render("w")
    assert content.html is not None
    return content.html


def test_what_can_go_into_an_element_does_and_the_rest_remains(make: Make) -> None:
    css = "p { color: red } a:hover { color: blue } @media (max-width: 600px) { p { font-size: 20px } }"
    made = html(make, f"<head><style>{css}</style></head><p>Hi <a href='/'>x</a>")
    assert '<p style="color: red;">' in made
    assert "a:hover" in made
    assert "@media (max-width: 600px)" in made
    assert made.count("color: red") == 1


def test_nothing_remains_of_a_style_that_is_all_in_the_elements(make: Make) -> None:
    assert "<style" not in html(make, "<style>p { color: red }</style><p>Hi")


def test_what_outlook_reads_in_comments_is_kept(make: Make) -> None:
    comment = "<!--[if mso]><table><tr><td><![endif]-->"
    assert comment in html(make, f"<style>p {{ color: red }}</style>{comment}<p>Hi")


def test_html_without_styles_is_left_as_it_is(make: Make) -> None:
    assert html(make, "<P Class=x>Hi") == "<P Class=x>Hi"


def test_a_stylesheet_beside_the_template_is_taken_in(make: Make) -> None:
    text = '<head>\n<link rel="stylesheet"\n href="css/mail.css?v=1">\n</head><p>Hi'
    made = html(make, text, {"css/mail.css": "\ufeffp { color: red }"})
    assert '<p style="color: red;">' in made
    assert "<link" not in made


def test_the_stylesheets_come_in_their_order(make: Make) -> None:
    text = "<link rel=stylesheet href=a.css><style>p { top: 1px }</style><link href=b.css rel='Stylesheet'><p>Hi"
    made = html(make, text, {"a.css": "p { color: red; left: 0 }", "b.css": "p { color: blue; top: 2px }"})
    assert '<p style="color: blue;left: 0;top: 2px;">' in made


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="stylesheet" href="https://127.0.0.1:9/x.css">',
        '<link rel="stylesheet" href="//127.0.0.1:9/x.css">',
        '<link rel="stylesheet" href="file:///etc/passwd">',
        '<link rel="icon" href="icon.png">',
        '<link rel="alternate stylesheet" href="other.css">',
    ],
)
def test_nothing_else_is_fetched_or_read(make: Make, link: str) -> None:
    assert link in html(make, f"<head><style>p {{ color: red }}</style>{link}</head><p>Hi")


@pytest.mark.parametrize(
    "path", ["../secret.css", "/etc/passwd", "css/../../secret.css", "link.css", "none.css", "css"]
)
def test_no_stylesheet_leads_out_of_the_folder(make: Make, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.css").write_text("p { color: s3cret }")
    text = '<link rel="stylesheet" href="{{ path }}"><p>Hi'
    templates = make({"w.html": text, "css/a.css": ""})
    (tmp_path / "mail" / "link.css").symlink_to(tmp_path / "secret.css")
    with pytest.raises(TemplateMissing, match="There is no file") as caught:
        templates.render("w", {"path": path})
    assert caught.value.template == "w.html"


def test_a_changed_stylesheet_counts_at_once_where_files_are_watched(make: Make, tmp_path: Path) -> None:
    templates = make({"w.html": "<link rel=stylesheet href=a.css><p>Hi", "a.css": "p { top: 1px }"}, auto_reload=True)
    assert "top: 1px" in (templates.render("w").html or "")
    (tmp_path / "mail" / "a.css").write_text("p { top: 2px }")
    assert "top: 2px" in (templates.render("w").html or "")


def test_it_can_be_switched_off(make: Make) -> None:
    text = "<style>p { color: red }</style><link rel=stylesheet href=none.css><p>Hi"
    assert html(make, text, inline_css=False) == text


def test_styles_without_css_inline_are_an_error_that_names_the_extra(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    styles._inliner.cache_clear()
    lacking(monkeypatch, "css_inline")
    with pytest.raises(ConfigError, match=r"pip install '\.\[templates\]'.*inline_css=False"):
        html(make, "<style>p { color: red }</style><p>Hi")
    assert html(make, "<p>Hi") == "<p>Hi"


def lacking(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Make a package impossible to import."""
    real = builtins.__import__

    def fake(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", fake)
