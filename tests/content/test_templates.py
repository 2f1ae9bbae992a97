"""What files and blocks become: escaping, the subject, locales, names."""

from __future__ import annotations

import html
import os
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader

from mailbridge import ConfigError, Content, Message, MessageInvalid, TemplateError, TemplateMissing, Templates

from .conftest import Make

FILES = {
    "w.html": '<p title="{{ x }}">{{ x }}</p>',
    "w.txt": "{{ x }}\n",
    "w.subject.txt": "{{ x }}",
}
BLOCKS = {
    "w.jinja": "{% block subject %}{{ x }}{% endblock %}{% block text %}{{ x }}\n{% endblock %}"
    '{% block html %}<p title="{{ x }}">{{ x }}</p>{% endblock %}'
}
LAYOUT = {
    "_layout.jinja": "{% block subject %}ACME: {% block title %}{% endblock %}{% endblock %}\n"
    "{% block html %}<body>{% block body %}{% endblock %}{{ foot }}</body>{% endblock %}",
    "w.jinja": '{% extends "_layout.jinja" %}{% set foot = "<foot>" %}{% block title %}{{ x }}{% endblock %}'
    "{% block text %}{{ x }} {{ foot }}{% endblock %}{% block body %}{{ x }}{% endblock %}",
}


@pytest.mark.parametrize("files", [FILES, BLOCKS], ids=["files", "blocks"])
def test_html_is_escaped_text_and_subject_are_not(make: Make, files: dict[str, str]) -> None:
    assert make(files).render("w", {"x": "Tom & <b>"}) == Content(
        "Tom & <b>", "Tom & <b>\n", '<p title="Tom &amp; &lt;b&gt;">Tom &amp; &lt;b&gt;</p>'
    )


def test_blocks_of_layouts_are_escaped_by_the_part_they_are_in(make: Make) -> None:
    content = make(LAYOUT).render("w", {"x": "<x>"})
    assert content == Content("ACME: <x>", "<x> <foot>\n", "<body>&lt;x&gt;&lt;foot&gt;</body>")


def test_a_block_may_call_what_it_replaces(make: Make) -> None:
    files = {
        "_l.jinja": "{% block text %}A {{ x }}{% endblock %}",
        "_m.jinja": '{% extends "_l.jinja" %}{% block text %}{{ super() }} B{% endblock %}',
        "w.jinja": '{% extends "_m.jinja" %}{% block text %}{{ super() }} C{% endblock %}',
    }
    assert make(files).render("w", {"x": 1}).text == "A 1 B C\n"


def test_each_block_is_rendered_once(make: Make) -> None:
    seen: list[str] = []
    files = {
        "w.jinja": "{% block subject %}{{ note('s') }}{% endblock %}{% block text %}{{ note('t') }}{% endblock %}"
        "{% block html %}{{ note('h') }}{% endblock %}"
    }
    make(files, globals={"note": lambda part: seen.append(part) or part}).render("w")
    assert sorted(seen) == ["h", "s", "t"]


def test_files_extend_include_and_import(make: Make) -> None:
    templates = make(
        {
            "_layout.html": "<body>{% block body %}{% endblock %}</body>",
            "_macros.html": '{% macro button(url, text) %}<a href="{{ url }}">{{ text }}</a>{% endmacro %}',
            "_foot.txt": "-- {{ company }}",
            "w.html": '{% extends "_layout.html" %}{% from "_macros.html" import button %}'
            '{% block body %}{{ button("/?a&b", "Go") }}{% include "_foot.txt" %}{% endblock %}',
            "w.txt": 'Go\n{% include "_foot.txt" %}',
        }
    )
    content = templates.render("w", {"company": "A & B"})
    assert content.html == '<body><a href="/?a&amp;b">Go</a>-- A &amp; B</body>'
    assert content.text == "Go\n-- A & B\n"


def test_a_line_with_nothing_but_a_statement_is_no_line(make: Make) -> None:
    text = "Hello\n{% for item in items %}\n  {% if item %}\n- {{ item }}\n  {% endif %}\n{% endfor %}\nBye\n"
    assert make({"w.txt": text}).render("w", {"items": ["a", "", "b"]}).text == "Hello\n- a\n- b\nBye\n"


def test_globals_and_filters_can_be_added(make: Make) -> None:
    templates = make({"w.txt": "{{ shop }} {{ 5|euro }}"}, globals={"shop": "ACME"}, filters={"euro": "{} €".format})
    assert templates.render("w").text == "ACME 5 €\n"


def test_the_context_is_not_changed(make: Make) -> None:
    context = {"x": "1", "xs": [1]}
    make({"w.txt": "{% set x = 2 %}{% set y = 3 %}{{ x }}"}).render("w", context)
    assert context == {"x": "1", "xs": [1]}


