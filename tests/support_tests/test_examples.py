"""The examples of `support.peer`, as they stand there."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest
from support import peer
from support.colour import Colour

from mailbridge.errors import OutcomeUnknown
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message

MESSAGE = Message(from_="app@example.org", to=["ann@example.org", "bob@example.org"], subject="Hi", text="Hello")


def examples() -> dict[str, Callable[[Colour], None]]:
    [code] = re.findall(r"(?s)\n(    from support\.peer import.*?)\nSteps:", peer.__doc__ or "")
    known: dict[str, Any] = {"Mailer": Mailer, "MESSAGE": MESSAGE, "OutcomeUnknown": OutcomeUnknown, "pytest": pytest}
    exec(dedent(code), known)
    return {name: function for name, function in known.items() if name.startswith("test_")}


@pytest.mark.parametrize("name", ["test_one_of_two_recipients_is_refused", "test_the_connection_is_lost_after_the_dot"])
def test_an_example_holds(name: str, colour: Colour) -> None:
    examples()[name](colour)
