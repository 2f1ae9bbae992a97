"""`MailHandler`: what is mailed, what is not, and that it never gets in the way."""

from __future__ import annotations

import logging
import logging.config
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.peer import Peer, reply

from mailbridge import ConfigError, Mailer, Message, hookimpl
from mailbridge.extend import MimeTransport
from mailbridge.logging import MailHandler
from mailbridge.message.features import LOCAL

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def mailer() -> Mailer:
    return Mailer("memory://", default_from="shop@example.com")


@pytest.fixture
def handle() -> Iterator[Callable[..., tuple[logging.Logger, MailHandler]]]:
    """Make a logger with a handler that mails in the thread of whoever logs, unless told otherwise."""
    made = []

    def make(mailer: Any, **options: Any) -> tuple[logging.Logger, MailHandler]:
        handler = MailHandler(mailer, **{"to": "ops@example.com", "background": False, **options})
        logger = logging.Logger("shop")
        logger.addHandler(handler)
        made.append(handler)
        return logger, handler

    yield make
    for each in made:
        each.close()


Handle = Callable[..., tuple[logging.Logger, MailHandler]]


def sent(mailer: Mailer) -> tuple[Message, ...]:
    transport: Any = mailer.transport()
    messages: tuple[Message, ...] = transport.messages
    return messages


class TestLetters:
    def test_a_record_is_mailed_with_its_place(self, mailer: Mailer, handle: Handle) -> None:
        logger, _ = handle(mailer, to=["ops@example.com", "Ann <ann@example.org>"], prefix="shop")
        logger.error("%s is full", "The disk")
        (message,) = sent(mailer)
        assert message.subject == "[shop] ERROR: The disk is full"
        assert [each.addr_spec for each in message.to] == ["ops@example.com", "ann@example.org"]
        assert message.from_.addr_spec == "shop@example.com"
        assert message.text is not None
        assert message.text.startswith("The disk is full\n\nERROR of shop, ")
        assert "test_handler.py:" in message.text
        assert f"process {os.getpid()}" in message.text
        assert ("Auto-Submitted", "auto-generated") in message.headers
        assert message.sensitive

    def test_a_traceback_is_in_it_and_the_exception_in_the_subject(self, mailer: Mailer, handle: Handle) -> None:
        logger, _ = handle(mailer)
        try:
            raise LookupError("no such order") from ValueError("17")
        except LookupError:
            logger.exception("Checkout failed", stack_info=True)
        (message,) = sent(mailer)
        assert message.subject == "ERROR: Checkout failed (LookupError)"
        text = message.text or ""
        assert (
            text.index("ValueError: 17") < text.index("LookupError: no such order") < text.index("Stack (most recent")
        )

    def test_secrets_are_masked_everywhere(self, mailer: Mailer, handle: Handle) -> None:
        logger, _ = handle(mailer)
        try:
            raise ConnectionError("smtp://ann:s3cret@mail.example.com is gone, password=s3cret")
        except ConnectionError:
            logger.exception("Cannot reach smtp://ann:s3cret@mail.example.com")
        assert "s3cret" not in repr((sent(mailer)[0].subject, sent(mailer)[0].text))

    def test_a_subject_is_one_line_without_control_characters(self, mailer: Mailer, handle: Handle) -> None:
        logger, _ = handle(mailer, prefix="sh\nop")
        logger.error("first\r\nBcc: eve@example.com\x1b[2J")
        assert sent(mailer)[0].subject == r"[sh\nop] ERROR: first\r …"
        assert "\x1b" not in (sent(mailer)[0].text or "")

    def test_what_is_too_long_is_cut(self, mailer: Mailer, handle: Handle) -> None:
        logger, _ = handle(mailer)
        logger.error("x" * 1_000_000 + "end")
        assert len(sent(mailer)[0].subject) <= 200
        assert "characters left out" in (sent(mailer)[0].text or "")
        assert "xend" in (sent(mailer)[0].text or "")
        assert len(sent(mailer)[0].text or "") < 110_000

    def test_a_formatter_writes_the_text_and_secrets_are_masked_all_the_same(
        self, mailer: Mailer, handle: Handle
    ) -> None:
        logger, handler = handle(mailer)
        handler.setFormatter(logging.Formatter("%(levelname)s! %(message)s"))
        logger.error("token=abcdef")
        assert sent(mailer)[0].text == "ERROR! token=********\n"

    def test_a_subclass_adds_details_and_hides_more(self, mailer: Mailer) -> None:
        class Ours(MailHandler):
            def details(self, record: logging.LogRecord) -> dict[str, str]:
                return {"Tenant": "acme\nBcc: x", "Order": "4711"}

            def redacted(self, text: str) -> str:
                return super().redacted(text).replace("4711", "****")

        logger = logging.Logger("shop")
        logger.addHandler(Ours(mailer, to="ops@example.com", background=False))
        logger.error("Order 4711")
        assert sent(mailer)[0].subject == "ERROR: Order ****"
        assert (sent(mailer)[0].text or "").endswith("\n\nTenant: acme Bcc: x\nOrder: ****\n")

    def test_details_that_fail_do_not_cost_the_record(self, mailer: Mailer) -> None:
        class Ours(MailHandler):
            def details(self, record: logging.LogRecord) -> dict[str, str]:
                raise RuntimeError("no request")

        logger = logging.Logger("shop")
        logger.addHandler(Ours(mailer, to="ops@example.com", background=False))
        logger.error("boom")
        assert "Details: could not be told: RuntimeError: no request" in (sent(mailer)[0].text or "")


