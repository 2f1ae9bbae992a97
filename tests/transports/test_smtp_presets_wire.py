"""The presets on the wire: how they log in, and what their headers say of a message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.addresses import Address
from support.colour import Colour
from support.peer import Peer, Submission, reply

from mailbridge import AuthFailed, ConnectFailed, Mailer, Message, Receipt, Unsupported
from mailbridge.extend import features
from mailbridge.plugins import Plugins
from mailbridge.transports.smtp.presets.expression import expressed
from mailbridge.transports.smtp.presets.rules import document
from mailbridge.transports.smtp.presets.table import PRESETS

PLAIN = {"from_": "shop@example.com", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
MESSAGE = Message(**PLAIN)
LATER = datetime(2026, 12, 24, 18, 30, tzinfo=timezone(timedelta(hours=1)))

# What a preset can say, in every field that it has a rule for, and the headers that say it.
SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sendgrid": (
        {"tags": ["a", "b c"], "metadata": {"id": 7, "paid": True}, "send_at": LATER, "track_opens": False},
        {
            "X-SMTPAPI": {
                "category": ["a", "b c"],
                "unique_args": {"id": "7", "paid": "true"},
                "send_at": 1798133400,
                "filters": {"opentrack": {"settings": {"enable": 0}}, "clicktrack": {"settings": {"enable": 1}}},
            }
        },
    ),
    "mailgun": (
        {"tags": ["a", "b"], "metadata": {"id": 7}, "send_at": LATER, "track_opens": True},
        {
            "X-Mailgun-Tag": ["a", "b"],
            "X-Mailgun-Variables": {"id": 7},
            "X-Mailgun-Deliver-By": "Thu, 24 Dec 2026 17:30:00 +0000",
            "X-Mailgun-Track-Opens": "yes",
            "X-Mailgun-Track-Clicks": "yes",
        },
    ),
    "ses": ({"metadata": {"id": 7, "kind": "order"}}, {"X-SES-MESSAGE-TAGS": "id=7, kind=order"}),
    "brevo": ({"tags": ["a b"], "metadata": {"id": 7}}, {"X-Mailin-Tag": "a b", "X-Mailin-custom": {"id": 7}}),
    "mandrill": (
        {"tags": ["a", "b"], "metadata": {"id": 7}, "send_at": LATER, "track_opens": True},
        {
            "X-MC-Tags": "a, b",
            "X-MC-Metadata": {"id": 7},
            "X-MC-SendAt": "2026-12-24 17:30:00",
            "X-MC-Track": "clicks_all, opens",
        },
    ),
    "mailtrap": (
        {"tags": ["a"], "metadata": {"id": 7}},
        {"X-MT-Category": "a", "X-MT-Custom-Variables": {"id": "7"}},
    ),
    "postmark": (
        {"tags": ["a"], "metadata": {"id": 7, "kind": "o"}, "stream": "outbound", "track_opens": True},
        {
            "X-PM-Tag": "a",
            "X-PM-Metadata-id": "7",
            "X-PM-Metadata-kind": "o",
            "X-PM-Message-Stream": "outbound",
            "X-PM-TrackOpens": "true",
            "X-PM-TrackLinks": "HtmlAndText",
        },
    ),
    "resend": ({"idempotency_key": "order/7"}, {"Resend-Idempotency-Key": "order/7"}),
    "mailjet": (
        {"tags": ["a 1"], "metadata": {"id": 7}, "track_opens": False},
        {
            "X-Mailjet-Campaign": "a 1",
            "X-MJ-EventPayload": {"id": 7},
            "X-Mailjet-TrackOpen": "0",
            "X-Mailjet-TrackClick": "1",
        },
    ),
    "sparkpost": (
        {"tags": ["a"], "metadata": {"id": 7}, "track_opens": False},
        {
            "X-MSYS-API": {
                "tags": ["a"],
                "metadata": {"id": 7},
                "options": {"open_tracking": False, "click_tracking": True},
            }
        },
    ),
    "mailersend": ({"tags": ["a", "b"]}, {"X-MailerSend-Tags": "a, b"}),
}
for name, (fields, _) in SAID.items():
    if "track_clicks" in PRESETS[f"{name}+smtp"].rules:
        fields["track_clicks"] = True


Peers = Callable[..., Peer]


def served(peer: Peers, name: str, on: Any = None, *, without: str = "") -> tuple[Peer, Mailer]:
    """Start a server that takes the login of a preset's example, and a mailer that uses it."""
    example = PRESETS[f"{name}+smtp"].example
    login = Mailer(example).transport().server
    server = peer(on, auth=(login.user, login.password.reveal()), without=without)
    return server, Mailer(example.replace("@default", f"@{server.address}"))


