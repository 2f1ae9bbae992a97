"""SendPulse: what its requests say, what its answers mean, and how it comes by a token."""

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
from mailbridge.extend import HttpRequest, HttpResponse
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt

SECRET = "canarySECRET0123456789"
TOKEN = "canary.access.token.0123456789"
DSN = f"sendpulse://0123456789abcdef:{SECRET}@default"
BY_KEY = f"sendpulse://default?api_key={TOKEN}"
ID = "pzkic9-0afezp-fc"
SENT = {"result": True, "id": ID}
GRANTED = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BASE = {
    "subject": "Hi",
    "from": {"name": "App", "email": "app@example.com"},
    "to": [{"email": "ann@example.org"}],
    "html": "",
    "text": "Hello",
}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def staged(respond=None, dsn=BY_KEY):
    """Return a transport at work that gets `respond(request)`, or a good answer."""
    return Stage(dsn, respond or (lambda request: reply(SENT)))


def said(sent):
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = staged()
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    assert stage.paths == ["POST /smtp/emails"]
    assert violations("sendpulse", stage.requests[0]) == []
    return stage.bodies[0]["email"]


BODIES = {
    "everything it can say": (
        {
            "from_": "app@example.com",
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": ["dan@example.org"],
            "reply_to": "Help <help@example.com>",
            "html": "<p>Hällo</p>",
            "attachments": [Attachment("ä", "a.txt"), Attachment(b"%PDF", None, "application/pdf")],
            "provider_options": {"sendpulse": {"auto_plain_text": False}},
        },
        {
            "subject": "Hi",
            "from": {"name": "", "email": "app@example.com"},
            "to": [{"email": "ann@example.org", "name": "Ann"}, {"email": "bob@example.org"}],
            "cc": [{"email": "cyd@example.org"}],
            "bcc": [{"email": "dan@example.org"}],
            "reply_to": {"email": "help@example.com", "name": "Help"},
            "html": "PHA+SMOkbGxvPC9wPg==",
            "text": "Hello",
            "attachments_binary": {"a.txt": "w6Q=", "attachment.pdf": "JVBERg=="},
            "auto_plain_text": False,
        },
    ),
    "a text alone, for both are wanted": ({}, BASE),
    "an HTML alone": ({"text": None, "html": "<p>"}, BASE | {"html": "PHA+", "text": ""}),
    "a template": (
        {"template": "123", "text": None, "merge_global": {"n": [1]}},
        {
            "subject": "Hi",
            "from": BASE["from"],
            "to": BASE["to"],
            "template": {"id": "123", "variables": {"n": [1]}},
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == body


REFUSED = {
    "a header": ({"headers": {"X-A": "1"}}, Unsupported, "headers"),
    "a link to unsubscribe": ({"list_unsubscribe": "https://example.com/u"}, Unsupported, "list_unsubscribe"),
    "two addresses to reply to": ({"reply_to": ["a@example.com", "b@example.com"]}, Unsupported, "multiple_reply_to"),
    "data without a template": ({"merge_global": {"a": 1}}, Unsupported, "merge_global"),
    "data by recipient without a template": ({"merge_data": {"bob@example.org": {"a": 1}}}, Unsupported, "merge_data"),
    "a text beside a template": ({"template": "t"}, MessageInvalid, "text"),
    "a version of a template": ({"template": Template("t", "2"), "text": None}, MessageInvalid, "template"),
    "no subject": ({"subject": None}, MessageInvalid, "subject"),
    "no text": ({"text": None}, MessageInvalid, "text"),
    "nobody in to": ({"to": None, "cc": "a@example.org"}, MessageInvalid, "to"),
    "two files of one name": (
        {"attachments": [Attachment("1", "a.txt"), Attachment("2", "a.txt")]},
        MessageInvalid,
        "attachments.filename",
    ),
    "a name that belies the type": (
        {"attachments": Attachment(b"%PDF", "a.txt", "application/pdf")},
        MessageInvalid,
        "attachments.filename",
    ),
    "a content id": ({"attachments": Attachment("1", "a", content_id="x")}, MessageInvalid, "attachments.content_id"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_sendpulse_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


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
    assert [(body["email"]["to"], body["email"]["template"]["variables"]) for body in stage.bodies] == [
        ([{"email": "Ann@xn--bcher-kva.example"}], {"n": "Ann"}),
        ([{"email": "Bob@example.org"}], {"n": "Bob"}),
    ]
    assert receipt.accepted == ("Ann@Bücher.example", "Bob@Example.org")


# --- tokens


def test_a_token_is_fetched_once_for_the_client(colour):
    with HttpPeer([answer(200, GRANTED), answer(200, SENT), answer(200, SENT)]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
            receipts = [colour.send(mailer, message()) for _ in range(2)]
    fetched, *sends = peer.requests
    assert (fetched.method, fetched.path) == ("POST", "/oauth/access_token")
    assert fetched.form == [
        ("grant_type", "client_credentials"),
        ("client_id", "0123456789abcdef"),
        ("client_secret", SECRET),
    ]
    assert [(each.path, each.header("authorization")) for each in sends] == [("/smtp/emails", f"Bearer {TOKEN}")] * 2
    assert [each.provider_ids for each in receipts] == [(ID,), (ID,)]


@pytest.mark.parametrize("case", [pytest.param("H10", id="H10")])
def test_a_token_that_is_refused_is_renewed_once(case, colour):
    fresh = {**GRANTED, "access_token": "another.token.0123456789"}
    script = [answer(200, GRANTED), answer(401), answer(200, fresh), answer(200, SENT)]
    with HttpPeer(script) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        assert colour.send(mailer, message()).complete
    assert peer.requests[3].header("authorization") == "Bearer another.token.0123456789"


def test_a_client_that_is_refused_is_told_and_its_secret_is_not(colour):
    refusal = {"error": "invalid_client", "error_description": f"Client {SECRET} unknown", "message": "…"}
    with HttpPeer([answer(401, refusal)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        with pytest.raises(AuthFailed) as caught:
            colour.send(mailer, message())
    assert SECRET not in f"{caught.value}{caught.value.__dict__}"


def test_an_api_key_needs_no_token(colour):
    with HttpPeer([answer(200, SENT)]) as peer:
        with colour.using(Mailer(f"{BY_KEY}&base_url={peer.url}")) as mailer:
            colour.send(mailer, message())
    assert peer.requests[0].header("authorization") == f"Bearer {TOKEN}"


# --- answers


@pytest.mark.parametrize("body", [{}, {"result": False, "id": ID}, {"result": True}, [], None])
def test_a_success_that_says_nothing_is_unknown(body):
    assert isinstance(staged(lambda request: reply(body)).send(message()), OutcomeUnknown)


ERRORS = {
    "sender": (422, 422, "Sender is not valid", SenderRefused),
    "from": (422, 10, "Argument from.email is invalid", SenderRefused),
    "subject": (422, 12, "Argument subject missing", ContentRefused),
    "template": (422, 31, "Template not found", ContentRefused),
    "limited": (422, 422, "Sending from your account is currently limited. Please try later.", RateLimited),
    "quota": (422, 422, "Sending quota or bandwidth exceeded", ConfigError),
    "no user": (422, 400, "No such SMTP user, you need to create SMTP account first", ConfigError),
    "expired": (403, 403, "Account expired", ConfigError),
    "too fast": (429, 2020202020, "Too many requests", RateLimited),
    "key": (401, 1, "Unauthorized", AuthFailed),
    "broken": (500, 999, "…", OutcomeUnknown),
}


@pytest.mark.parametrize(("status", "code", "text", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_sendpulse_is_one_of_ours(status, code, text, kind):
    error = staged(lambda request: reply({"message": f"{text} {TOKEN}", "error_code": code}, status)).send(message())
    assert type(error) is kind
    assert (error.code, error.provider_code) == (status, str(code))
    assert TOKEN not in f"{error}{error!r}{error.__dict__}"


# --- settings and verify


def respond(request: HttpRequest) -> HttpResponse:
    return reply(GRANTED if request.url.endswith("access_token") else ["app@example.com"])


@pytest.mark.parametrize("dsn", [DSN, BY_KEY])
def test_verify_tells_who_may_send(dsn):
    stage = staged(respond, dsn)
    assert stage.verify().details == {"senders": ["app@example.com"]}
    assert stage.paths[-1] == "GET /smtp/senders"
    assert violations("sendpulse", stage.requests[-1]) == []


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        ("sendpulse://default", "client_id and client_secret"),
        ("sendpulse://abc@default", "client_id and client_secret"),
        ("sendpulse://abc:def@default?api_key=x", "exclude each other"),
        ("sendpulse://ann%40example.com:pw@default", r"sendpulse\+smtp"),
    ],
)
def test_credentials_that_do_not_fit_are_told(dsn, why):
    with pytest.raises(ConfigError, match=why):
        Mailer(dsn)


def test_no_secret_is_in_a_body():
    stage = staged(lambda request: reply(GRANTED if request.url.endswith("access_token") else SENT), DSN)
    stage.send(message())
    assert SECRET not in json.dumps(json.loads(stage.requests[-1].body))