# --- any value


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []
        self.title: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.title = dict(attrs).get("title")

    def handle_data(self, data: str) -> None:
        self.said.append(data)


VALUES = st.one_of(
    st.text(),
    st.sampled_from(
        ["<script>alert(1)</script>", '" onload="x', "{{ 7*7 }}", "{% include 'x' %}", "&amp;", "]]>", "'"]
    ),
)


@pytest.mark.parametrize("files", [FILES, BLOCKS], ids=["files", "blocks"])
def test_any_value_comes_out_of_the_html_as_text(make: Make, files: dict[str, str]) -> None:
    templates = make(files, make_text=False)

    @given(VALUES)
    def holds(value: str) -> None:
        page = Page(templates.render("w", {"x": value}).html or "")
        assert page.tags == ["p"]
        assert page.title == html.unescape(html.escape(value))
        assert "".join(page.said) == html.unescape(html.escape(value))

    holds()


@pytest.mark.parametrize("files", [FILES, BLOCKS], ids=["files", "blocks"])
def test_a_subject_is_one_line_whatever_the_value(make: Make, files: dict[str, str]) -> None:
    templates = make(files, make_text=False)

    @given(VALUES)
    def holds(value: str) -> None:
        subject = templates.render("w", {"x": value}).subject
        assert subject is None or subject.splitlines() in ([], [subject])

    holds()


@pytest.mark.parametrize(
    "value", ["Hi\r\nBcc: eve@example.net", "Hi\nX: y", "Hi\rX: y", "Hi\x0bX", "Hi\x85X", "Hi\u2028X", "Hi\r\n\r\n<p>"]
)
def test_no_variable_begins_a_header(make: Make, value: str) -> None:
    message = Message.from_template(
        "w", {"x": value}, templates=make(FILES), from_="a@example.com", to="ann@example.org"
    )
    assert len(message.subject.splitlines()) == 1
    assert message.subject.startswith("Hi ")
    assert [str(each) for each in message.recipients] == ["ann@example.org"]


def test_a_control_character_that_is_no_space_is_refused(make: Make) -> None:
    with pytest.raises(MessageInvalid, match="subject contains the control character") as caught:
        Message.from_template("w", {"x": "Hi\0"}, templates=make(FILES), from_="a@example.com", to="b@example.org")
    assert caught.value.field == "subject"


def test_spaces_and_lines_in_a_subject_are_one_space_but_a_hard_space_stays(make: Make) -> None:
    subject = "\n  {% if x %}\n  Welcome,\n  {{ x }}\u00a0!\n  {% endif %}\n"
    assert make({"w.txt": "x", "w.subject.txt": subject}).render("w", {"x": "Ann"}).subject == "Welcome, Ann\u00a0!"


# --- locales

LOCALISED = {
    "w.html": "<p>en",
    "w.txt": "en",
    "w.subject.txt": "s-en",
    "w.de.html": "<p>de",
    "w.de.subject.txt": "s-de",
    "w.de-AT.txt": "de-AT",
    "w.fr.txt": "fr",
    "w.pt_BR.jinja": "{% block text %}pt{% endblock %}",
}


@pytest.mark.parametrize(
    ("locale", "subject", "text", "html"),
    [
        (None, "s-en", "en\n", "<p>en"),
        ("en", "s-en", "en\n", "<p>en"),
        ("de", "s-de", "de\n", "<p>de"),
        ("de_DE", "s-de", "de\n", "<p>de"),
        ("de_AT", "s-de", "de-AT\n", None),
        ("fr", "s-en", "fr\n", None),
        ("pt_BR", None, "pt\n", None),
        ("pt", "s-en", "en\n", "<p>en"),
    ],
)
def test_the_nearest_locale_gives_a_whole_body(
    make: Make, locale: str | None, subject: str | None, text: str, html: str | None
) -> None:
    content = make(LOCALISED).render("w", locale=locale)
    assert content == Content(subject, text, html)


def test_a_locale_can_hold_for_all(make: Make) -> None:
    templates = make(LOCALISED, locale="de")
    assert templates.render("w").text == "de\n"
    assert templates.render("w", locale="fr").text == "fr\n"


def test_names_and_locales_are_listed(make: Make) -> None:
    templates = make({**LOCALISED, "_layout.html": "", "a/b.jinja": "", "logo.png": b"", "style.css": ""})
    assert templates.names() == ("a/b", "w")
    assert templates.locales("w") == ("", "de", "de_AT", "fr", "pt_BR")
    assert templates.locales("a/b") == ("",)


# --- where templates come from


