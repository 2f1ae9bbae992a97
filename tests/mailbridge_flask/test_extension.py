"""The extension: several apps, several instances, contexts, threads, event loops, forks."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.flask_apps import MESSAGE, MakeApp
from support.peer import Peer

from mailbridge import ConfigError, MessageInvalid
from mailbridge.inbox import CatchAll
from mailbridge_flask import AppMailer, MailBridge

ROOT = Path(__file__).resolve().parents[2]


class TestApps:
    def test_one_extension_serves_several_apps_each_by_its_own_configuration(
        self, mail: MailBridge, make_app: MakeApp
    ) -> None:
        shop, blog = make_app("shop", dsn="null://"), make_app("blog", dsn="memory://")
        with shop.app_context():
            assert mail.send(MESSAGE).transport == "null://"
            with blog.app_context():
                assert mail.send(MESSAGE).transport == "memory://"
            assert mail.send(MESSAGE).transport == "null://"

    def test_the_extension_keeps_nothing_of_an_app(self, mail: MailBridge) -> None:
        app = Flask("shop")
        app.config["MAILBRIDGE"] = "memory://"
        mail.init_app(app)
        mail.for_app(app).send(MESSAGE)
        assert not hasattr(mail, "__dict__")
        gone = weakref.ref(app)
        del app
        gc.collect()
        assert gone() is None

    def test_state_is_where_flask_wants_it(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(dsn="null://")
        assert app.extensions["mailbridge"] == {"default": mail.for_app(app)}
        assert isinstance(mail.for_app(app), AppMailer)

    def test_an_app_given_at_once_is_the_same(self) -> None:
        app = Flask("shop")
        app.config["MAILBRIDGE"] = "null://"
        assert MailBridge(app).for_app(app).send(MESSAGE).accepted == ("ann@example.org",)

    def test_two_of_a_name_are_refused_and_another_name_is_not(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(dsn="null://")
        with pytest.raises(ConfigError, match=r"has a MailBridge named 'default' already.*MAILBRIDGE_BULK"):
            mail.init_app(app)
        MailBridge(app, name="bulk")
        with pytest.raises(ConfigError, match="named 'bulk' already"):
            MailBridge(app, name="bulk")

    @pytest.mark.parametrize("name", ["", "Bulk", "bulk-2", "2nd", "büro"])
    def test_a_name_that_makes_no_key_is_refused(self, name: str) -> None:
        with pytest.raises(ConfigError, match="cannot be named"):
            MailBridge(name=name)

    def test_an_app_that_was_not_initialised_is_told(self, mail: MailBridge) -> None:
        with pytest.raises(ConfigError, match=r"has no MailBridge named 'default'.*init_app"):
            mail.for_app(Flask("other"))


class TestContexts:
    def test_without_a_context_the_error_says_what_to_do(self, mail: MailBridge, make_app: MakeApp) -> None:
        make_app(dsn="null://")
        with pytest.raises(ConfigError, match=r"no application context.*for_app"):
            mail.send(MESSAGE)

    def test_a_view_sends_over_a_real_connection_that_outlives_the_request(
        self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
    ) -> None:
        server = peer()
        app = make_app(dsn=f"smtp://{server.address}?tls=off", default_from="shop@example.com")

        @app.post("/order")
        def order() -> str:
            return mail.send(mail.message(to="ann@example.org", subject="Your order", text="Thanks")).accepted[0]

        client = app.test_client()
        assert [client.post("/order").text for _ in range(3)] == ["ann@example.org"] * 3
        assert len(server.messages) == 3
        assert server.connections == 1
        mail.close(app)
        assert server.sessions[0].end == "quit"

    def test_a_handle_sends_from_threads_without_a_context(
        self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
    ) -> None:
        server = peer()
        handle = mail.for_app(make_app(dsn=f"smtp://{server.address}?tls=off"))
        with ThreadPoolExecutor(4) as threads:
            receipts = list(threads.map(handle.send, [MESSAGE] * 12))
        assert all(receipt.complete for receipt in receipts)
        assert len(server.messages) == 12

    def test_threads_that_begin_at_once_share_one_mailer(self, mail: MailBridge, make_app: MakeApp) -> None:
        handle = mail.for_app(make_app(dsn="memory://"))
        with ThreadPoolExecutor(8) as threads:
            mailers = set(threads.map(lambda _: id(handle.mailer), range(64)))
        assert len(mailers) == 1

    def test_inside_a_context_for_app_needs_no_app(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(dsn="null://")
        with app.app_context():
            assert mail.for_app() is mail.for_app(app)
            assert mail.mailer is mail.for_app(app).mailer


class TestSending:
    def test_via_and_dsn_choose_the_transport(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(dsn="null://", mailers={"bulk": "memory://"})
        with app.app_context():
            assert mail.send(MESSAGE, via="bulk").transport == "memory://"
            assert mail.send(MESSAGE.replace(via="bulk")).transport == "memory://"
            assert mail.send(MESSAGE, dsn="null://?").transport == "null://"
            with pytest.raises(ConfigError, match="No mailer is named 'x'"):
                mail.send(MESSAGE, via="x")

    def test_many_are_sent_lazily_with_an_outcome_each(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(dsn="memory://")
        with app.app_context():
            outcomes = list(mail.send_many(MESSAGE.replace(subject=str(n)) for n in range(3)))
        assert [outcome.accepted for outcome in outcomes] == [("ann@example.org",)] * 3  # type: ignore[union-attr]

    def test_a_message_without_an_author_is_refused(self, mail: MailBridge, make_app: MakeApp) -> None:
        with make_app(dsn="null://").app_context(), pytest.raises(MessageInvalid, match="from_"):
            mail.message(to="ann@example.org", text="Hi")

    def test_verify_asks_the_server(self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]) -> None:
        with make_app(dsn=f"smtp://{peer().address}?tls=off").app_context():
            assert mail.verify().details["extensions"]

    def test_an_asynchronous_view_may_await_or_just_send(
        self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
    ) -> None:
        server = peer()
        app = make_app(dsn=f"smtp://{server.address}?tls=off")

        @app.get("/await")
        async def awaiting() -> str:
            await mail.averify()
            several = [outcome async for outcome in mail.asend_many([MESSAGE, MESSAGE])]
            return str(len((await mail.asend(MESSAGE)).accepted) + len(several))

        @app.get("/block")
        async def blocking() -> str:
            return str(len(mail.send(MESSAGE).accepted))

        client = app.test_client()
        assert [client.get("/await").text, client.get("/block").text, client.get("/await").text] == ["3", "1", "3"]
        assert len(server.messages) == 7

    def test_a_loop_of_ones_own_may_hold_the_connection(
        self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
    ) -> None:
        server = peer()
        handle = mail.for_app(make_app(dsn=f"smtp://{server.address}?tls=off"))

        async def work() -> None:
            async with handle.mailer:
                for _ in range(3):
                    await handle.asend(MESSAGE)

        asyncio.run(work())
        assert server.connections == 1


class TestLife:
    def test_at_exit_the_server_is_taken_leave_of(self, peer: Callable[..., Peer]) -> None:
        server = peer()
        program = f"""
