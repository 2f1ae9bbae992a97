"""MailerSend: what its requests say, what its answers mean, and what a person may get wrong in its settings."""

import json
from datetime import UTC, datetime

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

TOKEN = "mlsn.canary0123456789abcdef0123456789abcdef"
DSN = f"mailersend://{TOKEN}@default"
ID = "5e42957d51f1d94a1070a733"
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BASE = {
    "from": {"email": "app@example.com", "name": "App"},
    "to": [{"email": "ann@example.org"}],
    "subject": "Hi",
    "text": "Hello",
}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def staged(respond=None, dsn=DSN):
    """Return a transport at work that gets `respond(request)`, or a good answer."""
    return Stage(dsn, respond or good)


def good(request: HttpRequest) -> HttpResponse:
    if request.url.endswith("/bulk-email"):
        return reply({"message": "The bulk email is being processed.", "bulk_email_id": "614470d1588b"}, 202)
    return HttpResponse(202, [("X-Message-Id", ID)])


def said(sent, dsn=DSN):
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    assert stage.paths == ["POST /email"]
    assert violations("mailersend", stage.requests[0]) == []
    return stage.bodies[0]


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": ["dan@example.org"],
            "reply_to": "Help <help@example.com>",
            "html": '<p>Hello {{n}} <img src="cid:logo"></p>',
            "tags": ["welcome", "spring"],
            "headers": {"X-One": "ä"},
            "list_unsubscribe": "https://example.com/u",
            "list_unsubscribe_post": True,
            "in_reply_to": "<a@example.com>",
            "references": ["<z@example.com>", "<a@example.com>"],
            "priority": "high",
            "send_at": datetime(2030, 1, 1, 9, 30, tzinfo=UTC),
            "track_opens": True,
            "track_clicks": False,
            "merge_global": {"n": "x"},
            "attachments": [
                Attachment("ä", "a.txt"),
                Attachment(b"GIF", None, "image/gif", inline=True, content_id="logo"),
            ],
            "provider_options": {"mailersend": {"precedence_bulk": True, "track_content": False}},
        },
        {
            "from": {"email": "app@example.com", "name": "App"},
            "to": [{"email": "ann@example.org", "name": "Ann"}, {"email": "bob@example.org"}],
            "cc": [{"email": "cyd@example.org"}],
            "bcc": [{"email": "dan@example.org"}],
            "reply_to": {"email": "help@example.com", "name": "Help"},
            "subject": "Hi",
            "text": "Hello",
            "html": '<p>Hello {{n}} <img src="cid:logo"></p>',
            "tags": ["welcome", "spring"],
            "in_reply_to": "<a@example.com>",
            "references": ["<z@example.com>", "<a@example.com>"],
            "list_unsubscribe": "https://example.com/u",
            "headers": [
                {"name": "List-Unsubscribe-Post", "value": "List-Unsubscribe=One-Click"},
                {"name": "X-Priority", "value": "1 (Highest)"},
                {"name": "Importance", "value": "high"},
                {"name": "X-One", "value": "ä"},
            ],
            "send_at": 1893490200,
            "settings": {"track_clicks": False, "track_opens": True, "track_content": False},
            "personalization": [
                {"email": f"{name}@example.org", "data": {"n": "x"}} for name in ("ann", "bob", "cyd", "dan")
            ],
            "attachments": [
                {"filename": "a.txt", "content": "w6Q=", "disposition": "attachment"},
                {"filename": "attachment.gif", "content": "R0lG", "disposition": "inline", "id": "logo"},
            ],
            "precedence_bulk": True,
        },
    ),
    "a name with a comma is encoded": (
        {"to": [("Smith, Ann", "ann@example.org")]},
        BASE | {"to": [{"email": "ann@example.org", "name": "=?utf-8?q?Smith=2C_Ann?="}]},
    ),
    "other names are not": (
        {"to": [('Änne "the" Müller', "ann@example.org")], "from_": [("Shop, the", "app@example.com")]},
        BASE
        | {
            "from": {"email": "app@example.com", "name": "Shop, the"},
            "to": [{"email": "ann@example.org", "name": 'Änne "the" Müller'}],
        },
    ),
    "a template": (
        {"template": "abc", "subject": None, "text": None, "merge_global": {"n": [1]}},
        {
            "from": BASE["from"],
            "to": BASE["to"],
            "template_id": "abc",
            "personalization": [{"email": "ann@example.org", "data": {"n": [1]}}],
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == body


REFUSED = {
    "metadata": ({"metadata": {"a": 1}}, Unsupported, "metadata"),
    "two addresses to reply to": ({"reply_to": ["a@example.com", "b@example.com"]}, Unsupported, "multiple_reply_to"),
    "two links to unsubscribe": (
        {"list_unsubscribe": ["https://example.com/u", "mailto:u@example.com"]},
        MessageInvalid,
        "list_unsubscribe",
    ),
    "six tags": ({"tags": list("abcdef")}, Unsupported, "tags"),
    "eleven in cc": ({"cc": [f"r{n}@example.org" for n in range(11)]}, MessageInvalid, "cc"),
    "no subject": ({"subject": None}, MessageInvalid, "subject"),
    "no text": ({"text": None}, MessageInvalid, "text"),
    "nobody in to": ({"to": None, "cc": "a@example.org"}, MessageInvalid, "to"),
    "a text beside a template": ({"template": "t"}, MessageInvalid, "text"),
    "a version of a template": ({"template": Template("t", "2"), "text": None}, MessageInvalid, "template"),
    "a name that belies the type": (
        {"attachments": Attachment(b"%PDF", "a.txt", "application/pdf")},
        MessageInvalid,
        "attachments.filename",
    ),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_mailersend_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- copies and lists


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_are_calls_of_their_own_with_their_data_whatever_the_spelling(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann@Bücher.example", "Bob@Example.org"],
            merge_global={"shop": "x"},
            merge_data={"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
        )
    )
    assert [(body["to"], body["personalization"]) for body in stage.bodies] == [
        ([{"email": each}], [{"email": each, "data": {"shop": "x", "n": name}}])
        for each, name in (("Ann@xn--bcher-kva.example", "Ann"), ("Bob@example.org", "Bob"))
    ]
    assert receipt.accepted == ("Ann@Bücher.example", "Bob@Example.org")


def test_braces_are_text_in_a_message_without_data_and_a_template_in_every_private_copy():
    text = "Hello {{name|default('friend')}}"
    assert "personalization" not in said(message(text=text))
    stage = staged()
    stage.send(
        message(text=text, to=["ann@example.org", "bob@example.org"], merge_data={"ann@example.org": {"name": "A"}})
    )
    assert [body["personalization"][0]["data"] for body in stage.bodies] == [{"name": "A"}, {"mailbridge": ""}]


def test_a_list_is_a_call_for_each_message():
    stage = staged()
    outcomes = stage.send_many([message(), message(to="bob@example.org")])
    assert stage.paths == ["POST /email", "POST /email"]
    assert all(outcome.complete for outcome in outcomes)


def test_in_bulk_nobody_knows_yet_what_became_of_a_list():
    stage = staged(dsn=f"{DSN}?bulk=true")
    outcomes = stage.send_many([message(to=f"r{n}@example.org") for n in range(501)])
    assert stage.paths == ["POST /bulk-email", "POST /email"]
    assert len(stage.bodies[0]) == 500
    assert violations("mailersend", stage.requests[0]) == []
    row = outcomes[7].recipients["r7@example.org"]
    assert (row.status, row.provider_id) == (Status.UNKNOWN, "614470d1588b")
    assert "GET /bulk-email/614470d1588b" in row.text
    assert not outcomes[7].complete
    assert outcomes[500].complete  # it went alone, by the call that tells


@pytest.mark.parametrize("body", [{}, {"bulk_email_id": None}, []])
def test_an_answer_in_bulk_that_says_nothing_is_unknown(body):
    outcomes = staged(lambda request: reply(body, 202), f"{DSN}?bulk=true").send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown]


# --- answers


def test_a_message_is_accepted(colour):
    with HttpPeer([answer(202, headers={"X-Message-Id": ID})]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v1")) as mailer:
            receipt = colour.send(mailer, message())
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("authorization")) == ("POST", "/v1/email", f"Bearer {TOKEN}")
    assert (receipt.message_id, receipt.provider_ids) == ("", (ID,))


def suppressed(kind, *named, headers=(), content_type="application/json; charset=utf-8"):
    """Return a success that names recipients whom MailerSend suppresses."""
    recipients = [{"email": each, "name": "x", "reasons": ["hard_bounced"]} for each in named]
    body = {"message": "There are some warnings.", "warnings": [{"type": kind, "recipients": recipients}]}
    types = [("Content-Type", content_type)] if content_type else []
    return HttpResponse(202, [*types, *headers], json.dumps(body).encode())


@pytest.mark.parametrize("weakness", [pytest.param("W14", id="W14")])
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "text/html", ""])
def test_a_suppressed_recipient_is_refused_whatever_the_content_type(weakness, content_type):
    answered = suppressed(
        "SOME_SUPPRESSED",
        "ann@xn--bcher-kva.example",
        headers=[("x-message-id", ID)],
        content_type=content_type,
    )
    receipt = staged(lambda request: answered).send(message(to=["Ann@Bücher.example", "bob@example.org"]))
    assert {address: row.status for address, row in receipt.recipients.items()} == {
        "Ann@Bücher.example": Status.REFUSED,
        "bob@example.org": Status.ACCEPTED,
    }
    assert "hard_bounced" in receipt.recipients["Ann@Bücher.example"].text
    assert receipt.raw["warnings"][0]["type"] == "SOME_SUPPRESSED"