def test_the_first_folder_that_has_a_file_wins(tmp_path: Path) -> None:
    for folder, files in {"own": ["a.txt"], "shared": ["a.txt", "b.txt"]}.items():
        (tmp_path / folder).mkdir()
        for name in files:
            (tmp_path / folder / name).write_text(folder)
    templates = Templates(tmp_path / "own", str(tmp_path / "shared"))
    assert (templates.render("a").text, templates.render("b").text) == ("own\n", "shared\n")
    assert templates.folders == (tmp_path / "own", tmp_path / "shared")


def test_a_loader_of_jinja_s_will_do(tmp_path: Path) -> None:
    assert Templates(tmp_path, DictLoader({"a.txt": "x"})).render("a").text == "x\n"


def test_a_folder_that_does_not_exist_is_refused_when_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        Templates(tmp_path / "none")
    with pytest.raises(ConfigError, match="at least one folder"):
        Templates()


def test_what_an_engine_has_itself_is_refused_beside_it(tmp_path: Path) -> None:
    engine = Templates(tmp_path).engine
    assert Templates(engine=engine, locale="de").folders == (tmp_path,)
    for further in ({"globals": {"x": 1}}, {"filters": {"x": str}}, {"translations": tmp_path}):
        with pytest.raises(ConfigError, match="Beside an engine"):
            Templates(engine=engine, **further)
    with pytest.raises(ConfigError, match="Beside an engine"):
        Templates(tmp_path, engine=engine)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "..", "", "\0", "C:\\x"])
def test_no_name_leads_out_of_the_folder(make: Make, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("s3cret")
    with pytest.raises(TemplateMissing, match="There is no template"):
        make({"a.txt": "x"}).render(name)


def test_what_was_compiled_is_kept_unless_files_are_watched(make: Make, tmp_path: Path) -> None:
    kept, watched = make({"a.txt": "one"}), make({}, auto_reload=True)
    path = tmp_path / "mail" / "a.txt"
    assert kept.render("a").text == watched.render("a").text == "one\n"
    path.write_text("two")
    os.utime(path, (1, 1))  # within the same tick of the clock, too
    assert (kept.render("a").text, watched.render("a").text) == ("one\n", "two\n")
    path.with_name("a.de.txt").write_text("zwei")
    assert (kept.render("a", locale="de").text, watched.render("a", locale="de").text) == ("zwei\n", "zwei\n")
    kept.forget()
    assert kept.render("a").text == "two\n"


def test_threads_share_templates(make: Make) -> None:
    templates = make({"w.jinja": "{% block text %}{{ x }}{% endblock %}{% block html %}<p>{{ x }}{% endblock %}"})
    wrong: list[Any] = []

    def render(mark: str) -> None:
        for _ in range(100):
            content = templates.render("w", {"x": mark})
            if (content.text, content.html) != (f"{mark}\n", f"<p>{mark}"):
                wrong.append(content)

    threads = [threading.Thread(target=render, args=(str(each),)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("files", [{"w.txt": " \n"}, {"w.jinja": "{% block subject %}x{% endblock %}"}])
def test_a_template_that_says_nothing_is_an_error(make: Make, files: dict[str, str]) -> None:
    with pytest.raises(TemplateError, match="nothing came of it") as caught:
        make(files).render("w")
    assert caught.value.template == next(iter(files))


@pytest.mark.parametrize("other", ["w.html", "w.txt", "w.subject.txt"])
def test_blocks_and_files_of_one_template_are_refused(make: Make, other: str) -> None:
    with pytest.raises(TemplateError, match=rf"w\.jinja: {other} would say the same"):
        make({"w.jinja": "{% block text %}x{% endblock %}", other: "y"}).render("w")


@pytest.mark.parametrize(
    "html",
    ["<div>", "<table><tr><td>", "<p><b id={{ i }}></p>", "<div><table><td></div>", "<body><div></body>"],
)
def test_html_that_would_overflow_the_stack_is_refused(make: Make, html: str) -> None:
    files = {"w.html": "<style>p { color: red }</style>{% for i in range(9000) %}" + html + "{% endfor %}x"}
    with pytest.raises(TemplateError, match="more than 500 deep") as caught:
        make(files).render("w")
    assert caught.value.template == "w.html"


def test_long_html_without_end_tags_and_deep_html_are_no_reason_to_refuse(make: Make) -> None:
    long = "<table>" + "<tr><td>a<td>b" * 300 + "</table><ul>" + "<li>x" * 300 + "</ul>" + "<p>x<br>" * 300
    deep = "<div>" * 450 + "x" + "</div>" * 450 + "<br>" * 100
    templates = make({"long.html": f"<style>p {{ color: red }}</style>{long}", "deep.html": f"<style></style>{deep}"})
    assert (templates.render("long").text or "").count("x") == 600
    assert templates.render("deep").text == "x\n"


def test_a_subject_alone_is_no_template(make: Make) -> None:
    with pytest.raises(TemplateMissing):
        make({"w.subject.txt": "x"}).render("w")
