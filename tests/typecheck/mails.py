"""Tests of applications as users write them, over the words of the test kit. mypy reads this file; nothing runs it."""

from __future__ import annotations

import re
from typing import assert_type
from unittest.mock import ANY

from mailbridge import Address, Attachment
from mailbridge.testing import Assertions, Element, Link, Match, SentFile, SentMail


def assertions(mailbox: Assertions) -> None:
    mail = mailbox.assert_sent(to="ann@example.org", subject="Hi", text=re.compile("code"), html=None, tag=ANY)
    assert_type(mail, SentMail)
    assert_type(mailbox.assert_sent(times=2, where=lambda each: each.subject.startswith("H")), list[SentMail])
    mailbox.assert_not_sent(cc=["ann@example.org", Address("bob@example.org")], header={"X-Batch": "7"})
    mailbox.assert_sent(from_=("App", "app@example.com"), metadata={"user": 7}, attachment=Attachment(b"", "a.pdf"))
    with mailbox.expect(times=2, template="t-1", backend="smtp") as mails:
        pass
    assert_type(mails, list[SentMail])
    assert_type(mailbox.wait_for(timeout=1, bcc={"ann@example.org"}), SentMail)
    mailbox.assert_sent(subjct="x")  # type: ignore[call-overload]


async def waiting(mailbox: Assertions) -> None:
    assert_type(await mailbox.await_for(subject="Hi"), SentMail)


def looking(mail: SentMail) -> None:
    assert_type(mail.subject, str)
    assert_type(mail.html, str | None)
    assert_type(mail.to, tuple[Address, ...])
    assert_type(mail.link("Reset"), Link)
    assert_type(mail.code(r"\d{6}"), str)
    assert_type(mail.select("a")[0], Element)
    assert_type(mail.attachment("a.pdf"), SentFile)
    assert_type(mail.attachment("a.pdf").bytes, bytes)
    assert_type(Match(to="ann@example.org").matches(mail), bool)
