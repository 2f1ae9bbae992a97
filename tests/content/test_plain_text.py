"""The text that is made of HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import ConfigError
from mailbridge.content.plain_text import text_of

from .conftest import Make
from .test_styles import lacking


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello<br>Ann</p><p>Bye", "Hello\nAnn\n\nBye\n"),
        ("<h1>Title</h1><p>Body", "Title\n\nBody\n"),
        ('<a href="https://example.com/a?b=1&amp;c=2">Go</a>!', "Go <https://example.com/a?b=1&c=2>!\n"),
        ('<a href="https://example.com/">https://example.com</a>', "https://example.com\n"),
        ('<a href="https://example.com">example.com</a>', "example.com\n"),
        ('<a href="mailto:ann@example.org">ann@example.org</a>', "ann@example.org\n"),
        ('<a href="mailto:ann@example.org">Ann</a>', "Ann <mailto:ann@example.org>\n"),
        ('<a href="#top">Up</a> <a href="javascript:x()">x</a> <a>y</a>', "Up x y\n"),
        ('<a href="https://e.com/"><b>Go</b> <img src=x alt="now"></a>', "Go [now] <https://e.com/>\n"),
        ('<img src="cid:x" alt="ACME"> <img src="p.gif" alt=""> <img src="q.gif">', "[ACME]\n"),
        ("<ul><li>a<li>b</ul><ol><li>x<li>y</ol>", "  * a\n  * b\n 1. x\n 2. y\n"),
        ("<table><tr><th>Tea<td>3<tr><th>Long name<td>12</table>", "Tea        3\nLong name  12\n"),
        ("<p>a</p><hr><p>b</p>", f"a\n\n{'-' * 24}\n\nb\n"),
        ("<title>T</title><style>p{}</style><script>x()</script><p>a<!-- b -->", "a\n"),
        ("a&nbsp;b &amp; &lt;c&gt; &euro; ü", "a b & <c> € ü\n"),
        ("2 * 3 = 6, a_b, [x](y), # z", "2 * 3 = 6, a_b, [x](y), # z\n"),
        ("<pre>a  b\n c</pre>", "a  b\n c\n"),
    ],
)
def test_what_html_says_is_said(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    "style",
    ["display:none", "color:red; Display : none;", "max-height:0;overflow:hidden", "max-height: 0px", "opacity:0",
     "opacity: 0.0", "visibility:hidden", "mso-hide:all"],
)  # fmt: skip
def test_a_hidden_preview_line_is_left_out(style: str) -> None:
    assert text_of(f'<div style="{style}">Preview</div><p>Hello') == "Hello\n"


@pytest.mark.parametrize("style", ["display:block", "font-size:0px", "opacity:0.5", "max-height: 0.5em"])
def test_what_is_only_small_or_around_columns_is_not_hidden(style: str) -> None:
    assert text_of(f'<p style="{style}">Hello') == "Hello\n"


def test_nested_tables_of_layout_leave_no_spaces_at_the_ends_of_lines() -> None:
    html = "<table width=600><tr><td><table><tr><td>A<td>B</table><tr><td>A long line of text</table>"
    assert text_of(html) == "A  B\n\nA long line of text\n"


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1))
def test_any_word_survives(word: str) -> None:
    escaped = word.replace("&", "&amp;").replace("<", "&lt;")
    assert word in text_of(f"<p>{escaped}</p>")


@pytest.mark.parametrize(
    "html", ["<", "<p", "&", "<!-- x", "<a href=https://e.com>", "<table><tr>", "x\0y", "<?xml?>x", "<html hidden>x"]
)
def test_broken_html_is_no_reason_to_fail(html: str) -> None:
    assert text_of(html)[-1] == "\n"


def test_a_template_with_text_keeps_it_and_one_without_gets_it(make: Make) -> None:
    templates = make({"a.html": "<p>Hello", "b.html": "<p>Hello", "b.txt": "Hi"})
    assert templates.render("a").text == "Hello\n"
    assert templates.render("b").text == "Hi\n"


def test_styles_decide_what_is_hidden(make: Make) -> None:
    html = "<style>.preview { display: none }</style><p class=preview>Preview</p><p>Hello"
    assert make({"a.html": html}).render("a").text == "Hello\n"


def test_it_can_be_switched_off(make: Make) -> None:
    assert make({"a.html": "<p>Hello"}, make_text=False).render("a").text is None


def test_without_inscriptis_it_is_an_error_that_names_the_extra(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, "inscriptis")
    templates = make({"a.html": "<p>Hello", "b.html": "<p>Hello", "b.txt": "Hi"})
    with pytest.raises(ConfigError, match=r"pip install '\.\[templates\]'.*make_text=False"):
        templates.render("a")
    assert templates.render("b").text == "Hi\n"
