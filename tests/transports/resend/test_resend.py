"""Resend: what its requests say, what its answers mean, and what a person may get wrong in its settings."""

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
    SenderRefused,
    Unsupported,
)
from mailbridge.extend import HttpRequest, HttpResponse
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt

KEY = "re_cAnary01_23456789abcdefghijkl"
DSN = f"resend://{KEY}@default"
ID = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BASE = {"from": '"App" <app@example.com>', "to": ["ann@example.org"], "subject": "Hi", "text": "Hello"}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def staged(respond=None, dsn=DSN):
    """Return a transport at work that gets `respond(request)`, or a good answer."""
    return Stage(dsn, respond or good)


def good(request: HttpRequest) -> HttpResponse:
    said = json.loads(request.body)
    return reply({"data": [{"id": f"id-{n}"} for n, _ in enumerate(said)]} if isinstance(said, list) else {"id": ID})


def said(sent, dsn=DSN):
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    assert stage.paths == ["POST /emails"]
    assert violations("resend", stage.requests[0]) == []
    return stage.bodies[0]


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": ["dan@example.org"],
            "reply_to": ["Help <help@example.com>", "sales@example.com"],
            "html": '<p>Hello <img src="cid:logo"></p>',
            "tags": ["welcome", "spring"],
            "metadata": {"order": 7, "gift": True},
            "headers": {"X-One": "ä"},
            "list_unsubscribe": "https://example.com/u",
            "list_unsubscribe_post": True,
            "in_reply_to": "<a@example.com>",
            "priority": "high",
            "send_at": datetime(2030, 1, 1, 9, 30, tzinfo=UTC),
            "attachments": [
                Attachment("ä", "a.txt"),
                Attachment(b"GIF", None, "image/gif", inline=True, content_id="logo"),
            ],
            "provider_options": {"resend": {"topic_id": "news"}},
        },
        {
            "from": '"App" <app@example.com>',
            "to": ['"Ann" <ann@example.org>', "bob@example.org"],
            "cc": ["cyd@example.org"],
            "bcc": ["dan@example.org"],
            "reply_to": ['"Help" <help@example.com>', "sales@example.com"],
            "subject": "Hi",
            "text": "Hello",
            "html": '<p>Hello <img src="cid:logo"></p>',
            "tags": [
                {"name": "tag1", "value": "welcome"},
                {"name": "tag2", "value": "spring"},
                {"name": "order", "value": "7"},
                {"name": "gift", "value": "true"},
            ],
            "headers": {
                "In-Reply-To": "<a@example.com>",
                "List-Unsubscribe": "<https://example.com/u>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "X-Priority": "1 (Highest)",
                "Importance": "high",
                "X-One": "ä",
            },
            "scheduled_at": "2030-01-01T09:30:00.000+00:00",
            "attachments": [
                {"filename": "a.txt", "content": "w6Q=", "content_type": "text/plain; charset=utf-8"},
                {"filename": "attachment.gif", "content": "R0lG", "content_type": "image/gif", "content_id": "logo"},
            ],
            "topic_id": "news",
        },
    ),
    "names are always quoted": (
        {"to": [('Smith, "the" Änne', "ann@example.org")]},
        BASE | {"to": ['"Smith, \\"the\\" Änne" <ann@example.org>']},
    ),
    "a text that is empty, so that none is made of the HTML": (
        {"text": "", "html": "<p>Hi</p>"},
        BASE | {"text": "", "html": "<p>Hi</p>"},
    ),
    "a template": (
        {"template": "welcome", "subject": None, "text": None, "merge_global": {"n": 1, "name": "Ann"}},
        {
            "from": '"App" <app@example.com>',
            "to": ["ann@example.org"],
            "template": {"id": "welcome", "variables": {"n": 1, "name": "Ann"}},
        },
    ),
    "a template with a subject of the message's": (
        {"template": "welcome", "text": None},
        {
            "from": '"App" <app@example.com>',
            "to": ["ann@example.org"],
            "subject": "Hi",
            "template": {"id": "welcome", "variables": {}},
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == body


@pytest.mark.parametrize("weakness", [pytest.param("W6", id="W6")])
def test_every_call_has_a_key_that_stays(weakness):
    stage = staged()
    stage.send(message(idempotency_key="order-7"))
    stage.send(message(message_id=None, idempotency_key="order-7"))
    stage.send_many([message(idempotency_key="a"), message(idempotency_key="b")])
    stage.send_many([message(idempotency_key="a"), message(idempotency_key="b")])
    keys = [request.header("idempotency-key") for request in stage.requests]
    assert keys[:2] == ["order-7", "order-7"]
    assert keys[2] == keys[3] != "a"
    assert len(keys) == 4


REFUSED = {
    "a tag with a blank": ({"tags": "spring sale"}, MessageInvalid, "tags"),
    "metadata with a dot": ({"metadata": {"mail": "ann@example.org"}}, MessageInvalid, "metadata"),
    "metadata that take a tag's place": ({"tags": "a", "metadata": {"tag1": "b"}}, MessageInvalid, "metadata"),
    "a header twice": ({"headers": {"X-A": ["1", "2"]}}, MessageInvalid, "headers"),
    "data without a template": ({"merge_global": {"a": 1}}, Unsupported, "merge_global"),
    "data by recipient without a template": ({"merge_data": {"bob@example.org": {"a": 1}}}, Unsupported, "merge_data"),
    "data that are no text and no number": (
        {"template": "t", "text": None, "merge_global": {"a": [1]}},
        MessageInvalid,
        "merge_global",
    ),
    "a truth in data": (
        {"template": "t", "text": None, "merge_global": {"a": True}},
        MessageInvalid,
        "merge_global",
    ),
    "a text beside a template": ({"template": "t"}, MessageInvalid, "text"),
    "a version of a template": ({"template": Template("t", "2"), "text": None}, MessageInvalid, "template"),
    "no text": ({"text": None}, MessageInvalid, "text"),
    "nobody in to": ({"to": None, "cc": "a@example.org"}, MessageInvalid, "to"),
    "51 in to": ({"to": [f"r{n}@example.org" for n in range(51)]}, MessageInvalid, "to"),
    "a name that belies the type": (
        {"attachments": Attachment(b"%PDF", "a.txt", "application/pdf")},
        MessageInvalid,
        "attachments.filename",
    ),
    "a content id on a file that is not inline": (
        {"attachments": Attachment(b"%PDF", "a.pdf", content_id="x")},
        MessageInvalid,
        "attachments.content_id",
    ),
    "click tracking, which is the domain's": ({"track_clicks": True}, Unsupported, "track_clicks"),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_resend_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- batches


@pytest.mark.parametrize("weakness", [pytest.param("W7", id="W7")])
def test_a_list_travels_100_messages_a_call(weakness):
    stage = staged()
    outcomes = stage.send_many([message(to=f"r{n}@example.org") for n in range(201)])
    assert stage.paths == ["POST /emails/batch", "POST /emails/batch", "POST /emails"]
    assert [len(body) for body in stage.bodies[:2]] == [100, 100]
    assert [outcome.accepted for outcome in outcomes] == [(f"r{n}@example.org",) for n in range(201)]
    assert [violations("resend", request) for request in stage.requests] == [[], [], []]


ALONE = {
    "files, which a batch drops": {"attachments": Attachment("x", "a.txt")},
    "a time to send": {"send_at": datetime(2030, 1, 1, tzinfo=UTC)},
}


@pytest.mark.parametrize("fields", ALONE.values(), ids=ALONE)
def test_what_a_batch_cannot_hold_goes_alone(fields):
    stage = staged()
    stage.send_many([message(), message(), message(**fields), message()])
    assert stage.paths == ["POST /emails/batch", "POST /emails", "POST /emails"]


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_find_their_data_whatever_the_spelling_and_go_out_in_a_labels(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann@Bücher.example", "Bob@Example.org"],
            template="t",
            text=None,
            merge_data={"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
        )
    )
    (body,) = stage.bodies
    assert [(copy["to"], copy["template"]["variables"]) for copy in body] == [
        (["Ann@xn--bcher-kva.example"], {"n": "Ann"}),
        (["Bob@example.org"], {"n": "Bob"}),
    ]
    ids = {address: row.provider_id for address, row in receipt.recipients.items()}
    assert ids == {"Ann@Bücher.example": "id-0", "Bob@Example.org": "id-1"}


@pytest.mark.parametrize("case", [pytest.param("H22", id="H22")])
def test_each_message_of_a_batch_has_its_own_outcome(case, colour):
    body = {
        "data": [{"id": "a"}, {"id": "d"}],
        "errors": [
            {"index": 1, "message": "The `to` field is invalid."},
            {"index": 2, "message": "The example.com domain is not verified."},
        ],
    }
    with HttpPeer([answer(200, body)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        outcomes = colour.send_many(mailer, [message(), message(), message(), message()])
    assert peer.requests[0].header("x-batch-validation") == "permissive"
    assert [type(outcome) for outcome in outcomes] == [Receipt, ContentRefused, SenderRefused, Receipt]
    assert [outcomes[0].provider_id, outcomes[3].provider_id] == ["a", "d"]
    assert "The `to` field is invalid" in str(outcomes[1])


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        pytest.param({"data": [{"id": "a"}]}, [Receipt, OutcomeUnknown], id="H23-fewer"),
        pytest.param({"data": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}, [Receipt, Receipt], id="H23-more"),
        pytest.param({"data": [None, {"id": "b"}]}, [OutcomeUnknown, Receipt], id="no object"),
        pytest.param({"errors": [{"index": 0}]}, [ContentRefused, OutcomeUnknown], id="no data"),
        pytest.param({"data": None}, [OutcomeUnknown, OutcomeUnknown], id="nothing"),
    ],
)
def test_a_batch_whose_answer_does_not_fit_is_unknown_where_it_does_not(body, kinds):
    outcomes = staged(lambda request: reply(body)).send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == kinds


# --- answers


def test_a_message_is_accepted_and_its_message_id_is_not_told(colour):
    with HttpPeer([answer(200, {"id": ID})]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        receipt = colour.send(mailer, message(cc="boss@example.com"))
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("authorization")) == ("POST", "/emails", f"Bearer {KEY}")
    assert sent.header("user-agent")  # without one Resend answers 403
    assert sent.header("idempotency-key")
    assert (receipt.message_id, receipt.provider_ids) == ("", (ID,))
    assert receipt.complete


ERRORS = {
    "no key": (401, "missing_api_key", "Missing API key", AuthFailed),
    "bad key": (403, "invalid_api_key", "API key is invalid", AuthFailed),
    "unverified": (403, "validation_error", "The example.com domain is not verified.", SenderRefused),
    "testing": (403, "validation_error", "You can only send testing emails to your own email address", SenderRefused),
    "invalid": (422, "validation_error", "Invalid `to` field", ContentRefused),
    "another message with this key": (409, "invalid_idempotent_request", "…", ContentRefused),
    "the first is under way": (409, "concurrent_idempotent_requests", "…", OutcomeUnknown),
    "quota of the day": (429, "daily_quota_exceeded", "…", ConfigError),
    "too fast": (429, "rate_limit_exceeded", "…", RateLimited),
    "broken": (500, "application_error", "…", OutcomeUnknown),
}


@pytest.mark.parametrize(("status", "name", "text", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_resend_is_one_of_ours(status, name, text, kind):
    body = {"statusCode": status, "name": name, "message": f"{text} {KEY}"}
    error = staged(lambda request: reply(body, status)).send(message())
    assert type(error) is kind
    assert error.code == status
    assert KEY not in f"{error}{error!r}{error.__dict__}"


@pytest.mark.parametrize("case", [pytest.param("H16", id="H16")])
def test_a_call_under_way_is_asked_for_again_with_the_same_key(case, colour):
    """In progress: the same key again, and the first answer comes. Another message with the key: for good."""
    busy = {"name": "concurrent_idempotent_requests", "message": "Same key, under way"}
    other = {"name": "invalid_idempotent_request", "message": "Same key, other payload"}
    with HttpPeer([answer(409, busy), answer(200, {"id": ID}), answer(409, other)]) as peer:
        with colour.using(Mailer(f"retry({DSN}?base_url={peer.url}, wait=0.01)")) as mailer:
            receipt = colour.send(mailer, message())
            with pytest.raises(ContentRefused, match="other payload"):
                colour.send(mailer, message())
    first, second, third = (request.header("idempotency-key") for request in peer.requests)
    assert first == second != third
    assert receipt.provider_ids == (ID,)


# --- settings and verify


def test_verify_tells_the_verified_domains(colour):
    body = {"data": [{"name": "example.com", "status": "verified"}, {"name": "x.example", "status": "pending"}]}
    with HttpPeer([answer(200, body)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        found = colour.verify(mailer)
    assert (peer.requests[0].method, peer.requests[0].path) == ("GET", "/domains")
    assert found.details == {"domains": ["example.com"]}


def test_a_key_that_may_only_send_is_good(colour):
    body = {
        "statusCode": 401,
        "name": "restricted_api_key",
        "message": "This API key is restricted to only send emails",
    }
    with HttpPeer([answer(401, body)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        found = colour.verify(mailer)
    assert "may send mail and nothing else" in found.text


def test_a_key_that_is_wrong_is_not():
    error = staged(lambda request: reply({"name": "invalid_api_key", "message": "API key is invalid"}, 403)).verify()
    assert isinstance(error, AuthFailed)


@pytest.mark.parametrize("key", ["SG.x.y", "xkeysib-1", "resend"])
def test_what_is_no_key_is_told(key):
    with pytest.raises(ConfigError, match="begin with re_") as caught:
        Mailer(f"resend://{key}@default")
    assert f"{key}@" not in str(caught.value)
