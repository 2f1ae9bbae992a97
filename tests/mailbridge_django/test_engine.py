"""Templates of a Django project behind `Message.from_template`: both of Django's backends, with the real framework."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test.utils import setup_test_environment, teardown_test_environment
from django.utils.translation import override
from support.django_project import Configure

from mailbridge import Message, TemplateBroken, TemplateError, TemplateMissing, VariableUndefined
from mailbridge_django import mailer, templates
from mailbridge_django.checks import check_mailers

DTL = "django.template.backends.django.DjangoTemplates"
JINJA = "django.template.backends.jinja2.Jinja2"

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, override: Callable[..., None]) -> Project:
    """Make a project's templates: `project({"welcome.txt": "…"}, backend=…, DEBUG=…)`."""

    def make(files: Mapping[str, str], *, backend: str = DTL, **settings: Any) -> Path:
        folder = tmp_path / "templates" / "mail"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        where = [{"BACKEND": backend, "DIRS": [tmp_path / "templates"], "APP_DIRS": True}]
        override(TEMPLATES=where, **settings)
        return folder

    return make


def made(name: str = "welcome", context: Mapping[str, Any] | None = None, **options: Any) -> Message:
    return Message.from_template(name, context, from_="app@example.com", to="ann@example.org", **options)


WELCOME = {
    "_layout.html": "<html><body>{% block body %}{% endblock %}</body></html>",
    "welcome.html": '{% extends "mail/_layout.html" %}{% block body %}<p>Hello {{ user }}!</p>{% endblock %}',
    "welcome.txt": "Hello {{ user }}!\n",
    "welcome.subject.txt": "Welcome,\n{{ user }}\n",
}


@pytest.mark.parametrize("backend", [DTL, JINJA])
def test_the_templates_of_the_project_hold_by_themselves(project: Project, backend: str) -> None:
    project(WELCOME, backend=backend)
    message = made(context={"user": "Tom & <Co>"})
    assert message.subject == "Welcome, Tom & <Co>"
    assert message.text == "Hello Tom & <Co>!\n"
    assert message.html == "<html><body><p>Hello Tom &amp; &lt;Co&gt;!</p></body></html>"
    assert type(message.text) is type(message.html) is type(message.subject) is str


def test_layouts_are_no_templates_and_names_are_those_of_all_folders(project: Project) -> None:
    project({**WELCOME, "account/reset.txt": "x"})
    assert templates().names() == ("account/reset", "welcome")


def test_styles_are_inlined_and_text_is_made_unless_the_settings_say_no(project: Project) -> None:
    files = {
        "welcome.html": "<style>p { color: red }</style><p>Hello</p>",
        "welcome.subject.txt": "Hi",
    }
    project(files)
    message = made()
    assert 'style="color: red' in (message.html or "")
    assert (message.text or "").strip() == "Hello"
    project(files, MAILBRIDGE={"TEMPLATES": {"INLINE_CSS": False, "MAKE_TEXT": False}})
    message = made()
    assert (message.html, message.text) == (files["welcome.html"], None)


def test_a_jinja_backend_takes_blocks_in_one_file(project: Project) -> None:
    project({"order.jinja": "{% block subject %}S{% endblock %}{% block text %}{{ n }}{% endblock %}"}, backend=JINJA)
    assert (made("order", {"n": "<1>"}).subject, made("order", {"n": "<1>"}).text) == ("S", "<1>\n")
    with pytest.raises(VariableUndefined, match=r"order\.jinja, line 1: the variable n is undefined"):
        made("order")


def test_django_s_language_has_no_files_with_blocks(project: Project) -> None:
    project({"order.jinja": "{% block text %}x{% endblock %}"})
    with pytest.raises(TemplateMissing, match=r"none of order\.html, order\.txt in .*/templates/mail\."):
        made("order")


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    ("text", "variable", "line"),
    [
        ("Hello\n{{ user }}", "user", 2),
        ("{% if x %}{% endif %}\n\n{{ order.total|upper }}", "order.total", 3),
        ("{% with a=b.c %}{{ a }}{% endwith %}", "b.c", 1),
        ("{% load i18n %}\n{% blocktranslate %}Hello {{ ann }}{% endblocktranslate %}", "ann", 2),
    ],
)
def test_an_undefined_variable_is_an_error_that_names_file_and_line(
    project: Project, text: str, variable: str, line: int, debug: bool
) -> None:
    project({"welcome.txt": text}, DEBUG=debug)
    with pytest.raises(VariableUndefined, match=variable) as caught:
        made(context={"order": {"s3cret": "t0psecret"}})
    assert (caught.value.template, caught.value.line, caught.value.variable) == ("mail/welcome.txt", line, variable)
    assert "t0psecret" not in str(caught.value)


def test_what_has_a_default_may_be_undefined_and_conditions_may_ask(project: Project) -> None:
    project({"welcome.txt": '{{ name|default:"you" }} {% if x %}x{% endif %}{% for y in ys %}y{% endfor %}'})
    assert made().text == "you \n"


def test_undefined_is_empty_where_the_setting_says_so(project: Project) -> None:
    project({"welcome.txt": "Hello {{ user }}!"}, MAILBRIDGE={"TEMPLATES": {"STRICT": False}})
    assert made().text == "Hello !\n"


