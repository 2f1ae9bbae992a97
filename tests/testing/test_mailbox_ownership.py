"""Every message belongs to the mailbox that the rules name, or to nobody, and then it is refused."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import Context
from typing import Any

import pytest
from support.colour import Colour
from support.members import FakeTransport, message

from mailbridge import ConfigError, Mailer, MailError, UnownedSend
from mailbridge.testing import Mailbox
from mailbridge.testing.interception import Watch, watched
from mailbridge.testing.mailbox import current

SMTP = "smtp://mail.example.com"


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watch over mail that is nobody's, as the plugin does."""
    with watched() as watch:
        watch.running = "test_shop.py::test_order"
        yield watch


class Elsewhere:
    """A thread that was there before any mailbox, and does what it is told: a server, as threads see it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._pool.submit(int).result(5)
        [self.thread] = self._pool._threads

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._pool.submit(function, *args).result(5)

    def send(self, subject: str = "hello", **fields: Any) -> None:
        self.run(Mailer(SMTP).send, message(subject, **fields))

    def end(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def server() -> Iterator[Elsewhere]:
    elsewhere = Elsewhere()
    yield elsewhere
    elsewhere.end()


def subjects(mailbox: Mailbox) -> list[str]:
    return [mail.subject for mail in mailbox]


def each_in_a_thread(*mailboxes: Mailbox, work: Callable[[Mailbox], None]) -> None:
    """Let each mailbox be opened, and something be sent, in a thread of its own; all are open at the same time."""
    together = threading.Barrier(len(mailboxes))

    def run(mailbox: Mailbox) -> None:
        with mailbox:
            together.wait(5)
            work(mailbox)
            together.wait(5)

    with ThreadPoolExecutor(len(mailboxes)) as pool:
        list(pool.map(run, mailboxes))


class TestContexts:
    def test_parallel_tests_of_one_process_have_their_own(self) -> None:
        mailboxes = [Mailbox(str(number)) for number in range(8)]
        each_in_a_thread(*mailboxes, work=lambda mailbox: [Mailer(SMTP).send(message(mailbox.name)) for _ in range(20)])
        assert [subjects(mailbox) for mailbox in mailboxes] == [[mailbox.name] * 20 for mailbox in mailboxes]

    def test_tasks_and_their_threads_belong_to_the_test_that_started_them(self) -> None:
        def work(mailbox: Mailbox) -> None:
            async def main() -> None:
                async with Mailer(SMTP) as mailer, asyncio.TaskGroup() as group:
                    group.create_task(mailer.asend(message(mailbox.name)))
                    group.create_task(asyncio.to_thread(mailer.send, message(mailbox.name)))
                    async for _ in mailer.asend_many([message(mailbox.name)]):
                        pass

            asyncio.run(main())

        mailboxes = [Mailbox(str(number)) for number in range(2)]
        each_in_a_thread(*mailboxes, work=work)
        assert [subjects(mailbox) for mailbox in mailboxes] == [["0"] * 3, ["1"] * 3]

    def test_tasks_of_one_loop_may_each_have_one(self) -> None:
        async def one(name: str) -> list[str]:
            with Mailbox(name) as mailbox:
                await Mailer(SMTP).asend(message(name))
                await asyncio.sleep(0)
                await Mailer(SMTP).asend(message(name))
            return subjects(mailbox)

        async def main() -> list[list[str]]:
            return await asyncio.gather(one("a"), one("b"))

        assert asyncio.run(main()) == [["a", "a"], ["b", "b"]]

    def test_what_outlives_its_test_does_not_come_to_the_next_one(self, watch: Watch) -> None:
        async def main() -> tuple[Mailbox, Any]:
            go = asyncio.Event()

            async def late() -> None:
                await go.wait()
                await Mailer(SMTP).asend(message("late"))

            with Mailbox("the first test"):
                task = asyncio.create_task(late())
            with Mailbox("the second test") as second:
                go.set()
                [outcome] = await asyncio.gather(task, return_exceptions=True)
            return second, outcome

        second, outcome = asyncio.run(main())
        assert subjects(second) == []
        assert isinstance(outcome, UnownedSend)
        assert "It was sent by a task or thread of the first test, which is over. Let the test wait" in str(outcome)
        assert watch.refused == [str(outcome)]


class TestAnybodys:
    def test_a_thread_that_the_test_starts_sends_to_the_only_mailbox(self) -> None:
        with Mailbox() as mailbox:
            thread = threading.Thread(target=Mailer(SMTP).send, args=(message("hello"),))
            thread.start()
            thread.join()
        assert subjects(mailbox) == ["hello"]

    def test_a_server_that_was_there_before_sends_to_the_only_mailbox(self, server: Elsewhere) -> None:
        for name in ("first", "second"):
            with Mailbox() as mailbox:
                server.send(name)
            assert subjects(mailbox) == [name]

    def test_one_inside_another_has_it_while_it_is_open(self, server: Elsewhere) -> None:
        with Mailbox() as outer:
            with Mailbox() as inner:
                server.send("inner")
            server.send("outer")
        assert (subjects(outer), subjects(inner)) == (["outer"], ["inner"])

    def test_of_several_none_has_it(self, server: Elsewhere) -> None:
        def work(mailbox: Mailbox) -> None:
            if mailbox.name == "a":
                with pytest.raises(UnownedSend, match=r"Several mailboxes are open \((a, b|b, a)\), .* mailbox\.allow"):
                    server.send()

        each_in_a_thread(a := Mailbox("a"), b := Mailbox("b"), work=work)
        assert (subjects(a), subjects(b)) == ([], [])

    def test_of_several_the_shared_one_has_it(self, server: Elsewhere) -> None:
        def work(mailbox: Mailbox) -> None:
            if mailbox.name == "a":
                mailbox.shared()
                server.send()

        each_in_a_thread(a := Mailbox("a"), b := Mailbox("b"), work=work)
        assert (subjects(a), subjects(b)) == (["hello"], [])

    def test_only_one_can_be_shared(self) -> None:
        with Mailbox("a") as first, Mailbox("b") as second:
            first.shared()
            with pytest.raises(ConfigError, match="The mailbox of a is shared already"):
                second.shared()


class TestAllowed:
    @pytest.mark.parametrize("by_ident", [False, True])
    def test_a_thread(self, server: Elsewhere, by_ident: bool) -> None:
        def work(mailbox: Mailbox) -> None:
            if mailbox.name == "a":
                mailbox.allow(server.thread.ident or 0 if by_ident else server.thread)
                server.send()

        each_in_a_thread(a := Mailbox("a"), b := Mailbox("b"), work=work)
        assert (subjects(a), subjects(b)) == (["hello"], [])

    def test_a_task(self) -> None:
        async def main() -> tuple[list[str], list[str]]:
            go = asyncio.Event()

            async def worker() -> None:
                await go.wait()
                await Mailer(SMTP).asend(message("hello"))

            task = asyncio.create_task(worker())
            with Mailbox("a") as outer, Mailbox("b") as inner:
                outer.allow(task)
                go.set()
                await task
            return subjects(outer), subjects(inner)

        assert asyncio.run(main()) == (["hello"], [])

    def test_messages_with_a_header(self, server: Elsewhere) -> None:
        def work(mailbox: Mailbox) -> None:
            mailbox.allow({"X-Test": mailbox.name})
            server.send(mailbox.name, headers={"x-test": mailbox.name})

        each_in_a_thread(a := Mailbox("a"), b := Mailbox("b"), work=work)
        assert (subjects(a), subjects(b)) == (["a"], ["b"])

    def test_the_calling_context(self) -> None:
        def work(mailbox: Mailbox) -> None:
            with ThreadPoolExecutor(1, initializer=mailbox.allow) as pool:
                pool.submit(Mailer(SMTP).send, message(mailbox.name)).result(5)

        each_in_a_thread(a := Mailbox("a"), b := Mailbox("b"), work=work)
        assert (subjects(a), subjects(b)) == (["a"], ["b"])

    def test_nothing_else(self) -> None:
        with Mailbox() as mailbox, pytest.raises(TypeError, match="threads, tasks and header fields, not 'x'"):
            mailbox.allow("x")  # type: ignore[arg-type]


class TestNobodys:
    def test_it_is_refused_with_the_test_and_the_cure(self, colour: Colour, watch: Watch) -> None:
        transport = FakeTransport()
        with pytest.raises(UnownedSend) as caught:
            colour.send(Mailer(transport), message("hello"))
        assert str(caught.value) == (
            "A message to ann@example.org with the subject 'hello' was to leave by fake://a while "
            "test_shop.py::test_order was running, and was not sent: it is in nobody's mailbox. No mailbox is open. "
            "Take the fixture mailbox in that test, or let the application use memory:// or null:// in tests; what "
            'really shall leave may do so in a test that is marked mailbridge_unowned("allow").'
        )
        assert watch.refused == [str(caught.value)]
        assert transport.messages == []

    def test_many_are_refused_one_by_one(self, colour: Colour, watch: Watch) -> None:
        outcomes = colour.send_many(Mailer(SMTP), [message("1"), message("2")])
        assert [type(each) for each in outcomes] == [UnownedSend] * 2
        assert len(watch.refused) == 2

    def test_a_sensitive_message_is_not_quoted_and_a_long_list_is_cut(self, watch: Watch) -> None:
        people = [f"{number}@example.org" for number in range(5)]
        with pytest.raises(UnownedSend, match=r"to 0@example\.org, 1@example\.org, 2@example\.org and 2 more was to"):
            Mailer(SMTP).send(message("Your code is 123456", people, sensitive=True))

    @pytest.mark.parametrize(
        "target",
        [
            "memory://",
            "null://",
            "console://",
            "failover(memory://, null://)",
            {"transport": "file", "path": "mail"},
        ],
        ids=str,
    )
    def test_transports_that_reach_nobody_may_have_it(
        self, watch: Watch, target: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert Mailer(target).send(message("hello")).complete
        assert watch.refused == []

    @pytest.mark.parametrize("dsn", ["smtp://127.0.0.1:1", "smtp://localhost:1?tls=off", "smtp://[::1]:1"])
    def test_a_server_on_this_machine_may_have_it(self, watch: Watch, dsn: str) -> None:
        with pytest.raises(MailError) as caught:
            Mailer(dsn).send(message("hello"))
        assert not isinstance(caught.value, UnownedSend)

    @pytest.mark.parametrize(
        "target",
        [
            "failover(memory://, smtp://mail.example.com)",
            "resend://re_aaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbb@default",
            "sendmail://",
        ],
    )
    def test_one_member_that_reaches_somebody_is_enough(self, watch: Watch, target: str) -> None:
        with pytest.raises(UnownedSend):
            Mailer(target).send(message("hello"))

    def test_a_test_that_may_send_does(self, watch: Watch) -> None:
        watch.lenient = True
        assert Mailer(FakeTransport()).send(message("hello")).complete

    def test_nothing_is_refused_without_a_watch(self) -> None:
        assert Mailer(FakeTransport()).send(message("hello")).complete

    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # other tests may have left threads
    def test_a_forked_process_has_no_mailbox(self) -> None:
        fork = multiprocessing.get_context("fork")
        told = fork.SimpleQueue()

        def child() -> None:
            try:
                Mailer(SMTP).send(message("hello"))
            except MailError as error:
                told.put(f"{type(error).__name__}: {error}")

        with Mailbox() as mailbox:
            process = fork.Process(target=child)
            process.start()
            process.join(10)
        assert not told.empty()
        assert "UnownedSend" in (said := told.get())
        assert "in a process of its own" in said
        mailbox.assert_none()


def test_the_owner_here_is_known(server: Elsewhere) -> None:
    with ExitStack() as stack:
        mailbox = stack.enter_context(Mailbox())
        assert current() is mailbox
        assert server.run(current) is mailbox
    assert server.run(current) is None


def test_a_mailbox_that_is_shared_may_be_shared_again() -> None:
    with Mailbox() as mailbox:
        mailbox.shared()
        mailbox.shared()


def test_what_the_outer_mailbox_allows_is_its_own_unless_the_inner_one_allows_it_too() -> None:
    with Mailbox() as outer, Mailbox() as inner:
        outer.allow({"X-Test": "7"})
        inner.allow({"X-Test": "7"})
        Mailer(SMTP).send(message(headers={"X-Test": "7"}))
        assert (len(outer), len(inner)) == (0, 1)


def test_a_lenient_test_sends_nothing_while_mailboxes_are_open_that_do_not_own_it(
    watch: Watch, server: Elsewhere
) -> None:
    watch.lenient = True
    with ExitStack() as stack:
        for name in "ab":
            stack.callback(Context().run(Mailbox(name).open).close)
        with pytest.raises(UnownedSend, match="Several mailboxes are open"):
            server.send()


def test_the_innermost_watch_remembers_what_was_refused(watch: Watch) -> None:
    with watched() as inner, pytest.raises(UnownedSend):
        Mailer(SMTP).send(message("hello"))
    assert (len(inner.refused), watch.refused) == (1, [])