class TestWhichRecords:
    def test_those_below_the_level_are_not_mailed(self, mailer: Mailer, handle: Handle) -> None:
        logger, _ = handle(mailer)
        logger.warning("nearly full")
        assert not sent(mailer)

    def test_what_mailbridge_says_is_not_mailed(self, mailer: Mailer, handle: Handle) -> None:
        _, handler = handle(mailer)
        for name in ("mailbridge", "mailbridge.send", "mailbridge.flask"):
            logger = logging.Logger(name)
            logger.addHandler(handler)
            logger.error("no server")
        assert not sent(mailer)

    def test_what_is_logged_while_mailing_is_not_mailed(self, handle: Handle) -> None:
        class Chatty:
            @hookimpl
            def mailbridge_message(self, message: Message) -> None:
                logger.error("about to mail %s", message.subject)

        mailer = Mailer("memory://", default_from="shop@example.com", hooks=[Chatty()])
        logger, _ = handle(mailer)
        logger.error("boom")
        assert [each.subject for each in sent(mailer)] == ["ERROR: boom"]

    def test_more_of_a_kind_are_told_in_one_mail(self, mailer: Mailer, handle: Handle) -> None:
        clock = Clock()
        logger, _ = handle(mailer, clock=clock, interval=600, prefix="shop")

        def fail(number: int) -> None:
            logger.error("boom %d", number)

        for number in range(5):
            fail(number)
        clock.now = 600.0
        fail(5)
        assert [each.subject for each in sent(mailer)] == [
            "[shop] ERROR: boom 0",
            "[shop] 4 more like ERROR: boom 0",
            "[shop] ERROR: boom 5",
        ]
        assert sent(mailer)[1].text == ("In 10 minutes, besides those that were mailed:\n\n4 more like ERROR: boom 0\n")

    def test_no_more_kinds_are_mailed_than_allowed_and_flush_tells_the_rest(
        self, mailer: Mailer, handle: Handle
    ) -> None:
        logger, handler = handle(mailer, limit=1)
        for level in (logging.ERROR, logging.CRITICAL, logging.ERROR):
            logger.log(level, "boom")
        logger.error("boom")
        handler.flush()
        assert [each.subject for each in sent(mailer)] == ["ERROR: boom", "3 more log records"]
        assert "of other kinds" in (sent(mailer)[1].text or "")


