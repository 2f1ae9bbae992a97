"""Errors of an app mailed to its operators: what the mail says of the request, and what it keeps to itself."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, request
from support.flask_apps import MakeApp
from support.peer import Peer

from mailbridge import ConfigError
from mailbridge_flask import ErrorMailHandler, MailBridge, message_sent

SETTINGS = {"dsn": "null://", "default_from": "shop@example.com"}


@pytest.fixture
def app(mail: MailBridge, make_app: MakeApp) -> Iterator[Flask]:
    """Give an app whose errors are mailed, and kept for the test."""
    app = make_app(config={"MAIL_SUPPRESS_SEND": True}, **SETTINGS)
    handler = mail.mail_errors(app, to="ops@example.com", background=False)

    @app.route("/reset/<token>", methods=["GET", "POST"])
    def reset(token: str) -> str:
        if request.method == "POST":
            raise ValueError(f"{request.form['password']} {token} {request.cookies} {request.authorization}")
        raise LookupError("nobody")

    @app.get("/page")
    def page() -> str:
        app.logger.error("Half done")
        return "page"

    yield app
    app.logger.removeHandler(handler)
    handler.close()


def texts(mail: MailBridge, app: Flask) -> list[str]:
    return [f"{each.subject}\n{each.text}" for each in mail.outbox(app)]


def test_an_exception_in_a_view_is_mailed_with_the_request(mail: MailBridge, app: Flask) -> None:
    answer = app.test_client().get("/reset/abcdef?next=/home", headers={"User-Agent": "Browser/1.0"})
    assert answer.status_code == 500
    (said,) = texts(mail, app)
    assert said.startswith("[shop] ERROR: Exception on /reset/<token> [GET] (LookupError)\n")
    assert 'raise LookupError("nobody")' in said
    for line in (
        "Request: GET /reset/<token>",
        "Endpoint: reset",
        "From: 127.0.0.1",
        "Program: Browser/1.0",
        "Query: next",
    ):
        assert f"\n{line}\n" in said
    assert [each.addr_spec for each in mail.outbox(app)[0].to] == ["ops@example.com"]


def test_what_lets_somebody_in_is_not_told(mail: MailBridge, app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("session", "cookie-of-ann")
    client.post(
        "/reset/link-of-ann?api_key=key-of-ann",
        data={"password": "password-of-ann", "colour": "red"},
        auth=("ann", "login-of-ann"),
        headers={"X-Api-Key": "header-of-ann"},
    )
    (said,) = texts(mail, app)
    assert "-of-ann" not in said
    assert "\nQuery: api_key\n" in said
    assert "\nForm: password, colour\n" in said


def test_a_login_and_a_body_in_json_are_masked_as_well(mail: MailBridge, app: Flask) -> None:
    @app.post("/login")
    def login() -> str:
        assert request.authorization is not None
        raise ValueError(f"{request.authorization.password}: {request.json}")

    body = {"name": "ann", "password": "password-of-ann", "card": {"cvc_token": [4711123]}}
    app.test_client().post("/login", json=body, auth=("ann", "login-of-ann"))
    (said,) = texts(mail, app)
    assert "ValueError: ********: " in said
    assert "'name': 'ann'" in said
    assert not [secret for secret in ("-of-ann", "4711123") if secret in said]


def test_a_path_is_told_by_its_rule_only_where_it_stands_alone(mail: MailBridge, app: Flask) -> None:
    @app.get("/<word>")
    def word(word: str) -> str:
        app.logger.error("%s is in /home/%s, /%s/x and at http://localhost/%s", request.path, word, word, word)
        return word

    app.test_client().get("/app")
    assert "/<word> is in /home/app, /app/x and at http://localhost/app" in texts(mail, app)[0]


def test_what_a_visitor_sends_cannot_keep_the_mail_from_being_written(mail: MailBridge, app: Flask) -> None:
    @app.post("/data")
    def data() -> str:
        assert request.json
        assert request.form is not None
        raise ValueError("no good")

    deep = '{"token": ' + "[" * 900 + '"s3cret"' + "]" * 900 + "}"
    tokens = "&".join(f"token={number:08}" for number in range(1000))
    client = app.test_client()
    assert client.post(f"/data?{tokens}", data=deep, content_type="application/json").status_code == 500
    assert "ValueError: no good" in texts(mail, app)[0]


def test_a_log_of_the_app_is_mailed_outside_a_request_too(mail: MailBridge, app: Flask) -> None:
    app.logger.error("The queue stands still")
    assert app.test_client().get("/page").text == "page"
    first, second = texts(mail, app)
    assert "Request:" not in first
    assert "\nRequest: GET /page\n" in second


def test_a_form_that_the_view_did_not_read_is_left_alone(mail: MailBridge, app: Flask) -> None:
    @app.post("/raw")
    def raw() -> str:
        app.logger.error("Look")
        return str(len(request.get_data(cache=False)))

    assert app.test_client().post("/raw", data={"a": "b"}).text == "3"
    assert "Form:" not in texts(mail, app)[0]


def test_an_address_that_is_no_route_is_told_as_it_is(mail: MailBridge, app: Flask) -> None:
    @app.errorhandler(404)
    def missing(error: Any) -> tuple[str, int]:
        app.logger.error("Not there")
        return "", 404

    app.test_client().get("/no/such/page")
    assert "Request: GET /no/such/page" in texts(mail, app)[0]


def test_apps_of_the_same_name_share_a_logger_and_not_their_mail(mail: MailBridge, app: Flask) -> None:
    other = Flask("shop")
    other.config.update(TESTING=False, MAIL_SUPPRESS_SEND=True, MAILBRIDGE=SETTINGS)
    mail.init_app(other)
    assert other.logger is app.logger
    with other.app_context():
        other.logger.error("of the other")
    assert texts(mail, app) == []


def test_a_handler_does_not_keep_its_app_and_leaves_the_logger_after_it(mail: MailBridge, make_app: MakeApp) -> None:
    gone = []
    for _ in range(3):
        app = Flask("factory")
        app.config["MAILBRIDGE"] = SETTINGS
        mail.init_app(app)
        mail.mail_errors(app, to="ops@example.com", background=False)
        app.logger.error("boom")
        gone.append(weakref.ref(app))
        del app
        gc.collect()
    assert [ref() for ref in gone] == [None] * 3
    logger = logging.getLogger("factory")
    (left,) = [each for each in logger.handlers if isinstance(each, ErrorMailHandler)]
    logger.error("nobody's any more")
    logger.removeHandler(left)
    left.close()


def test_a_receiver_that_fails_at_each_mail_does_not_make_more_of_them(mail: MailBridge, app: Flask) -> None:
    def broken(sender: Any, **told: Any) -> None:
        app.logger.error("broken")
        raise RuntimeError("broken")

    with message_sent.connected_to(broken, app):
        app.test_client().get("/page")
    assert len(texts(mail, app)) == 1


def test_by_default_a_thread_mails_over_the_real_connection_and_leaves_politely(
    mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
) -> None:
    server = peer()
    app = make_app(dsn=f"smtp://{server.address}?tls=off", default_from="shop@example.com")
    handler = mail.mail_errors(app, to="ops@example.com", level=logging.CRITICAL, prefix="production")
    assert isinstance(handler, ErrorMailHandler)
    app.logger.error("not so bad")
    app.logger.critical("bad")
    app.logger.removeHandler(handler)
    handler.close()
    (message,) = server.messages
    assert b"Subject: [production] CRITICAL: bad\r\n" in message.data
    assert server.sessions[0].end == "quit"


@pytest.mark.parametrize(("options", "said"), [({"to": "nobody"}, "nobody"), ({"to": "a@b.org", "limit": 0}, "limit")])
def test_what_cannot_be_used_is_refused_and_nothing_is_mounted(
    mail: MailBridge, make_app: MakeApp, options: dict[str, Any], said: str
) -> None:
    app = make_app("another", dsn="null://")
    before = list(app.logger.handlers)
    with pytest.raises(ConfigError, match=said):
        mail.mail_errors(app, **options)
    assert app.logger.handlers == before


def test_a_short_cookie_is_a_word_and_stays_in_the_text(mail: MailBridge, app: Flask) -> None:
    @app.get("/theme")
    def theme() -> str:
        app.logger.error("The dark theme of %s fails", request.cookies["session"])
        return ""

    client = app.test_client()
    client.set_cookie("theme", "dark")
    client.set_cookie("session", "cookie-of-ann")
    client.get("/theme")
    assert "The dark theme of ******** fails" in texts(mail, app)[0]


def test_of_two_secrets_that_overlap_nothing_is_left(mail: MailBridge, app: Flask) -> None:
    @app.get("/two")
    def two() -> str:
        app.logger.error("It was <%s>", request.args["api_key"])
        return ""

    app.test_client().get("/two?token=ann-1&api_key=ann-1-of-paris")
    assert "It was <********>" in texts(mail, app)[0]


def test_a_bearer_token_is_masked(mail: MailBridge, app: Flask) -> None:
    @app.get("/api")
    def api() -> str:
        assert request.authorization is not None
        app.logger.error("It was <%s>", request.authorization.token)
        return ""

    app.test_client().get("/api", headers={"Authorization": "Bearer abcdefgh"})
    assert "It was <********>" in texts(mail, app)[0]
