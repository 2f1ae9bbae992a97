"""Mailgun: what its requests say, what its answers mean, and what a person may get wrong in its settings.

The corpus of `tests/transports/test_contract.py` covers what is the same for every provider.
"""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl

import pytest
from support.colour import Colour
from support.descriptions import violations
from support.http_peer import HttpPeer, answer
from support.stage import Stage, reply

from mailbridge import (
    Attachment,
    AuthFailed,
    ConfigError,
    ContentRefused,
    Envelope,
    Mailer,
    MailError,
    Message,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    Receipt,
    RecipientStatus,
    SenderRefused,
    ServerError,
    Unsupported,
)
from mailbridge.extend import HttpRequest, HttpResponse, Template, hookimpl
from mailbridge.plugins import Plugins
from mailbridge.testing import Rehearsal

KEY = "canary0123456789abcdef0123456789-01234567-89abcdef"
DSN = f"mailgun://{KEY}@mg.example.com"
ID = "<20301.1@mg.example.com>"
QUEUED = {"id": ID, "message": "Queued. Thank you."}
PLAIN: dict[str, Any] = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BASE = [("from", '"App" <app@example.com>'), ("to", "ann@example.org"), ("subject", "Hi"), ("text", "Hello")]


def message(**fields: Any) -> Message:
    return Message(**{**PLAIN, **fields})


def staged(respond: Callable[[HttpRequest], HttpResponse] | None = None, dsn: str = DSN) -> Stage:
    return Stage(dsn, respond or (lambda request: reply(QUEUED)))


def rehearsed() -> Rehearsal:
    """Return the same with Message-ID and Date, without which no message is rendered."""
    return Rehearsal(Plugins().build(DSN), lambda request: reply(QUEUED))