from flask import Flask
from mailbridge_flask import MailBridge
app = Flask("shop")
app.config["MAILBRIDGE"] = {{"dsn": "smtp://{server.address}?tls=off", "default_from": "shop@example.com"}}
mail = MailBridge(app)
with app.app_context():
    mail.send(mail.message(to="ann@example.org", text="Hi"))
"""
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=ROOT, timeout=25)
        assert server.sessions[0].end == "quit"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_forked_worker_opens_connections_of_its_own(
        self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
    ) -> None:
        """As gunicorn does with --preload: the app is made, and may have sent, before workers are forked."""
        server = peer()
        handle = mail.for_app(make_app(dsn=f"smtp://{server.address}?tls=off"))
        first = handle.send(MESSAGE)
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if handle.send(MESSAGE).message_id != first.message_id else 2
            finally:
                handle.close()
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        handle.send(MESSAGE)
        handle.close()
        assert sorted(len(session.messages) for session in server.sessions) == [1, 2]
        assert [session.end for session in server.sessions] == ["quit", "quit"]

    def test_what_is_caught_is_what_was_sent(self, mail: MailBridge, make_app: MakeApp) -> None:
        with CatchAll(auth=("ann", "s3cret")) as server:
            app = make_app(dsn=server.dsn)
            with app.app_context():
                mail.send(MESSAGE)
            mail.close(app)
            (caught,) = server.mailbox.messages
        assert (caught.envelope_from, caught.recipients) == ("shop@example.com", ("ann@example.org",))

    def test_a_handle_says_whose_it_is_and_nothing_else(self, mail: MailBridge, make_app: MakeApp) -> None:
        app: Any = make_app(dsn="smtp://ann:s3cret@mail.example.com")
        assert repr(mail.for_app(app)) == "AppMailer('shop', 'default')"
        assert repr(mail) == "MailBridge(name='default')"


@pytest.mark.parametrize("module", ["mailbridge_flask", "mailbridge_flask.flask_mail"])
def test_without_flask_an_import_says_what_to_install(module: str) -> None:
    missing = "import sys; sys.modules.update(dict.fromkeys(['blinker', 'flask', 'werkzeug']))"
    run = subprocess.run(
        [sys.executable, "-c", f"{missing}; import {module}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: mailbridge_flask needs Flask, which is not installed. "
        "Run: pip install '.[flask]' in a checkout of mailbridge."
    )
