"""Acme's transport keeps the contract of mailbridge's own."""

import pytest
from acme_mail import plugin
from acme_mail.replies import AcmeReplies

from mailbridge import Plugins
from mailbridge.testing import Check, TransportContract

REPLIES = AcmeReplies()
CONTRACT = TransportContract(REPLIES.dsn, answer=REPLIES.answer, decode=REPLIES.decode, plugins=Plugins([plugin]))


@pytest.mark.parametrize("check", CONTRACT.checks(), ids=str)
def test_the_contract_is_kept(check: Check) -> None:
    check()
