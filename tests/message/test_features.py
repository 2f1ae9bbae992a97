"""The features that messages use."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import mailbridge
from mailbridge.message import features
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
USES: list[tuple[str, dict[str, Any]]] = [
    ("alternatives", {"alternatives": [("x", "text/x")]}),
    ("amp", {"amp": "x"}),
    ("attachments", {"attachments": Attachment(b"x")}),
    ("calendar", {"calendar": "x"}),
    ("date", {"date": NOON}),
    ("envelope", {"envelope": Envelope("a@b.c", "x@y.z")}),
    ("envelope_sender", {"envelope_sender": "b@b.c"}),
    ("headers", {"headers": {"X-A": "1"}}),
    ("html", {"html": ""}),
    ("idempotency_key", {"idempotency_key": "k"}),
    ("inline", {"attachments": Attachment(b"x", inline=True)}),
    ("list_unsubscribe", {"list_unsubscribe": "https://x/y", "list_unsubscribe_post": True}),
    ("merge_data", {"merge_data": {"x@y.z": {}}}),
    ("merge_data", {"merge_data": {}}),
    ("merge_global", {"merge_global": {"a": 1}}),
    ("merge_headers", {"merge_headers": {"x@y.z": {"X-A": "1"}}}),
    ("merge_headers", {"merge_headers": {}}),
    ("merge_metadata", {"merge_metadata": {"x@y.z": {"a": 1}}}),
    ("merge_metadata", {"merge_metadata": {}}),
    ("message_id", {"message_id": "a@b"}),
    ("metadata", {"metadata": {"a": 1}}),
    ("multiple_reply_to", {"reply_to": ["a@b.c", "d@e.f"]}),
    ("priority", {"priority": "low"}),
    ("provider_options", {"provider_options": {"x": 1}}),
    ("raw", {"raw": b"x"}),
    ("require_tls", {"require_tls": True}),
    ("send_at", {"send_at": NOON}),
    ("sender", {"sender": "s@b.c"}),
    ("smtputf8", {"to": "ä@y.z"}),
    ("smtputf8", {"bcc": "ä@y.z"}),
    ("smtputf8", {"from_": "ä@y.z"}),
    ("smtputf8", {"reply_to": "ä@y.z"}),
    ("stream", {"stream": "x"}),
    ("tags", {"tags": ["x"]}),
    ("template", {"template": "x"}),
    ("threading", {"in_reply_to": "a@b"}),
    ("threading", {"references": ["a@b"]}),
    ("track_clicks", {"track_clicks": True}),
    ("track_opens", {"track_opens": True}),
]


def message(**fields: Any) -> Message:
    return Message(**{"from_": "a@b.c", "to": "x@y.z", **fields})


@pytest.mark.parametrize(("feature", "fields"), USES, ids=[feature for feature, _ in USES])
def test_a_field_uses_its_feature_and_no_other(feature: str, fields: dict[str, Any]) -> None:
    assert message(**fields).features == {feature}


@pytest.mark.parametrize(
    "fields",
    [
        {
            "cc": "c@d.e",
            "bcc": "f@g.h",
            "reply_to": "i@j.k",
            "subject": "x",
            "text": "y",
            "via": "z",
            "sensitive": True,
        },
        {"tags": [], "metadata": {}, "headers": {}, "attachments": [], "track_opens": False, "require_tls": False},
        {"merge_global": {}, "provider_options": {}},
        {"priority": "normal", "on_partial": "abort"},
        {"to": "x@bücher.de"},
    ],
    ids=["plain", "empty", "no data for all", "normal", "idn"],
)
def test_what_every_transport_can_do_is_no_feature(fields: dict[str, Any]) -> None:
    assert message(**fields).features is features.NONE


def test_features_add_up() -> None:
    envelope = Envelope("ü@b.c", "x@y.z", notify="NEVER")
    files = [Attachment(b"x"), Attachment(b"x", inline=True)]
    told = message(from_=["a@b.c", "d@e.f"], sender="a@b.c", html="x", attachments=files, envelope=envelope)
    assert told.features == {
        "multiple_from",
        "sender",
        "html",
        "attachments",
        "inline",
        "envelope",
        "dsn",
        "smtputf8",
    }
    assert told.features is told.features


def test_every_feature_is_described_and_used_by_something() -> None:
    used = {feature for feature, _ in USES} | {"multiple_from", "dsn"}
    assert used | {"8bitmime"} == features.ALL  # that this one is used is seen only while the MIME form is made
    assert all(features.DESCRIPTIONS.values())


def test_the_groups_are_of_known_features() -> None:
    assert features.CONTENT | features.ENVELOPE | features.SMTP | features.ADVISORY <= features.ALL
    assert not features.ADVISORY & features.SMTP
    assert features.MIME < features.SMTP
    assert features.SMTP - features.MIME == {"8bitmime", "dsn", "require_tls"}


def test_no_name_of_the_module_is_given_twice() -> None:
    tree = ast.parse(Path(features.__file__).read_text("utf-8"))
    names = [each.id for node in tree.body if isinstance(node, ast.Assign) for each in node.targets]  # type: ignore[attr-defined]
    assert "SMTP" in names
    assert len(names) == len(set(names))


def named(tree: ast.Module, takers: Mapping[str, int]) -> Iterator[str]:
    """Yield the features that calls name: as the keyword `feature`, or where a taker has its parameter of that name."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            given = [each.value for each in call.keywords if each.arg == "feature"]
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            given += call.args[takers[name] : takers[name] + 1] if name in takers else []
            yield from (each.value for each in given if isinstance(each, ast.Constant))


def test_every_feature_that_is_refused_anywhere_is_described() -> None:
    trees = [ast.parse(file.read_text("utf-8")) for file in Path(mailbridge.__file__).parent.rglob("*.py")]
    takers = {
        node.name: [each.arg for each in node.args.args].index("feature")
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "feature" in [each.arg for each in node.args.args]
    }
    raised = {name for tree in trees for name in named(tree, takers)}
    assert {"8bitmime", "smtputf8", "require_tls", "dsn"} <= raised
    assert raised <= features.ALL
