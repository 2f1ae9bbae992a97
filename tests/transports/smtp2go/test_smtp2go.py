"""SMTP2GO: what its requests say, what its answers mean, and what a person may get wrong in its settings."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from support.descriptions import violations
from support.http_peer import HttpPeer, answer
from support.stage import Stage, reply

from mailbridge import Attachment, Mailer, Message
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientRefused,
    SenderRefused,
    Unsupported,
)
from mailbridge.extend import HttpRequest, HttpResponse
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt, Status

KEY = "api-CA0A5401234567890ABCDEF012345678"
DSN = f"smtp2go://{KEY}@default"
ID = "1u0SwL-B9zBpi9ffUq-JAB2"
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BASE = {"sender": '"App" <app@example.com>', "to": ["ann@example.org"], "subject": "Hi", "text_body": "Hello"}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def data(said, status=200, headers=()):
    """Return an answer as SMTP2GO wraps it."""
    return reply({"request_id": "aa253464-0bd0-467a-b24b-6159dcd7be60", "data": said}, status, headers)


def staged(respond=None, dsn=DSN):
    """Return a transport at work that gets `respond(request)`, or a good answer."""
    return Stage(dsn, respond or good)


def good(request: HttpRequest) -> HttpResponse:
    if request.url.endswith("/batch"):
        return data([{"email_id": f"id-{n}"} for n, _ in enumerate(json.loads(request.body)["emails"])])
    return data({"succeeded": 1, "failed": 0, "failures": [], "email_id": ID})


def said(sent, dsn=DSN):
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    assert stage.paths == ["POST /email/send"]
    assert violations("smtp2go", stage.requests[0]) == []
    return stage.bodies[0]


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": ["dan@example.org"],
            "reply_to": [("Hilfe, Köln", "help@example.com"), "sales@example.com"],
            "html": '<p>Hello <img src="cid:logo"></p>',
            "headers": {"X-One": "ä"},
            "list_unsubscribe": "https://example.com/u",
            "in_reply_to": "<a@example.com>",
            "priority": "high",
            "send_at": datetime(2030, 1, 1, 15, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "attachments": [
                Attachment("ä", "a.txt"),
                Attachment(b"GIF", "l.gif", inline=True, content_id="logo"),
            ],
        },
        {
            "sender": '"App" <app@example.com>',
            "to": ['"Ann" <ann@example.org>', "bob@example.org"],
            "cc": ["cyd@example.org"],
            "bcc": ["dan@example.org"],
            "subject": "Hi",
            "text_body": "Hello",
            "html_body": '<p>Hello <img src="cid:logo"></p>',
            "custom_headers": [
                {"header": "Reply-To", "value": "=?utf-8?b?SGlsZmUsIEvDtmxu?= <help@example.com>, sales@example.com"},
                {"header": "In-Reply-To", "value": "<a@example.com>"},
                {"header": "List-Unsubscribe", "value": "<https://example.com/u>"},
                {"header": "X-Priority", "value": "1 (Highest)"},
                {"header": "Importance", "value": "high"},
                {"header": "X-One", "value": "=?utf-8?b?w6Q=?="},
            ],
            "schedule": "2030-01-01 09:30:00 +0000",
            "attachments": [{"filename": "a.txt", "mimetype": "text/plain; charset=utf-8", "fileblob": "w6Q="}],
            "inlines": [{"filename": "logo", "mimetype": "image/gif", "fileblob": "R0lG"}],
        },
    ),
    "names are always quoted": (
        {"to": [('Smith, "the" Änne', "ann@example.org")]},
        BASE | {"to": ['"Smith, \\"the\\" Änne" <ann@example.org>']},
    ),
    "a template": (
        {"template": "123", "subject": None, "text": None, "merge_global": {"n": [1]}},
        {
            "sender": '"App" <app@example.com>',
            "to": ["ann@example.org"],
            "template_id": "123",
            "template_data": {"n": [1]},
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == body


REFUSED = {
    "data without a template": ({"merge_global": {"a": 1}}, Unsupported, "merge_global"),
    "data by recipient without a template": ({"merge_data": {"bob@example.org": {"a": 1}}}, Unsupported, "merge_data"),
    "a subject beside a template": ({"template": "t", "text": None}, MessageInvalid, "subject"),
    "a text beside a template": ({"template": "t", "subject": None}, MessageInvalid, "text"),
    "a version of a template": (
        {"template": Template("t", "2"), "text": None, "subject": None},
        MessageInvalid,
        "template",
    ),
    "no text": ({"text": None}, MessageInvalid, "text"),
    "nobody in to": ({"to": None, "cc": "a@example.org"}, MessageInvalid, "to"),
    "101 in bcc": ({"bcc": [f"r{n}@example.org" for n in range(101)]}, MessageInvalid, "bcc"),
    "a content id on a file that is not inline": (
        {"attachments": Attachment(b"%PDF", "a.pdf", content_id="x")},
        MessageInvalid,
        "attachments.content_id",
    ),
    "tags": ({"tags": "a"}, Unsupported, "tags"),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_smtp2go_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- lists and copies


def test_a_list_is_a_call_for_each_message_so_that_failures_are_told():
    stage = staged()
    stage.send_many([message(), message(to="bob@example.org")])
    assert stage.paths == ["POST /email/send", "POST /email/send"]
    assert "fastaccept" not in stage.bodies[0]


def test_with_fastaccept_lists_travel_in_batches():
    stage = staged(dsn=f"{DSN}?fastaccept=true")
    outcomes = stage.send_many([message(to=f"r{n}@example.org") for n in range(101)])
    assert stage.paths == ["POST /email/batch", "POST /email/send"]
    assert [violations("smtp2go", request) for request in stage.requests] == [[], []]
    assert stage.bodies[1]["fastaccept"] is True
    assert [outcome.provider_id for outcome in outcomes[:2]] == ["id-0", "id-1"]


def test_a_template_goes_alone_for_a_batch_wants_a_subject():
    stage = staged(dsn=f"{DSN}?fastaccept=true")
    stage.send_many([message(template="t", subject=None, text=None), message(), message()])
    assert stage.paths == ["POST /email/send", "POST /email/batch"]


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_find_their_data_whatever_the_spelling_and_go_out_in_a_labels(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann@Bücher.example", "Bob@Example.org"],
            template="t",
            subject=None,
            text=None,
            merge_data={"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
        )
    )
    assert [(body["to"], body["template_data"]) for body in stage.bodies] == [
        (["Ann@xn--bcher-kva.example"], {"n": "Ann"}),
        (["Bob@example.org"], {"n": "Bob"}),
    ]
    assert receipt.accepted == ("Ann@Bücher.example", "Bob@Example.org")


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        pytest.param([{"email_id": "a"}], [Receipt, OutcomeUnknown], id="H23-fewer"),
        pytest.param([{"email_id": "a"}, {"schedule_id": "b"}, {}], [Receipt, Receipt], id="H23-more"),
        pytest.param({"email_id": "a"}, [OutcomeUnknown, OutcomeUnknown], id="no list"),
    ],
)
def test_a_batch_whose_answer_does_not_fit_is_unknown_where_it_does_not(found, kinds):
    outcomes = staged(lambda request: data(found), f"{DSN}?fastaccept=true").send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == kinds


# --- answers


def test_a_message_is_accepted(colour):
    body = {"request_id": "x", "data": {"succeeded": 1, "failed": 0, "failures": [], "email_id": ID}}
    with HttpPeer([answer(200, body)]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v3")) as mailer:
            receipt = colour.send(mailer, message())
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("x-smtp2go-api-key")) == ("POST", "/v3/email/send", KEY)
    assert KEY not in sent.body.decode()
    assert (receipt.message_id, receipt.provider_ids) == ("", (ID,))


def test_a_message_for_later_has_the_id_of_its_schedule():
    receipt = staged(lambda request: data({"schedule_id": "caa928f4", "email_id": ""})).send(message())
    assert receipt.provider_ids == ("caa928f4",)


FAILURES = {
    "the sender": ("Verification failed for <app@example.com>\nUnrouteable address\ndomain verify fail", SenderRefused),
    "every recipient": ("550 <ann@example.org> unroutable; 550 <bob@example.org> too", RecipientRefused),
    "one of two recipients": ("550 <ann@example.org> unroutable", ContentRefused),
    "something else": ("554 spam", ContentRefused),
}


@pytest.mark.parametrize(("text", "kind"), FAILURES.values(), ids=FAILURES)
def test_failures_in_a_success_are_a_refusal(text, kind, colour):
    said = {"succeeded": 0, "failed": 1, "failures": [f"An error occurred: {text}"], "email_id": ""}
    with HttpPeer([answer(200, {"request_id": "x", "data": said})]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v3")) as mailer:
            with pytest.raises(kind, match="An error occurred") as caught:
                colour.send(mailer, message(to=["ann@example.org", "bob@example.org"]))
    assert type(caught.value) is kind
    assert not caught.value.retryable


def test_a_failure_for_one_recipient_is_his_alone():
    found = {"succeeded": 1, "failed": 1, "failures": ["550 <ann@xn--bcher-kva.example> unknown"], "email_id": ID}
    receipt = staged(lambda request: data(found)).send(message(to=["Ann@Bücher.example", "bob@example.org"]))
    assert {address: row.status for address, row in receipt.recipients.items()} == {
        "Ann@Bücher.example": Status.REFUSED,
        "bob@example.org": Status.ACCEPTED,
    }


@pytest.mark.parametrize("found", [{}, {"succeeded": 1, "email_id": ""}, None])
def test_a_success_without_an_id_is_unknown(found):
    assert isinstance(staged(lambda request: data(found)).send(message()), OutcomeUnknown)


def fault(code, text="…", **more):
    return {"error": text, "error_code": f"E_ApiResponseCodes.{code}", **more}


ERRORS = {
    "permission": (400, fault("ENDPOINT_PERMISSION_DENIED"), AuthFailed),
    "unauthorised": (401, fault("API_EXCEPTION"), AuthFailed),
    "a key of another form": (
        400,
        fault("NON_VALIDATING_IN_PAYLOAD", field_validation_errors={"fieldname": "api_key", "message": "regex"}),
        AuthFailed,
    ),
    "another field": (
        400,
        fault("NON_VALIDATING_IN_PAYLOAD", field_validation_errors={"fieldname": "to", "message": "regex"}),
        ContentRefused,
    ),
    "the sender": (400, fault("API_EXCEPTION", "The sender domain is not verified"), SenderRefused),
    "402 is no bill": (402, fault("API_EXCEPTION"), ContentRefused),
    "broken": (500, fault("API_EXCEPTION"), OutcomeUnknown),
}


@pytest.mark.parametrize("wrapped", [True, False], ids=["in data", "on top"])
@pytest.mark.parametrize(("status", "body", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_smtp2go_is_one_of_ours(status, body, kind, wrapped):
    error = staged(lambda request: data(body, status) if wrapped else reply(body, status)).send(message())
    assert type(error) is kind
    assert error.provider_code == body["error_code"].rpartition(".")[2]


@pytest.mark.parametrize(("headers", "wait"), [((), 60.0), ([("Retry-After", "7")], 7.0)], ids=["nothing", "header"])
def test_too_many_requests_are_waited_for_a_minute_if_nothing_else_is_said(headers, wait):
    error = staged(lambda request: data({"error": "slow"}, 429, headers)).send(message())
    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


# --- settings and verify


def test_verify_asks_what_the_key_may_do(colour):
    with HttpPeer([answer(200, {"data": ["/email/send"]})]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v3")) as mailer:
            found = colour.verify(mailer)
    assert (peer.requests[0].method, peer.requests[0].path) == ("POST", "/v3/api_keys/permissions")
    assert found.details == {"permissions": ["/email/send"]}


@pytest.mark.parametrize(("dsn", "wanted"), [(DSN, "/email/send"), (f"{DSN}?fastaccept=true", "/email/batch")])
def test_a_key_that_may_not_send_is_told(dsn, wanted):
    error = staged(lambda request: data(["/stats/email_summary"]), dsn).verify()
    assert isinstance(error, AuthFailed)
    assert wanted in str(error)


@pytest.mark.parametrize(("region", "host"), [("us", "us-api"), ("eu", "eu-api"), ("au", "au-api"), ("global", "api")])
def test_a_region_has_its_host(region, host):
    stage = staged(dsn=f"{DSN}?region={region}")
    stage.send(message())
    assert stage.requests[0].url == f"https://{host}.smtp2go.com/v3/email/send"
    assert violations("smtp2go", stage.requests[0]) == []


@pytest.mark.parametrize("key", ["SG.x.y", "user", "mlsn.0123"])
def test_what_is_no_key_is_told(key):
    with pytest.raises(ConfigError, match="begin with api-") as caught:
        Mailer(f"smtp2go://{key}@default")
    assert f"{key}@" not in str(caught.value)