def form(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields of a form; of a file its name and octets."""
    kind = request.header("content-type") or ""
    if kind == "application/x-www-form-urlencoded":
        return parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    whole: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body, policy=policy.HTTP)
    fields = []
    for part in whole.iter_parts():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if file := part.get_param("filename", header="content-disposition"):
            fields.append((name, f"{file} ({part['content-type']}): {content!r}"))
        else:
            fields.append((name, content.decode()))
    return fields


def said(sent: Message, dsn: str = DSN, *, path: str = "/v3/mg.example.com/messages") -> list[tuple[str, str]]:
    """Return the form of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    (request,) = stage.requests
    assert stage.paths == [f"POST {path}"]
    assert request.header("authorization") == "Basic " + b64encode(f"api:{KEY}".encode()).decode()
    assert violations("mailgun", request) == []
    return form(request)


SAID: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "plain": ({}, BASE),
    "recipients": (
        {
            "to": ['"Smith, Ann" <ann@example.org>', "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": "dan@example.org",
        },
        [
            BASE[0],
            ("to", '"Smith, Ann" <ann@example.org>'),
            ("to", "bob@example.org"),
            ("cc", "cyd@example.org"),
            ("bcc", "dan@example.org"),
            *BASE[2:],
        ],
    ),
    "several authors": (
        {"from_": ["ann@example.com", "Bob <bob@example.com>"], "sender": "Desk <desk@example.com>"},
        [("from", 'ann@example.com, "Bob" <bob@example.com>'), *BASE[1:], ("h:Sender", '"Desk" <desk@example.com>')],
    ),
    "domains in A-labels": (
        {"from_": "app@bücher.example", "to": "ann@straße.example"},
        [("from", "app@xn--bcher-kva.example"), ("to", "ann@xn--strae-oqa.example"), *BASE[2:]],
    ),
    "several addresses to reply to": (
        {"reply_to": ["Help <help@example.com>", "sales@example.com"]},
        [*BASE, ("h:Reply-To", '"Help" <help@example.com>, sales@example.com')],
    ),
    "texts": (
        {"text": "", "html": "<p>Grüße</p>", "amp": "<html ⚡4email></html>"},
        [*BASE[:3], ("html", "<p>Grüße</p>"), ("amp-html", "<html ⚡4email></html>")],
    ),
    "no subject": ({"subject": ""}, [*BASE[:2], ("subject", ""), BASE[3]]),
    "headers": (
        {
            "headers": {"X-Shop": "Köln"},
            "message_id": "<1@example.com>",
            "in_reply_to": "<0@example.com>",
            "list_unsubscribe": "https://example.com/u",
            "list_unsubscribe_post": True,
            "priority": "low",
        },
        [
            *BASE,
            ("h:Message-ID", "<1@example.com>"),
            ("h:In-Reply-To", "<0@example.com>"),
            ("h:List-Unsubscribe", "<https://example.com/u>"),
            ("h:List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("h:X-Priority", "5 (Lowest)"),
            ("h:Importance", "low"),
            ("h:X-Shop", "Köln"),
        ],
    ),
    "files, attached and inline": (
        {
            "attachments": [
                Attachment(b"%PDF", 'März "1".pdf'),
                Attachment("Grüße", "ü.txt"),
                Attachment(b"GIF89a", "logo.gif", inline=True, content_id="logo@example.com"),
                Attachment(b"x"),
            ]
        },
        [
            *BASE,
            ("attachment", "März \"1\".pdf (application/pdf): b'%PDF'"),
            ("attachment", "ü.txt (text/plain; charset=\"utf-8\"): b'Gr\\xc3\\xbc\\xc3\\x9fe'"),
            ("inline", "logo@example.com (image/gif): b'GIF89a'"),
            ("attachment", "attachment (application/octet-stream): b'x'"),
        ],
    ),
    "tags and metadata": (
        {"tags": ["a", "b c"], "metadata": {"order": 7, "paid": True, "name": "Änn"}},
        [*BASE, ("o:tag", "a"), ("o:tag", "b c"), ("v:order", "7"), ("v:paid", "true"), ("v:name", "Änn")],
    ),
    "tracking": (
        {"track_opens": False, "track_clicks": True},
        [*BASE, ("o:tracking-opens", "no"), ("o:tracking-clicks", "yes")],
    ),
    "sending later": (
        {"send_at": datetime(2026, 12, 24, 18, 30, tzinfo=UTC)},
        [*BASE, ("o:deliverytime", "Thu, 24 Dec 2026 18:30:00 +0000")],
    ),
    "a template": (
        {"template": Template("welcome", "v2"), "merge_global": {"name": "Änn", "items": [{"sku": 1}]}},
        [
            *BASE,
            ("template", "welcome"),
            ("t:version", "v2"),
            ("t:variables", '{"name":"Änn","items":[{"sku":1}]}'),
            ("recipient-variables", '{"ann@example.org":{"name":"Änn"}}'),
        ],
    ),
    "a template that several see": (
        {"to": ["ann@example.org", "bob@example.org"], "template": "welcome", "merge_global": {"name": "you"}},
        [
            *BASE[:2],
            ("to", "bob@example.org"),
            *BASE[2:],
            ("template", "welcome"),
            ("t:variables", '{"name":"you"}'),
        ],
    ),
    "merge data in the text": (
        {"merge_global": {"name": "Ann", "count": 2}, "cc": "bob@example.org"},
        [
            *BASE[:2],
            ("cc", "bob@example.org"),
            *BASE[2:],
            (
                "recipient-variables",
                '{"ann@example.org":{"name":"Ann","count":"2"},"bob@example.org":{"name":"Ann","count":"2"}}',
            ),
        ],
    ),
    "options": (
        {
            "track_clicks": True,
            "template": "welcome",
            "provider_options": {
                "mailgun": {
                    "dkim": False,
                    "deliver_within": "1h30m",
                    "require_tls": True,
                    "sending_ip_pool": "bulk",
                    "tracking": "yes",
                    "tracking_clicks": "htmlonly",
                    "template_text": True,
                    "suppress_headers": "all",
                }
            },
        },
        [
            *BASE,
            ("template", "welcome"),
            ("t:text", "yes"),
            ("o:deliver-within", "1h30m"),
            ("o:dkim", "no"),
            ("o:require-tls", "yes"),
            ("o:sending-ip-pool", "bulk"),
            ("o:suppress-headers", "all"),
            ("o:tracking", "yes"),
            ("o:tracking-clicks", "htmlonly"),
        ],
    ),
}


@pytest.mark.parametrize(("fields", "wanted"), SAID.values(), ids=SAID)
def test_a_message_is_said_in_mailguns_words(fields: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    assert said(message(**fields)) == wanted


def test_a_template_may_have_the_subject_of_its_own() -> None:
    stage = staged()
    assert isinstance(stage.send(message(subject=None, text=None, template="welcome")), Receipt)
    assert form(stage.requests[0]) == [*BASE[:2], ("template", "welcome")]


def test_the_sandbox_is_a_setting() -> None:
    assert said(message(), f"{DSN}?sandbox=true") == [*BASE, ("o:testmode", "yes")]


def test_without_a_domain_that_of_the_author_is_used() -> None:
    sent = message(from_="app@bücher.example")
    said(sent, f"mailgun://{KEY}@default", path="/v3/xn--bcher-kva.example/messages")


def test_the_eu_has_a_host_of_its_own() -> None:
    stage = staged(dsn=f"{DSN}?region=eu")
    stage.send(message())
    assert stage.requests[0].url == "https://api.eu.mailgun.net/v3/mg.example.com/messages"
    assert violations("mailgun", stage.requests[0]) == []


# --- MIME


RAW = b"From: app@example.com\r\nTo: ann@example.org\r\nSubject: Hi\r\nMessage-ID: <r@example.com>\r\n\r\nHello\r\n"
IN_MIME: dict[str, tuple[dict[str, Any], bytes]] = {
    "rendered before": ({"raw": RAW, "text": None, "subject": None}, RAW),
    "a calendar": ({"calendar": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}, b"method=REQUEST"),
    "another form of the body": ({"alternatives": [("# Hi", "text/markdown")]}, b"text/markdown"),
    "no text": ({"text": None}, b"Subject: Hi"),
    "a header twice": ({"headers": [("X-A", "1"), ("X-A", "2")]}, b"X-A: 1\r\nX-A: 2"),
    "a file with a content id": ({"attachments": Attachment(b"x", "x", content_id="x@y")}, b"Content-ID: <x@y>"),
}


@pytest.mark.parametrize(("fields", "inside"), IN_MIME.values(), ids=IN_MIME)
def test_what_a_form_has_no_place_for_travels_in_mime(fields: dict[str, Any], inside: bytes) -> None:
    sent = message(**{**fields, "bcc": "log@example.com", "tags": "a", "metadata": {"id": 1}})
    stage = rehearsed()
    assert isinstance(stage.send("m", sent), Receipt)
    assert stage.requests[0].url == "https://api.mailgun.net/v3/mg.example.com/messages.mime"
    assert violations("mailgun", stage.requests[0]) == []
    body = stage.requests[0].body
    assert b'name="message"; filename="message.eml"\r\nContent-Type: message/rfc822\r\n\r\n' in body
    assert inside in body
    assert b"Bcc" not in body
    plain = [pair for pair in form(stage.requests[0]) if pair[0] != "message"]
    assert plain == [("to", "ann@example.org"), ("to", "log@example.com"), ("o:tag", "a"), ("v:id", "1")]


def test_recipients_without_any_in_to_travel_in_mime() -> None:
    stage = rehearsed()
    assert isinstance(stage.send("m", message(to=None, bcc=["ann@example.org", "bob@example.org"])), Receipt)
    assert form(stage.requests[0])[:2] == [("to", "ann@example.org"), ("to", "bob@example.org")]


def test_recipients_apart_from_the_header_travel_in_mime() -> None:
    stage = rehearsed()
    outcome = stage.send("m", message(envelope=Envelope("APP@example.com", ["bob@example.org"])))
    assert isinstance(outcome, Receipt)
    assert outcome.accepted == ("bob@example.org",)
    assert form(stage.requests[0])[0] == ("to", "bob@example.org")
    assert b"To: ann@example.org" in stage.requests[0].body


def test_merge_data_in_mime_is_for_all_who_get_the_copy() -> None:
    stage = rehearsed()
    sent = message(
        to=["ann@example.org", "bob@example.org"],
        cc="boss@example.com",
        alternatives=[("# Hi", "text/markdown")],
        merge_data={"ann@example.org": {"name": "Ann"}},
    )
    assert isinstance(stage.send("m", sent), Receipt)
    ann, bob = map(dict, map(form, stage.requests))
    assert json.loads(ann["recipient-variables"]) == {
        "ann@example.org": {"name": "Ann"},
        "boss@example.com": {"name": "Ann"},
    }
    assert "recipient-variables" not in bob


# --- what is refused


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"template": "t", "html": "<p>"}, "html", id="HTML beside a template"),
        pytest.param(
            {"template": "t", "html": "<p>", "to": ["a@example.org", "b@example.org"], "merge_data": {}},
            "html",
            id="HTML beside a template, for several copies",
        ),
        pytest.param({"template": "t", "headers": [("X-A", "1"), ("X-A", "2")]}, "template", id="a template in MIME"),
        pytest.param(
            {"merge_headers": {"ann@example.org": [("X-A", "1"), ("X-A", "2")]}},
            "merge_headers",
            id="a header twice for one recipient",
        ),
        pytest.param({"merge_global": {"items": [1]}}, "merge_global", id="nested data without a template"),
        pytest.param(
            {"provider_options": {"mailgun": {"template_text": True}}},
            "provider_options.mailgun",
            id="a template's option without one",
        ),
        pytest.param(
            {"provider_options": {"mailgun": {"dkin": True}}}, "provider_options.mailgun", id="an unknown option"
        ),
        pytest.param(
            {"provider_options": {"mailgun": {"deliver_within": "soon"}}},
            "provider_options.mailgun",
            id="a malformed option",
        ),
    ],
)
def test_what_mailgun_would_refuse_or_ignore_is_refused_before_sending(fields: dict[str, Any], field: str) -> None:
    stage = staged()
    outcome = stage.send(message(**fields))
    assert isinstance(outcome, MessageInvalid)
    assert outcome.field == field
    assert stage.requests == []


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        pytest.param(
            {"to": ["ann@example.org", "bob@example.org"], "merge_global": {"name": "you"}},
            "merge_global",
            id="merge data for a text that several see",
        ),
        pytest.param({"envelope_sender": "b@example.com"}, "envelope_sender", id="a bounce address"),
        pytest.param(
            {"envelope": Envelope("b@example.com", "ann@example.org")},
            "envelope_sender",
            id="another sender in the envelope",
        ),
        pytest.param(
            {"envelope": Envelope(None, "ann@example.org")}, "envelope_sender", id="no sender in the envelope"
        ),
        pytest.param({"metadata": {"a": "x" * 4096}}, "metadata", id="metadata that events would cut off"),
        pytest.param({"tags": "t" * 129}, "tags", id="a long tag"),
        pytest.param({"to": "änn@example.org"}, "smtputf8", id="a local part beyond ASCII"),
        pytest.param({"require_tls": True}, "require_tls", id="TLS on every hop"),
    ],
)
def test_what_mailgun_cannot_express_is_named(fields: dict[str, Any], feature: str) -> None:
    stage = rehearsed()
    outcome = stage.send("m", message(**fields))
    assert isinstance(outcome, Unsupported)
    assert outcome.feature == feature
    assert stage.requests == []


