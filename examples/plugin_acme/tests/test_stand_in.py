"""Acme's stand-in: an application's tests send by it, and have it refuse."""

from collections.abc import Iterator

import pytest
from acme_mail import plugin
from acme_mail.replies import AcmeReplies

from mailbridge import Mailer, MailError, Message, Plugins, RecipientRefused
from mailbridge.testing import ProviderStub

MESSAGE = Message(from_="shop@example.com", to=["ann@example.org", "bob@example.org"], subject="Hi", text="Hello")


@pytest.fixture
def acme() -> Iterator[ProviderStub]:
    with ProviderStub(AcmeReplies) as stub:
        yield stub


def test_a_mail_arrives(acme: ProviderStub) -> None:
    with Mailer(acme.dsn, plugins=Plugins([plugin])) as mailer:
        acme.fail_next(RecipientRefused("bob@example.org"))
        receipt = mailer.send(MESSAGE)
    assert receipt.recipients["bob@example.org"].text == "no such mailbox"
    acme.assert_sent(to="ann@example.org", subject="Hi", text="Hello")


@pytest.mark.parametrize("kind", AcmeReplies().kinds)
def test_it_causes_every_error_that_it_promises(kind: type[MailError], acme: ProviderStub) -> None:
    with Mailer(acme.dsn, plugins=Plugins([plugin])) as mailer:
        acme.fail_next(kind)
        with pytest.raises(kind) as caught:
            mailer.send(MESSAGE)
    assert type(caught.value) is kind
