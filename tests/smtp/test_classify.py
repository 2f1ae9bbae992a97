"""What a refusal means, by code and by when it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import errors
from mailbridge.errors import MailError
from mailbridge.receipt import Status
from mailbridge.smtp.classify import nobody, recipient_row, refusal
from mailbridge.smtp.reply import Reply, ReplyParser

PHASES = ["connect", "tls", "auth", "mail", "rcpt", "data", "final"]


def reply(words: str) -> Reply:
    [found] = ReplyParser().feed(f"{words}\r\n".encode())
    return found


@pytest.mark.parametrize(
    ("phase", "words", "kind"),
    [
        ("connect", "421 4.3.2 busy", "ServerError"),
        ("connect", "450 4.7.1 too many connections", "RateLimited"),
        ("connect", "554 5.7.1 no", "ConfigError"),
        ("connect", "550 no", "ConfigError"),
        ("tls", "454 4.7.0 not now", "ServerError"),
        ("tls", "502 5.5.1 no", "ConfigError"),
        ("auth", "454 4.7.0 not now", "ServerError"),
        ("auth", "421 4.7.0 too many logins", "ServerError"),
        ("auth", "535 5.7.8 wrong", "AuthFailed"),
        ("auth", "534 5.7.9 weak", "AuthFailed"),
        ("auth", "500 what?", "AuthFailed"),
        ("auth", "530 5.7.0 first", "AuthFailed"),
        ("mail", "451 4.3.0 later", "ServerError"),
        ("mail", "421 4.7.0 rate limit exceeded", "RateLimited"),
        ("mail", "452 4.3.1 out of storage", "ServerError"),
        ("mail", "550 5.7.1 not from you", "SenderRefused"),
        ("mail", "553 5.1.8 no such domain", "SenderRefused"),
        ("mail", "501 5.1.7 bad sender", "SenderRefused"),
        ("mail", "530 5.7.0 authentication required", "ConfigError"),
        ("mail", "550 5.7.0 authentication required", "ConfigError"),
        ("mail", "503 5.5.1 log in first", "ConfigError"),
        ("mail", "503 5.5.1 nested MAIL", "ProtocolError"),
        ("mail", "552 5.3.4 too big", "MessageInvalid"),
        ("data", "451 4.3.0 later", "ServerError"),
        ("data", "554 5.7.1 no", "ContentRefused"),
        ("data", "503 5.5.1 RCPT first", "ProtocolError"),
        ("final", "451 4.7.1 try again later", "ServerError"),
        ("final", "452 4.2.2 quota exceeded for the hour, limit exceeded", "RateLimited"),
        ("final", "552 5.3.4 too big", "MessageInvalid"),
        ("final", "552 too big", "MessageInvalid"),
        ("final", "552 5.2.2 mailbox full", "ContentRefused"),
        ("final", "554 5.7.1 spam", "ContentRefused"),
        ("final", "354 go on", "ProtocolError"),
    ],
)
def test_a_refusal_has_its_class(phase: errors.Phase, words: str, kind: str) -> None:
    error = refusal(reply(words), phase)
    assert type(error).__name__ == kind
    assert (error.phase, error.code) == (phase, int(words[:3]))
    assert words.split(" ", 2)[-1] in error.text


@pytest.mark.parametrize(
    ("phase", "words", "hint"),
    [
        ("mail", "530 5.7.0 Must issue a STARTTLS command first", "Set tls=starttls."),
        ("mail", "530 5.7.0 log in", "user name and a password"),
        ("auth", "535 5.7.8 wrong", "app password"),
        ("connect", "554 no service", "port 587"),
        ("final", "552 5.3.4 too big", "link to the file"),
    ],
)
def test_a_refusal_says_what_to_do(phase: errors.Phase, words: str, hint: str) -> None:
    assert any(hint in each for each in refusal(reply(words), phase).hints)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["550 5.1.1 no"], "RecipientRefused"),
        (["550 5.1.1 no", "553 no"], "RecipientRefused"),
        (["450 4.2.0 later"], "RecipientDeferred"),
        (["550 5.1.1 no", "450 4.2.0 later"], "RecipientDeferred"),
        (["450 4.7.1 rate limit exceeded"], "RateLimited"),
        (["452 4.5.3 too many recipients"], "RecipientDeferred"),
        (["421 4.3.2 bye"], "ServerError"),
        (["530 5.7.0 log in"], "ConfigError"),
    ],
)
def test_nobody_accepted_is_told_with_every_fate(words: list[str], kind: str) -> None:
    rows = {f"u{number}@example.org": recipient_row(reply(each)) for number, each in enumerate(words)}
    error = nobody(rows)
    assert type(error).__name__ == kind
    assert error.recipients == rows
    assert "u0@example.org" in error.text


def test_many_recipients_are_not_all_named() -> None:
    rows = {f"u{number}@example.org": recipient_row(reply("550 no")) for number in range(100)}
    text = nobody(rows).text
    assert "and 97 more" in text
    assert len(text) < 300


def test_a_relay_that_does_not_know_us_asks_for_a_login() -> None:
    rows = {"u@example.org": recipient_row(reply("554 5.7.1 Relay access denied"))}
    assert "user name and a password" in str(nobody(rows))


@pytest.mark.parametrize(
    ("words", "status"),
    [("250 ok", "accepted"), ("251 forwarded", "accepted"), ("252 will try", "accepted"), ("450 later", "deferred"),
     ("550 no", "refused"), ("354 what", "refused")],
)  # fmt: skip
def test_a_recipient_has_a_fate(words: str, status: str) -> None:
    row = recipient_row(reply(words))
    assert row.status is Status(status)
    assert row.code == int(words[:3])


@given(st.integers(300, 599), st.sampled_from(["", "4.7.1 ", "5.7.0 "]), st.text(max_size=40), st.sampled_from(PHASES))
def test_any_refusal_has_a_class_that_permits_no_more_than_it_may(
    code: int, enhanced: str, text: str, phase: errors.Phase
) -> None:
    error = refusal(Reply(code, enhanced.strip(), (text,)), phase)
    assert isinstance(error, MailError)
    if code >= 500:
        assert not error.retryable or isinstance(error, errors.ProtocolError)
    if 400 <= code < 500:
        assert error.retryable