# --- private copies


def variables(request: HttpRequest) -> Any:
    return json.loads(dict(form(request))["recipient-variables"])


@pytest.mark.parametrize(
    ("to", "spelt", "wire"),
    [
        pytest.param("ann@bücher.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example", id="W10-domain"),
        pytest.param("Ann@Example.org", "ann@example.ORG", "Ann@example.org", id="W11-capitals"),
    ],
)
def test_merge_data_finds_its_recipient_however_the_address_is_spelt(to: str, spelt: str, wire: str) -> None:
    stage = staged()
    sent = message(
        to=[f"Ann <{to}>", "bob@example.org"], merge_data={spelt: {"name": "Ann"}, "bob@example.org": {"name": "Bob"}}
    )
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt)
    assert list(outcome.recipients) == [to, "bob@example.org"]
    (request,) = stage.requests
    assert violations("mailgun", request) == []
    assert [value for name, value in form(request) if name == "to"] == [f'"Ann" <{wire}>', "bob@example.org"]
    assert variables(request) == {wire: {"name": "Ann"}, "bob@example.org": {"name": "Bob"}}


def test_what_differs_is_a_variable_and_what_does_not_is_said_plainly() -> None:
    sent = message(
        to=["ann@example.org", "bob@example.org"],
        message_id="<1@example.com>",
        headers={"X-All": "yes"},
        metadata={"run": 7},
        merge_headers={"ann@example.org": {"X-Id": "1"}, "bob@example.org": {"X-Id": "2"}},
        merge_metadata={"ann@example.org": {"id": 1}, "bob@example.org": {"id": 2}},
    )
    assert said(sent) == [
        BASE[0],
        ("to", "ann@example.org"),
        ("to", "bob@example.org"),
        *BASE[2:],
        ("h:Message-ID", "<1@example.com>"),
        ("h:X-All", "yes"),
        ("h:X-Id", "%recipient.h:X-Id%"),
        ("v:run", "7"),
        ("v:id", "%recipient.v:id%"),
        (
            "recipient-variables",
            '{"ann@example.org":{"h:X-Id":"1","v:id":"1"},"bob@example.org":{"h:X-Id":"2","v:id":"2"}}',
        ),
    ]


