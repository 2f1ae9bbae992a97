"""What is wrong with a template is told with file, line and variable, and without values of the context."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader

from mailbridge import MailError, TemplateBroken, TemplateError, TemplateMissing, Templates, VariableUndefined

from .conftest import Make

CONTEXT = {"user": {"name": "t0psecret"}, "key": "t0psecret", "items": ["t0psecret"]}


def fault(make: Make, files: dict[str, str], kind: type[TemplateError]) -> Any:
    with pytest.raises(kind) as caught:
        make(files).render("w", CONTEXT)
    error = caught.value
    assert type(error) is kind
    assert error.phase == "build"
    for twin in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own pickle
        assert "t0psecret" not in f"{twin} {twin!r} {twin.args}"
        assert (twin.template, twin.line) == (error.template, error.line)
    return error


@pytest.mark.parametrize(
    ("text", "line", "variable"),
    [
        ("{{ nobody }}", 1, "nobody"),
        ("a\n\nHello {{ nobody|upper }}", 3, "nobody"),
        ("a\n{% if nobody %}x{% endif %}", 2, "nobody"),
        ("{% for x in nobody %}{% endfor %}", 1, "nobody"),
        ("a\n{{ user.nmae }}", 2, "user.nmae"),
        ("a\n{{ user['nmae'] }}", 2, "user['nmae']"),
        ("{{ user.name.nick.name }}", 1, "user.name.nick"),
        ("{{ items[7] }}", 1, "items[7]"),
        ("{{ user[key] }}", 1, ""),
        ("{% set x %}\n{{ nobody }}{% endset %}", 2, "nobody"),
    ],
)
@pytest.mark.parametrize("file", ["w.txt", "w.html", "w.subject.txt"])
def test_an_undefined_variable_is_named_with_file_and_line(
    make: Make, file: str, text: str, line: int, variable: str
) -> None:
    error = fault(make, {"w.txt": "x", file: text}, VariableUndefined)
    assert (error.template, error.line, error.variable) == (file, line, variable)
    assert f"{file}, line {line}" in str(error)
    assert variable in str(error)
    assert isinstance(error, NameError)


def test_what_has_a_default_may_be_undefined(make: Make) -> None:
    text = "{{ nobody|default('you') }}{% if nobody is defined %}{{ nobody }}{% endif %}"
    assert make({"w.txt": text}).render("w").text == "you\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\n{% if %}", 2), ("{{ }}", 1), ("\n\n{{ x|nofilter }}", 3), ("{% block a %}\n{% endfor %}", 2), ("{{ x", 1)],
)
def test_broken_syntax_is_named_with_file_and_line(make: Make, text: str, line: int) -> None:
    error = fault(make, {"w.txt": text}, TemplateBroken)
    assert (error.template, error.line) == ("w.txt", line)
    assert isinstance(error, ValueError)


NESTED = [
    ({"w.html": '{% extends "_l.html" %}', "_l.html": "x\n{{ nobody }}"}, "_l.html", 2),
    ({"w.txt": 'x\n{% include "_i.txt" %}', "_i.txt": "\n\n{{ nobody }}"}, "_i.txt", 3),
    ({"w.txt": '{% from "_m.txt" import f %}\n{{ f() }}', "_m.txt": "{% macro f() %}\n{{ nobody }}{% endmacro %}"},
     "_m.txt", 2),
    ({"w.jinja": '{% extends "_l.jinja" %}\n{% block text %}\n{{ nobody }}{% endblock %}', "_l.jinja": ""},
     "w.jinja", 3),
    ({"w.jinja": '{% extends "_l.jinja" %}', "_l.jinja": "{% block html %}\n\n{{ nobody }}{% endblock %}"},
     "_l.jinja", 3),
]  # fmt: skip


@pytest.mark.parametrize(("files", "template", "line"), NESTED)
def test_the_file_is_the_one_that_is_wrong(make: Make, files: dict[str, str], template: str, line: int) -> None:
    error = fault(make, files, VariableUndefined)
    assert (error.template, error.line) == (template, line)


@pytest.mark.parametrize(("files", "template", "line"), NESTED)
def test_so_it_is_for_syntax(make: Make, files: dict[str, str], template: str, line: int) -> None:
    error = fault(
        make, {name: text.replace("{{ nobody }}", "{% if %}") for name, text in files.items()}, TemplateBroken
    )
    assert (error.template, error.line) == (template, line)


def test_a_file_that_does_not_exist_is_named_with_who_refers_to_it(make: Make) -> None:
    error = fault(make, {"w.txt": 'a\n{% include "foot.txt" %}'}, TemplateMissing)
    assert (error.template, error.line) == ("w.txt", 2)
    assert "refers to foot.txt" in str(error)
    assert isinstance(error, LookupError)
    assert "a file that a variable names" in str(fault(make, {"w.txt": "{% include key %}"}, TemplateMissing))


def test_a_template_that_does_not_exist_is_told_with_where_it_was_looked_for(make: Make) -> None:
    templates = make({"welcome.txt": "x", "order.html": "x"})
    with pytest.raises(TemplateMissing) as caught:
        templates.render("wellcome")
    (folder,) = templates.folders
    assert str(caught.value) == (
        f"There is no template 'wellcome': none of wellcome.html, wellcome.txt, wellcome.jinja in {folder}. "
        "Did you mean welcome?"
    )
    with pytest.raises(TemplateMissing, match=r"There are: order, welcome\.$"):
        templates.render("xyz")


@pytest.mark.parametrize("text", ["{{ 1 // 0 }}", "{{ user.name + 1 }}", "{{ 'x'|int + key }}"])
def test_what_python_raises_is_wrapped_and_stays_the_cause(make: Make, text: str) -> None:
    error = fault(make, {"w.txt": f"\n{text}"}, TemplateError)
    assert (error.template, error.line) == ("w.txt", 2)
    assert isinstance(error.__cause__, ArithmeticError | TypeError)
    assert type(error.__cause__).__name__ in str(error)


def test_an_error_of_ours_that_a_function_raises_keeps_its_kind(make: Make) -> None:
    class Own(MailError):
        pass

    def fail() -> None:
        raise Own("no")

    with pytest.raises(Own):
        make({"w.txt": "{{ fail() }}"}).render("w", {"fail": fail})


@given(st.text("{}%#ab'\"|.()[]-\n =", max_size=40))
def test_whatever_is_wrong_is_typed_and_has_a_place(text: str) -> None:
    try:
        Templates(DictLoader({"w.txt": f"x{text}"})).render("w", {"a": {"b": 1}})
    except TemplateError as error:
        assert error.template == "w.txt"  # noqa: PT017 - there may be no error


@given(st.text("<>/\"'=!- &;abdiptv\0", max_size=60))
def test_no_html_is_too_odd_for_styles_and_text(html: str) -> None:
    Templates(DictLoader({"w.html": f"<style>p {{ color: red }}</style>x{html}"})).render("w")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_bytes("Grüße {{ key }}".encode("latin-1"))
    with pytest.raises(TemplateBroken, match=r"w\.txt cannot be read: it is not encoded as UTF-8"):
        Templates(tmp_path).render("w", CONTEXT)


@pytest.mark.parametrize("context", ["t0psecret", ["t0psecret"], 7, {1: "t0psecret"}])
def test_a_context_that_names_no_variables_is_refused(make: Make, context: Any) -> None:
    with pytest.raises(
        TemplateError, match=r"^The template w: the context must be a mapping of names to values"
    ) as caught:
        make({"w.txt": "x"}).render("w", context)
    assert caught.value.template == "w"
    assert "t0psecret" not in str(caught.value)
