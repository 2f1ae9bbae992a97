"""What data a template takes, read out of its source."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailbridge.content import Templates
from mailbridge.preview.samples import overlaid
from mailbridge.preview.shape import Shape, shape_of


def shape(folder: Path, files: dict[str, str]) -> Shape:
    for name, text in files.items():
        (folder / name).write_text(text)
    return shape_of(Templates(folder), "x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Hello", "…"),
        ("{{ a }}{{ b|upper }}", {"a": "…", "b": "…"}),
        ("{{ a.b.c }}{{ a['d'] }}{{ a.b.e }}", {"a": {"b": {"c": "…", "e": "…"}, "d": "…"}}),
        ("{% for x in xs %}{{ x.n }}{{ loop.index }}{% endfor %}", {"xs": [{"n": "…"}]}),
        ("{% for x in xs %}{{ x }}{% else %}{{ none_left }}{% endfor %}", {"none_left": "…", "xs": ["…"]}),
        (
            "{% for x in a.xs %}{% for y in x.ys %}{{ y.z }}{% endfor %}{% endfor %}",
            {"a": {"xs": [{"ys": [{"z": "…"}]}]}},
        ),
        ("{% for x in xs if x.ok %}{% endfor %}", {"xs": [{"ok": "…"}]}),
        ("{% for k, v in d.items() %}{{ k }}{{ v }}{% endfor %}", {"d": {"key": "…"}}),
        ("{% set y = a.b %}{{ y }}{% if c %}{% endif %}", {"a": {"b": "…"}, "c": "…"}),
        ("{% for x in xs %}{{ x }}{% endfor %}{{ x }}", {"x": "…", "xs": ["…"]}),
        (
            "{{ image('a.png') }}{{ _('hi') }}{{ url_for(page) }}{% trans %}{{ n }}{% endtrans %}{{ range(3) }}",
            {"n": "…", "page": "…"},
        ),
        ("{% macro m(p) %}{{ p }}{{ q }}{% endmacro %}{{ m(r) }}", {"q": "…", "r": "…"}),
        ("{{ user.full_name() }}{{ s.strip(chars.all) }}", {"chars": {"all": "…"}, "s": "…", "user": "…"}),
        ("{{ price|of_our_own }}{% if stock is plenty %}{% endif %}", {"price": "…", "stock": "…"}),
        ("{% if %}", "…"),
        ("{% load static %}{{ a }}", "…"),
    ],
)
def test_it_is_read_out_of_the_source(tmp_path: Path, text: str, value: Any) -> None:
    assert shape(tmp_path, {"x.txt": text}).value() == value


def test_layouts_parts_and_all_files_of_a_template_count(tmp_path: Path) -> None:
    files = {
        "x.html": """{% extends "_layout.html" %}
            {% block b %}{% for i in rows %}{% include "_row.html" %}{% endfor %}{% endblock %}""",
        "_layout.html": "{{ company }}{% block b %}{% endblock %}{% include 'x.html' ignore missing %}",
        "_row.html": "{{ i.name }}{{ currency }}",
        "x.subject.txt": "{{ subject_of }}",
        "x.de.txt": "{{ nur_deutsch }}",
        "y.txt": "{{ other }}",
    }
    assert sorted(shape(tmp_path, files).fields) == ["company", "currency", "nur_deutsch", "rows", "subject_of"]


def test_a_file_outside_of_the_folders_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "secret.txt").write_text("{{ secret }}")
    assert shape(tmp_path / "mail", {"x.txt": "{{ a }}{% include '../secret.txt' %}"}).fields.keys() == {"a"}


def test_what_a_sample_lacks_completes_it(tmp_path: Path) -> None:
    text = "{{ a }}{{ u.name }}{{ u.home.city }}{{ u.home.zip }}{% for i in u.items_ %}{{ i.n }}{% endfor %}"
    whole = shape(tmp_path, {"x.txt": text})
    sample = 'z = 1\n[u]\nname = "Ann"\n[u.home]\ncity = "Wien"\n'
    lacking = whole.lacking(tomllib.loads(sample))
    assert lacking == {"a": "…", "u": {"home": {"zip": "…"}, "items_": [{"n": "…"}]}}
    assert whole.lacking(overlaid(tomllib.loads(sample), lacking)) == {}