def test_a_template_gets_the_variables_as_custom_data() -> None:
    sent = message(
        to=["ann@example.org", "bob@example.org"],
        template="welcome",
        merge_global={"shop": "Example"},
        merge_data={"ann@example.org": {"name": "Ann"}, "bob@example.org": {"name": "Bob"}},
    )
    fields = said(sent)
    assert ("v:name", "%recipient.name%") in fields
    assert ("v:shop", "%recipient.shop%") in fields
    assert json.loads(dict(fields)["recipient-variables"])["bob@example.org"] == {"shop": "Example", "name": "Bob"}


APART: dict[str, dict[str, Any]] = {
    "names that only one has": {"merge_data": {"ann@example.org": {"name": "Ann"}}},
    "a copy for others": {"merge_data": {}, "cc": "boss@example.com"},
    "nested data for a template": {
        "template": "t",
        "merge_data": {"ann@example.org": {"i": [1]}, "bob@example.org": {"i": [2]}},
    },
    "a name that is data and metadata": {
        "template": "t",
        "merge_global": {"id": 1},
        "merge_metadata": {},
        "metadata": {"id": 2},
    },
    "a name with a space": {"merge_data": {}, "merge_global": {"a b": 1}},
}


@pytest.mark.parametrize("fields", APART.values(), ids=APART)
def test_copies_that_variables_cannot_tell_apart_travel_alone(fields: dict[str, Any]) -> None:
    stage = staged()
    outcome = stage.send(message(**{"to": ["ann@example.org", "bob@example.org"], **fields}))
    assert isinstance(outcome, Receipt), outcome
    assert len(stage.requests) == 2
    for request in stage.requests:
        assert violations("mailgun", request) == []


