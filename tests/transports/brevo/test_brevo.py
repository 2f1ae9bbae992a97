"""Brevo: what its requests say, what its answers mean, and what a person may get wrong in its settings."""

import json
from datetime import UTC, datetime
from uuid import UUID

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
    SenderRefused,
    Unsupported,
)
from mailbridge.extend import HttpRequest, HttpResponse
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt

KEY = "xkeysib-0123456789abcdef0123456789abcdef-XsuF1canaryXsuF1"
DSN = f"brevo://{KEY}@default"
ID = "<202601221200.12345678901@smtp-relay.mailin.fr>"
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BASE = {
    "sender": {"email": "app@example.com", "name": "App"},
    "to": [{"email": "ann@example.org"}],
    "subject": "Hi",
    "textContent": "Hello",
}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def staged(respond=None, dsn=DSN):
    """Return a transport at work that gets `respond(request)`, or a good answer."""
    return Stage(dsn, respond or good)


def good(request: HttpRequest) -> HttpResponse:
    versions = json.loads(request.body).get("messageVersions")
    return reply({"messageId": ID} if versions is None else {"messageIds": [f"<{n}>" for n, _ in enumerate(versions)]})


def said(sent, dsn=DSN):
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    assert stage.paths == ["POST /smtp/email"]
    assert violations("brevo", stage.requests[0]) == []
    return stage.bodies[0]


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": ["dan@example.org"],
            "reply_to": "Help <help@example.com>",
            "html": "<p>Hello {{params.n}}</p>",
            "tags": ["welcome", "spring"],
            "metadata": {"order": 7, "gift": True},
            "headers": {"X-One": "1"},
            "list_unsubscribe": "https://example.com/u",
            "in_reply_to": "<a@example.com>",
            "priority": "high",
            "send_at": datetime(2030, 1, 1, 9, 30, tzinfo=UTC),
            "merge_global": {"n": "Ann"},
            "attachments": Attachment("ä", "a.txt"),
        },
        {
            "sender": {"email": "app@example.com", "name": "App"},
            "to": [{"email": "ann@example.org", "name": "Ann"}, {"email": "bob@example.org"}],
            "cc": [{"email": "cyd@example.org"}],
            "bcc": [{"email": "dan@example.org"}],
            "replyTo": {"email": "help@example.com", "name": "Help"},
            "subject": "Hi",
            "textContent": "Hello",
            "htmlContent": "<p>Hello {{params.n}}</p>",
            "tags": ["welcome", "spring"],
            "headers": {
                "In-Reply-To": "<a@example.com>",
                "List-Unsubscribe": "<https://example.com/u>",
                "X-Priority": "1 (Highest)",
                "Importance": "high",
                "X-One": "1",
                "X-Mailin-custom": '{"order": 7, "gift": true}',
            },
            "scheduledAt": "2030-01-01T09:30:00.000+00:00",
            "params": {"n": "Ann"},
            "attachment": [{"name": "a.txt", "content": "w6Q="}],
        },
    ),
    "a text alone": ({}, BASE),
    "a name that is not ASCII": (
        {"to": [("Änne", "ann@example.org")]},
        BASE | {"to": [{"email": "ann@example.org", "name": "Änne"}]},
    ),
    "a name with punctuation": (
        {"to": [('Smith, "the" Ann', "ann@example.org")]},
        BASE | {"to": [{"email": "ann@example.org", "name": 'Smith, "the" Ann'}]},
    ),
    "a name with both is encoded, for Brevo would drop it": (
        {"to": [("Müller, Änne", "ann@example.org")]},
        BASE | {"to": [{"email": "ann@example.org", "name": "=?utf-8?b?TcO8bGxlciwgw4RubmU=?="}]},
    ),
    "somebody who stands there twice is said once": (
        {"to": ["Ann <ann@example.org>", "ANN@example.org"], "cc": ["ann@example.org", "bob@example.org"]},
        BASE | {"to": [{"email": "ann@example.org", "name": "Ann"}], "cc": [{"email": "bob@example.org"}]},
    ),
    "a template": (
        {"template": "42", "subject": None, "text": None, "merge_global": {"n": 1}},
        {"sender": BASE["sender"], "to": BASE["to"], "templateId": 42, "params": {"n": 1}},
    ),
    "options": (
        {
            "provider_options": {
                "brevo": {
                    "batch_id": "5c6cfa04-eed9-42c2-8b5c-6d470d978e9d",
                    "sender_ip": "192.0.2.1",
                    "tracking_consent": False,
                }
            }
        },
        BASE
        | {
            "to": [{"email": "ann@example.org", "contactPixelTrackingConsent": False}],
            "batchId": "5c6cfa04-eed9-42c2-8b5c-6d470d978e9d",
            "headers": {"sender.ip": "192.0.2.1"},
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == body


def test_in_the_sandbox_nothing_is_sent():
    assert said(message(), f"{DSN}?sandbox=true")["headers"] == {"X-Sib-Sandbox": "drop"}


@pytest.mark.parametrize("weakness", [pytest.param("W6", id="W6")])
def test_the_key_of_a_call_is_a_uuid_that_stays(weakness):
    first = said(message(idempotency_key="order-7"))["headers"]
    again = said(message(idempotency_key="order-7"))["headers"]
    other = said(message(idempotency_key="order-8"))["headers"]
    assert first == again != other
    assert first.keys() == {"idempotencyKey", "Idempotency-Key"}
    assert UUID(first["idempotencyKey"]).version == 5


REFUSED = {
    "two addresses to reply to": ({"reply_to": ["a@example.com", "b@example.com"]}, Unsupported, "multiple_reply_to"),
    "a picture": ({"attachments": Attachment(b"GIF", "l.gif", inline=True)}, Unsupported, "inline"),
    "a header that is not ASCII": ({"headers": {"X-A": "ä"}}, MessageInvalid, "headers"),
    "a header that looks encoded": ({"headers": {"X-A": "=?utf-8?q?a?="}}, MessageInvalid, "headers"),
    "metadata that are not ASCII": ({"metadata": {"city": "Köln"}}, MessageInvalid, "metadata"),
    "a header of ours": ({"headers": {"X-MAILIN-CUSTOM": "1"}}, MessageInvalid, "headers"),
    "no subject": ({"subject": None}, MessageInvalid, "subject"),
    "no text": ({"text": None}, MessageInvalid, "text"),
    "nobody in to": ({"to": None, "cc": "a@example.org"}, MessageInvalid, "to"),
    "a text beside a template": ({"template": "42"}, MessageInvalid, "text"),
    "a version of a template": ({"template": Template("42", "2"), "text": None}, MessageInvalid, "template"),
    "a template by name": ({"template": "welcome", "text": None}, MessageInvalid, "template"),
    "an extension that Brevo does not take": (
        {"attachments": Attachment(b"MZ", "a.exe")},
        MessageInvalid,
        "attachments.filename",
    ),
    "a name that belies the type": (
        {"attachments": Attachment(b"%PDF", "a.txt", "application/pdf")},
        MessageInvalid,
        "attachments.filename",
    ),
    "a name that is not ASCII": ({"attachments": Attachment(b"%PDF", "ä.pdf")}, MessageInvalid, "attachments.filename"),
    "a text in another charset": (
        {"attachments": Attachment(b"\xe4", "a.txt", charset="iso-8859-1")},
        MessageInvalid,
        "attachments.content_type",
    ),
    "a file with a content id": (
        {"attachments": Attachment(b"%PDF", "a.pdf", content_id="x")},
        MessageInvalid,
        "attachments.content_id",
    ),
    "template language in data": ({"merge_global": {"a": {"b": ["{{7*7}}"]}}}, MessageInvalid, "merge_global"),
    "template language in data by recipient": (
        {"merge_data": {"ann@example.org": {"name": "{% debug %}"}}},
        MessageInvalid,
        "merge_global",
    ),
    "100 recipients": ({"to": [f"r{n}@example.org" for n in range(100)]}, MessageInvalid, "to"),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_brevo_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- batches


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_find_their_data_whatever_the_spelling_and_go_out_in_a_labels(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann@Bücher.example", "Bob@Example.org"],
            cc="boss@example.com",
            merge_global={"shop": "x"},
            merge_data={"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
        )
    )
    (body,) = stage.bodies
    assert violations("brevo", stage.requests[0]) == []
    assert {"to", "cc", "params"}.isdisjoint(body)
    boss = [{"email": "boss@example.com"}]
    assert body["messageVersions"] == [
        {"to": [{"email": "Ann@xn--bcher-kva.example"}], "cc": boss, "params": {"shop": "x", "n": "Ann"}},
        {"to": [{"email": "Bob@example.org"}], "cc": boss, "params": {"shop": "x", "n": "Bob"}},
    ]
    ids = {address: row.provider_id for address, row in receipt.recipients.items()}
    assert ids == {"Ann@Bücher.example": "<0>", "Bob@Example.org": "<1>", "boss@example.com": "<0>"}


def test_a_version_says_what_it_has_otherwise_than_the_first():
    stage = staged()
    stage.send_many([message(), message(to="bob@example.org", text="Hello, Bob", reply_to="help@example.com")])
    assert stage.bodies == [
        {
            "sender": BASE["sender"],
            "subject": "Hi",
            "textContent": "Hello",
            "headers": stage.bodies[0]["headers"],
            "messageVersions": [
                {"to": BASE["to"]},
                {
                    "to": [{"email": "bob@example.org"}],
                    "replyTo": {"email": "help@example.com"},
                    "textContent": "Hello, Bob",
                },
            ],
        }
    ]
    assert violations("brevo", stage.requests[0]) == []


APART = {
    "headers": {"headers": {"X-One": "1"}},
    "metadata": {"metadata": {"a": 1}},
    "files": {"attachments": Attachment("x", "a.txt")},
    "an HTML, which a version could not take away": {"html": "<p>Hello</p>"},
}


@pytest.mark.parametrize("fields", APART.values(), ids=APART)
def test_what_is_said_for_all_versions_keeps_messages_apart(fields):
    stage = staged()
    outcomes = stage.send_many([message(**fields), message()])
    assert len(stage.requests) == 2
    assert all(isinstance(each, Receipt) for each in outcomes)


@pytest.mark.parametrize("weakness", [pytest.param("W7", id="W7")])
def test_1001_messages_are_two_calls(weakness):
    stage = staged()
    outcomes = stage.send_many([message(to=f"r{n}@example.org") for n in range(1001)])
    assert [len(body.get("messageVersions", [])) for body in stage.bodies] == [1000, 0]
    assert [outcome.accepted for outcome in outcomes] == [(f"r{n}@example.org",) for n in range(1001)]


def test_a_call_has_2000_recipients_at_most():
    stage = staged()
    stage.send_many([message(to=[f"r{n}@example.org" for n in range(90)]) for _ in range(23)])
    assert [len(body.get("messageVersions", [])) for body in stage.bodies] == [22, 0]


@pytest.mark.parametrize(
    ("ids", "kinds"),
    [(["<1>"], [Receipt, OutcomeUnknown]), (["<1>", "<2>", "<3>"], [Receipt, Receipt]), (None, [OutcomeUnknown] * 2)],
    ids=["H23-fewer", "H23-more", "none"],
)
def test_a_batch_whose_answer_does_not_fit_is_unknown_where_it_does_not(ids, kinds):
    outcomes = staged(lambda request: reply({"messageIds": ids}, 201)).send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == kinds


# --- answers


@pytest.mark.parametrize("status", [201, 202])
def test_a_message_is_accepted_with_the_message_id_that_brevo_wrote(status, colour):
    with HttpPeer([answer(status, {"messageId": ID})]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v3")) as mailer:
            receipt = colour.send(mailer, message())
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("api-key")) == ("POST", "/v3/smtp/email", KEY)
    assert (receipt.message_id, receipt.provider_ids) == (ID, (ID,))
    assert sent.json["headers"].keys() == {"idempotencyKey", "Idempotency-Key"}


ERRORS = {
    "bad key": (401, "unauthorized", "Key not found", AuthFailed),
    "no credits": (402, "not_enough_credits", "…", ConfigError),
    "not activated": (403, "permission_denied", "Your SMTP account is not yet activated", ConfigError),
    "invalid": (400, "invalid_parameter", "email is not valid in to", ContentRefused),
    "unknown sender": (400, "invalid_parameter", "rejected because the sender is not valid", SenderRefused),
    "the key of an earlier call": (400, "duplicate_parameter", "…", OutcomeUnknown),
    "broken": (500, "internal", "…", OutcomeUnknown),
}  # fmt: skip


@pytest.mark.parametrize(("status", "code", "text", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_brevo_is_one_of_ours(status, code, text, kind):
    error = staged(lambda request: reply({"code": code, "message": f"{text} {KEY}"}, status)).send(message())
    assert type(error) is kind
    assert (error.code, error.provider_code) == (status, code)
    assert KEY not in f"{error}{error!r}{error.__dict__}"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"x-sib-ratelimit-reset": "45"}, 45.0), ({"x-sib-ratelimit-reset": "45", "Retry-After": "7"}, 7.0), ({}, None)],
    ids=["its own header", "Retry-After goes before", "none"],
)
def test_too_many_requests_are_waited_for(headers, wait):
    error = staged(lambda request: reply({"code": "too_many_requests"}, 429, headers.items())).send(message())
    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


def test_a_second_try_whose_key_is_known_leaves_the_outcome_unknown(colour):
    """The first call may have been taken, and Brevo does not tell its answer again: nobody may call it refused."""
    known = {"code": "duplicate_parameter", "message": "idempotencyKey already used"}
    with HttpPeer([answer(500), answer(400, known)]) as peer:
        with colour.using(Mailer(f"retry({DSN}?base_url={peer.url}/v3, wait=0.01, attempts=2)")) as mailer:
            with pytest.raises(OutcomeUnknown, match="already used"):
                colour.send(mailer, message())
    first, second = (request.json["headers"] for request in peer.requests)
    assert first == second


# --- settings and verify


def test_verify_asks_for_the_account_and_sends_nothing(colour):
    account = {"relay": {"enabled": True}, "plan": [{"type": "free", "credits": 300.0, "creditsType": "sendLimit"}]}
    with HttpPeer([answer(200, account)]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v3")) as mailer:
            found = colour.verify(mailer)
    assert (peer.requests[0].method, peer.requests[0].path) == ("GET", "/v3/account")
    assert found.details == {"credits": {"free": 300.0}}


def test_verify_says_that_an_account_may_not_send():
    error = staged(lambda request: reply({"relay": {"enabled": False}})).verify()
    assert isinstance(error, ConfigError)
    assert "not activated" in str(error)


@pytest.mark.parametrize(
    ("key", "why"), [("xsmtpsib-0123-456", "SMTP key"), ("SG.x.y", "begin with xkeysib"), ("brevo", "begin with")]
)
def test_what_is_no_key_is_told(key, why):
    with pytest.raises(ConfigError, match=why) as caught:
        Mailer(f"brevo://{key}@default")
    assert f"{key}@" not in str(caught.value)
