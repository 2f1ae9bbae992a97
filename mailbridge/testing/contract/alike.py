"""Many messages that differ only in whom they are to and in what they say of him: what batches are for."""

from __future__ import annotations

from mailbridge.message.message import Message
from mailbridge.testing.contract.messages import corpus

__all__ = ["copies_alike", "messages_alike", "templates_alike"]


def messages_alike(count: int) -> dict[str, Message]:
    """Return messages with the same text."""
    plain = corpus()["text"]
    return {f"alike-{n}": plain.replace(to=[(f"Recipient {n}", f"r{n}@example.org")]) for n in range(count)}


def templates_alike(count: int, template: str) -> dict[str, Message]:
    """Return messages with the same template, for services that take nothing else in batches."""
    return {
        f"alike-{n}": Message(
            from_="app@example.com", to=f"r{n}@example.org", template=template, merge_global={"name": f"Recipient {n}"}
        )
        for n in range(count)
    }


def copies_alike(count: int) -> dict[str, Message]:
    """Return one message that stands for so many private copies, without data: some take these in templates only."""
    to = [f"r{n}@example.org" for n in range(count)]
    return {"copies-alike": corpus()["text"].replace(to=to, merge_data={})}