def test_two_messages_to_one_address_travel_apart() -> None:
    stage = staged()
    two = [message(message_id="<1@example.com>", metadata={"n": number}) for number in range(2)]
    assert [type(outcome) for outcome in stage.send_many(two)] == [Receipt, Receipt]
    assert [dict(form(request))["v:n"] for request in stage.requests] == ["0", "1"]


def test_nobody_sees_the_others_in_a_call_of_copies() -> None:
    """Only the field, even if nothing is in it, makes Mailgun send everybody a message of his own."""
    stage = staged()
    stage.send(message(to=["ann@example.org", "bob@example.org"], merge_data={}))
    (request,) = stage.requests
    assert variables(request) == {"ann@example.org": {}, "bob@example.org": {}}


@pytest.mark.parametrize("count", [pytest.param(1501, id="W7-chunks")])
def test_many_copies_are_cut_to_a_thousand_a_call(count: int) -> None:
    stage = staged()
    to = [f"r{number}@example.org" for number in range(count)]
    outcome = stage.send(message(to=to, merge_data={}))
    assert isinstance(outcome, Receipt)
    assert list(outcome.recipients) == to
    assert [len(variables(each)) for each in stage.requests] == [1000, 501]


# --- answers


def test_the_receipt_has_the_message_id_that_mailgun_tells() -> None:
    outcome = staged().send(message(to="Ann@Bücher.example", message_id="<1@example.com>"))
    assert isinstance(outcome, Receipt)
    assert (outcome.message_id, outcome.provider_id, outcome.provider) == (ID, ID, "mailgun")
    assert outcome.recipients == {"Ann@Bücher.example": RecipientStatus("accepted", provider_id=ID)}
    assert outcome.raw == QUEUED


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": ID},
        {"id": ID, "message": "Mailgun Magnificent API"},
        {"message": "Queued. Thank you."},
        {"id": 7, "message": "Queued. Thank you."},
    ],
    ids=str,
)
def test_a_success_that_does_not_say_queued_says_nothing(body: dict[str, Any]) -> None:
    assert isinstance(staged(lambda request: reply(body)).send(message()), OutcomeUnknown)


