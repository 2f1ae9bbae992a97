"""The plugin of pytest, in runs of pytest: the fixture, what a failure says, and mail that is nobody's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from textwrap import dedent

import pytest
from support.members import message

from mailbridge import ConfigError, Mailer
from mailbridge.sending import diversion
from mailbridge.testing import Mailbox, plugin

Run = Callable[..., pytest.RunResult]

SHOP = '''
import asyncio
import threading

import pytest

from mailbridge import Mailer, MailError, Message, RateLimited

mailer = Mailer("smtp://mail.example.com")


def welcome(to="ann@example.org", subject="Welcome", **fields):
    return Message(from_="shop@example.com", to=to, subject=subject, text="Hello", **fields)


def quietly(to="ann@example.org"):
    """Send, and keep silent if that fails, as many an application does."""
    try:
        mailer.send(welcome(to))
    except MailError:
        pass

'''


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Import what mailbridge imports late: pytester forgets what a run in this process has imported."""
    with Mailbox():
        asyncio.run(Mailer("memory://").asend(message()))
        Mailer("smtp://mail.example.com").send(message())
    with pytest.raises(ConfigError):
        Mailer("smtp://mail.invalid").send(message())


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest on a file with these tests, with this plugin and no other that is not named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("CI", "BUILD_NUMBER"):  # in whose presence pytest shortens nothing
        monkeypatch.delenv(name, raising=False)

    def run(tests: str, *arguments: str, ini: str = "", subprocess: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_shop=SHOP + dedent(tests))
        pytester.makeini(f"[pytest]\n{ini}")
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return start("-p", plugin.__name__, "-p", "no:cacheprovider", *arguments)

    return run


class TestTheFixture:
    def test_a_test_sees_what_it_sends_and_nothing_of_the_one_before(self, run: Run) -> None:
        result = run("""
            def test_first(mailbox):
                mailer.send(welcome())
                assert mailbox.assert_sent(to="ann@example.org").subject == "Welcome"

            def test_second(mailbox):
                mailbox.assert_none()
        """)
        result.assert_outcomes(passed=2)

    def test_it_is_named_after_the_test(self, run: Run) -> None:
        result = run("""
            def test_name(mailbox):
                assert mailbox.name == "test_shop.py::test_name"
                [row] = mailer.send(welcome()).recipients.values()
                assert row.text == "caught by mailbridge.testing (test_shop.py::test_name), not sent"
        """)
        result.assert_outcomes(passed=1)

    def test_it_is_closed_after_a_failure(self, run: Run) -> None:
        result = run("""
            from mailbridge.testing.mailbox import current

            def test_fails(mailbox):
                assert False

            def test_afterwards():
                assert current() is None
        """)
        result.assert_outcomes(passed=1, failed=1)

    def test_threads_and_tasks_send_to_it(self, run: Run) -> None:
        result = run("""
            def test_thread(mailbox):
                thread = threading.Thread(target=quietly)
                thread.start()
                mailbox.wait_for(to="ann@example.org")
                thread.join()

            def test_tasks(mailbox):
                async def main():
                    async with mailer:
                        await asyncio.gather(*(mailer.asend(welcome()) for _ in range(10)))
                asyncio.run(main())
                mailbox.assert_count(10)
        """)
        result.assert_outcomes(passed=2)

    @pytest.mark.parametrize("scope", ["function", "module"])
    def test_asynchronous_tests_of_anyio_have_it(self, run: Run, scope: str) -> None:
        result = run(
            f"""
            @pytest.fixture(scope="{scope}")
            def anyio_backend():
                return "asyncio"

            @pytest.fixture(scope="{scope}")
            async def server():
                yield

            @pytest.mark.anyio
            @pytest.mark.parametrize("number", range(3))
            async def test_task(mailbox, server, number):
                await mailer.asend(welcome(subject=str(number)))
                assert (await mailbox.await_for()).subject == str(number)
                mailbox.assert_count(1)
            """,
            "-p",
            "anyio",
        )
        result.assert_outcomes(passed=3)

    def test_a_project_may_have_a_fixture_of_that_name(self, run: Run) -> None:
        result = run("""
            @pytest.fixture
            def mailbox():
                return []

            def test_own(mailbox):
                assert mailbox == []
        """)
        result.assert_outcomes(passed=1)

    def test_servers_are_at_hand_as_well(self, run: Run) -> None:
        result = run("""
            def test_sink(smtp_sink):
                Mailer(smtp_sink.dsn).send(welcome())
                smtp_sink.assert_sent(to="ann@example.org")

            def test_stub(provider_stub):
                stub = provider_stub("sendgrid")
                Mailer(stub.dsn).send(welcome())
                stub.assert_sent(to="ann@example.org")
        """)
        result.assert_outcomes(passed=2)

    @pytest.mark.slow
    def test_workers_of_xdist_have_their_own(self, run: Run) -> None:
        result = run(
            """
            @pytest.mark.parametrize("number", range(20))
            def test_many(mailbox, number):
                mailer.send(welcome(subject=str(number)))
                mailbox.assert_sent(subject=str(number))
                mailbox.assert_count(1)
            """,
            "-p",
            "xdist",
            "-n2",
            subprocess=True,
        )
        result.assert_outcomes(passed=20)