def parsed(submission: Submission) -> EmailMessage:
    message = message_from_bytes(submission.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def read(message: EmailMessage, name: str, like: object) -> object:
    values = [str(value) for value in message.get_all(name, [])]
    if isinstance(like, list):
        return values
    assert len(values) == 1, f"{name}: {values}"
    return json.loads(values[0]) if isinstance(like, dict) else values[0]


class TestLogin:
    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
    def test_by_a_key_alone(self, mechanism: str, colour: Colour, peer: Peers) -> None:
        server = peer(auth=("apikey", "SG.key"), mechanisms=[mechanism])
        mailer = Mailer(f"sendgrid+smtp://SG.key@{server.address}")
        with colour.using(mailer):
            receipt = colour.send(mailer, MESSAGE)
        assert receipt.provider == "sendgrid+smtp"
        assert receipt.transport == f"sendgrid+smtp://{server.address}"
        assert server.messages[0].user == "apikey"

    @pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
    def test_by_a_token(self, mechanism: str, colour: Colour, peer: Peers) -> None:
        server = peer(auth=("ann@gmail.com", "ya29.token"), mechanisms=[mechanism, "PLAIN"])
        asked = []

        def token(*, refresh: bool) -> str:
            asked.append(refresh)
            return "ya29.token"

        host = {"host": server.host, "port": server.port}
        mailer = Mailer({"transport": "gmail+smtp", "user": "ann@gmail.com", "token": token, **host})
        with colour.using(mailer):
            colour.send(mailer, MESSAGE)
        assert asked == [False]
        assert server.messages[0].user == "ann@gmail.com"

    def test_by_a_token_in_the_settings(self, colour: Colour, peer: Peers) -> None:
        server = peer(auth=("ann@example.com", "eyJ"), mechanisms=["XOAUTH2", "LOGIN"])
        mailer = Mailer(f"outlook+smtp://ann%40example.com@{server.address}?token=eyJ")
        with colour.using(mailer):
            assert (
                colour.verify(mailer).text == f"{server.address} answers, not encrypted, logged in as ann@example.com."
            )
            colour.send(mailer, MESSAGE)
        assert server.messages[0].user == "ann@example.com"

    def test_with_starttls_by_the_key_twice(self, colour: Colour, peer: Peers) -> None:
        server = peer(auth=("hush-key", "hush-key"), tls="starttls")
        mailer = Mailer(f"postmark+smtp://hush-key@{server.address}?tls=starttls&ca_file={server.ca_file}")
        with colour.using(mailer):
            found = colour.verify(mailer)
            colour.send(mailer, MESSAGE)
        assert found.text == f"{server.address} answers, encrypted, logged in."
        assert "hush-key" not in str(found.details)
        assert server.messages[0].encrypted

    def test_a_refused_key_is_in_no_error(self, colour: Colour, peer: Peers) -> None:
        server = peer({"AUTH": reply("535 5.7.8 hush-key is wrong")}, auth=("hush-key", "other"))
        mailer = Mailer(f"postmark+smtp://hush-key@{server.address}")
        with colour.using(mailer), pytest.raises(AuthFailed) as caught:
            colour.send(mailer, MESSAGE)
        assert "hush-key" not in str(caught.value)

    def test_a_mechanism_that_the_provider_does_not_document_is_not_tried(self, colour: Colour, peer: Peers) -> None:
        server = peer(auth=("apikey", "SG.key"), mechanisms=["CRAM-MD5"])
        mailer = Mailer(f"sendgrid+smtp://SG.key@{server.address}")
        with colour.using(mailer), pytest.raises(AuthFailed, match="it offers CRAM-MD5"):
            colour.send(mailer, MESSAGE)


@pytest.mark.parametrize("name", SAID)
class TestHeaders:
    def test_say_what_the_message_says(self, name: str, colour: Colour, peer: Peers) -> None:
        server, mailer = served(peer, name)
        fields, headers = SAID[name]
        with colour.using(mailer):
            receipt = colour.send(mailer, Message(**PLAIN, **fields, headers={"X-Mine": "1"}))
        got = parsed(server.messages[0])
        assert {header: read(got, header, like) for header, like in headers.items()} == headers
        assert got["X-Mine"] == "1"
        assert got["Message-ID"] == receipt.message_id

    def test_are_absent_where_there_is_nothing_to_say(self, name: str) -> None:
        assert expressed(PRESETS[f"{name}+smtp"], MESSAGE) is MESSAGE

    def test_every_rule_is_shown_here(self, name: str) -> None:
        assert SAID[name][0].keys() == PRESETS[f"{name}+smtp"].rules.keys()

    def test_are_the_features_of_the_record(self, name: str) -> None:
        record = Plugins(entry_points=False).plugin_for(f"{name}+smtp")
        assert record.features == features.SMTP | SAID[name][0].keys()
        assert Mailer(record.example).transport().features == record.features


def test_every_preset_with_rules_is_shown_here() -> None:
    assert {each.name for each in PRESETS.values() if each.rules} == SAID.keys()


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("postmark", {"tags": ["a", "b"]}, "Postmark cannot be told tags over SMTP: it has 2 tags, and 1 is the most"),
        ("postmark", {"tags": ["é"]}, "is not ASCII"),
        ("postmark", {"tags": ["a  b"]}, "would not arrive as it is"),
        ("postmark", {"tags": ["=?utf-8?q?x?="]}, "would not arrive as it is"),
        ("postmark", {"metadata": {"my key": "1"}}, "other characters than letters"),
        ("postmark", {"metadata": {"key": "ä"}}, "is not ASCII"),
        ("postmark", {"metadata": {"key": "a", "Key": "b"}}, "two of its keys differ only in case"),
        ("postmark", {"track_opens": False}, "it can be switched on for a message, not off"),
        ("mandrill", {"tags": ["a,b"]}, "a comma would divide a tag in two"),
        ("mandrill", {"tags": ["a" * 51]}, "longer than 50 characters"),
        ("mailersend", {"tags": list("abcdef")}, "it has 6 tags, and 5 are the most"),
        ("sendgrid", {"tags": [str(number) for number in range(11)]}, "11 tags, and 10 are the most"),
        ("sendgrid", {"metadata": {"key": "x" * 901}}, "too long for a line"),
        ("sparkpost", {"tags": [str(number) for number in range(11)]}, "11 tags, and 10 are the most"),
        ("mailtrap", {"metadata": {str(number): "x" * 90 for number in range(11)}}, "and 1000 are the most"),
        ("mailjet", {"tags": ["a/b"]}, "other characters than"),
        ("brevo", {"metadata": {"key": "ä"}}, "it can hold ASCII only"),
        ("ses", {"metadata": {"key": "a b"}}, "other characters than letters"),
        ("mailgun", {"tags": ["a" * 129]}, "longer than 128 characters"),
        ("mailgun", {"tags": ["a"], "headers": {"x-mailgun-TAG": "b"}}, "headers has X-Mailgun-Tag already"),
        ("sendgrid", {"tags": ["a"], "headers": {"X-SMTPAPI": "{}"}}, "headers has X-SMTPAPI already"),
        ("sendgrid", {"provider_options": {"sendgrid": {"asm": 7}}}, "those of sendgrid are for its HTTP API"),
        ("gmail", {"provider_options": {"gmail+smtp": {"x": 7}}}, "those of gmail+smtp are for its HTTP API"),
    ],
)
def test_what_a_header_cannot_say_is_refused_with_the_field(name: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Unsupported) as caught:
        expressed(PRESETS[f"{name}+smtp"], Message(**PLAIN, **fields))
    assert said in str(caught.value)
    assert caught.value.field == caught.value.feature == next(iter(fields))


