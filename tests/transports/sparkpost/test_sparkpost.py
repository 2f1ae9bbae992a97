"""SparkPost: what its requests say, what its answers mean, and what a person may get wrong in its settings.

The corpus of `tests/transports/test_contract.py` covers what is the same for every provider.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

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
    RecipientRefused,
    RecipientStatus,
    SenderRefused,
    ServerError,
    Status,
    Unsupported,
)
from mailbridge.extend import HttpRequest, HttpResponse, Template, hookimpl
from mailbridge.plugins import Plugins
from mailbridge.testing import Rehearsal

KEY = "canary0123456789abcdef0123456789abcdef01"
DSN = f"sparkpost://{KEY}@default"
ID = "11668787484950529"
PLAIN: dict[str, Any] = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
CONTENT = {"from": {"email": "app@example.com", "name": "App"}, "subject": "Hi", "text": "Hello"}
BASE: dict[str, Any] = {
    "content": CONTENT,
    "recipients": [{"address": {"email": "ann@example.org"}}],
    "options": {"perform_substitutions": False},
}


def message(**fields: Any) -> Message:
    return Message(**{**PLAIN, **fields})


def taken(accepted: int = 1, rejected: int = 0, **more: Any) -> HttpResponse:
    numbers = {"total_rejected_recipients": rejected, "total_accepted_recipients": accepted, "id": ID}
    return reply({"results": {**numbers, **more}})


def good(request: HttpRequest) -> HttpResponse:
    return taken(len(json.loads(request.body)["recipients"]))


def staged(respond: Callable[[HttpRequest], HttpResponse] = good, dsn: str = DSN) -> Stage:
    return Stage(dsn, respond)


def said(sent: Message, dsn: str = DSN) -> Any:
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    (request,) = stage.requests
    assert stage.paths == ["POST /api/v1/transmissions"]
    assert request.header("authorization") == KEY
    assert violations("sparkpost", request) == []
    return json.loads(request.body)


SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "one recipient with a name": (
        {"to": "Änn <ann@example.org>"},
        {"recipients": [{"address": {"email": "ann@example.org", "name": "Änn"}}]},
    ),
    "everybody sees who is in to, and in cc": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org", "ANN@example.org"],
            "cc": "Cyd <cyd@example.org>",
            "bcc": ["dan@example.org", "bob@example.org"],
        },
        {
            "content": {**CONTENT, "headers": {"CC": '"Cyd" <cyd@example.org>'}},
            "recipients": [
                {"address": {"email": each, "header_to": '"Ann" <ann@example.org>, bob@example.org'}}
                for each in ("ann@example.org", "bob@example.org", "cyd@example.org", "dan@example.org")
            ],
        },
    ),
    "domains in A-labels": (
        {"from_": "app@bücher.example", "to": "ann@straße.example"},
        {
            "content": {**CONTENT, "from": {"email": "app@xn--bcher-kva.example"}},
            "recipients": [{"address": {"email": "ann@xn--strae-oqa.example"}}],
        },
    ),
    "texts, addresses to reply to and a sender": (
        {
            "html": "<p>Hi</p>",
            "amp": "<html ⚡4email></html>",
            "reply_to": ["Help <help@example.com>", "sales@example.com"],
            "sender": "Desk <desk@example.com>",
        },
        {
            "content": {
                **CONTENT,
                "html": "<p>Hi</p>",
                "amp_html": "<html ⚡4email></html>",
                "reply_to": '"Help" <help@example.com>, sales@example.com',
                "headers": {"Sender": '"Desk" <desk@example.com>'},
            }
        },
    ),
    "headers, but no Message-ID": (
        {
            "headers": {"X-Shop": "Köln"},
            "in_reply_to": "<0@example.com>",
            "priority": "high",
        },
        {
            "content": {
                **CONTENT,
                "headers": {
                    "In-Reply-To": "<0@example.com>",
                    "X-Priority": "1 (Highest)",
                    "Importance": "high",
                    "X-Shop": "Köln",
                },
            }
        },
    ),
    "files, attached and inline": (
        {
            "attachments": [
                Attachment("Grüße", "ü.txt"),
                Attachment(b"GIF89a", "logo.gif", inline=True, content_id="logo@example.com"),
                Attachment(b"x"),
            ]
        },
        {
            "content": {
                **CONTENT,
                "attachments": [
                    {"name": "ü.txt", "type": "text/plain; charset=utf-8", "data": "R3LDvMOfZQ=="},
                    {"name": "attachment", "type": "application/octet-stream", "data": "eA=="},
                ],
                "inline_images": [{"name": "logo@example.com", "type": "image/gif", "data": "R0lGODlh"}],
            }
        },
    ),
    "a tag, metadata and tracking": (
        {"tags": "welcome", "metadata": {"order": 7, "paid": True}, "track_opens": False, "track_clicks": True},
        {
            "campaign_id": "welcome",
            "metadata": {"order": 7, "paid": True},
            "options": {"open_tracking": False, "click_tracking": True, "perform_substitutions": False},
        },
    ),
    "sending later": (
        {"send_at": datetime(2026, 12, 24, 18, 30, 0, 5, tzinfo=timezone(timedelta(hours=1)))},
        {"options": {"start_time": "2026-12-24T18:30:00+01:00", "perform_substitutions": False}},
    ),
    "a bounce address": ({"envelope_sender": "b@example.com"}, {"return_path": "b@example.com"}),
    "merge data for all": (
        {"text": "Hello {{name}}", "subject": "Hi {{name}}", "merge_global": {"name": "Ann", "items": [1]}},
        {
            "content": {**CONTENT, "text": "Hello {{name}}", "subject": "Hi {{name}}"},
            "substitution_data": {"name": "Ann", "items": [1]},
            "options": None,
        },
    ),
    "braces without merge data are no placeholders": (
        {"text": "{{a}}", "subject": "{{b}}", "headers": {"X-C": "{{c}}"}, "from_": ("{{d}}", "app@example.com")},
        {
            "content": {
                "from": {"email": "app@example.com", "name": "{{{mailbridge_1}}}"},
                "text": "{{a}}",
                "subject": "{{{mailbridge_2}}}",
                "headers": {"X-C": "{{{mailbridge_3}}}"},
            },
            "substitution_data": {"mailbridge_1": "{{d}}", "mailbridge_2": "{{b}}", "mailbridge_3": "{{c}}"},
        },
    ),
    "braces may be meant as placeholders": (
        {"text": "{{address.name}}", "provider_options": {"sparkpost": {"perform_substitutions": True}}},
        {"content": {**CONTENT, "text": "{{address.name}}"}, "options": None},
    ),
    "a template": (
        {
            "subject": None,
            "text": None,
            "template": Template("welcome", "draft"),
            "merge_global": {"name": "Änn"},
            "reply_to": "help@example.com",
            "bcc": "log@example.com",
        },
        {
            "content": {"template_id": "welcome", "use_draft_template": True},
            "override": {"from": {"email": "app@example.com", "name": "App"}, "reply_to": "help@example.com"},
            "substitution_data": {"name": "Änn"},
            "recipients": [
                {"address": {"email": each, "header_to": "ann@example.org"}}
                for each in ("ann@example.org", "log@example.com")
            ],
            "options": None,
        },
    ),
    "options": (
        {
            "provider_options": {
                "sparkpost": {
                    "transactional": True,
                    "ip_pool": "bulk",
                    "description": "A test",
                    "tracking_domain": "click.example.com",
                    "recipient_tags": ["vip"],
                    "inline_css": False,
                }
            }
        },
        {
            "description": "A test",
            "tracking_domain": "click.example.com",
            "recipients": [{"address": {"email": "ann@example.org"}, "tags": ["vip"]}],
            "options": {
                "transactional": True,
                "ip_pool": "bulk",
                "inline_css": False,
                "perform_substitutions": False,
            },
        },
    ),
}


@pytest.mark.parametrize(("fields", "changed"), SAID.values(), ids=SAID)
def test_a_message_is_said_in_sparkposts_words(fields: dict[str, Any], changed: dict[str, Any]) -> None:
    wanted = {name: value for name, value in {**BASE, **changed}.items() if value is not None}
    assert said(message(**fields)) == wanted


def test_the_eu_has_a_host_of_its_own_and_a_subaccount_is_a_header() -> None:
    stage = staged(dsn=f"{DSN}?region=eu&subaccount=7")
    stage.send(message())
    assert stage.requests[0].url == "https://api.eu.sparkpost.com/api/v1/transmissions"
    assert stage.requests[0].header("x-msys-subaccount") == "7"
    assert violations("sparkpost", stage.requests[0]) == []


# --- MIME


def rehearsed() -> Rehearsal:
    """Return a transport at work that gives messages Message-ID and Date, without which none is rendered."""
    return Rehearsal(Plugins().build(DSN), good)


RAW = b"From: app@example.com\r\nTo: ann@example.org\r\nSubject: Hi\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
IN_MIME: dict[str, tuple[dict[str, Any], str]] = {
    "rendered before": ({"raw": RAW, "text": None, "subject": None}, RAW.decode()),
    "a calendar": ({"calendar": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}, "method=REQUEST"),
    "another form of the body": ({"alternatives": [("# Grüße", "text/markdown")]}, "text/markdown"),
    "no text": ({"text": None}, "Subject: Hi"),
    "AMP alone": ({"text": None, "amp": "<html ⚡4email></html>"}, "text/x-amp-html"),
    "a header twice": ({"headers": [("X-A", "1"), ("X-A", "2")]}, "X-A: 1\r\nX-A: 2"),
    "a file with a content id": ({"attachments": Attachment(b"x", "x", content_id="x@y")}, "Content-ID: <x@y>"),
}


@pytest.mark.parametrize(("fields", "inside"), IN_MIME.values(), ids=IN_MIME)
def test_what_inline_content_has_no_place_for_travels_in_mime(fields: dict[str, Any], inside: str) -> None:
    stage = rehearsed()
    sent = message(**{**fields, "bcc": "log@example.com", "tags": "a", "metadata": {"id": 1}})
    assert isinstance(stage.send("m", sent), Receipt)
    (request,) = stage.requests
    assert violations("sparkpost", request) == []
    body = json.loads(request.body)
    mime = body.pop("content")["email_rfc822"]
    assert inside in mime
    assert "Bcc" not in mime
    assert body == {
        "recipients": [{"address": {"email": "ann@example.org"}}, {"address": {"email": "log@example.com"}}],
        "campaign_id": "a",
        "metadata": {"id": 1},
        "options": {"perform_substitutions": False},
    }


def test_an_envelope_apart_says_recipients_and_bounce_address() -> None:
    stage = rehearsed()
    outcome = stage.send("m", message(envelope=Envelope("b@example.com", ["bob@example.org"])))
    assert isinstance(outcome, Receipt)
    assert outcome.accepted == ("bob@example.org",)
    body = json.loads(stage.requests[0].body)
    assert (body["return_path"], body["recipients"]) == ("b@example.com", [{"address": {"email": "bob@example.org"}}])
    assert "To: ann@example.org" in body["content"]["email_rfc822"]


# --- what is refused


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"template": "t"}, "subject", id="a subject beside a template"),
        pytest.param({"template": "t", "subject": None}, "text", id="a text beside a template"),
        pytest.param(
            {"template": "t", "subject": None, "text": None, "cc": "b@example.org"}, "cc", id="cc beside a template"
        ),
        pytest.param({"template": Template("t", "7"), "subject": None, "text": None}, "template", id="a version"),
        pytest.param(
            {"template": "t", "subject": None, "text": None, "calendar": "BEGIN:VCALENDAR\r\n"},
            "template",
            id="a template in MIME",
        ),
        pytest.param(
            {"merge_headers": {"ann@example.org": [("X-A", "1"), ("X-A", "2")]}},
            "merge_headers",
            id="a header twice for one recipient",
        ),
        pytest.param({"calendar": "BEGIN:VCALENDAR\r\n", "subject": "{{x}}"}, "headers", id="braces in MIME"),
        pytest.param({"merge_global": {"first name": "Ann"}}, "merge_global", id="a name that is none"),
        pytest.param({"merge_global": {"email": "x"}}, "merge_global", id="a reserved name"),
        pytest.param(
            {"provider_options": {"sparkpost": {"pool": "x"}}}, "provider_options.sparkpost", id="an unknown option"
        ),
        pytest.param(
            {"provider_options": {"sparkpost": {"list_id": "<x>"}}},
            "provider_options.sparkpost",
            id="a template's option without one",
        ),
        pytest.param(
            {
                "template": "t",
                "subject": None,
                "text": None,
                "provider_options": {"sparkpost": {"perform_substitutions": False}},
            },
            "provider_options.sparkpost",
            id="an option against templates",
        ),
    ],
)
def test_what_sparkpost_would_refuse_or_ignore_is_refused_before_sending(fields: dict[str, Any], field: str) -> None:
    stage = rehearsed()
    outcome = stage.send("m", message(**fields))
    assert isinstance(outcome, MessageInvalid)
    assert outcome.field == field
    assert stage.requests == []


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        pytest.param({"tags": ["a", "b"]}, "tags", id="two tags"),
        pytest.param({"tags": "ü" * 40}, "tags", id="a tag of 80 octets"),
        pytest.param({"envelope_sender": "<>"}, "envelope_sender", id="no bounce address"),
        pytest.param({"raw": b"From: a@b.example\r\n\r\n\xff\r\n", "text": None, "subject": None}, "raw", id="octets"),
        pytest.param(
            {"template": "t", "subject": None, "text": None, "headers": {"X-A": "1"}},
            "headers",
            id="headers beside a template",
        ),
        pytest.param(
            {"template": "t", "subject": None, "text": None, "attachments": Attachment(b"x", "x")},
            "attachments",
            id="files beside a template",
        ),
        pytest.param(
            {"from_": ["a@example.com", "b@example.com"], "sender": "a@example.com"}, "multiple_from", id="two"
        ),
        pytest.param({"message_id": "<1@example.com>"}, "message_id", id="a Message-ID"),
        pytest.param({"list_unsubscribe": "https://example.com/u"}, "list_unsubscribe", id="a link to unsubscribe"),
        pytest.param({"to": "änn@example.org"}, "smtputf8", id="a local part beyond ASCII"),
    ],
)
def test_what_sparkpost_cannot_express_is_named(fields: dict[str, Any], feature: str) -> None:
    stage = rehearsed()
    outcome = stage.send("m", message(**fields))
    assert isinstance(outcome, Unsupported)
    assert outcome.feature == feature
    assert stage.requests == []


def test_a_second_tag_has_no_place_whatever_the_limits() -> None:
    stage = staged(dsn=f"{DSN}?check_limits=false")
    assert isinstance(stage.send(message(tags=["a", "b"])), Unsupported)
    assert isinstance(stage.send(message(tags="ü" * 40)), Receipt)


# --- private copies


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
        to=[f"Ann <{to}>", "bob@example.org"],
        text="Hello {{name or 'friend'}}",
        merge_data={spelt: {"name": "Ann"}},
        metadata={"run": 7},
        merge_metadata={spelt: {"id": 1}},
    )
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt)
    assert list(outcome.recipients) == [to, "bob@example.org"]
    (request,) = stage.requests
    assert violations("sparkpost", request) == []
    body = json.loads(request.body)
    assert body["recipients"] == [
        {
            "address": {"email": wire, "name": "Ann"},
            "substitution_data": {"name": "Ann"},
            "metadata": {"run": 7, "id": 1},
        },
        {"address": {"email": "bob@example.org"}, "metadata": {"run": 7}},
    ]
    assert body.keys() == {"content", "recipients"}  # placeholders count for Bob too, who has no data


def test_cc_gets_every_copy_and_each_copy_shows_its_own_recipient() -> None:
    sent = message(to=["ann@example.org", "Bob <bob@example.org>"], cc="boss@example.com", merge_data={})
    body = said(sent)
    assert body["content"]["headers"] == {"CC": "boss@example.com"}
    assert [each["address"] for each in body["recipients"]] == [
        {"email": "ann@example.org", "header_to": "ann@example.org"},
        {"email": "boss@example.com", "header_to": "ann@example.org"},
        {"email": "bob@example.org", "header_to": '"Bob" <bob@example.org>'},
        {"email": "boss@example.com", "header_to": '"Bob" <bob@example.org>'},
    ]


def test_headers_that_differ_are_said_by_data_and_share_the_transmission() -> None:
    sent = message(
        to=["ann@example.org", "bob@example.org"],
        headers={"X-All": "yes"},
        merge_headers={
            "ann@example.org": {"X-Link": "<https://example.com/a>"},
            "bob@example.org": {"X-Link": "<https://example.com/b>"},
        },
    )
    body = said(sent)
    assert body["content"]["headers"] == {"X-All": "yes", "X-Link": "{{{mailbridge_1}}}"}
    assert [each["substitution_data"] for each in body["recipients"]] == [
        {"mailbridge_1": "<https://example.com/a>"},
        {"mailbridge_1": "<https://example.com/b>"},
    ]


def test_headers_that_are_to_be_evaluated_are_not_said_by_data() -> None:
    stage = staged()
    sent = message(
        to=["ann@example.org", "bob@example.org"],
        merge_data={"ann@example.org": {"n": 1}, "bob@example.org": {"n": 2}},
        merge_headers={"ann@example.org": {"X-A": "a {{n}}"}, "bob@example.org": {"X-A": "b {{n}}"}},
    )
    assert isinstance(stage.send(sent), Receipt)
    assert [each["content"]["headers"] for each in stage.bodies] == [{"X-A": "a {{n}}"}, {"X-A": "b {{n}}"}]


def test_messages_of_one_list_share_a_transmission_and_keep_their_outcomes() -> None:
    stage = staged()
    outcomes = stage.send_many([message(to=f"r{number}@example.org", metadata={"n": number}) for number in range(3)])
    assert [list(outcome.recipients) for outcome in outcomes if isinstance(outcome, Receipt)] == [
        [f"r{number}@example.org"] for number in range(3)
    ]
    (body,) = stage.bodies
    assert [each["metadata"] for each in body["recipients"]] == [{"n": number} for number in range(3)]


@pytest.mark.parametrize("count", [pytest.param(5001, id="W7-chunks")])
def test_many_copies_are_cut_to_five_thousand_a_call(count: int) -> None:
    stage = staged()
    to = [f"r{number}@example.org" for number in range(count)]
    outcome = stage.send(message(to=to, merge_data={}))
    assert isinstance(outcome, Receipt)
    assert list(outcome.recipients) == to
    assert [len(each["recipients"]) for each in stage.bodies] == [5000, 1]


# --- answers


ANN, BOB = "Ann@Bücher.example", "bob@example.org"
ACCEPTED = RecipientStatus(Status.ACCEPTED, provider_id=ID)
ROW = {"message": "required field is missing", "description": f"address of {BOB.upper()}.", "code": "1400"}
REFUSED = RecipientStatus(Status.REFUSED, text=f"required field is missing: address of {BOB.upper()}.", provider_id=ID)
UNKNOWN = RecipientStatus(
    Status.UNKNOWN, text="SparkPost rejected 1 of 2 recipients, and does not say whom", provider_id=ID
)


@pytest.mark.parametrize(
    ("response", "fates"),
    [
        pytest.param(taken(2), [ACCEPTED, ACCEPTED], id="all accepted"),
        pytest.param(taken(1, 1, rcpt_to_errors=[ROW]), [ACCEPTED, REFUSED], id="one rejected and named"),
        pytest.param(taken(1, 1), [UNKNOWN, UNKNOWN], id="one rejected"),
        pytest.param(
            taken(1, 1, rcpt_to_errors=[{"message": "jobob@example.org.evil"}, "?"]),
            [UNKNOWN, UNKNOWN],
            id="others named",
        ),
    ],
)
def test_a_receipt_tells_of_each_recipient_what_is_known(response: HttpResponse, fates: list[RecipientStatus]) -> None:
    outcome = staged(lambda request: response).send(message(to=[ANN, BOB]))
    assert isinstance(outcome, Receipt)
    assert list(outcome.recipients.items()) == list(zip([ANN, BOB], fates, strict=True))
    assert (outcome.provider_id, outcome.message_id) == (ID, "")


def test_a_success_in_which_everybody_is_rejected_is_a_refusal() -> None:
    error = staged(lambda request: taken(0, 2, rcpt_to_errors=[ROW])).send(message(to=[ANN, BOB]))
    assert isinstance(error, RecipientRefused)
    assert list(error.recipients) == [ANN, BOB]
    assert "required field is missing" in str(error)


def test_one_rejected_message_of_a_transmission_is_refused_alone() -> None:
    stage = staged(lambda request: taken(2, 1, rcpt_to_errors=[{"message": "bad", "description": "r1@example.org"}]))
    outcomes = stage.send_many([message(to=f"r{number}@example.org") for number in range(3)])
    assert [type(outcome) for outcome in outcomes] == [Receipt, RecipientRefused, Receipt]


@pytest.mark.parametrize("body", [{}, {"results": {}}, {"results": {"id": 7}}, {"errors": [{"code": "2000"}]}], ids=str)
def test_a_success_without_an_id_says_nothing(body: dict[str, Any]) -> None:
    assert isinstance(staged(lambda request: reply(body)).send(message()), OutcomeUnknown)


def refusal(status: int, code: str, text: str, description: str = "") -> HttpResponse:
    row = {"message": text, "code": code, "description": description}
    return reply({"errors": [{name: value for name, value in row.items() if value}]}, status)


ERRORS: dict[str, tuple[HttpResponse, type[MailError], str]] = {
    "sending domain": (
        refusal(400, "7001", "Invalid domain", "Unconfigured or unverified sending domain."),
        SenderRefused,
        "sparkpost://us refused the request: Invalid domain: Unconfigured or unverified sending domain "
        "(HTTP 400, 7001).",
    ),
    "by the hour": (
        refusal(420, "2101", "Exceed Sending Limit (hourly)"),
        RateLimited,
        "sparkpost://us asks to slow down: Exceed Sending Limit (hourly) (HTTP 420, 2101).",
    ),
    "of the sandbox": (refusal(420, "2103", "Exceed Sending Limit (sandbox)"), ConfigError, ""),
    "another limit": (refusal(420, "", "Exceed Sending Limit"), RateLimited, ""),
    "no such template": (refusal(404, "1600", "resource not found", "template 'x' does not exist"), ContentRefused, ""),
    "no valid recipients": (refusal(400, "5002", "No valid recipients in list"), RecipientRefused, ""),
    "syntax": (refusal(422, "3000", "substitution language syntax error in template content"), ContentRefused, ""),
    "bad key": (refusal(401, "", "Unauthorized."), AuthFailed, ""),
    "no permission": (refusal(403, "1100", "Forbidden."), AuthFailed, ""),
    "not now": (refusal(400, "1502", "Server resources unavailable"), ServerError, ""),
    "broken": (refusal(500, "1500", "Failed to update database"), OutcomeUnknown, ""),
    "no json": (HttpResponse(400, [("Content-Type", "text/html")], b"<html>"), ContentRefused, ""),
}


@pytest.mark.parametrize(("response", "kind", "text"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_by_its_code(response: HttpResponse, kind: type[MailError], text: str) -> None:
    error = staged(lambda request: response).send(message())
    assert type(error) is kind
    assert error.code == response.status
    assert text in (error.text, "")


@pytest.mark.parametrize(
    ("headers", "seconds"), [pytest.param([("Retry-After", "7")], 7.0, id="W1"), pytest.param([], 5.0, id="W1-nothing")]
)
def test_too_fast_says_how_long_to_wait(headers: list[tuple[str, str]], seconds: float) -> None:
    error = staged(lambda request: reply({"errors": [{"message": "Too many requests"}]}, 429, headers)).send(message())
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize("status", [pytest.param(400, id="W22-W23-400"), pytest.param(401, id="W22-W23-401")])
def test_an_error_holds_no_key_and_can_be_pickled(status: int) -> None:
    error = staged(lambda request: refusal(status, KEY, f"The key {KEY} is bad.")).send(message())
    assert isinstance(error, MailError)
    assert KEY not in f"{error} {error!r} {error.__dict__}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301


# --- credentials


def test_verify_wants_an_active_account() -> None:
    stage = staged(lambda request: reply({"results": {"status": "active"}}))
    assert stage.verify().text == "SparkPost accepts the key."
    assert stage.paths == ["GET /api/v1/account"]
    assert violations("sparkpost", stage.requests[0]) == []


def test_a_suspended_account_is_a_config_error() -> None:
    error = staged(lambda request: reply({"results": {"status": "suspended"}})).verify()
    assert type(error) is ConfigError
    assert "suspended" in str(error)


def test_a_key_of_the_other_region_is_recognised() -> None:
    def respond(request: HttpRequest) -> HttpResponse:
        eu = request.url.startswith("https://api.eu.")
        return reply({"results": {"status": "active"}}) if eu else refusal(401, "", "Unauthorized.")

    error = staged(respond).verify()
    assert isinstance(error, AuthFailed)
    assert error.hints == ("The key works in the region eu: set region=eu.",)


def test_a_key_that_may_only_send_may_not_ask() -> None:
    error = staged(lambda request: refusal(403, "", "Forbidden.")).verify()
    assert isinstance(error, AuthFailed)
    assert error.hints == ("The key may not ask about the account; whether it may send, a test mail will tell.",)


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("sparkpost://default", "api_key"),
        ("sparkpost://SG.canary.x@default", "an API key of SendGrid"),
        ("sparkpost://key-0123456789abcdef0123456789abcdef@default", "an API key of Mailgun"),
        ("sparkpost://Bearer%20canary@default", "give the key alone"),
        (f"{DSN}?region=de", "region"),
        (f"{DSN}?subaccount=mine", "subaccount"),
        (f"sparkpost://{KEY}@api.sparkpost.com", "takes no host"),
    ],
)
def test_a_mistake_in_the_settings_is_told(dsn: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Plugins().build(dsn)
    assert told in str(raised.value)
    assert "canary" not in str(raised.value)


# --- on the wire


def test_a_message_goes_out_and_comes_back_as_a_receipt(colour: Colour) -> None:
    results = {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": ID}
    with HttpPeer([answer(200, {"results": results})]) as peer:
        receipt = colour.send(Mailer(f"{DSN}?base_url={peer.url}"), message())
    assert receipt.provider_id == ID
    (sent,) = peer.requests
    assert (sent.method, sent.path, sent.json) == ("POST", "/api/v1/transmissions", BASE)
    assert sent.header("authorization") == KEY


@pytest.mark.parametrize("weakness", [pytest.param(None, id="W2-W3")])
def test_one_refusal_does_not_end_the_list_and_one_connection_serves_it(colour: Colour, weakness: None) -> None:
    results = {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": ID}}
    with HttpPeer([answer(200, results), answer(422, {"errors": [{"message": "no"}]}), answer(200, results)]) as peer:
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
    with HttpPeer(lambda request: answer(200, {"results": {"id": ID}})) as peer:
        mailer = Mailer(f"{DSN}?base_url={peer.url}", hooks=[Auditing()])
        with colour.using(mailer):
            colour.send(mailer, message())
            colour.send(mailer, message(subject=None, text=None, template="t"))
    first, second = peer.requests
    assert "X-Audit: yes\r\n" in first.json["content"]["email_rfc822"]
    assert second.json["content"] == {"template_id": "t"}
