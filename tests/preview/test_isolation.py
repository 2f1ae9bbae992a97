"""What is changed in a template's output so that it stays in its frame; a browser says whether it works."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.content import Content
from mailbridge.content.content import Image
from mailbridge.preview.isolation import contained, embedded, output_policy


@pytest.mark.parametrize(
    "tag",
    ["<link rel=preconnect>", "<LINK\nrel=x>", "<link/rel=x>", "<link>", "<iframe src=x>", "<iFrame>", "<frame src=x>"],
)
def test_elements_that_connect_become_inert(tag: str) -> None:
    shown = contained(f"<p>{tag}</p>")
    assert not re.search(r"<(link|i?frame)", shown, re.IGNORECASE)
    assert "<p><meta" in shown


@pytest.mark.parametrize(
    "text", ["<p>link</p>", "&lt;link>", "<linkage>", "<frameset>", "<p title='link iframe'>", "< link>"]
)
def test_nothing_else_is_changed(text: str) -> None:
    assert contained(text).endswith(text)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!doctype html>",
        "\n <!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'x'>",
        "\ufeff<!-- made by hand --> <!-- and twice --><!doctype html>",
    ],
)
def test_the_doctype_stays_in_front_for_the_mode_of_browsers_hangs_on_it(doctype: str) -> None:
    assert contained(f"{doctype}<p>").startswith(f'{doctype}<base target="_blank">')


def test_a_thousand_comments_are_read_at_once() -> None:
    comments = "<!-- x -->" * 1000
    assert contained(comments).endswith(comments)


def test_a_telephone_has_no_scrollbar_that_takes_width() -> None:
    assert "scrollbar-width:none" in contained("<p>", mobile=True)
    assert "scrollbar-width" not in contained("<p>")


@given(st.text(st.sampled_from("<>/ linkframe!doctyp\n\t'\"=-")))
def test_no_spelling_gets_an_element_through(text: str) -> None:
    assert not re.search(r"<(link|i?frame)[\s/>]", contained(text), re.IGNORECASE)


def test_images_of_the_message_take_the_place_of_their_addresses() -> None:
    content = Content("s", "t", '<img src="cid:a%40b"><img src="cid:a@b">cid:other', (Image(b"x", "a.png", "a@b"),))
    data = "data:image/png;base64,eA=="
    assert embedded(content) == f'<img src="{data}"><img src="{data}">cid:other'
    assert embedded(Content("s", "t", None)) == ""


def test_the_policy_lets_remote_images_in_and_nothing_more() -> None:
    closed, opened = output_policy(), output_policy(remote_images=True)
    assert opened.replace("img-src data: https: http:", "img-src data:") == closed
    assert closed.startswith("sandbox; default-src 'none';")


@pytest.mark.parametrize("directive", ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'"])
def test_the_policy_says_what_default_src_does_not_cover(directive: str) -> None:
    assert directive in output_policy().split("; ")
