"""Quart: an extension without an app of its own, configured at startup, suppressed under TESTING."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from quart import Quart
from quart.testing.app import LifespanError
from quart.utils import run_sync
from support.peer import Peer, delay, proceed, reply
from support.trial import message

from mailbridge.asgi.quart import MailBridge
from mailbridge.errors import ConfigError, MailError, Unsupported
from mailbridge.hooks import hookimpl
from mailbridge.message.message import Message

Start = Callable[..., Peer]

mail = MailBridge()


def application(config: Any = None, **more: Any) -> Quart:
    app = Quart(__name__)
    app.config["MAILBRIDGE"] = config
    app.config.update(more)
    mail.init_app(app)

    @app.post("/welcome")
    async def welcome() -> list[str]:
        return list((await mail.asend(message())).accepted)

    @app.post("/blocking")
    def blocking_welcome() -> list[str]:
        return list(mail.mailer.send(message()).accepted)

    @app.post("/later")
    async def welcome_later() -> str:
        app.add_background_task(mail.for_app(app).asend, message())
        return "soon"

    return app


def running(app: Quart, scenario: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    """Start the application, let the scenario use its client, and end it."""

    async def through() -> Any:
        async with app.test_app() as started:
            return await scenario(started.test_client())

    return asyncio.run(through())


async def post(client: Any, *paths: str) -> None:
    for path in paths:
        assert (await client.post(path)).status_code == 200


@pytest.mark.parametrize("path", ["/welcome", "/blocking"])
def test_views_of_both_kinds_share_a_connection_until_the_end(peer: Start, path: str) -> None:
    server = peer()
    running(application(f"smtp://{server.address}"), lambda client: post(client, path, path, path))
    assert (server.submissions, server.connections) == (3, 1)
    assert [session.end for session in server.sessions] == ["quit"]


def test_an_application_that_is_started_twice_reads_its_configuration_twice(peer: Start) -> None:
    first, second = peer(), peer()
    app = application(f"smtp://{first.address}")
    running(app, lambda client: post(client, "/welcome"))
    app.config["MAILBRIDGE"] = {"dsn": f"smtp://{second.address}"}
    running(app, lambda client: post(client, "/welcome"))
    assert (first.submissions, second.submissions) == (1, 1)


def test_what_was_sent_before_the_startup_went_by_the_configuration_of_that_time(peer: Start) -> None:
    first, second = peer(), peer()
    app = application(f"smtp://{first.address}")
    mail.for_app(app).send(message())
    app.config["MAILBRIDGE"] = f"smtp://{second.address}"
    running(app, lambda client: post(client, "/welcome"))
    assert (first.submissions, second.submissions) == (1, 1)
    assert [session.end for session in first.sessions] == ["quit"]


def test_a_background_task_needs_no_context_and_the_end_waits_for_it(peer: Start) -> None:
    server = peer({".": [delay(0.3) + proceed()]})
    running(application(f"smtp://{server.address}"), lambda client: post(client, "/later"))
    assert (server.submissions, server.connections) == (1, 1)
    assert [session.end for session in server.sessions] == ["quit"]


def test_a_failure_in_the_background_is_logged_by_us_and_by_quart(
    peer: Start, caplog: pytest.LogCaptureFixture
) -> None:
    server = peer({"RCPT": reply("550 5.1.1 no such user")})
    app = application(f"smtp://{server.address}")
    running(app, lambda client: post(client, "/later"))
    told = [record.name for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["mailbridge.send", app.logger.name]


def test_a_failure_in_a_view_is_the_views(peer: Start) -> None:
    server = peer({"RCPT": reply("550 5.1.1 no such user")})
    app = application(f"smtp://{server.address}")

    @app.errorhandler(MailError)
    async def unsent(error: MailError) -> tuple[str, int]:
        return error.text, 503

    async def scenario(client: Any) -> int:
        return (await client.post("/welcome")).status_code  # type: ignore[no-any-return]

    assert running(app, scenario) == 503


def test_one_extension_serves_many_applications_and_an_application_has_many(peer: Start) -> None:
    shop, blog, bulk = peer(), peer(), peer()
    one, other = application(f"smtp://{shop.address}"), application(f"smtp://{blog.address}")
    newsletter = MailBridge(one, name="bulk")
    one.config["MAILBRIDGE_BULK"] = f"smtp://{bulk.address}"

    async def scenario(client: Any) -> None:
        await post(client, "/welcome")
        await newsletter.for_app(one).asend(message())

    running(one, scenario)
    running(other, lambda client: post(client, "/welcome"))
    assert (shop.submissions, blog.submissions, bulk.submissions) == (1, 1, 1)


def test_mailers_of_one_configuration_have_names(peer: Start) -> None:
    server = peer()
    app = application({"dsn": "null://", "mailers": {"bulk": f"smtp://{server.address}"}})

    async def scenario(client: Any) -> None:
        await mail.for_app(app).asend(message(), via="bulk")

    running(app, scenario)
    assert server.submissions == 1


# --- configuration


def test_what_the_environment_says_goes_before_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUART_MAILBRIDGE__MAILERS__BULK__DSN", "memory://")
    monkeypatch.setenv("QUART_MAILBRIDGE__DEFAULT_FROM", "shop@example.com")
    app = application({"dsn": "null://", "mailers": {"bulk": {"dsn": "null://"}}})
    app.config.from_prefixed_env()
    mailer = mail.for_app(app)
    assert str(mailer.transport("bulk")) == "memory://"
    assert mailer.message(to="ann@example.org", text="Hi").from_.addr_spec == "shop@example.com"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, r"No mailer is configured in app.config\['MAILBRIDGE'\].*QUART_MAILBRIDGE__DSN"),
        ({"default_from": "shop@example.com"}, r"No mailer is configured in app.config"),
        (5, r"app.config\['MAILBRIDGE'\] must be a DSN or a dictionary, not int"),
        ({"dns": "null://"}, r"unknown setting dns; did you mean dsn\? \(in app.config\['MAILBRIDGE'\]\)"),
        ("smpt://ann:s3cret@mail.example.com", "did you mean smtp"),
    ],
)
def test_a_configuration_that_is_wrong_stops_the_startup(config: Any, said: str) -> None:
    with pytest.raises(LifespanError, match=said) as caught:
        running(application(config), lambda client: post(client))
    assert "s3cret" not in str(caught.value)


def test_an_app_without_context_or_extension_or_with_two_is_told() -> None:
    with pytest.raises(ConfigError, match="no application context"):
        _ = mail.mailer
    with pytest.raises(ConfigError, match="Call init_app"):
        mail.for_app(Quart("other"))
    with pytest.raises(ConfigError, match="already"):
        mail.init_app(application("null://"))
    with pytest.raises(ConfigError, match="small letters"):
        MailBridge(name="Bulk mail")


# --- tests of the application


def test_under_testing_nothing_leaves_and_the_outbox_has_it() -> None:
    app = application("smtp://mail.example.com", TESTING=True)
    running(app, lambda client: post(client, "/welcome", "/blocking", "/later"))
    assert [sent.subject for sent in mail.outbox(app)] == ["Hi"] * 3
    assert {sent.transport for sent in mail.outbox(app)} == {"smtp://mail.example.com:587"}


@pytest.mark.parametrize("config", [None, {"default_from": "shop@example.com"}])
def test_testing_may_be_set_late_and_needs_neither_configuration_nor_startup(config: Any) -> None:
    app = application(config)
    app.testing = True
    asyncio.run(post(app.test_client(), "/welcome"))
    [sent] = mail.outbox(app)
    assert [to.addr_spec for to in sent.to] == ["ann@example.org"]


def test_under_testing_a_message_is_checked_as_in_production() -> None:
    app = application("smtp://mail.example.com", TESTING=True)
    with pytest.raises(Unsupported):
        asyncio.run(mail.for_app(app).asend(message(tags=["welcome"])))
    assert mail.outbox(app) == []


def test_hooks_are_called_in_earnest_and_under_testing(peer: Start) -> None:
    class Stamp:
        @hookimpl
        def mailbridge_message(self, message: Message) -> Message:
            return message.replace(subject="Stamped")

    app = Quart(__name__)
    app.config["MAILBRIDGE"] = "null://"
    stamped = MailBridge(app, hooks=[Stamp()])
    app.testing = True
    asyncio.run(stamped.for_app(app).asend(message()))
    assert stamped.outbox(app)[0].subject == "Stamped"


# --- quart mail


def test_quart_mail_sends_by_the_configuration_of_the_app(peer: Start) -> None:
    server = peer()
    app = application({"dsn": f"smtp://{server.address}", "default_from": "shop@example.com"})
    ran = app.test_cli_runner().invoke(args=["mail", "test-send", "ann@example.org"])
    assert ran.exit_code == 0, ran.output
    assert server.messages[0].recipients == ("ann@example.org",)


def test_quart_mail_tells_what_is_wrong_and_ends_with_our_code() -> None:
    ran = application().test_cli_runner().invoke(args=["mail", "config", "check"])
    assert ran.exit_code == 3
    assert "QUART_MAILBRIDGE__DSN" in ran.output


def test_a_view_in_a_thread_has_its_context(peer: Start) -> None:
    server = peer()
    app = application(f"smtp://{server.address}")

    @app.post("/thread")
    async def in_thread() -> list[str]:
        return list((await run_sync(lambda: mail.mailer.send(message()))()).accepted)

    running(app, lambda client: post(client, "/thread"))
    assert server.submissions == 1
