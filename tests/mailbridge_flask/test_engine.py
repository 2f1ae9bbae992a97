"""Mails of an app's own templates: its environment, its context processors, its blueprints."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Blueprint, Flask, g, request

from mailbridge import Message, TemplateBroken, TemplateError, TemplateMissing, VariableUndefined
from mailbridge_flask import MailBridge

PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """Write templates of mails, `write(welcome_txt="Hello")` in `templates/mail/welcome.txt`."""

    def work(folder: str = "templates/mail", /, **files: str) -> None:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (tmp_path / folder / name.replace("_", ".")).write_text(text)

    return work


@pytest.fixture
def app(tmp_path: Path, mail: MailBridge) -> Flask:
    app = Flask("shop", root_path=str(tmp_path))
    app.config["MAILBRIDGE"] = {"dsn": "memory://", "default_from": "shop@example.com"}
    app.testing = True
    mail.init_app(app)
    return app


def made(mail: MailBridge, app: Flask, name: str = "welcome", /, **context: Any) -> Message:
    return mail.for_app(app).from_template(name, context, to="ann@example.org")


def test_a_view_sends_a_mail_of_templates(mail: MailBridge, app: Flask, write: Callable[..., None]) -> None:
    write(
        welcome_subject_txt="Welcome, {{ user }}",
        welcome_txt="Hello {{ user }}",
        welcome_html="<p>Hello {{ user }}, see {{ url_for('home', _external=True) }}</p>",
    )

    @app.get("/")
    def home() -> str:
        return mail.send(mail.from_template("welcome", {"user": "Ann & Co"}, to="ann@example.org")).accepted[0]

    assert app.test_client().get("/").text == "ann@example.org"
    sent = mail.outbox(app).assert_sent(subject="Welcome, Ann & Co", text="Hello Ann & Co")
    assert sent.html == "<p>Hello Ann &amp; Co, see http://localhost/</p>"
    assert str(sent.from_) == "shop@example.com"


def test_escaping_goes_by_what_it_is_for_and_not_by_the_name_of_the_file(
    mail: MailBridge, app: Flask, write: Callable[..., None]
) -> None:
    write(
        _part_html="[{{ user }}]",
        both_jinja="{% block subject %}{{ user }}{% endblock %}"
        "{% block text %}{% include 'mail/.part.html' %}{% endblock %}"
        "{% block html %}<b>{% include 'mail/.part.html' %}</b>{% endblock %}",
    )
    message = made(mail, app, "both", user="A&B")
    assert (message.subject, message.text, message.html) == ("A&B", "[A&B]\n", "<b>[A&amp;B]</b>")


class TestEnvironment:
    def test_filters_globals_and_processors_of_the_app_are_there(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        app.add_template_filter(lambda text: text[::-1], "backwards")
        app.add_template_global(lambda: "ACME", "company")

        @app.context_processor
        def year() -> dict[str, Any]:
            return {"year": 2026, "user": "nobody"}

        write(welcome_txt="{{ company() }} {{ year }} {{ user|backwards }}")
        assert made(mail, app, user="Ann").text == "ACME 2026 nnA\n"

    def test_what_the_app_adds_later_is_seen_and_nothing_is_added_to_it(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        write(welcome_txt="{{ late|default('not yet') }}")
        before = set(app.jinja_env.globals), set(app.jinja_env.filters)
        assert made(mail, app).text == "not yet\n"
        assert (set(app.jinja_env.globals), set(app.jinja_env.filters)) == before
        app.jinja_env.globals["late"] = "now"
        assert made(mail, app).text == "now\n"

    def test_the_request_is_there_inside_one_and_g_is_its_own(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        write(welcome_txt="{{ request.path if request else 'no request' }} {{ g.user|default('nobody') }}")

        @app.get("/page")
        def page() -> str:
            g.user = "Ann"
            assert request.path == "/page"
            return mail.from_template("welcome", to="ann@example.org").text or ""

        assert app.test_client().get("/page").text == "/page Ann\n"
        assert made(mail, app).text == "no request nobody\n"

    def test_processors_of_a_blueprint_are_asked_in_its_requests(
        self, mail: MailBridge, app: Flask, write: Callable[..., None], tmp_path: Path
    ) -> None:
        write("admin/templates/mail", report_txt="{{ section }} report")
        admin = Blueprint("admin", __name__, root_path=str(tmp_path / "admin"), template_folder="templates")

        @admin.context_processor
        def section() -> dict[str, str]:
            return {"section": "Admin"}

        @admin.get("/report")
        def report() -> str:
            return mail.from_template("report", to="ann@example.org").text or ""

        app.register_blueprint(admin)
        assert app.test_client().get("/report").text == "Admin report\n"
        with pytest.raises(VariableUndefined, match="section"):
            made(mail, app, "report")

    def test_a_thread_without_a_context_renders_too(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        app.config["SERVER_NAME"] = "shop.example.com"
        write(welcome_txt="{{ url_for('static', filename='a.css') }}")
        found: list[str | None] = []
        thread = Thread(target=lambda: found.append(made(mail, app).text))
        thread.start()
        thread.join(10)
        assert found == ["http://shop.example.com/static/a.css\n"]

    def test_dates_are_written_in_the_language_of_the_mail_and_images_travel_along(
        self, mail: MailBridge, app: Flask, write: Callable[..., None], tmp_path: Path
    ) -> None:
        write(welcome_html="<img src='{{ image(\"logo.gif\") }}'>{{ 1234.5|format_decimal }}")
        (tmp_path / "templates/mail/logo.gif").write_bytes(PIXEL)
        message = mail.for_app(app).from_template("welcome", locale="de", to="ann@example.org")
        assert "1.234,5" in (message.html or "")
        assert message.attachments[0].content == PIXEL


@pytest.mark.parametrize("reload", [False, True])
def test_a_file_that_changes_is_read_again_in_development_or_when_told(
    mail: MailBridge, app: Flask, write: Callable[..., None], tmp_path: Path, reload: bool
) -> None:
    app.config["TEMPLATES_AUTO_RELOAD"] = reload
    write(welcome_txt="first")
    assert made(mail, app).text == "first\n"
    write(welcome_txt="second")
    os.utime(tmp_path / "templates/mail/welcome.txt", (1, 1))  # another time, however coarse the clock is
    assert made(mail, app).text == ("second\n" if reload else "first\n")
    templates = mail.for_app(app).mailer.templates
    assert templates is not None
    templates.forget()
    assert made(mail, app).text == "second\n"


class TestWhichTemplates:
    def test_message_from_template_takes_those_of_the_current_app(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        write(welcome_txt="Hello")
        with app.app_context():
            message = Message.from_template("welcome", from_="a@example.com", to="b@example.org")
        assert message.text == "Hello\n"

    def test_another_folder_of_them_may_be_named(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        app.config["MAILBRIDGE"]["template_folder"] = ""
        write("templates/letters", hello_txt="Hello")
        assert made(mail, app, "letters/hello").text == "Hello\n"
        assert mail.for_app(app).mailer.templates is not None
        assert mail.for_app(app).mailer.templates.names() == ("letters/hello",)

    def test_a_folder_apart_from_the_apps_goes_before_them(
        self, mail: MailBridge, app: Flask, write: Callable[..., None], tmp_path: Path
    ) -> None:
        write("elsewhere", welcome_txt="from elsewhere")
        app.config["MAILBRIDGE"]["templates"] = str(tmp_path / "elsewhere")
        assert made(mail, app).text == "from elsewhere\n"

    @pytest.mark.parametrize("wanted", [True, False])
    def test_styles_and_text_are_made_unless_the_settings_say_otherwise(
        self, mail: MailBridge, app: Flask, write: Callable[..., None], wanted: bool
    ) -> None:
        app.config["MAILBRIDGE"].update(inline_css=wanted, make_text=wanted)
        write(welcome_html="<style>p { color: red }</style><p>Hello</p>")
        message = made(mail, app)
        assert ('style="color: red' in (message.html or "")) is wanted
        assert message.text == ("Hello\n" if wanted else None)

    def test_the_preview_shows_them(self, app: Flask, write: Callable[..., None]) -> None:
        write(welcome_txt="Hello", broken_txt="{% if %}")
        result = app.test_cli_runner().invoke(args=["mail", "preview", "--check"])
        assert result.exit_code == 1
        assert "1 of 2 rendered" in result.output
        assert "mail/broken.txt, line 1" in result.output


class TestWhatGoesWrong:
    def test_a_template_that_is_missing_names_those_like_it(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        write(welcome_txt="Hello")
        with pytest.raises(TemplateMissing, match="Did you mean welcome"):
            made(mail, app, "welcom")

    @pytest.mark.parametrize(
        ("text", "error", "said"),
        [
            ("\n{{ user.nam }}", VariableUndefined, r"mail/welcome\.txt, line 2: user\.nam is undefined"),
            ("{{ usr }}", VariableUndefined, r"mail/welcome\.txt, line 1: the variable usr is undefined"),
            ("{% if %}", TemplateBroken, r"mail/welcome\.txt, line 1 cannot be read"),
            ("{{ url_for('nowhere') }}", TemplateError, r"mail/welcome\.txt, line 1 raises"),
        ],
    )
    def test_the_error_names_file_and_line_and_nothing_is_sent(
        self, mail: MailBridge, app: Flask, write: Callable[..., None], text: str, error: type[Exception], said: str
    ) -> None:
        write(welcome_txt=text)
        with pytest.raises(error, match=said):
            made(mail, app, user={"name": "Ann"})
        assert mail.outbox(app) == []

    def test_a_context_processor_that_fails_is_told_as_an_error_of_the_template(
        self, mail: MailBridge, app: Flask, write: Callable[..., None]
    ) -> None:
        @app.context_processor
        def broken() -> dict[str, Any]:
            return {"who": request.headers["X-User"]}

        write(welcome_txt="Hello")
        with pytest.raises(TemplateError, match=r"mail/welcome\.txt raises RuntimeError"):
            made(mail, app)


def test_of_several_in_an_app_the_default_one_makes_messages_of_templates(tmp_path: Path) -> None:
    (tmp_path / "templates" / "mail").mkdir(parents=True)
    (tmp_path / "templates" / "other").mkdir()
    (tmp_path / "templates" / "mail" / "hi.txt").write_text("of the default")
    (tmp_path / "templates" / "other" / "hi.txt").write_text("of the other")
    app = Flask("several", root_path=str(tmp_path))
    app.config["MAILBRIDGE"] = "null://"
    app.config["MAILBRIDGE_BULK"] = {"dsn": "null://", "template_folder": "other"}
    MailBridge(app, name="bulk")
    MailBridge(app)
    with app.app_context():
        made = Message.from_template("hi", from_="a@example.com", to="b@example.com", subject="Hi")
    assert made.text is not None
    assert made.text.strip() == "of the default"