def test_options_of_another_provider_are_left_alone() -> None:
    message = Message(**PLAIN, provider_options={"mailgun": {"template": "x"}})
    assert expressed(PRESETS["sendgrid+smtp"], message) is message


def test_a_raw_message_has_no_room_for_headers() -> None:
    raw = b"From: a@example.com\r\n\r\nHello"
    message = Message(from_="a@example.com", to="b@example.org", raw=raw, tags=["a"])
    with pytest.raises(Unsupported, match="the headers of raw are written already"):
        expressed(PRESETS["mailgun+smtp"], message)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("gmail", {"tags": ["a"]}),
        ("resend", {"metadata": {"a": "b"}}),
        ("ses", {"tags": ["a"]}),
        ("sendgrid", {"template": "d-1"}),
        ("mailtrap", {"send_at": LATER}),
    ],
)
def test_what_a_preset_has_no_rule_for_is_refused_as_always(
    name: str, fields: dict[str, Any], colour: Colour, closed_port: Address
) -> None:
    mailer = Mailer(PRESETS[f"{name}+smtp"].example.replace("@default", f"@127.0.0.1:{closed_port.port}"))
    with colour.using(mailer), pytest.raises(Unsupported) as caught:
        colour.send(mailer, Message(**PLAIN, **fields))
    assert caught.value.feature == next(iter(fields))


def test_without_tags_a_message_goes_where_tags_cannot(colour: Colour, peer: Peers) -> None:
    server = peer(auth=("ann@gmail.com", "pw"))
    mailer = Mailer(f"gmail+smtp://ann%40gmail.com:pw@{server.address}", unsupported="drop")
    with colour.using(mailer):
        assert colour.send(mailer, Message(**PLAIN, tags=["only-tag"])).complete
    assert b"only-tag" not in server.messages[0].data


