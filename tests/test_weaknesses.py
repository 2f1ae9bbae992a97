"""What the strongest peer gets wrong over HTTP, as verified there (W1-W24), and the opposite of it here.

Weaknesses that are one provider's stand with its tests; those of the whole are here, and so is the list of all.
"""

from __future__ import annotations

import ast
import logging
from pathlib import Path
from typing import Any

import pytest
from support.catalogue import collected
from support.colour import Colour
from support.http_peer import HttpPeer, answer
from support.http_shapes import SHAPES, Shape

import mailbridge
from mailbridge import Mailer, MailError, Message, MessageInvalid, ServerError, hookimpl

TESTS = Path(__file__).parent
PACKAGE = Path(mailbridge.__file__).parent
WEAKNESSES = [f"W{number}" for number in (*range(1, 13), 14, *range(21, 25))]
SENDGRID, POSTMARK, *_ = SHAPES


def message(**fields: Any) -> Message:
    given = {"from_": "shop@example.com", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
    return Message(**given | fields)


@pytest.mark.timeout(150)  # the whole suite is collected
def test_every_weakness_has_a_test_that_shows_the_opposite() -> None:
    shown = {row.id for row in collected(TESTS)}
    assert [name for name in WEAKNESSES if name not in shown] == []


@pytest.mark.parametrize("shape", [pytest.param(shape, id=f"W1-{shape}") for shape in SHAPES])
def test_a_busy_provider_is_asked_again_after_the_time_that_it_names(shape: Shape, colour: Colour) -> None:
    busy = [answer(503, {"message": "busy"}, {"Retry-After": "0"})]
    with HttpPeer(lambda request: busy.pop() if busy else shape.taken(request)) as peer:
        mailer = Mailer(f"retry({shape.dsn(peer)}, attempts=2, wait=0.01)")
        with colour.using(mailer):
            receipt = colour.send(mailer, message())
        assert len(peer.requests) == 2
    assert receipt.complete
    assert [attempt.error for attempt in receipt.attempts] == ["ServerError", ""]


@pytest.mark.parametrize("count", [pytest.param(20, id="W3-W4")])
def test_one_event_loop_has_many_messages_under_way_over_few_connections(count: int) -> None:
    import asyncio

    async def all_at_once(mailer: Mailer) -> list[Any]:
        async with mailer:
            return await asyncio.gather(*(mailer.asend(message()) for _ in range(count)))

    with HttpPeer(SENDGRID.taken) as peer:
        receipts = asyncio.run(all_at_once(Mailer(f"{SENDGRID.dsn(peer, timeout=5, deadline=10)}&connections=4")))
        assert len(peer.requests) == count
        assert len(peer.connections) <= 4
    assert all(receipt.complete for receipt in receipts)


@pytest.mark.parametrize("status", [pytest.param(401, id="W5-key"), pytest.param(503, id="W5-busy")])
def test_another_provider_takes_over(status: int, colour: Colour) -> None:
    with HttpPeer(answer(status, {})) as refusing, HttpPeer(POSTMARK.taken) as taking:
        mailer = Mailer(f"failover({SENDGRID.dsn(refusing)}, {POSTMARK.dsn(taking)})")
        with colour.using(mailer):
            receipt = colour.send(mailer, message())
    assert (receipt.provider, receipt.complete, len(receipt.attempts)) == ("postmark", True, 2)


@pytest.mark.parametrize("route", [pytest.param("bulk", id="W5-route")])
def test_a_message_is_routed_by_what_it_is(route: str, colour: Colour) -> None:
    with HttpPeer(SENDGRID.taken) as ordinary, HttpPeer(POSTMARK.taken) as bulk:
        mailer = Mailer(SENDGRID.dsn(ordinary), mailers={route: POSTMARK.dsn(bulk)})
        with colour.using(mailer):
            found = [colour.send(mailer, message(), via=via).provider for via in (None, route)]
    assert found == ["sendgrid", "postmark"]


@pytest.mark.parametrize("shape", [pytest.param(shape, id=f"W8-{shape}") for shape in SHAPES])
def test_a_failure_is_told_to_hooks_and_to_the_log(
    shape: Shape, colour: Colour, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[MailError] = []

    class Observer:
        @hookimpl
        def mailbridge_failed(self, error: MailError) -> None:
            told.append(error)

    with HttpPeer(answer(503, {"message": "busy"})) as peer:
        mailer = Mailer(shape.dsn(peer), hooks=[Observer()])
        with colour.using(mailer), caplog.at_level(logging.INFO, "mailbridge"), pytest.raises(ServerError) as caught:
            colour.send(mailer, message())
    assert told == [caught.value]
    assert [record.levelname for record in caplog.records if record.name == "mailbridge.send"][-1] == "ERROR"


BROKEN = "x\r\nBcc: eve@example.org"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"subject": BROKEN}, id="W9-subject"),
        pytest.param({"from_": ("x\r\nBcc: eve", "shop@example.com")}, id="W9-name"),
        pytest.param({"from_": "shop@example.com\r\nBcc: eve@example.org"}, id="W9-address"),
        pytest.param({"headers": {"X-A": BROKEN}}, id="W9-header"),
        pytest.param({"headers": {BROKEN: "x"}}, id="W9-header's name"),
        pytest.param({"merge_headers": {"ann@example.org": {"X-A": BROKEN}}}, id="W9-merge header"),
        pytest.param({"list_unsubscribe": ["https://example.com/\r\nBcc: eve@example.org"]}, id="W9-link"),
        pytest.param({"in_reply_to": "<1@example.com>\r\nBcc: eve@example.org"}, id="W9-reference"),
        pytest.param({"message_id": "<1@example.com>\r\nBcc: eve@example.org"}, id="W9-message id"),
        pytest.param({"tags": [BROKEN]}, id="W9-tag"),
        pytest.param({"metadata": {"a": BROKEN}}, id="W9-metadata"),
        pytest.param({"metadata": {BROKEN: "a"}}, id="W9-metadata's name"),
        pytest.param({"template": BROKEN}, id="W9-template"),
        pytest.param({"stream": BROKEN}, id="W9-stream"),
        pytest.param({"idempotency_key": BROKEN}, id="W9-key"),
        pytest.param({"subject": "x\nBcc: eve@example.org"}, id="W9-newline"),
        pytest.param({"subject": "x\x00"}, id="W9-nul"),
    ],
)
def test_a_line_break_where_a_header_comes_from_makes_no_message_for_any_transport(fields: dict[str, Any]) -> None:
    with pytest.raises(MessageInvalid):
        message(**fields)


@pytest.mark.parametrize("package", [pytest.param(PACKAGE, id="W24-typed")])
def test_every_function_is_annotated_and_type_checkers_are_told(package: Path) -> None:
    assert (package / "py.typed").exists()
    bare = [
        f"{path.relative_to(package)}:{node.lineno} {node.name}"
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.returns is None or any(each.annotation is None for each in _arguments(node))
    ]
    assert bare == []


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [each for each in given if each.arg not in ("self", "cls", "__self")]
