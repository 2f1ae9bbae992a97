"""Every hook is told of in a docstring whose example runs."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from support.hooks import perform

from mailbridge.errors import ServerError
from mailbridge.hooks import Context, Hooks, specification
from mailbridge.message.message import Message
from mailbridge.message.mime import Mime
from mailbridge.receipt import Receipt, RecipientStatus, Status

HOOKS = sorted(name for name in vars(specification) if name.startswith("mailbridge_"))


@pytest.fixture
def names() -> dict[str, Any]:
    message = Message(
        from_="app@example.com", to="ann@example.org", subject="Hi", text="Hello. ", message_id="<1@example.com>"
    )
    return {
        **vars(specification),
        "Context": Context,
        "hooks": Hooks(),
        "run": perform,
        "message": message,
        "mime": Mime(["Subject: Hi\r\n"], [b"Hello\r\n"], eight_bit=False),
        "receipt": Receipt(
            message_id="<1@example.com>", recipients={"ann@example.org": RecipientStatus(Status.ACCEPTED)}
        ),
        "error": ServerError("The server is full."),
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_each_hook_runs(hook: str, names: dict[str, Any]) -> None:
    docstring = getattr(specification, hook).__doc__
    example = doctest.DocTestParser().get_doctest(docstring, names, hook, specification.__file__, 0)
    said: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=said.append)
    assert outcome.attempted >= 3
    assert outcome.failed == 0, "".join(said)


def test_each_hook_that_a_send_calls_has_a_cheap_flag() -> None:
    outside_sends = {"providers", "diagnose", "checks", "commands"}
    flags = {name.removeprefix("has_") for name in vars(Hooks) if name.startswith("has_")}
    assert flags | outside_sends == {hook.removeprefix("mailbridge_") for hook in HOOKS}