class TestWhatAFailureSays:
    def test_the_nearest_mail_is_compared_field_by_field(self, run: Run) -> None:
        result = run("""
            def test_welcome(mailbox):
                mailer.send(welcome("bob@example.org", "Farewell"))
                mailer.send(welcome("ann@example.org", "Welcome, Ann"))
                mailbox.assert_sent(to="ann@example.org", subject="Welcome")
        """)
        result.assert_outcomes(failed=1)
        said = result.stdout.str()
        assert (
            dedent("""
            >       mailbox.assert_sent(to="ann@example.org", subject="Welcome")
            E       AssertionError: assert_sent(to='ann@example.org', subject='Welcome'): none of 2 mails matches.
            E       The nearest is sent[1] 'Welcome, Ann' to ann@example.org:
            E         ✓ to       'ann@example.org'
            E         ✗ subject  wanted 'Welcome'
            E                    found  'Welcome, Ann'
            E                                   ^
            E       The others:
            E         sent[0] 'Farewell' to bob@example.org
        """)
            in said
        )
        assert "mailbridge/testing/" not in said, "the traceback ends in the test"


class TestNobodysMail:
    def test_it_fails_the_test_that_sends_it(self, run: Run) -> None:
        result = run("""
            def test_order():
                mailer.send(welcome())
        """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*UnownedSend: A message to ann@example.org with the subject 'Welcome' was to*"])

    def test_it_fails_a_test_whose_application_keeps_silent(self, run: Run) -> None:
        result = run("""
            def test_order():
                quietly()
        """)
        result.assert_outcomes(failed=1)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines(
            [
                "A message to ann@example.org with the subject 'Welcome' was to leave by smtp://mail.example.com:587 "
                "while test_shop.py::test_order was running, and was not sent: it is in nobody's mailbox. "
                "No mailbox is open. Take the fixture mailbox in that test, *",
                "*= mail in nobody's mailbox =*",
                "A message to ann@example.org*",
                "FAILED test_shop.py::test_order - *",
            ]
        )

    @pytest.mark.parametrize(
        ("fixture", "outcome"),
        [("quietly(); yield", {"errors": 1}), ("yield; quietly()", {"passed": 1, "errors": 1})],
        ids=["set-up", "tear-down"],
    )
    def test_it_fails_what_comes_before_and_after_a_test(self, run: Run, fixture: str, outcome: dict[str, int]) -> None:
        result = run(f"""
            @pytest.fixture
            def order():
                {fixture}

            def test_order(order):
                pass
        """)
        result.assert_outcomes(**outcome)

    @pytest.mark.parametrize("expected", ["pytest.xfail('known')", "pytest.skip('later')"])
    def test_it_fails_the_run_where_a_test_was_not_to_pass(self, run: Run, expected: str) -> None:
        result = run(f"""
            def test_order():
                quietly()
                {expected}
        """)
        result.assert_outcomes(**{"xfailed" if "xfail" in expected else "skipped": 1})
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines(["*= mail in nobody's mailbox =*", "A message to ann@example.org*"])

    def test_it_fails_the_run_when_no_test_runs(self, run: Run) -> None:
        result = run("quietly()\n")
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines(["A message to ann@example.org* smtp://mail.example.com:587, and was not sent*"])

    def test_many_are_counted(self, run: Run) -> None:
        result = run("""
            def test_order():
                for number in range(12):
                    quietly(f"{number}@example.org")
        """)
        said = result.stdout.str()
        assert said.count("A message to 9@example.org") == 3, "log, failure, summary"
        assert said.count("A message to 11@example.org") == 1, "log"
        assert said.count("… and 2 more.") == 2

    def test_it_is_said_which_test_was_over(self, run: Run) -> None:
        result = run("""
            loop = asyncio.new_event_loop()
            tasks = []

            def test_first(mailbox):
                async def later():
                    await asyncio.sleep(0)
                    quietly()
                async def start():
                    tasks.append(asyncio.create_task(later()))
                loop.run_until_complete(start())

            def test_second(mailbox):
                loop.run_until_complete(tasks[0])
                loop.close()
                mailbox.assert_none()
        """)
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines(
            ["*while test_shop.py::test_second was running*of test_shop.py::test_first, which is over.*"]
        )

    def test_what_reaches_nobody_is_nobodys_concern(self, run: Run) -> None:
        result = run("""
            def test_order():
                Mailer("memory://").send(welcome())
        """)
        result.assert_outcomes(passed=1)
        assert result.ret == 0

    @pytest.mark.slow
    def test_a_worker_of_xdist_tells_what_it_refused(self, run: Run) -> None:
        result = run(
            """
            @pytest.mark.xfail
            @pytest.mark.parametrize("number", range(2))
            def test_order(number):
                quietly(f"{number}@example.org")
            """,
            "-p",
            "xdist",
            "-n2",
            subprocess=True,
        )
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines(["*= mail in nobody's mailbox =*"])
        result.stdout.fnmatch_lines_random(["A message to 0@example.org*", "A message to 1@example.org*"])


class TestSettings:
    SENDS = """
        def test_order():
            with pytest.raises(MailError) as caught:
                Mailer("smtp://mail.invalid").send(welcome())
            assert type(caught.value).__name__ == "ConfigError", "it went out, and there is no such host"
    """

    def test_mail_may_be_allowed_to_leave(self, run: Run) -> None:
        run(self.SENDS, ini="mailbridge_unowned = allow").assert_outcomes(passed=1)

    def test_a_single_test_may_be_allowed_to_send(self, run: Run) -> None:
        marker = '        pytestmark = pytest.mark.mailbridge_unowned("allow")\n'
        run(marker + self.SENDS, "--strict-markers").assert_outcomes(passed=1)

    def test_a_setting_that_means_nothing_is_refused(self, run: Run) -> None:
        result = run("", ini="mailbridge_unowned = perhaps")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["*mailbridge_unowned is fail or allow, not 'perhaps'*"])

    def test_a_marker_that_means_nothing_is_refused(self, run: Run) -> None:
        result = run("""
            @pytest.mark.mailbridge_unowned
            def test_order():
                pass
        """)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(['*test_shop.py::test_order: the marker is mailbridge_unowned("allow") or *'])

    def test_a_marker_may_be_taken_back(self, run: Run) -> None:
        result = run("""
            pytestmark = pytest.mark.mailbridge_unowned("allow")

            @pytest.mark.mailbridge_unowned("fail")
            def test_order():
                quietly()
        """)
        result.assert_outcomes(failed=1)

    def test_the_setting_is_described(self, run: Run) -> None:
        said = " ".join(run("", "--help").stdout.str().split())
        assert "mailbridge_unowned (string): mail that leaves while no mailbox owns it: fail (default) or allow" in said
        assert (
            '@pytest.mark.mailbridge_unowned("allow"): mail of this test may leave' in run("", "--markers").stdout.str()
        )


def test_nothing_is_left_in_the_place_of_transports_after_a_run(run: Run) -> None:
    before = diversion.current
    run("def test_nothing(): pass").assert_outcomes(passed=1)
    assert diversion.current is before


def test_the_start_of_pytest_loads_next_to_nothing() -> None:
    """Whoever has mailbridge installed loads the plugin, whether his tests send mail or not."""
    told = (
        "import sys, pytest; import mailbridge.testing.plugin, mailbridge.testing.interception; "
        "print(*sorted(name for name in sys.modules if name.startswith('mailbridge')))"
    )
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=30, check=True)
    assert loaded.stdout.split() == [
        "mailbridge",
        "mailbridge.errors",
        "mailbridge.redaction",
        "mailbridge.sending",
        "mailbridge.sending.diversion",
        "mailbridge.testing",
        "mailbridge.testing.fixtures",
        "mailbridge.testing.interception",
        "mailbridge.testing.ownership",
        "mailbridge.testing.plugin",
    ]