@pytest.mark.parametrize("debug", [True, False])
def test_a_fault_in_an_included_file_names_that_file(project: Project, debug: bool) -> None:
    project({"welcome.txt": 'x\n{% include "mail/_foot.txt" %}', "_foot.txt": "\n{{ company }}"}, DEBUG=debug)
    with pytest.raises(VariableUndefined, match=r"_foot\.txt, line 2"):
        made()
    (project({}) / "_foot.txt").write_text("\n\n{% if %}")
    with pytest.raises(TemplateBroken, match=r"_foot\.txt, line 3") as caught:
        made()
    assert (caught.value.template, caught.value.line) == ("mail/_foot.txt", 3)


def test_a_file_that_does_not_exist_is_named_with_who_refers_to_it(project: Project) -> None:
    project({"welcome.txt": 'x\n{% include "mail/foot.txt" %}'})
    with pytest.raises(TemplateMissing, match=r"mail/welcome\.txt, line 2 refers to mail/foot\.txt"):
        made()
    with pytest.raises(TemplateMissing, match="Did you mean welcome"):
        made("welcom")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "\0", ""])
def test_no_name_leads_out_of_the_folders(project: Project, name: str) -> None:
    project({**WELCOME, "../../secret.txt": "s3cret"})
    with pytest.raises(TemplateMissing, match="There is no template"):
        made(name)


def test_what_a_tag_or_a_method_raises_is_named_without_its_words(project: Project) -> None:
    class Order:
        def total(self) -> int:
            raise RuntimeError("t0psecret")

    project({"welcome.txt": "a\n{{ order.total }}"})
    with pytest.raises(TemplateError, match="line 2 raises RuntimeError") as caught:
        made(context={"order": Order()})
    assert "t0psecret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_the_locale_chooses_files_and_translations(project: Project) -> None:
    project(
        {
            "welcome.txt": "{% load i18n %}{% translate 'Yes' %} {{ n }}",
            "thanks.txt": "Thank you",
            "thanks.de.txt": "Danke",
        },
        USE_THOUSAND_SEPARATOR=True,
    )
    assert made(context={"n": 1.5}).text == "Yes 1.5\n"
    assert made(context={"n": 1.5}, locale="de_AT").text == "Ja 1,5\n"
    assert made("thanks", locale="de_AT").text == "Danke\n"
    with override("de"):
        assert made("thanks").text == "Danke\n"
        assert made("thanks", locale="en").text == "Thank you\n"
    assert made("thanks").text == "Thank you\n"


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        (DTL, '{% load mailbridge %}<img src="{% image "logo.png" %}">'),
        (JINJA, '<img src="{{ image("logo.png") }}" title="{{ 1.5|format_decimal }}">'),
    ],
)
def test_an_image_beside_the_templates_travels_with_the_message(project: Project, backend: str, text: str) -> None:
    project({"welcome.html": text}, backend=backend).joinpath("logo.png").write_bytes(b"\x89PNG")
    (logo,) = made().attachments
    assert (logo.content, logo.filename, logo.inline) == (b"\x89PNG", "logo.png", True)
    assert f'src="{logo.cid}"' in str(made().html)


def test_a_changed_file_counts_at_once_while_debugging(project: Project) -> None:
    folder = project({"welcome.txt": "one"}, DEBUG=True)
    assert made().text == "one\n"
    (folder / "welcome.txt").write_text("two")
    assert made().text == "two\n"


def test_what_was_compiled_is_kept_otherwise_until_it_is_forgotten(project: Project) -> None:
    folder = project({"welcome.txt": "one"})
    assert made().text == "one\n"
    (folder / "welcome.txt").write_text("two")
    assert made().text == "one\n"
    templates().forget()
    assert made().text == "two\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [({"STRIKT": True}, "no key 'STRIKT'"), ({"STRICT": "no"}, "must be bool"), ("mail", "dictionary")],
)
def test_an_option_that_cannot_be_is_refused_and_found_by_the_check(project: Project, given: Any, said: str) -> None:
    project(WELCOME, MAILBRIDGE={"TEMPLATES": given})
    with pytest.raises(ImproperlyConfigured, match=said):
        made()
    (found,) = [each for each in check_mailers() if each.id == "mailbridge.E002"]
    assert said in found.msg


def test_the_folder_of_mails_is_a_setting(project: Project) -> None:
    project({"../post/welcome.txt": "Hello"}, MAILBRIDGE={"TEMPLATES": {"FOLDER": "post"}})
    assert made().text == "Hello\n"
    assert templates().names() == ("welcome",)


def test_threads_share_templates_without_mixing_languages(project: Project) -> None:
    project({"welcome.txt": "{% load i18n %}{% translate 'Yes' %} {{ n }}"})
    said: list[str | None] = []

    def render(locale: str) -> None:
        said.extend(made(context={"n": locale}, locale=locale).text for _ in range(50))

    threads = [threading.Thread(target=render, args=(locale,)) for locale in ("de", "fr", "en")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {text: said.count(text) for text in set(said)} == {"Ja de\n": 50, "Oui fr\n": 50, "Yes en\n": 50}


def test_a_message_of_a_template_fills_the_outbox_of_a_test(project: Project, configure: Configure) -> None:
    configure(dsn="smtp://localhost:1")
    setup_test_environment()
    try:
        project(WELCOME)
        mailer().send(mailer().from_template("welcome", {"user": "Ann"}, from_="app@example.com", to="ann@example.org"))
        (message,) = mail.outbox
        assert (message.subject, message.body) == ("Welcome, Ann", "Hello Ann!\n")
    finally:
        teardown_test_environment()
