"""Programs as users write them. mypy reads this file in strict mode; nothing runs it.

What breaks here breaks in the type check of everybody who uses mailbridge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from mailbridge import (
    Address,
    Attachment,
    ConfigError,
    Mailer,
    MailError,
    Message,
    OutcomeUnknown,
    Receipt,
    RecipientStatus,
    Status,
)


def write() -> Message:
    return Message(
        from_="App <app@example.com>",
        to=["ann@example.org", Address("bob@example.org", "Bob")],
        subject="Hi",
        text="Hello",
        html="<p>Hello</p>",
        attachments=[Attachment(b"...", filename="a.bin")],
        tags=["welcome"],
        metadata={"user": 7},
    )


def send(mailer: Mailer) -> bool:
    receipt = mailer.send(write(), via="transactional")
    assert_type(receipt, Receipt)
    assert_type(receipt.message_id, str)
    assert_type(receipt.recipients["ann@example.org"], RecipientStatus)
    assert_type(receipt.recipients["ann@example.org"].status, Status)
    return receipt.complete


def fail(mailer: Mailer) -> float | None:
    try:
        mailer.send(write(), dsn="smtp://localhost:1025")
    except OutcomeUnknown as error:
        assert_type(error.phase == "final", bool)
    except ConfigError as error:
        assert_type(error.hints, tuple[str, ...])
    except MailError as error:
        assert_type(error.retryable, bool)
        return error.retry_after
    return None


def send_many(mailer: Mailer, messages: Iterator[Message]) -> int:
    failed = 0
    for outcome in mailer.send_many(messages):
        assert_type(outcome, Receipt | MailError)
        failed += isinstance(outcome, MailError)
    return failed


async def asend(messages: AsyncIterator[Message]) -> None:
    async with Mailer.from_settings() as mailer:
        assert_type(mailer, Mailer)
        assert_type(await mailer.asend(write()), Receipt)
        async for outcome in mailer.asend_many(messages):
            assert_type(outcome, Receipt | MailError)


def configure() -> None:
    with Mailer("smtp://localhost:1025", mailers={"bulk": "memory://"}, default_from="app@example.com") as mailer:
        assert_type(mailer, Mailer)
        assert_type(mailer.mailers, tuple[str, ...])
        assert_type(mailer.message(to="ann@example.org", subject="Hi", text="Hello"), Message)


def refused(mailer: Mailer) -> None:
    Message(from_="a@example.com", too=["b@example.org"])  # type: ignore[call-arg]
    mailer.send("Hello")  # type: ignore[arg-type]
    mailer.send(write()).accepted.append("x")  # type: ignore[attr-defined]