ERRORS: dict[str, tuple[HttpResponse, type[MailError], str]] = {
    "bad key": (
        HttpResponse(401, [("Content-Type", "text/plain")], b"Forbidden"),
        AuthFailed,
        "mailgun://us refused the credentials: Forbidden (HTTP 401).",
    ),
    "recipient malformed": (
        reply({"message": "'to' parameter is not a valid address. please check documentation"}, 400),
        ContentRefused,
        "mailgun://us refused the message: 'to' parameter is not a valid address. please check documentation "
        "(HTTP 400).",
    ),
    "sender malformed": (
        reply({"message": "'from' parameter is not a valid address. please check documentation"}, 400),
        SenderRefused,
        "",
    ),
    "a sandbox domain": (
        reply(
            {"message": "Domain s.mailgun.org is not allowed to send: Free accounts are for test purposes only."}, 403
        ),
        ConfigError,
        "mailgun://us refused the request: Domain s.mailgun.org is not allowed to send: Free accounts are for test "
        "purposes only (HTTP 403).",
    ),
    "no such domain": (reply({"message": "Domain not found: mg.example.com"}, 404), ConfigError, ""),
    "no credit": (reply({"message": "Payment required"}, 402), ConfigError, ""),
    "too large": (HttpResponse(413), ContentRefused, ""),
    "unavailable": (HttpResponse(503), ServerError, ""),
    "broken": (reply({"message": "Internal Server Error"}, 500), OutcomeUnknown, ""),
}


@pytest.mark.parametrize(("response", "kind", "text"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_by_status_and_words(response: HttpResponse, kind: type[MailError], text: str) -> None:
    error = staged(lambda request: response).send(message())
    assert type(error) is kind
    assert error.code == response.status
    assert text in (error.text, "")


@pytest.mark.parametrize(
    ("said", "headers", "seconds"),
    [
        pytest.param(
            "Domain example.com is not allowed to send: account-requests-per-sec limit exceeded, try again after 120 "
            "seconds",
            [],
            120.0,
            id="W1-words",
        ),
        pytest.param("Too many requests", [("Retry-After", "7")], 7.0, id="W1-header"),
        pytest.param("Too many requests", [], None, id="nothing"),
    ],
)
def test_too_fast_says_how_long_to_wait(said: str, headers: list[tuple[str, str]], seconds: float | None) -> None:
    error = staged(lambda request: reply({"message": said}, 429, headers)).send(message())
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(KEY, id="W22-W23-key"),
        pytest.param(b64encode(f"api:{KEY}".encode()).decode(), id="W22-W23-header"),
    ],
)
def test_an_error_holds_no_key_and_can_be_pickled(secret: str) -> None:
    error = staged(lambda request: reply({"message": f"The key {secret} is bad."}, 401)).send(message())
    assert isinstance(error, AuthFailed)
    assert secret not in f"{error} {error!r} {error.__dict__}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301


# --- credentials


def test_verify_wants_an_active_domain() -> None:
    stage = staged(lambda request: reply({"domain": {"name": "mg.example.com", "state": "active"}}))
    assert stage.verify().text == "Mailgun accepts the key, and the domain mg.example.com is active."
    assert stage.paths == ["GET /v4/domains/mg.example.com"]
    assert violations("mailgun", stage.requests[0]) == []


def test_verify_without_a_domain_asks_for_any() -> None:
    stage = staged(lambda request: reply({"items": [], "total_count": 0}), f"mailgun://{KEY}@default")
    assert "left to each message" in stage.verify().text
    assert violations("mailgun", stage.requests[0]) == []


