"""Links and images of a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.preview.references import Image, Link, references


def test_links_come_with_their_text_in_order() -> None:
    html = """<a href="https://a.example/?x=1&amp;y=2">One <b>two</b>
        three</a><a name=x>no</a><area href="/b"><a href=c>open"""
    assert references(html).links == [
        Link("One two three", "https://a.example/?x=1&y=2"),
        Link("", "/b"),
        Link("open", "c"),
    ]


def test_an_image_in_a_link_is_its_text() -> None:
    assert references("<a href=x><img src=y alt='Shop'></a>").links == [Link("Shop", "x")]


def test_images_of_all_kinds_are_found() -> None:
    html = """<img src="https://a/1" alt=""><img src=a srcset="//b/2 1x, c 2x"><td background="http://a/3">
    <style>p { background: URL( "https://a/4" ) }</style><p style="background:url('cid:5')"><video poster="https://a/6">"""
    found = references(html).images
    assert [image.address for image in found] == [
        "https://a/1", "a", "//b/2", "c", "http://a/3", "https://a/4", "cid:5", "https://a/6",
    ]  # fmt: skip
    assert [image.address for image in found if image.remote] == [
        "https://a/1", "//b/2", "http://a/3", "https://a/4", "https://a/6",
    ]  # fmt: skip
    assert [image.address for image in found if image.relative] == ["a", "c"]
    assert [image.alt for image in found[:2]] == ["", None]


@pytest.mark.parametrize(
    ("address", "openable"),
    [
        ("https://a.example", True),
        ("HTTP://a.example", True),
        ("mailto:a@example.com", True),
        ("tel:+1", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("/relative", False),
        ("#top", False),
        ("", False),
    ],
)
def test_only_addresses_of_pages_mailboxes_and_telephones_can_be_opened(address: str, openable: bool) -> None:
    assert Link("x", address).openable is openable


@given(st.text() | st.text(st.sampled_from("<>a href=img src'\"/!-&;style url(")))
def test_any_text_can_be_read(text: str) -> None:
    found = references(text)
    assert all(isinstance(each, Image) for each in found.images)