class TestMany:
    def tagged(self, *tags: str) -> Message:
        return Message(**{**PLAIN, "subject": " ".join(tags)}, tags=tags)

    @pytest.mark.parametrize("without", ["", "CHUNKING", "CHUNKING PIPELINING"])
    def test_a_message_that_cannot_be_told_sinks_no_other(self, without: str, colour: Colour, peer: Peers) -> None:
        server, mailer = served(peer, "postmark", without=without)
        bad = ["a", "b"]
        order = [bad, ["c"], ["d"], bad, bad, ["e"], bad]
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, [self.tagged(*tags) for tags in order])
        assert [type(each) for each in outcomes] == [Unsupported if tags is bad else Receipt for tags in order]
        assert sorted(parsed(each)["X-PM-Tag"] for each in server.messages) == ["c", "d", "e"]
        assert [each.transport for each in outcomes] == [f"postmark+smtp://{server.address}"] * 7

    def test_refusals_of_the_server_keep_their_place(self, colour: Colour, peer: Peers) -> None:
        _, mailer = served(peer, "postmark", {".": {"subject: two": reply("554 5.7.1 no")}})
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, [self.tagged(tag) for tag in ("one", "two", "three")])
        assert [getattr(each, "code", 0) for each in outcomes] == [0, 554, 0]

    def test_all_that_can_be_told_share_a_connection(self, colour: Colour, peer: Peers) -> None:
        server, mailer = served(peer, "mailgun")
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, [self.tagged(str(number)) for number in range(40)])
        assert {parsed(each)["X-Mailgun-Tag"] for each in server.messages} == {str(number) for number in range(40)}
        assert all(each.complete for each in outcomes)
        assert server.connections <= mailer.transport().connections

    @pytest.mark.parametrize("policy", ["retry({}, attempts=2)", "roundrobin({})", "ratelimit({}, rate=1000/s)"])
    def test_policies_around_a_preset_see_every_outcome(self, policy: str, colour: Colour, peer: Peers) -> None:
        server = peer(auth=("k", "k"))
        mailer = Mailer(policy.format(f"postmark+smtp://k@{server.address}"))
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, [self.tagged(*tags) for tags in (["c"], ["a", "b"], ["d"])])
        assert [type(each) for each in outcomes] == [Receipt, Unsupported, Receipt]
        assert sorted(parsed(each)["X-PM-Tag"] for each in server.messages) == ["c", "d"]

    def test_another_transport_takes_over_what_a_preset_cannot_be_told(self, colour: Colour, peer: Peers) -> None:
        server = peer(auth=("k", "k"))
        mailer = Mailer(f"failover(postmark+smtp://k@{server.address}, null://)")
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, [self.tagged(*tags) for tags in (["c"], ["a", "b"], ["d"])])
        assert [each.provider for each in outcomes] == ["postmark+smtp", "null", "postmark+smtp"]

    def test_without_a_server_each_message_has_its_error(self, colour: Colour, closed_port: Address) -> None:
        mailer = Mailer(f"postmark+smtp://k@{closed_port}")
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, [self.tagged(*tags) for tags in (["c"], ["a", "b"], ["d"])])
        assert [type(each) for each in outcomes] == [ConnectFailed, Unsupported, ConnectFailed]

    def test_who_stops_listening_leaves_no_connection_behind(self, peer: Peers) -> None:
        server, mailer = served(peer, "mailgun")
        with mailer:
            outcomes = mailer.send_many(self.tagged(str(number)) for number in range(1000))
            assert next(iter(outcomes)).complete
            outcomes.close()
        server.wait_for(lambda peer: all(session.end for session in peer.sessions))
        assert server.submissions < 1000

    def test_an_iterable_that_fails_is_not_taken_for_a_refusal(self, colour: Colour, peer: Peers) -> None:
        _, mailer = served(peer, "mailgun")

        def broken() -> Iterator[Message]:
            yield self.tagged("a")
            raise LookupError("no more orders")

        with colour.using(mailer), pytest.raises(LookupError, match="no more orders"):
            colour.send_many(mailer, broken())


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.booleans(), max_size=6))
def test_a_document_is_json_that_survives_folding(value: dict[str, Any]) -> None:
    try:
        text = document(value)
    except ValueError:
        return
    assert json.loads(text) == value
    assert text.isascii()
    assert text.isprintable()
    assert "=?" not in text
    assert "  " not in text
    assert json.loads(" ".join(text.split(" "))) == value


def test_send_at_is_told_in_utc() -> None:
    message = Message(**PLAIN, send_at=LATER)
    assert LATER.astimezone(UTC).hour == 17
    assert dict(expressed(PRESETS["mailgun+smtp"], message).headers) == {
        "X-Mailgun-Deliver-By": "Thu, 24 Dec 2026 17:30:00 +0000"
    }
