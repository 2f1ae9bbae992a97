"""The same test, word for word, over memory, a real mail server and every provider's API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.colour import Colour

from mailbridge import ContentRefused, Mailer, Message, RateLimited
from mailbridge.testing import Mailbox, ProviderStub, SmtpSink
from mailbridge.testing.stubs.named import PROVIDERS


@contextmanager
def memory() -> Iterator[tuple[Any, str]]:
    with Mailbox() as mailbox:
        yield mailbox, "smtp://mail.example.com"


@contextmanager
def smtp() -> Iterator[tuple[Any, str]]:
    with SmtpSink(auth=("ann", "s3cret")) as sink:
        yield sink, sink.dsn


@contextmanager
def provider(name: str) -> Iterator[tuple[Any, str]]:
    with ProviderStub(name) as stub:
        yield stub, stub.dsn


@contextmanager
def place(name: str) -> Iterator[tuple[Any, str]]:
    with {"memory": memory, "smtp": smtp}.get(name, lambda: provider(name))() as found:
        yield found


def mail(subject: str) -> Message:
    return Message(
        from_="shop@example.com", to=["ann@example.org", "bob@example.org"], subject=subject, text="Your code: 123456"
    )


@pytest.mark.parametrize("where", ["memory", "smtp", *PROVIDERS])
def test_of_three_mails_one_is_refused_and_one_has_to_wait(where: str, colour: Colour) -> None:
    with place(where) as (sent_mail, dsn), colour.using(Mailer(dsn)) as mailer:
        sent_mail.fail_next(None, ContentRefused, RateLimited(retry_after=3))

        assert colour.send(mailer, mail("Welcome")).complete
        with pytest.raises(ContentRefused):
            colour.send(mailer, mail("Invoice"))
        with pytest.raises(RateLimited):
            colour.send(mailer, mail("News"))

        found = sent_mail.assert_sent(to="bob@example.org", from_="shop@example.com", subject="Welcome", text="code")
        assert found.code(r"\d{6}") == "123456"
        sent_mail.assert_not_sent(subject="Invoice")
        sent_mail.assert_count(1)
        sent_mail.assert_all_checked()
        with pytest.raises(AssertionError, match="Invoice"):
            sent_mail.assert_sent(subject="Invoice")
        with pytest.raises(AssertionError, match="Welcome"):
            sent_mail.assert_none()


@pytest.mark.parametrize("where", ["memory", "smtp", *PROVIDERS])
def test_a_mail_refused_is_among_the_failed(where: str, colour: Colour) -> None:
    with place(where) as (sent_mail, dsn), colour.using(Mailer(dsn)) as mailer:
        sent_mail.fail_next(ContentRefused)
        with pytest.raises(ContentRefused):
            colour.send(mailer, mail("Invoice"))
        [failed] = sent_mail.failed
        assert (failed.subject, type(failed.error)) == ("Invoice", ContentRefused)
        sent_mail.assert_none()


@pytest.mark.parametrize("where", ["memory", "smtp", *PROVIDERS])
def test_what_was_planned_and_did_not_happen_is_told_by_a_failure(where: str) -> None:
    with place(where) as (sent_mail, _):
        sent_mail.fail_next(ContentRefused)
        with pytest.raises(AssertionError, match=r"1 \w+ of fail_next .*did not happen"):
            sent_mail.assert_sent(subject="Welcome")
