"""A feature that a transport lacks is refused; it is left out only where the same message arrives all the same."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from support.members import FakeTransport, message

from mailbridge import Mailer, Message
from mailbridge.errors import ConfigError, MessageInvalid, Unsupported
from mailbridge.extend import Delivery, Mime, MimeTransport, Receipt
from mailbridge.message import features
from mailbridge.sending.unsupported import Unsupporting

PLAIN = FakeTransport()
HEADED = FakeTransport(features={"headers"})
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
TAGGED = message(tags=["spring"], metadata={"order": 7})


def test_a_message_that_the_transport_can_express_stays_as_it_is() -> None:
    assert Unsupporting().fitted(TAGGED, FakeTransport(features={"tags", "metadata"})) is TAGGED


def test_a_lacking_feature_is_refused_by_its_name_with_what_to_do() -> None:
    with pytest.raises(
        Unsupported, match=r"fake://a cannot express metadata \(data that events bring back\)"
    ) as caught:
        Unsupporting().fitted(TAGGED, PLAIN)
    assert (caught.value.feature, caught.value.field) == ("metadata", "metadata")
    assert "set unsupported to drop" in caught.value.hints[0]


def test_a_feature_may_be_left_out_silently(caplog: pytest.LogCaptureFixture) -> None:
    fitted = Unsupporting("drop").fitted(TAGGED, PLAIN)
    assert (fitted.tags, fitted.metadata, fitted.subject) == ((), {}, "m")
    assert caplog.records == []


def test_a_feature_may_be_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mailbridge"):
        Unsupporting({"tags": "warn", "*": "drop"}).fitted(TAGGED, PLAIN)
    assert [record.getMessage() for record in caplog.records] == ["fake://a cannot express tags; it was left out"]


def test_a_feature_that_is_not_named_is_refused() -> None:
    with pytest.raises(Unsupported, match="metadata"):
        Unsupporting({"tags": "drop"}).fitted(TAGGED, PLAIN)


@pytest.mark.parametrize(
    "fields",
    [
        {"html": "<b>Hi</b>"},
        {"headers": {"X-A": "1"}},
        {"require_tls": True},
        {"template": "welcome"},
        {"merge_global": {"name": "Ann"}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_content_is_never_left_out(fields: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as caught:
        Unsupporting("drop").fitted(message(**fields), PLAIN)
    assert "drop" not in caught.value.hints[0]


@pytest.mark.parametrize("name", ["merge_data", "merge_headers", "merge_metadata"])
@pytest.mark.parametrize("policy", ["raise", "drop", "emulate"])
def test_nobody_sees_the_others_because_private_copies_are_lacking(name: str, policy: Any) -> None:
    """Even empty, they say that everybody in `to` gets a copy of his own."""
    private = message(to=["ann@example.org", "bob@example.org"], **{name: {}})  # type: ignore[arg-type]
    with pytest.raises(Unsupported) as caught:
        Unsupporting(policy).fitted(private, HEADED)
    assert caught.value.feature == name


def test_what_is_only_advice_is_nobodys_lack() -> None:
    advised = message(idempotency_key="1", provider_options={"acme": {"a": 1}})
    assert advised.features == features.ADVISORY
    assert Unsupporting().fitted(advised, PLAIN) is advised


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        pytest.param("rase", "unsupported must be raise, warn, drop or emulate, not 'rase'", id="a misspelt word"),
        pytest.param(
            {"tags": "ignore"}, "unsupported must be raise, warn, drop or emulate, not 'ignore'", id="of one feature"
        ),
        pytest.param({"html": "emulate"}, "html cannot be emulated; a header can say list_unsub", id="not by a header"),
        pytest.param({"tag": "drop"}, "there is no feature tag; did you mean tags?", id="a misspelt feature"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(policy: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Unsupporting(policy)
    assert said in str(caught.value)


class Headers(MimeTransport):
    """Keeps what it gets; knows headers and nothing else."""

    name = "headers"
    features = frozenset({"headers"})
    sent = b""

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        self.sent = bytes(mime)
        return self.accepted(delivery)


class TestEmulation:
    """What a plain header can say is said so, where the policy is `emulate` and the transport has headers."""

    @pytest.mark.parametrize(
        ("fields", "headers"),
        [
            ({"priority": "high"}, [("X-Priority", "1 (Highest)"), ("Importance", "high")]),
            ({"priority": "low"}, [("X-Priority", "5 (Lowest)"), ("Importance", "low")]),
            (
                {"list_unsubscribe": ["https://e.example/l", "mailto:l@e.example"], "list_unsubscribe_post": True},
                [
                    ("List-Unsubscribe", "<https://e.example/l>, <mailto:l@e.example>"),
                    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ],
            ),
            (
                {"in_reply_to": "<b@e.example>", "references": ["<a@e.example>", "<b@e.example>"]},
                [("In-Reply-To", "<b@e.example>"), ("References", "<a@e.example> <b@e.example>")],
            ),
            ({"tags": ["one", "zwei, drei"]}, [("X-Tag", "one"), ("X-Tag", "zwei, drei")]),
            (
                {"metadata": {"order": 7, "stadt": "Köln", "paid": True}},
                [("X-Metadata", '{"order": 7, "stadt": "K\\u00f6ln", "paid": true}')],
            ),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_a_feature_becomes_headers(self, fields: dict[str, Any], headers: list[tuple[str, str]]) -> None:
        fitted = Unsupporting("emulate").fitted(message(headers={"X-A": "1"}, **fields), HEADED)
        assert sorted(fitted.headers) == sorted([("X-A", "1"), *headers])
        assert fitted.features == {"headers"}
        assert fitted.subject == "m"

    def test_a_header_of_the_callers_own_goes_before(self) -> None:
        told = message(headers={"x-priority": "2", "X-Tag": "own"}, priority="high", tags=["one"])
        fitted = Unsupporting("emulate").fitted(told, HEADED)
        assert fitted.headers == (("Importance", "high"), ("x-priority", "2"), ("X-Tag", "own"), ("X-Tag", "one"))

    def test_what_the_transport_has_is_left_to_it(self) -> None:
        both = message(tags=["one"], priority="high")
        fitted = Unsupporting("emulate").fitted(both, FakeTransport(features={"headers", "tags"}))
        assert (fitted.tags, fitted.priority) == (("one",), None)
        assert [name for name, _ in fitted.headers] == ["X-Priority", "Importance"]

    def test_it_arrives(self) -> None:
        mailer = Mailer(transport := Headers(), unsupported="emulate")
        mailer.send(message(tags=["one"], metadata={"order": 7}))
        assert b'\r\nX-Tag: one\r\nX-Metadata: {"order": 7}\r\n' in transport.sent

    @pytest.mark.parametrize(
        "fields",
        [{"template": "welcome"}, {"send_at": NOON}, {"stream": "x"}, {"date": NOON}, {"sender": "s@example.com"}],
        ids=lambda fields: next(iter(fields)),
    )
    def test_what_a_header_cannot_say_is_refused(self, fields: dict[str, Any]) -> None:
        with pytest.raises(Unsupported):
            Unsupporting("emulate").fitted(message(**fields), HEADED)

    def test_a_transport_without_headers_emulates_nothing(self) -> None:
        with pytest.raises(Unsupported, match="tags") as caught:
            Unsupporting("emulate").fitted(message(tags=["one"]), PLAIN)
        assert "emulate" not in str(caught.value)

    def test_a_message_that_was_rendered_gets_no_further_headers(self) -> None:
        raw = Message(from_="a@b.c", to="x@y.z", raw=b"Subject: x\r\n\r\n", tags=["one"])
        with pytest.raises(Unsupported, match="tags"):
            Unsupporting("emulate").fitted(raw, FakeTransport(features={"headers", "raw"}))

    def test_metadata_too_long_for_a_header_are_refused(self) -> None:
        with pytest.raises(MessageInvalid, match="metadata has 2") as caught:
            Unsupporting("emulate").fitted(message(metadata={"a": "x" * 10_000, "b": "x" * 10_000}), HEADED)
        assert caught.value.field == "metadata"

    def test_the_refusal_names_it_where_it_helps(self) -> None:
        for fields, hint in [({"tags": ["a"]}, "drop or emulate"), ({"references": ["<a@b.c>"]}, "emulate")]:
            with pytest.raises(Unsupported) as caught:
                Unsupporting().fitted(message(**fields), HEADED)
            assert caught.value.hints[0].endswith(f", or set unsupported to {hint}.")