@pytest.mark.parametrize("named", [("ann@example.org",), ()], ids=["named", "not named"])
def test_where_everybody_is_suppressed_the_message_is_refused(named, colour):
    body = json.loads(suppressed("ALL_SUPPRESSED", *named).body)
    with HttpPeer([answer(202, body)]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v1")) as mailer:
            with pytest.raises(RecipientRefused, match="suppressed") as caught:
                colour.send(mailer, message())
    assert not caught.value.retryable


def test_another_warning_is_no_refusal():
    body = {"warnings": [{"type": "SOMETHING_ELSE", "warning": "…"}]}
    receipt = staged(lambda request: reply(body, 202, [("X-Message-Id", ID)])).send(message())
    assert receipt.complete
    assert receipt.raw == body


def test_a_success_without_an_id_is_unknown():
    assert isinstance(staged(lambda request: HttpResponse(202)).send(message()), OutcomeUnknown)


ERRORS = {
    "bad token": (401, {"message": "Unauthenticated."}, AuthFailed, ""),
    "unverified": (
        422,
        {"message": "x", "errors": {"from.email": ["The from.email domain must be verified. #MS42207"]}},
        SenderRefused,
        "MS42207",
    ),
    "sender, another code": (422, {"errors": {"from.email": ["No. #MS42299"]}}, SenderRefused, "MS42299"),
    "trial": (
        422,
        {"errors": {"to": ["You have reached the trial account unique recipients limit. #MS42225"]}},
        ConfigError,
        "MS42225",
    ),
    "invalid": (422, {"message": "x", "errors": {"subject": ["The subject is required."]}}, ContentRefused, ""),
    "quota": (429, {"message": "Daily API quota limit was reached. #MS42901"}, ConfigError, "MS42901"),
    "too fast": (429, {"message": "Too Many Attempts. #MS42903"}, RateLimited, "MS42903"),
    "broken": (500, {"message": "Server Error"}, OutcomeUnknown, ""),
}


@pytest.mark.parametrize(("status", "body", "kind", "code"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_mailersend_is_one_of_ours(status, body, kind, code):
    error = staged(lambda request: reply(body, status)).send(message())
    assert type(error) is kind
    assert (error.code, error.provider_code) == (status, code)


# --- settings and verify


def test_verify_asks_for_the_quota(colour):
    with HttpPeer([answer(200, {"quota": 1000, "remaining": 900, "reset": "2030-01-01"})]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v1")) as mailer:
            found = colour.verify(mailer)
    assert (peer.requests[0].method, peer.requests[0].path) == ("GET", "/v1/api-quota")
    assert found.details == {"quota": 1000, "remaining": 900}


def test_an_older_token_is_taken():
    assert str(Mailer("mailersend://eyJ0eXAi.eyJhdWQi.c2lnbmVk@default")) == "Mailer(default=mailersend://default)"


@pytest.mark.parametrize(
    ("token", "why"), [("mssp.0aB1.c2.d3", "SMTP password"), ("SG.x.y", "begin with mlsn"), ("x", "begin with mlsn")]
)
def test_what_is_no_token_is_told(token, why):
    with pytest.raises(ConfigError, match=why) as caught:
        Mailer(f"mailersend://{token}@default")
    assert f"{token}@" not in str(caught.value)
