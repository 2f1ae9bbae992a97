"""Stored templates: what they may not do, and that they end soon whatever they do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbridge import TemplateBroken, TemplateError, TemplateMissing, Templates, VariableUndefined
from mailbridge.content import Limits


class Account:
    """An object of the application's."""

    name = "Ann"
    _token = "t0psecret"

    def __init__(self) -> None:
        self.deleted = False

    def delete(self) -> None:
        self.deleted = True


def render(text: str, context: dict[str, Any] | None = None, **strings: str) -> str | None:
    return Templates.from_strings({"w.txt": text, **strings}).render("w", context).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {{ user.name }}", "Hello Ann"),
        ("{{ user.name|upper }} {{ 'a,b'.split(',')|join('; ') }}", "ANN a; b"),
        (
            "{% for k, v in d.items() %}{{ loop.index }}{{ k }}={{ v }}{{ loop.cycle(',', ';') }}{% endfor %}",
            "1a=1,2b=2;",
        ),
        ("{% for i in range(1, 4) %}{{ i }}{% else %}none{% endfor %}", "123"),
        ("{{ 'n: ' ~ 3 }} {{ 1 + 2 * 3 }} {{ 7 % 4 }} {{ 2 ** 8 }} {{ (7 / 2)|round(1) }}", "n: 3 7 3 256 3.5"),
        ("{{ [1, 2]|sum }} {{ 'aba'|replace('a', 'x') }} {{ rows|map(attribute='n')|list }}", "3 xbx [1, 2]"),
        ("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f(1) }}{{ f(2) }}", "<1><2>"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x }}", "a1"),
    ],
)
def test_a_mail_can_be_written(text: str, expected: str) -> None:
    context = {"user": Account(), "d": {"a": 1, "b": 2}, "rows": [{"n": 1}, {"n": 2}]}
    assert render(text, context) == f"{expected}\n"


def test_strings_include_and_extend_each_other_and_are_escaped_by_part() -> None:
    strings = {
        "_l.jinja": "{% block html %}<p>{% block body %}{% endblock %}{% endblock %}",
        "_foot.jinja": "-- {{ x }}",
        "w.jinja": '{% extends "_l.jinja" %}{% block text %}{{ x }}{% include "_foot.jinja" %}{% endblock %}'
        '{% block body %}{{ x }}{{ "<b>" ~ x }}{% include "_foot.jinja" %}{% endblock %}',
    }
    content = Templates.from_strings(strings).render("w", {"x": "<x>"})
    assert content.text == "<x>-- <x>\n"
    assert content.html == "<p>&lt;x&gt;&lt;b&gt;&lt;x&gt;-- &lt;x&gt;"


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ [x]|map(attribute='__class__')|first }}",
    "{{ [x]|map('attr', '__class__')|list }}",
    "{{ '{0.__class__}'.format(x) }}",
    "{{ '{x.__class__}'.format_map({'x': x}) }}",
    "{{ ('{0.__class__}'|string).format(x) }}",
    "{{ '%s'|format(x) }}",
    "{{ self.__init__.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ dict.mro() }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ f.__globals__ }}",
    "{{ gen.gi_frame }}",
    "{{ user._token }}",
    "{{ user.__dict__ }}",
    "{{ user.delete() }}",
    "{{ f() }}",
    "{{ xs.append(1) }}",
    "{{ d.clear() }}",
    "{{ d.update(a=1) }}",
    "{{ x|safe }}",
    "{% autoescape false %}{{ x }}{% endautoescape %}",
    "{{ image('/etc/passwd') }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../../etc/passwd' %}",
    "{% import 'os' as os %}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_template_reaches_beyond_its_data(text: str) -> None:
    called: list[int] = []
    user = Account()
    context = {"x": "v4lue", "user": user, "f": lambda: called.append(1), "xs": [], "d": {"a": 0}, "gen": iter([])}
    with pytest.raises(TemplateError) as caught:
        render(text, context)
    assert "v4lue" not in str(caught.value)
    assert "t0psecret" not in str(caught.value)
    assert (called, user.deleted, context["xs"], context["d"]) == ([], False, [], {"a": 0})


ENDLESS = [
    "{% for i in range(1000000000) %}{% endfor %}",
    "{% for i in range(4000) %}{% for j in range(4000) %}{% endfor %}{% endfor %}",
    "{{ range(1000000000)|list }}",
    "{{ range(1000000000)|sum }}",
    "{{ 'a' * 1000000000 }}",
    "{{ [0] * 1000000000 }}",
    "{{ 999999 ** 9999999 }}",
    "{% set n = 99999 ** 200 %}{% set n = n * n %}{% set n = n * n %}{% set n = n * n %}{{ n }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ _('%(x)1000000000d', x=1) }}",
    "{{ 'x'|center(1000000000) }}",
    "{{ 'x'|indent(1000000000) }}",
    "{{ d|tojson(indent=1000000000) }}",
    "{{ 'x'.ljust(1000000000) }}",
    "{{ 1.5|round(1000000000, 'ceil') }}",
    "{{ lipsum(1000000) }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 40,
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a + a %}" * 40,
    "{% set a = [1, 2, 3] %}" + "{% set a = a + a %}" * 40,
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a|replace('a', a) %}" * 10,
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = [a, a, a, a]|join(a) %}" * 20,
    "{% set a %}0123456789{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40,
    "{% set a = [[1]] %}" + "{% set a = [a, a]|sum(start=[]) %}" * 40,
    "{% for i in range(4000) %}" + "x" * 1000 + "{% endfor %}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% for x in [1, 1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
    "{% set n = n|default(60) - 1 %}{% if n %}{% include 'w.txt' %}{% include 'w.txt' %}{% endif %}",
    "{% include 'w.txt' %}",
    "{% extends 'w.txt' %}",
    "{% block text %}{{ self.text() }}{% endblock %}",
    "{{" * 5000,
    "{{ " + "[" * 3000 + "]" * 3000 + " }}",
    "{{ x" + "|upper" * 3000 + " }}",
    "{{ x }}" * 10_001,
    "{{ [" + "1," * 10_000 + "] }}",
    "{% set l = range(4000)|list %}" + "{{ l|sum }}" * 2000,
    "x" * 100_001,
]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ENDLESS, ids=lambda text: text[:40])
def test_no_template_runs_long_or_grows_large(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, {"x": "v", "d": {}})