class TestFailures:
    def test_a_mail_that_fails_raises_nothing_and_is_told_in_the_next(
        self, handle: Handle, peer: Callable[..., Peer], caplog: pytest.LogCaptureFixture, capsys: Any
    ) -> None:
        server = peer({"MAIL": [reply("451 4.3.0 later")]})
        with Mailer(f"smtp://{server.address}?tls=off", default_from="shop@example.com") as mailer:
            logger, _ = handle(mailer)
            with caplog.at_level(logging.WARNING, "mailbridge.logging"):
                logger.error("one")
            logger.critical("two")
        assert "could not be sent: ServerError" in caplog.text or "could not be sent: SenderRefused" in caplog.text
        assert b"Earlier mails that could not be sent: 1" in server.messages[0].data
        assert capsys.readouterr() == ("", "")

    def test_a_handler_without_an_author_says_so_and_raises_nothing(
        self, handle: Handle, caplog: pytest.LogCaptureFixture
    ) -> None:
        logger, _ = handle("null://")
        logger.error("boom")
        assert "could not be sent: MessageInvalid" in caplog.text

    def test_a_record_that_cannot_be_formatted_is_loggings_own_affair(
        self, mailer: Mailer, handle: Handle, capsys: Any
    ) -> None:
        logger, _ = handle(mailer)
        logger.error("%d", "x")
        assert "--- Logging error ---" in capsys.readouterr().err
        assert not sent(mailer)

    def test_a_provider_without_headers_gets_the_mail_without_them(self, handle: Handle) -> None:
        got: list[Message] = []

        class Plain(MimeTransport):
            name = "plain"
            quick = True
            features = LOCAL - {"headers"}

            def deliver(self, delivery: Any, mime: Any) -> Any:
                got.append(delivery.message)
                return self.accepted(delivery)

        logger, _ = handle(Mailer(Plain(), default_from="shop@example.com"))
        logger.error("boom")
        assert [each.headers for each in got] == [()]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"to": "nobody"}, "MailHandler: .*nobody"),
            ({"to": []}, "to is empty"),
            ({"from_": "nobody"}, "MailHandler: .*from_|nobody"),
            ({"interval": 0}, "interval must be greater than 0, not 0"),
            ({"limit": -1}, "limit must be greater than 0"),
            ({"capacity": 0}, "capacity must be"),
            ({"patience": float("nan")}, "patience must be"),
        ],
    )
    def test_what_cannot_be_used_is_refused_at_once(self, mailer: Mailer, options: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            MailHandler(mailer, **{"to": "ops@example.com", **options})


class Gate:
    """A mailer that waits for a word before it sends."""

    def __init__(self, mailer: Mailer) -> None:
        self.mailer = mailer
        self.begun, self.open = threading.Semaphore(0), threading.Event()

    def message(self, **fields: Any) -> Message:
        return self.mailer.message(**fields)

    def send(self, message: Message, *, via: str | None = None) -> Any:
        self.begun.release()
        assert self.open.wait(10)
        return self.mailer.send(message, via=via)


class TestBackground:
    def test_whoever_logs_does_not_wait(self, mailer: Mailer, handle: Handle) -> None:
        gate = Gate(mailer)
        logger, handler = handle(gate, background=True)
        logger.error("one")
        assert gate.begun.acquire(timeout=10)
        logger.critical("two")
        assert not sent(mailer)
        gate.open.set()
        handler.flush()
        assert sorted(each.subject for each in sent(mailer)) == ["CRITICAL: two", "ERROR: one"]

    def test_what_does_not_fit_is_counted(self, mailer: Mailer, handle: Handle) -> None:
        gate = Gate(mailer)
        logger, handler = handle(gate, background=True, capacity=1)
        logger.error("sending")
        assert gate.begun.acquire(timeout=10)
        logger.critical("waiting")
        logger.log(60, "lost")
        gate.open.set()
        handler.flush()
        said = {each.subject: each.text or "" for each in sent(mailer)}
        assert said.keys() == {"ERROR: sending", "CRITICAL: waiting"}
        assert "Earlier mails that could not be sent: 1" in said["CRITICAL: waiting"]

    def test_the_thread_tells_what_was_counted_when_the_time_has_come(self, mailer: Mailer, handle: Handle) -> None:
        told = threading.Event()

        class Tell:
            @hookimpl
            def mailbridge_sent(self, message: Message) -> None:
                if "more like" in message.subject:
                    told.set()

        mailer.hooks.register(Tell())
        logger, _ = handle(mailer, background=True, interval=0.2)
        for _ in range(3):
            logger.error("boom")
        assert told.wait(10)

    def test_many_threads_lose_nothing(self, mailer: Mailer, handle: Handle) -> None:
        logger, handler = handle(mailer, background=True)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: logger.error("boom %d", n), range(200)))
        handler.flush()
        first, digest = sent(mailer)
        assert (first.subject.startswith("ERROR: boom"), digest.subject.startswith("199 more like")) == (True, True)

    def test_the_end_of_the_program_mails_what_waits(self, peer: Callable[..., Peer]) -> None:
        server = peer()
        program = f"""
import logging
from mailbridge.logging import MailHandler
dsn = "smtp://{server.address}?tls=off"
logging.getLogger().addHandler(MailHandler(dsn, to="o@example.com", from_="s@example.com"))
for _ in range(3):
    logging.error("boom")
"""
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=ROOT, timeout=25)
        assert sorted(b"2 more like" in each.data for each in server.messages) == [False, True]
        assert {session.end for session in server.sessions} == {"quit"}

    def test_the_end_does_not_wait_for_a_server_that_says_nothing(self, blackhole: Any) -> None:
        program = f"""
import logging
from mailbridge.logging import MailHandler
dsn = "smtp://{blackhole}?tls=off&connect_timeout=2"
logging.getLogger().addHandler(MailHandler(dsn, to="o@example.com", from_="s@example.com", patience=0.5))
for level in (40, 45, 50, 55, 60):
    logging.log(level, "boom")
"""
        done = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, timeout=25, capture_output=True)
        assert done.returncode == 0, done.stderr

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_forked_child_mails_its_own_and_not_its_parents(self, handle: Handle, peer: Callable[..., Peer]) -> None:
        server = peer()
        with Mailer(f"smtp://{server.address}?tls=off", default_from="shop@example.com") as mailer:
            logger, handler = handle(mailer, background=True)
            logger.error("before")
            handler.flush()
            for _ in range(2):
                logger.error("of the parent")
            child = os.fork()
            if not child:
                code = 1
                try:
                    logger.error("of the child")
                    handler.flush()
                    mailer.close()
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
            handler.flush()
        subjects = sorted(each.data.partition(b"Subject: ")[2].partition(b"\r\n")[0] for each in server.messages)
        of_parent = [b"1 more like ERROR: of the parent", b"ERROR: before"]
        assert subjects == [*of_parent, b"ERROR: of the child", b"ERROR: of the parent"]


