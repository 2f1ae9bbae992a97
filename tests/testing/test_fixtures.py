"""The fixtures of servers in runs of pytest, beside the rule that no mail may leave which is in nobody's mailbox."""

from __future__ import annotations

from textwrap import dedent

import pytest

from mailbridge.testing import plugin

SHOP = """
import pytest
from mailbridge import ConfigError, ConnectFailed, Mailer, Message

HELLO = Message(from_="shop@example.com", to="ann@example.org", subject="Welcome", text="Hello")
"""


def run(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    """Run pytest on a file with these tests, in a process of its own, as an application's tests run."""
    pytester.makepyfile(test_shop=SHOP + dedent(tests))
    return pytester.runpytest_subprocess(
        "-p", plugin.__name__, "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error"
    )


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_servers_come_with_a_fixture_and_go_with_the_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        seen = []

        def test_a_mail_server(smtp_sink):
            with Mailer(smtp_sink.dsn) as mailer:
                mailer.send(HELLO)
            smtp_sink.assert_sent(subject="Welcome")
            seen.append(smtp_sink.dsn)

        def test_mail_servers_with_options(smtp_sink_factory):
            first = smtp_sink_factory(tls="implicit", auth=("ann", "s3cret"))
            second = smtp_sink_factory(tls="off")
            assert (first.username, first.password, second.ca_file) == ("ann", "s3cret", None)
            with Mailer(f"failover({first.dsn}, {second.dsn})") as mailer:
                mailer.send(HELLO)
            first.assert_sent(subject="Welcome")
            second.assert_none()

        def test_providers(provider_stub):
            sendgrid, gmail = provider_stub("sendgrid"), provider_stub("gmail")
            for stub in (sendgrid, gmail):
                with Mailer(stub.dsn) as mailer:
                    mailer.send(HELLO)
                stub.assert_sent(subject="Welcome")
            seen.append(sendgrid.dsn)

        def test_a_provider_that_nobody_knows(provider_stub):
            with pytest.raises(ConfigError, match="no stand-in for 'acme'.*give its Replies"):
                provider_stub("acme")

        def test_an_open_mailbox_sees_what_a_server_gets(mailbox, smtp_sink):
            with Mailer(smtp_sink.dsn) as mailer:
                mailer.send(HELLO)
            for either in (mailbox, smtp_sink):
                either.assert_sent(subject="Welcome")

        @pytest.mark.parametrize("number", [0, 1])
        def test_they_are_gone(number):
            with Mailer(seen[number]) as mailer:
                with pytest.raises((ConnectFailed, ConfigError)):  # with the mail server its certificate is gone
                    mailer.send(HELLO)
        """,
    )
    result.assert_outcomes(passed=7)


def test_a_failure_shows_the_nearest_mail(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_it(provider_stub):
            stub = provider_stub("postmark")
            with Mailer(stub.dsn) as mailer:
                mailer.send(HELLO)
            stub.assert_sent(subject="Invoice")
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert_sent(subject='Invoice')*", "*Welcome*"])
