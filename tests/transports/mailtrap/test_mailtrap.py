"""Mailtrap: what its requests say, what its answers mean, and what a person may get wrong in its settings."""

import json

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
from mailbridge.extend import HttpRequest
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt, Status

TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
DSN = f"mailtrap://{TOKEN}@default"
UUID = "b81aabcd-1a1e-41cf-91b6-eca0254b3d96"
FROM = {"email": "app@example.com", "name": "App"}
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BODY = {"from": FROM, "subject": "Hi", "text": "Hello", "to": [{"email": "ann@example.org"}]}
TEMPLATE = {"subject": None, "text": None, "template": UUID}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def good(request: HttpRequest):
    said = json.loads(request.body)
    each = said.get("requests", [said])
    taken = [
        {"success": True, "message_ids": [f"{n}-{a['email']}" for f in ("to", "cc", "bcc") for a in one.get(f, [])]}
        for n, one in enumerate(each)
    ]
    return reply({"success": True, "responses": taken} if "requests" in said else taken[0])


def staged(respond=good, dsn=DSN):
    return Stage(dsn, respond)


def said(sent, dsn=DSN):
    """Return address and body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    (request,) = stage.requests
    assert violations("mailtrap", request) == []
    return request.url, json.loads(request.body)


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": "dan@Bücher.example",
            "reply_to": "Help <help@example.com>",
            "html": "<p>Hello</p>",
            "tags": "welcome",
            "metadata": {"order": 7, "gift": False},
            "headers": {"X-One": "Grüße"},
            "priority": "low",
        },
        {
            "from": FROM,
            "reply_to": {"email": "help@example.com", "name": "Help"},
            "subject": "Hi",
            "text": "Hello",
            "html": "<p>Hello</p>",
            "category": "welcome",
            "to": [{"email": "ann@example.org", "name": "Ann"}, {"email": "bob@example.org"}],
            "cc": [{"email": "cyd@example.org"}],
            "bcc": [{"email": "dan@xn--bcher-kva.example"}],
            "headers": {"X-Priority": "5 (Lowest)", "Importance": "low", "X-One": "Grüße"},
            "custom_variables": {"order": "7", "gift": "false"},
        },
    ),
    "several reply-to are a header, its names encoded": (
        {"reply_to": ["Büro <help@example.com>", "sales@example.com"]},
        BODY | {"headers": {"Reply-To": "=?utf-8?b?QsO8cm8=?= <help@example.com>, sales@example.com"}},
    ),
    "a picture and a file": (
        {
            "html": "<img src='cid:logo'>",
            "attachments": [
                Attachment(b"GIF", "l.gif", inline=True, content_id="logo"),
                Attachment(b"%PDF", None, "application/pdf"),
            ],
        },
        BODY
        | {
            "html": "<img src='cid:logo'>",
            "attachments": [
                {
                    "filename": "l.gif",
                    "content": "R0lG",
                    "type": "image/gif",
                    "disposition": "inline",
                    "content_id": "logo",
                },
                {"filename": "attachment", "content": "JVBERg==", "type": "application/pdf"},
            ],
        },
    ),
    "an empty text is left out": (
        {"text": "", "html": "<p>Hello</p>"},
        {"from": FROM, "subject": "Hi", "html": "<p>Hello</p>", "to": [{"email": "ann@example.org"}]},
    ),
    "who stands in two fields gets it once": (
        {"to": ["ann@example.org", "bob@example.org", "ANN@example.org"], "cc": ["Bob@example.org", "cyd@example.org"]},
        BODY
        | {"to": [{"email": "ann@example.org"}, {"email": "bob@example.org"}], "cc": [{"email": "cyd@example.org"}]},
    ),
    "a template with its data": (
        TEMPLATE | {"merge_global": {"name": "Ann", "items": [1, 2]}},
        {
            "from": FROM,
            "to": [{"email": "ann@example.org"}],
            "template_uuid": UUID,
            "template_variables": {"name": "Ann", "items": [1, 2]},
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == ("https://send.api.mailtrap.io/api/send", body)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ("?stream=bulk", "https://bulk.api.mailtrap.io/api/send"),
        ("?sandbox_id=42", "https://sandbox.api.mailtrap.io/api/send/42"),
        ("?stream=bulk&sandbox_id=42", "https://sandbox.api.mailtrap.io/api/send/42"),
    ],
)
def test_the_settings_choose_the_host(options, url):
    assert said(message(), DSN + options) == (url, BODY)


def test_the_sandbox_takes_batches_too():
    stage = staged(dsn=f"{DSN}?sandbox_id=42")
    stage.send_many([message(), message()])
    assert [request.url for request in stage.requests] == ["https://sandbox.api.mailtrap.io/api/batch/42"]
    assert violations("mailtrap", stage.requests[0]) == []


REFUSED = {
    "two tags": ({"tags": ["a", "b"]}, MessageInvalid, "tags"),
    "no subject": ({"subject": ""}, MessageInvalid, "subject"),
    "neither text nor HTML": ({"text": ""}, MessageInvalid, "text"),
    "a header twice": ({"headers": {"X-One": ["1", "2"]}}, MessageInvalid, "headers"),
    "more metadata than it reads": ({"metadata": {"a": "x" * 1000}}, Unsupported, "metadata"),
    "data without a template": ({"merge_global": {"a": 1}}, Unsupported, "merge_global"),
    "data by recipient without a template": ({"merge_data": {"bob@example.org": {"a": 1}}}, Unsupported, "merge_data"),
    "a subject beside a template": (TEMPLATE | {"subject": "Hi"}, MessageInvalid, "subject"),
    "a tag beside a template": (TEMPLATE | {"tags": "a"}, MessageInvalid, "tags"),
    "a template that is no UUID": (TEMPLATE | {"template": "welcome"}, MessageInvalid, "template"),
    "a version of a template": (TEMPLATE | {"template": Template(UUID, "2")}, MessageInvalid, "template"),
    "open tracking": ({"track_opens": True}, Unsupported, "track_opens"),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_mailtrap_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- batches


def test_messages_with_the_same_content_say_it_once():
    stage = staged()
    file = Attachment(b"%PDF", "a.pdf")
    stage.send_many([message(to=f"r{n}@example.org", attachments=file, metadata={"n": n}) for n in range(2)])
    (body,) = stage.bodies
    assert body == {
        "base": {
            "from": FROM,
            "attachments": [{"filename": "a.pdf", "content": "JVBERg==", "type": "application/pdf"}],
            "subject": "Hi",
            "text": "Hello",
        },
        "requests": [
            {"to": [{"email": "r0@example.org"}], "custom_variables": {"n": "0"}},
            {"to": [{"email": "r1@example.org"}], "custom_variables": {"n": "1"}},
        ],
    }
    assert violations("mailtrap", stage.requests[0]) == []


def test_messages_that_differ_are_said_whole_and_no_base_shines_through():
    stage = staged()
    stage.send_many([message(tags="a", reply_to="re@example.com"), message(subject="Ho")])
    assert stage.bodies == [
        {
            "requests": [
                BODY | {"reply_to": {"email": "re@example.com"}, "category": "a"},
                BODY | {"subject": "Ho"},
            ]
        }
    ]


def test_a_list_travels_500_messages_a_call():
    stage = staged()
    outcomes = stage.send_many([message(to=f"r{n}@example.org") for n in range(1001)])
    assert [len(body.get("requests", ["single"])) for body in stage.bodies] == [500, 500, 1]
    assert [outcome.accepted for outcome in outcomes] == [(f"r{n}@example.org",) for n in range(1001)]


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_find_their_data_whatever_the_spelling_and_the_receipt_has_the_callers(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            **(
                TEMPLATE
                | {
                    "to": ["Ann@Bücher.example", "Bob@Example.org"],
                    "cc": "boss@example.com",
                    "merge_global": {"shop": "S"},
                    "merge_data": {"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
                    "merge_headers": {"bob@example.org": {"X-One": "1"}},
                }
            )
        )
    )
    assert stage.bodies == [
        {
            "base": {"from": FROM, "template_uuid": UUID},
            "requests": [
                {
                    "to": [{"email": "Ann@xn--bcher-kva.example"}],
                    "cc": [{"email": "boss@example.com"}],
                    "template_variables": {"shop": "S", "n": "Ann"},
                },
                {
                    "to": [{"email": "Bob@example.org"}],
                    "cc": [{"email": "boss@example.com"}],
                    "headers": {"X-One": "1"},
                    "template_variables": {"shop": "S", "n": "Bob"},
                },
            ],
        }
    ]
    assert {address: row.provider_id for address, row in receipt.recipients.items()} == {
        "Ann@Bücher.example": "0-Ann@xn--bcher-kva.example",
        "Bob@Example.org": "1-Bob@example.org",
        "boss@example.com": "0-boss@example.com",
    }
    assert receipt.complete


@pytest.mark.parametrize("case", [pytest.param("H22", id="H22")])
def test_each_message_of_a_batch_has_its_own_outcome(case, colour):
    answers = [
        {"success": True, "message_ids": ["1"]},
        {"success": False, "errors": ["'to' address is invalid", "second"]},
        {"success": True, "message_ids": ["3"]},
    ]
    with (
        HttpPeer([answer(200, {"success": True, "responses": answers})]) as peer,
        colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer,
    ):
        outcomes = colour.send_many(mailer, [message(), message(), message()])
    assert [type(outcome) for outcome in outcomes] == [Receipt, ContentRefused, Receipt]
    assert "'to' address is invalid; second" in str(outcomes[1])
    assert [outcome.provider_id for outcome in (outcomes[0], outcomes[2])] == ["1", "3"]
    assert peer.requests[0].path == "/api/batch"


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        pytest.param({"responses": [{"message_ids": ["1"]}]}, [Receipt, OutcomeUnknown], id="H23-fewer"),
        pytest.param({"responses": [{"message_ids": ["1"]}] * 3}, [Receipt, Receipt], id="H23-more"),
        pytest.param({"responses": [{"message_ids": []}, None]}, [OutcomeUnknown, OutcomeUnknown], id="no ids"),
        pytest.param({"success": True}, [OutcomeUnknown, OutcomeUnknown], id="no responses"),
        pytest.param({"success": False, "errors": ["no"]}, [ContentRefused, ContentRefused], id="refused as a whole"),
    ],
)
def test_a_batch_whose_answer_does_not_fit_is_unknown_where_it_does_not(body, kinds):
    outcomes = staged(lambda request: reply(body)).send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == kinds


# --- answers


def test_a_message_is_accepted_with_an_id_for_each_recipient(colour):
    body = {"success": True, "message_ids": ["a", "b", "c"]}
    with HttpPeer([answer(200, body)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        receipt = colour.send(mailer, message(cc="Boss@example.com", bcc="log@example.com"))
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("api-token")) == ("POST", "/api/send", TOKEN)
    assert sent.header("user-agent")  # "bare requests without one may be blocked by edge protection"
    assert receipt.provider_ids == ("a", "b", "c")
    assert {address: (row.status, row.provider_id) for address, row in receipt.recipients.items()} == {
        "ann@example.org": (Status.ACCEPTED, "a"),
        "Boss@example.com": (Status.ACCEPTED, "b"),
        "log@example.com": (Status.ACCEPTED, "c"),
    }
    assert receipt.message_id == ""  # Mailtrap writes one, and does not tell it


def test_the_one_id_of_the_sandbox_is_everybodys():
    receipt = staged(lambda request: reply({"success": True, "message_ids": ["7"]})).send(message(cc="b@example.com"))
    assert [row.provider_id for row in receipt.recipients.values()] == ["7", "7"]


ERRORS = {
    "bad token": (401, ["Unauthorized"], AuthFailed),
    "not this domain": (401, ["Sending from domain example.com is not allowed"], SenderRefused),
    "forbidden": (403, ["Forbidden"], AuthFailed),
    "invalid": (400, ["'subject' is required", "must specify either text or html body"], ContentRefused),
    "too fast": (429, ["Rate limit exceeded"], RateLimited),
    "broken": (500, ["Internal server error"], OutcomeUnknown),
    "refused with 200": (200, ["no"], ContentRefused),
}


@pytest.mark.parametrize(("status", "errors", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_mailtrap_is_one_of_ours_and_says_all_of_it(status, errors, kind):
    body = {"success": False, "errors": [*errors, TOKEN]}
    error = staged(lambda request: reply(body, status)).send(message())
    assert type(error) is kind
    assert "; ".join(errors) in str(error)
    assert TOKEN not in f"{error}{error!r}{error.__dict__}"


# --- settings and verify


def test_verify_asks_the_host_of_accounts():
    stage = staged(lambda request: reply([{"id": 1, "name": "Shop", "access_levels": [100]}]), f"{DSN}?stream=bulk")
    assert stage.verify().text == "Mailtrap accepts the token of Shop; messages go to the bulk stream."
    assert [request.url for request in stage.requests] == ["https://mailtrap.io/api/accounts"]
    assert violations("mailtrap", stage.requests[0]) == []


def test_verify_refuses_a_wrong_token(colour):
    with (
        HttpPeer([answer(401, {"error": "Incorrect API token"})]) as peer,
        colour.using(Mailer(f"{DSN}?base_url={peer.url}&sandbox_id=3")) as mailer,
    ):
        with pytest.raises(AuthFailed, match="Incorrect API token"):
            colour.verify(mailer)
    assert peer.requests[0].path == "/api/accounts"


@pytest.mark.parametrize("token", ["SG.abc.def", "re_12345678_123456789012", "xkeysib-0011"])
def test_a_key_of_another_provider_is_told(token):
    with pytest.raises(ConfigError, match=r"of (SendGrid|Resend|Brevo)") as caught:
        Mailer(f"mailtrap://{token}@default")
    assert token not in str(caught.value)