PIECES = st.sampled_from(
    ["{% for i in range(3000) %}", "{% for i in [x, x] %}", "{% endfor %}", "{% set x = x ~ x %}",
     "{% set x = x + x %}",
     "{% set x = [x, x] %}", "{% set x %}", "{% endset %}", "{{ x }}", "{{ x|replace('a', x) }}", "{{ x|join(x) }}",
     "{% macro f(n) %}", "{% endmacro %}", "{{ f(3) }}", "{% include 'w.txt' %}", "{% if x %}", "{% endif %}",
     "{{ x * 9 }}", "{{ x ** 9 }}", "{{ x.upper() }}", "{{ x['__class__'] }}", "{{ self.b() }}", "{% block b %}",
     "{% endblock %}", "{% filter upper %}", "{% endfilter %}", "{{ x|map('upper')|list }}", "abc" * 50]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=25))
def test_whatever_is_written_is_a_short_text_or_a_typed_error(pieces: list[str]) -> None:
    try:
        text = render("".join(pieces), {"x": "abc"})
    except TemplateError as error:
        assert error.template  # noqa: PT017 - there may be no error
    else:
        assert len(text or "") <= Limits().characters + 100_000


def test_the_limits_can_be_set() -> None:
    strings = {"w.txt": "{% for i in [1, 2, 3] %}0123456789{% endfor %}"}
    assert Templates.from_strings(strings, limits=Limits(steps=3)).render("w").text == "0123456789" * 3 + "\n"
    with pytest.raises(TemplateError, match="takes more steps") as caught:
        Templates.from_strings(strings, limits=Limits(steps=2)).render("w")
    assert (caught.value.template, caught.value.line) == ("w.txt", 1)
    with pytest.raises(TemplateError, match="makes more text"):
        Templates.from_strings(strings, limits=Limits(characters=20)).render("w")
    with pytest.raises(TemplateError, match="a stored one may have 10"):
        Templates.from_strings(strings, limits=Limits(source=10))


def test_each_mail_has_the_whole_budget() -> None:
    templates = Templates.from_strings({"w.txt": "{% for i in [1, 2] %}x{% endfor %}"}, limits=Limits(steps=2))
    assert [templates.render("w").text for _ in range(5)] == ["xx\n"] * 5


def test_faults_are_told_as_elsewhere() -> None:
    with pytest.raises(VariableUndefined) as undefined:
        render("a\n{{ nobody }}")
    assert (undefined.value.template, undefined.value.line, undefined.value.variable) == ("w.txt", 2, "nobody")
    with pytest.raises(TemplateBroken):
        render("{% if %}")
    with pytest.raises(TemplateMissing, match=r"Did you mean w\?"):
        Templates.from_strings({"w.txt": "x"}).render("ww")


def test_what_the_program_gives_may_be_called() -> None:
    templates = Templates.from_strings(
        {"w.txt": "{{ link('/a') }} {{ 5|euro }}"},
        globals={"link": "https://example.com{}".format},
        filters={"euro": "{} €".format},
    )
    assert templates.render("w").text == "https://example.com/a 5 €\n"


@pytest.mark.parametrize("text", ["{{ x.ljust(3) }}", "{{ x.encode() }}", "{{ x.splitlines() }}", "{{ d.copy() }}"])
def test_a_method_is_called_only_if_it_is_listed_however_harmless(text: str) -> None:
    with pytest.raises(TemplateError, match="may not call"):
        render(text, {"x": "v", "d": {}})


def test_a_recursive_loop_is_refused_before_it_runs() -> None:
    with pytest.raises(TemplateError, match="may not have recursive loops"):
        render("{% for x in [] recursive %}{{ loop(x) }}{% endfor %}")


def test_a_mail_inside_a_mail_leaves_the_outer_budget_as_it_was() -> None:
    inner = Templates.from_strings({"i.txt": "i"})
    outer = Templates.from_strings(
        {"o.txt": "{{ inner() }}{% for i in [1, 2, 3] %}x{% endfor %}"},
        limits=Limits(steps=3),
        globals={"inner": lambda: inner.render("i").text},
    )
    with pytest.raises(TemplateError, match="takes more steps"):
        outer.render("o")
