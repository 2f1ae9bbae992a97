"""Mandrill: what its requests say, what its answers mean, and that its key, which is in the body, stays there."""

import json
import pickle
import traceback
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
    ProtocolError,
    RateLimited,
    RecipientRefused,
    SenderRefused,
    ServerError,
    Unsupported,
)
from mailbridge.extend import HttpRequest
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt, Status

KEY = "md-0123456789ABCDEFabcdef"
DSN = f"mandrill://{KEY}@default"
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BODY = {
    "from_email": "app@example.com",
    "from_name": "App",
    "subject": "Hi",
    "text": "Hello",
    "to": [{"email": "ann@example.org", "type": "to"}],
    "preserve_recipients": True,
}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def good(request: HttpRequest):
    to = json.loads(request.body)["message"]["to"]
    return reply([row(each["email"], _id=f"{each['type']}-{n}") for n, each in enumerate(to)])


def row(email, status="sent", **more):
    return {"email": email, "status": status, "reject_reason": None, "_id": "1", **more}


def staged(respond=good, dsn=DSN):
    return Stage(dsn, respond)


def said(sent, dsn=DSN):
    """Return path and body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    assert violations("mandrill", stage.requests[0]) == []
    (body,) = stage.bodies
    assert body.pop("key") == KEY
    return stage.paths[0], body


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "Cyd <cyd@example.org>",
            "bcc": "dan@Bücher.example",
            "reply_to": ["Büro <help@example.com>", "sales@example.com"],
            "html": "<p>Hello</p>",
            "tags": ["welcome", "spring"],
            "metadata": {"order": 7, "gift": True},
            "headers": {"X-One": "Grüße"},
            "priority": "high",
            "track_opens": True,
            "track_clicks": False,
            "merge_global": {"shop": "Ex", "n": 1.5, "b": True, "none": None},
        },
        BODY
        | {
            "to": [
                {"email": "ann@example.org", "type": "to", "name": "Ann"},
                {"email": "bob@example.org", "type": "to"},
                {"email": "cyd@example.org", "type": "cc", "name": "Cyd"},
                {"email": "dan@xn--bcher-kva.example", "type": "bcc"},
            ],
            "html": "<p>Hello</p>",
            "tags": ["welcome", "spring"],
            "metadata": {"order": 7, "gift": True},
            "headers": {
                "X-Priority": "1 (Highest)",
                "Importance": "high",
                "X-One": "=?utf-8?b?R3LDvMOfZQ==?=",
                "Reply-To": "=?utf-8?b?QsO8cm8=?= <help@example.com>, sales@example.com",
            },
            "track_opens": True,
            "track_clicks": False,
            "global_merge_vars": [
                {"name": "shop", "content": "Ex"},
                {"name": "n", "content": "1.5"},
                {"name": "b", "content": "true"},
                {"name": "none", "content": ""},
            ],
        },
    ),
    "a picture has its content id for a name, a file its own": (
        {
            "html": "<img src='cid:logo'>",
            "attachments": [
                Attachment(b"GIF", "l.gif", inline=True, content_id="logo"),
                Attachment("ä", "a.txt"),
            ],
        },
        BODY
        | {
            "html": "<img src='cid:logo'>",
            "images": [{"type": "image/gif", "name": "logo", "content": "R0lG"}],
            "attachments": [{"type": "text/plain; charset=utf-8", "name": "a.txt", "content": "w6Q="}],
        },
    ),
    "who stands in two fields gets it once": (
        {"to": ["ann@example.org", "ANN@example.org"], "cc": "Ann@example.org"},
        BODY,
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == ("POST /messages/send.json", {"message": body})


def test_send_at_is_in_utc_and_beside_the_message():
    india = timezone(timedelta(hours=5, minutes=30))
    _, body = said(message(send_at=datetime(2030, 1, 1, 15, 0, 15, 999, india)))
    assert body["send_at"] == "2030-01-01 09:30:15"


def test_options_go_where_they_belong():
    _, body = said(
        message(
            provider_options={
                "mandrill": {
                    "background": True,
                    "ip_pool": "Main",
                    "subaccount": "mine",
                    "view_content_link": False,
                    "return_path_domain": "bounces.example.com",
                }
            }
        ),
        f"{DSN}?subaccount=shop",
    )
    wanted = BODY | {"subaccount": "mine", "view_content_link": False, "return_path_domain": "bounces.example.com"}
    assert body == {"message": wanted, "async": True, "ip_pool": "Main"}


def test_a_template_has_its_own_call_and_its_regions():
    path, body = said(
        message(
            subject=None,
            text=None,
            template="welcome",
            merge_global={"name": "Ann"},
            provider_options={"mandrill": {"template_content": {"main": "<p>Hi</p>"}}},
        ),
        f"{DSN}?subaccount=shop",
    )
    assert path == "POST /messages/send-template.json"
    assert (body["template_name"], body["template_content"]) == ("welcome", [{"name": "main", "content": "<p>Hi</p>"}])
    assert body["message"] == {
        "from_email": "app@example.com",
        "from_name": "App",
        "to": [{"email": "ann@example.org", "type": "to"}],
        "preserve_recipients": True,
        "subaccount": "shop",
        "global_merge_vars": [{"name": "name", "content": "Ann"}],
    }


def test_handlebars_take_lists_and_tables_as_they_are():
    stage = staged(dsn=f"{DSN}?merge_language=handlebars")
    stage.send(message(merge_global={"items": [{"sku": "a", "n": 2}], "paid": True}))
    said = stage.bodies[0]["message"]
    assert said["merge_language"] == "handlebars"
    assert said["global_merge_vars"] == [
        {"name": "items", "content": [{"sku": "a", "n": 2}]},
        {"name": "paid", "content": True},
    ]


REFUSED = {
    "a list for Mailchimp's merge tags": ({"merge_global": {"a": [1]}}, MessageInvalid, "merge_global"),
    "a header twice": ({"headers": {"X-One": ["1", "2"]}}, MessageInvalid, "headers"),
    "an inline file that is no image": (
        {"html": "<a href='cid:x'>", "attachments": Attachment(b"%PDF", "x.pdf", inline=True)},
        MessageInvalid,
        "attachments",
    ),
    "a content id on a file that is not inline": (
        {"attachments": Attachment(b"x", "x.pdf", content_id="x")},
        MessageInvalid,
        "attachments",
    ),
    "an HTML beside a template": ({"template": "a", "html": "<p>"}, MessageInvalid, "html"),
    "a version of a template": ({"template": Template("a", "2")}, MessageInvalid, "template"),
    "a tag of 51 characters": ({"tags": "t" * 51}, Unsupported, "tags"),
    "a whole bounce address": ({"envelope_sender": "b@example.com"}, Unsupported, "envelope_sender"),
    "a Message-ID": ({"message_id": "<1@example.com>"}, Unsupported, "message_id"),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_mandrill_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- calls for many


def test_private_copies_share_a_call_with_data_of_their_own():
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann <ann@example.org>", "Bob@Bücher.example"],
            merge_global={"shop": "Ex"},
            merge_data={"ann@example.org": {"name": "Ann"}, "bob@xn--bcher-kva.example": {"name": "Bob"}},
            metadata={"run": 1},
            merge_metadata={"BOB@bücher.example": {"id": 2}},
        )
    )
    (body,) = stage.bodies
    assert body["message"] == {name: BODY[name] for name in ("from_email", "from_name", "subject", "text")} | {
        "to": [
            {"email": "ann@example.org", "type": "to", "name": "Ann"},
            {"email": "Bob@xn--bcher-kva.example", "type": "to"},
        ],
        "preserve_recipients": False,
        "merge_vars": [
            {
                "rcpt": "ann@example.org",
                "vars": [{"name": "shop", "content": "Ex"}, {"name": "name", "content": "Ann"}],
            },
            {
                "rcpt": "Bob@xn--bcher-kva.example",
                "vars": [{"name": "shop", "content": "Ex"}, {"name": "name", "content": "Bob"}],
            },
        ],
        "recipient_metadata": [
            {"rcpt": "ann@example.org", "values": {"run": 1}},
            {"rcpt": "Bob@xn--bcher-kva.example", "values": {"run": 1, "id": 2}},
        ],
    }
    assert violations("mandrill", stage.requests[0]) == []
    assert {address: each.provider_id for address, each in receipt.recipients.items()} == {
        "ann@example.org": "to-0",
        "Bob@Bücher.example": "to-1",
    }


def test_copies_with_cc_make_calls_of_their_own_so_that_cc_gets_every_copy():
    stage = staged()
    stage.send(message(to=["ann@example.org", "bob@example.org"], cc="boss@example.com", merge_data={}))
    assert [[to["email"] for to in body["message"]["to"]] for body in stage.bodies] == [
        ["ann@example.org", "boss@example.com"],
        ["bob@example.org", "boss@example.com"],
    ]
    assert [body["message"]["preserve_recipients"] for body in stage.bodies] == [True, True]


def test_copies_with_headers_of_their_own_make_calls_of_their_own():
    stage = staged()
    to = ["ann@example.org", "bob@example.org", "cyd@example.org"]
    stage.send(message(to=to, merge_headers={"ann@example.org": {"X-One": "1"}}))
    assert [[each["email"] for each in body["message"]["to"]] for body in stage.bodies] == [to[:1], to[1:]]
    assert [body["message"].get("headers") for body in stage.bodies] == [{"X-One": "1"}, None]


def test_a_list_travels_1000_messages_a_call():
    stage = staged()
    outcomes = stage.send_many([message(to=f"r{n}@example.org") for n in range(1500)])
    assert [len(body["message"]["to"]) for body in stage.bodies] == [1000, 500]
    assert [outcome.accepted for outcome in outcomes] == [(f"r{n}@example.org",) for n in range(1500)]


def test_who_gets_two_messages_gets_them_by_two_calls():
    stage = staged()
    outcomes = stage.send_many([message(), message(to="bob@example.org"), message(to="ANN@example.org")])
    assert [len(body["message"]["to"]) for body in stage.bodies] == [2, 1]
    assert [type(outcome) for outcome in outcomes] == [Receipt] * 3


def test_what_looks_like_a_merge_tag_stays_text_in_a_message_without_merge_data():
    stage = staged()
    stage.send_many([message(text="*|A|*"), message(to="bob@example.org", text="*|A|*", merge_global={"A": "1"})])
    assert [body["message"].get("global_merge_vars") for body in stage.bodies] == [
        None,
        [{"name": "A", "content": "1"}],
    ]


@pytest.mark.parametrize("case", [pytest.param("H22", id="H22")])
def test_each_message_of_a_call_has_its_own_outcome(case, colour):
    answers = [
        row("bob@example.org", "rejected", reject_reason="hard-bounce"),
        row("ANN@example.org", _id="a"),
        row("cyd@example.org", "invalid", _id=None),
    ]
    with HttpPeer([answer(200, answers)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        outcomes = colour.send_many(
            mailer, [message(), *(message(to=f"{name}@example.org") for name in ("bob", "cyd", "dan"))]
        )
    assert [type(outcome) for outcome in outcomes] == [Receipt, RecipientRefused, RecipientRefused, OutcomeUnknown]
    assert outcomes[0].provider_id == "a"
    assert "hard-bounce" in str(outcomes[1])


# --- answers


def test_a_message_is_accepted(colour):
    answers = [
        row("ann@xn--bcher-kva.example", "queued", queued_reason="multiple-recipients", _id="x"),
        row("b@example.com"),
    ]
    with HttpPeer([answer(200, answers)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        receipt = colour.send(mailer, message(to="Ann@Bücher.example", cc="B@example.com"))
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.json["key"]) == ("POST", "/messages/send.json", KEY)
    assert {address: tuple(each) for address, each in receipt.recipients.items()} == {
        "Ann@Bücher.example": (Status.ACCEPTED, None, "", "multiple-recipients", "x"),
        "B@example.com": (Status.ACCEPTED, None, "", "", "1"),
    }
    assert (receipt.provider_ids, receipt.message_id, receipt.raw) == (("x", "1"), "", answers)


@pytest.mark.parametrize("weakness", [pytest.param("W21", id="W21")])
@pytest.mark.parametrize("status", ["sent", "queued", "scheduled"])
def test_scheduled_is_accepted(weakness, status):
    receipt = staged(lambda request: reply([row("ann@example.org", status)])).send(message())
    assert receipt.recipients["ann@example.org"].status is Status.ACCEPTED


def test_a_200_with_a_rejected_recipient_is_a_refusal_for_him():
    answers = [row("ann@example.org"), row("bob@example.org", "rejected", reject_reason="unsub", _id="r")]
    receipt = staged(lambda request: reply(answers)).send(message(cc="Bob@example.org", bcc="cyd@example.org"))
    assert {address: (each.status, each.text, each.provider_id) for address, each in receipt.recipients.items()} == {
        "ann@example.org": (Status.ACCEPTED, "", "1"),
        "Bob@example.org": (Status.REFUSED, "unsub", "r"),
        "cyd@example.org": (Status.UNKNOWN, "Mandrill did not answer for this recipient", ""),
    }


REJECTED = {
    "hard-bounce": RecipientRefused,
    "spam": RecipientRefused,
    "unsub": RecipientRefused,
    "custom": RecipientRefused,
    "invalid-sender": SenderRefused,
    "unsigned": SenderRefused,
    "rule": ContentRefused,
    "test-mode-limit": RateLimited,
}


@pytest.mark.parametrize(("reason", "kind"), REJECTED.items())
def test_a_rejection_of_everybody_is_an_error_by_its_reason(reason, kind):
    error = staged(lambda request: reply([row("ann@example.org", "rejected", reject_reason=reason)])).send(message())
    assert type(error) is kind
    assert reason in str(error)


@pytest.mark.parametrize("body", [[], [{}], {"x": 1}, [row("stranger@example.org")], [None], "PONG"])
def test_an_answer_that_is_for_nobody_of_ours_is_unknown(body):
    assert type(staged(lambda request: reply(body)).send(message())) is OutcomeUnknown


ERRORS = {
    "wrong key": (500, "Invalid_Key", AuthFailed),
    "wrong key, as described today": (401, "Invalid_Key", AuthFailed),
    "not paid": (500, "PaymentRequired", ConfigError),
    "no such subaccount": (404, "Unknown_Subaccount", ConfigError),
    "no such template": (500, "Unknown_Template", ContentRefused),
    "invalid": (500, "ValidationError", ContentRefused),
    "not available": (500, "ServiceUnavailable", ServerError),
    "nobody knows": (500, "GeneralError", OutcomeUnknown),
    "too fast": (429, "", RateLimited),
}


@pytest.mark.parametrize("weakness", [pytest.param("W23", id="W23")])
@pytest.mark.parametrize(("status", "name", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_by_its_name_and_never_shows_the_key(status, name, kind, weakness):
    body = {"status": "error", "code": -1, "name": name, "message": f'Validation error: {{"key":"{KEY}"}}'}
    stage = staged(lambda request: reply(body, status))
    error = stage.send(message())
    assert (type(error), error.provider_code) == (kind, name)
    shown = [*stage.requests, error, error.__dict__, "".join(traceback.format_exception(error)), pickle.dumps(error)]
    assert KEY not in "".join(f"{each}{each!r}" for each in shown)


# --- settings and verify


def test_verify_plays_ping_pong(colour):
    with (
        HttpPeer([answer(200, {"PING": "PONG!"})]) as peer,
        colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer,
    ):
        assert colour.verify(mailer).text == "Mandrill accepts the key, and says PONG!"
    assert (peer.requests[0].path, peer.requests[0].json) == ("/users/ping2.json", {"key": KEY})


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [({"name": "Invalid_Key", "message": "Invalid API key"}, 500, AuthFailed), ({"x": "PONG!"}, 200, ProtocolError)],
)
def test_verify_is_not_content_with_anything_else(body, status, kind):
    assert type(staged(lambda request: reply(body, status)).verify()) is kind


@pytest.mark.parametrize("key", [KEY, "ONzNrsmbtNXoIKyfPmjnig"])
def test_keys_old_and_new_are_taken(key):
    assert str(Mailer(f"mandrill://{key}@default")) == "Mailer(default=mandrill://default)"


@pytest.mark.parametrize(
    ("key", "why"),
    [("0123456789abcdef0123456789abcdef-us6", "Marketing API"), ("xkeysib-0011", "an API key of Brevo")],
)
def test_a_key_of_another_kind_is_told(key, why):
    with pytest.raises(ConfigError, match=why) as caught:
        Mailer(f"mandrill://{key}@default")
    assert key not in str(caught.value)