@pytest.mark.parametrize("domain", [{"state": "unverified"}, {"state": "disabled"}, {}])
def test_a_domain_that_is_not_active_is_a_config_error(domain: dict[str, str]) -> None:
    error = staged(lambda request: reply({"domain": domain})).verify()
    assert type(error) is ConfigError
    assert "not active" in str(error)


@pytest.mark.parametrize("status", [401, 404])
def test_a_domain_of_the_other_region_is_recognised(status: int) -> None:
    def respond(request: HttpRequest) -> HttpResponse:
        eu = request.url.startswith("https://api.eu.")
        return reply({"domain": {"state": "active"}}) if eu else reply({"message": "Domain not found"}, status)

    error = staged(respond).verify()
    assert isinstance(error, ConfigError)
    assert error.hints == ("The key works in the region eu: set region=eu.",)


def test_a_sending_key_may_not_ask() -> None:
    error = staged(lambda request: reply({"message": "forbidden"}, 403)).verify()
    assert isinstance(error, AuthFailed)
    assert error.hints == ("A sending key may do nothing but send: a test mail will tell.",)


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("mailgun://mg.example.com", "api_key"),
        ("mailgun://pubkey-canary0123456789@mg.example.com", "the public key, which only validates addresses"),
        ("mailgun://SG.canary.x@mg.example.com", "an API key of SendGrid"),
        ("mailgun://xkeysib-canary@mg.example.com", "an API key of Brevo"),
        ("mailgun://canary%40mg.example.com@mg.example.com", "belongs to mailgun+smtp://"),
        (f"mailgun://{KEY}@api.eu.mailgun.net", "the address of the API"),
        (f"mailgun://{KEY}@mg_example", "not the name of a domain"),
        (f"mailgun://{KEY}@mg.example.com/messages", "takes no path"),
        (f"{DSN}?region=de", "region"),
    ],
)
def test_a_mistake_in_the_settings_is_told(dsn: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Plugins().build(dsn)
    assert told in str(raised.value)
    assert "canary" not in str(raised.value)


# --- on the wire


def test_a_message_with_a_file_goes_out_and_comes_back_as_a_receipt(colour: Colour) -> None:
    with HttpPeer([answer(200, QUEUED)]) as peer:
        mailer = Mailer(f"{DSN}?base_url={peer.url}")
        receipt = colour.send(mailer, message(attachments=Attachment(b"\r\n--x\r\n", "März.bin")))
    assert receipt.provider_id == ID
    (sent,) = peer.requests
    assert (sent.method, sent.path) == ("POST", "/v3/mg.example.com/messages")
    assert 'name="attachment"; filename="März.bin"'.encode() in sent.body
    assert b"\r\n\r\n\r\n--x\r\n\r\n--mailbridge-0-form--\r\n" in sent.body


@pytest.mark.parametrize("weakness", [pytest.param(None, id="W2-W3")])
def test_one_refusal_does_not_end_the_list_and_one_connection_serves_it(colour: Colour, weakness: None) -> None:
    with HttpPeer([answer(200, QUEUED), answer(400, {"message": "no"}), answer(200, QUEUED)]) as peer:
        mailer = Mailer(f"{DSN}?base_url={peer.url}&connections=1")
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, [message(text=f"Hello {number}") for number in range(3)])
        assert len(peer.connections) == 1
    assert [type(outcome) for outcome in outcomes] == [Receipt, ContentRefused, Receipt]


# --- hooks


class Auditing:
    @hookimpl
    def mailbridge_prepare(self, mime: Any, message: Any) -> None:
        mime.add_header("X-Audit", "yes")


def test_a_hook_on_the_mime_has_its_say_on_all_but_templates(colour: Colour) -> None:
    with HttpPeer(lambda request: answer(200, QUEUED)) as peer:
        mailer = Mailer(f"{DSN}?base_url={peer.url}", hooks=[Auditing()])
        with colour.using(mailer):
            colour.send(mailer, message())
            colour.send(mailer, message(subject=None, text=None, template="t"))
    first, second = peer.requests
    assert b"X-Audit: yes\r\n" in first.body
    assert first.path.endswith("/messages.mime")
    assert second.path.endswith("/messages")