def test_dict_config_makes_one_by_a_dsn(peer: Callable[..., Peer]) -> None:
    server = peer()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {
                "mail": {
                    "class": "mailbridge.logging.MailHandler",
                    "mailer": f"smtp://{server.address}?tls=off",
                    "to": ["ops@example.com"],
                    "from_": "shop@example.com",
                    "background": False,
                    "level": "CRITICAL",
                }
            },
            "loggers": {"test.shop": {"handlers": ["mail"], "propagate": False}},
        }
    )
    logger = logging.getLogger("test.shop")
    logger.error("not so bad")
    logger.critical("bad")
    for each in list(logger.handlers):
        logger.removeHandler(each)
        each.close()
    assert len(server.messages) == 1
    assert server.sessions[0].end == "quit"


def test_without_a_mailer_the_settings_say(monkeypatch: pytest.MonkeyPatch, handle: Handle, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILBRIDGE_DSN", f"file://{tmp_path}/out")
    monkeypatch.setenv("MAILBRIDGE_DEFAULT_FROM", "shop@example.com")
    logger, _ = handle(None)
    logger.error("boom")
    assert len(list((tmp_path / "out").rglob("*.eml"))) == 1


def test_every_mail_that_failed_is_told_in_the_first_that_arrives(handle: Handle, mailer: Mailer) -> None:
    class Down:
        def __init__(self) -> None:
            self.failures = 3

        def message(self, **fields: Any) -> Message:
            return mailer.message(**fields)

        def send(self, message: Message, *, via: str | None = None) -> Any:
            if self.failures:
                self.failures -= 1
                raise ConnectionError("password=s3cret")
            return mailer.send(message, via=via)

    logger, _ = handle(Down())
    for level in (40, 50, 60, 70):
        logger.log(level, "boom")
    assert "Earlier mails that could not be sent: 3" in (sent(mailer)[0].text or "")


def test_a_warning_about_a_mail_that_failed_has_no_secrets(
    handle: Handle, caplog: pytest.LogCaptureFixture, mailer: Mailer
) -> None:
    class Broken:
        def message(self, **fields: Any) -> Message:
            return mailer.message(**fields)

        def send(self, message: Message, *, via: str | None = None) -> Any:
            raise ConnectionError("smtp://ann:s3cret@mail.example.com is gone")

    logger, _ = handle(Broken())
    logger.error("boom")
    assert "could not be sent: ConnectionError" in caplog.text
    assert "s3cret" not in caplog.text


def test_the_traceback_of_a_record_from_another_process_is_told(mailer: Mailer, handle: Handle) -> None:
    logger, _ = handle(mailer)
    record = logging.makeLogRecord({"name": "shop", "levelno": 40, "levelname": "ERROR", "msg": "boom"})
    record.exc_text = "LookupError: no such order"
    logger.handle(record)
    assert "\n\nLookupError: no such order\n" in (sent(mailer)[0].text or "")


def test_mails_that_were_not_sent_in_time_are_counted_in_a_warning(
    mailer: Mailer, handle: Handle, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(mailer)
    logger, handler = handle(gate, background=True, patience=0.05)
    logger.error("sending")
    assert gate.begun.acquire(timeout=10)
    logger.critical("waiting")
    handler.close()
    gate.open.set()
    assert "1 mails about log records were not sent in time" in caplog.text


def test_without_a_thread_the_end_does_not_wait_longer_than_patience(
    mailer: Mailer, handle: Handle, caplog: pytest.LogCaptureFixture
) -> None:
    class Slow(Gate):
        def send(self, message: Message, *, via: str | None = None) -> Any:
            self.open.wait(0.1)
            return self.mailer.send(message, via=via)

    _, handler = handle(Slow(mailer), patience=0.01)
    for level in (40, 50, 60):
        handler.emit(logging.makeLogRecord({"name": "shop", "levelno": level, "levelname": "ERROR", "msg": "boom"}))
    handler.flush()
    assert len(sent(mailer)) == 1
