"""Mailjet: what its requests say, what its answers mean, whatever their status, and what a person may get wrong."""

import json
from base64 import b64encode

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
from mailbridge.receipt import Receipt, Status

KEY, SECRET = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
BASIC = b64encode(f"{KEY}:{SECRET}".encode()).decode()
DSN = f"mailjet://{KEY}:{SECRET}@default"
FROM = {"Email": "app@example.com", "Name": "App"}
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BODY = {"From": FROM, "Subject": "Hi", "TextPart": "Hello", "To": [{"Email": "ann@example.org"}]}
TEMPLATE = {"text": None, "template": "123"}
ERROR = {
    "Status": "error",
    "Errors": [
        {
            "ErrorIdentifier": "06df1144-c6f3-4ca7-8885-7ec5d4344113",
            "ErrorCode": "mj-0013",
            "StatusCode": 400,
            "ErrorMessage": '"x" is an invalid email address.',
            "ErrorRelatedTo": ["To[0].Email"],
        }
    ],
}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def taken(*recipients, **fields):
    return {
        "Status": "success",
        "CustomID": "",
        "To": [{"Email": each, "MessageUUID": "u", "MessageID": 10**18 + n} for n, each in enumerate(recipients)],
        "Cc": [],
        "Bcc": [],
        **fields,
    }


def good(request: HttpRequest):
    said = json.loads(request.body)["Messages"]
    fields = ("To", "Cc", "Bcc")
    return reply({"Messages": [taken(*(a["Email"] for f in fields for a in one.get(f, []))) for one in said]})


def staged(respond=good, dsn=DSN):
    return Stage(dsn, respond)


def said(sent, dsn=DSN):
    """Return address and body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    (request,) = stage.requests
    assert violations("mailjet", request) == []
    return request.url, json.loads(request.body)


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": "dan@Bücher.example",
            "reply_to": "Help <help@example.com>",
            "sender": "secretary@example.com",
            "html": "<p>Hello</p>",
            "tags": "welcome",
            "metadata": {"order": 7, "stadt": "Köln"},
            "headers": {"X-One": "Grüße"},
            "in_reply_to": "<a@example.com>",
            "track_opens": True,
            "track_clicks": False,
            "merge_global": {"name": "Ann", "items": [1]},
        },
        {
            "From": FROM,
            "Sender": {"Email": "secretary@example.com"},
            "ReplyTo": {"Email": "help@example.com", "Name": "Help"},
            "Subject": "Hi",
            "CustomCampaign": "welcome",
            "TrackOpens": "enabled",
            "TrackClicks": "disabled",
            "TextPart": "Hello",
            "HTMLPart": "<p>Hello</p>",
            "To": [{"Email": "ann@example.org", "Name": "Ann"}, {"Email": "bob@example.org"}],
            "Cc": [{"Email": "cyd@example.org"}],
            "Bcc": [{"Email": "dan@xn--bcher-kva.example"}],
            "Headers": {"In-Reply-To": "<a@example.com>", "X-One": "Grüße"},
            "EventPayload": '{"order": 7, "stadt": "Köln"}',
            "Variables": {"name": "Ann", "items": [1]},
            "TemplateLanguage": True,
        },
    ),
    "a picture and a file; texts have no charset": (
        {
            "html": "<img src='cid:logo'>",
            "attachments": [
                Attachment(b"GIF", "l.gif", inline=True, content_id="logo"),
                Attachment("ä", None, "text/plain"),
                Attachment(b"{}", "a.ics", 'text/calendar; method="REQUEST"; charset=utf-8'),
            ],
        },
        BODY
        | {
            "HTMLPart": "<img src='cid:logo'>",
            "InlinedAttachments": [
                {"ContentType": "image/gif", "Filename": "l.gif", "Base64Content": "R0lG", "ContentID": "logo"}
            ],
            "Attachments": [
                {"ContentType": "text/plain", "Filename": "attachment", "Base64Content": "w6Q="},
                {"ContentType": "text/calendar; method=REQUEST", "Filename": "a.ics", "Base64Content": "e30="},
            ],
        },
    ),
    "a template by its number": (
        TEMPLATE | {"merge_global": {"name": "Ann"}},
        {
            "From": FROM,
            "Subject": "Hi",
            "TemplateID": 123,
            "To": [{"Email": "ann@example.org"}],
            "Variables": {"name": "Ann"},
            "TemplateLanguage": True,
        },
    ),
    "options": (
        {
            "provider_options": {
                "mailjet": {
                    "custom_id": "order-7",
                    "priority": 2,
                    "url_tags": "a=b",
                    "template_error_reporting": "dev@example.com",
                    "template_error_deliver": False,
                }
            }
        },
        BODY
        | {
            "CustomID": "order-7",
            "Priority": 2,
            "URLTags": "a=b",
            "TemplateErrorReporting": {"Email": "dev@example.com"},
            "TemplateErrorDeliver": False,
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == ("https://api.mailjet.com/v3.1/send", {"Messages": [body]})


def test_region_and_sandbox():
    assert said(message(), f"{DSN}?region=us&sandbox=true") == (
        "https://api.us.mailjet.com/v3.1/send",
        {"Messages": [BODY], "SandboxMode": True},
    )


REFUSED = {
    "nobody in to": ({"to": None, "cc": "ann@example.org"}, MessageInvalid, "to"),
    "two tags": ({"tags": ["a", "b"]}, MessageInvalid, "tags"),
    "neither text nor HTML": ({"text": ""}, MessageInvalid, "text"),
    "several reply-to": ({"reply_to": ["a@example.com", "b@example.com"]}, Unsupported, "multiple_reply_to"),
    "a text beside a template": ({"template": "123"}, MessageInvalid, "text"),
    "a template that is no number": (TEMPLATE | {"template": "welcome"}, MessageInvalid, "template"),
    "a version of a template": (TEMPLATE | {"template": Template("123", "2")}, MessageInvalid, "template"),
    "a text file that is not UTF-8": (
        {"attachments": Attachment("ä".encode("latin-1"), "a.txt", charset="iso-8859-1")},
        MessageInvalid,
        "attachments",
    ),
    "an empty file": ({"attachments": Attachment(b"", "a.bin")}, MessageInvalid, "attachments"),
    "a content id on a file that is not inline": (
        {"attachments": Attachment(b"x", "x.pdf", content_id="x")},
        MessageInvalid,
        "attachments",
    ),
    "a subject of 256 characters": ({"subject": "s" * 256}, MessageInvalid, "subject"),
    "a header twice": ({"headers": {"X-One": ["1", "2"]}}, MessageInvalid, "headers"),
    "a Message-ID": ({"message_id": "<1@example.com>"}, Unsupported, "message_id"),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_mailjet_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- calls for many


def test_messages_with_the_same_content_say_it_once():
    stage = staged()
    stage.send_many([message(metadata={"n": 1}), message(to="bob@example.org", merge_global={"a": 1})])
    (body,) = stage.bodies
    assert body == {
        "Globals": {"From": FROM, "Subject": "Hi", "TextPart": "Hello"},
        "Messages": [
            {"To": [{"Email": "ann@example.org"}], "EventPayload": '{"n": 1}'},
            {"To": [{"Email": "bob@example.org"}], "Variables": {"a": 1}, "TemplateLanguage": True},
        ],
    }
    assert violations("mailjet", stage.requests[0]) == []


def test_messages_that_differ_are_said_whole():
    stage = staged()
    stage.send_many([message(tags="a"), message(subject="Ho")])
    assert stage.bodies == [{"Messages": [BODY | {"CustomCampaign": "a"}, BODY | {"Subject": "Ho"}]}]


def test_a_call_has_50_recipients_over_all_its_messages():
    stage = staged()
    outcomes = stage.send_many([message(to=f"r{n}@example.org", cc="boss@example.com") for n in range(60)])
    assert [len(body["Messages"]) for body in stage.bodies] == [25, 25, 10]
    assert [outcome.accepted[0] for outcome in outcomes] == [f"r{n}@example.org" for n in range(60)]


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_find_their_data_whatever_the_spelling_and_the_receipt_has_the_callers(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann@Bücher.example", "Bob@Example.org"],
            merge_global={"shop": "S"},
            merge_data={"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
            headers={"X-All": "1"},
            merge_headers={"bob@example.org": {"x-all": "2"}},
        )
    )
    (body,) = stage.bodies
    assert [(each["To"][0]["Email"], each["Variables"], each["Headers"]) for each in body["Messages"]] == [
        ("Ann@xn--bcher-kva.example", {"shop": "S", "n": "Ann"}, {"X-All": "1"}),
        ("Bob@example.org", {"shop": "S", "n": "Bob"}, {"x-all": "2"}),
    ]
    assert {address: row.status for address, row in receipt.recipients.items()} == {
        "Ann@Bücher.example": Status.ACCEPTED,
        "Bob@Example.org": Status.ACCEPTED,
    }


@pytest.mark.parametrize("case", [pytest.param("H22", id="H22")])
def test_a_call_with_one_bad_message_is_an_error_over_http_and_its_neighbours_are_sent_once(case, colour):
    answers = {"Messages": [taken("ann@example.org"), ERROR, taken("ann@example.org")]}
    with HttpPeer([answer(400, answers)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        outcomes = colour.send_many(mailer, [message(), message(), message()])
    assert [type(outcome) for outcome in outcomes] == [Receipt, ContentRefused, Receipt]
    assert len(peer.requests) == 1
    refused = outcomes[1]
    assert (refused.code, refused.provider_code) == (400, "mj-0013")
    assert '"x" is an invalid email address (mj-0013, To[0].Email)' in str(refused)


def test_a_call_refused_as_a_whole_is_made_again_in_halves_until_the_message_is_found():
    def respond(request):
        if any(to["Email"].startswith("bad") for each in json.loads(request.body)["Messages"] for to in each["To"]):
            return reply({"ErrorCode": "mj-0004", "StatusCode": 400, "ErrorMessage": "Type mismatch."}, 400)
        return good(request)

    stage = staged(respond)
    outcomes = stage.send_many([message(to=f"{name}@example.org") for name in ("ann", "bad", "cyd", "dan")])
    assert [type(outcome) for outcome in outcomes] == [Receipt, ContentRefused, Receipt, Receipt]


@pytest.mark.parametrize(("status", "kind"), [(400, OutcomeUnknown), (403, OutcomeUnknown), (429, RateLimited)])
def test_a_refusal_that_breaks_off_is_unknown_for_there_may_be_sent_messages_in_it(status, kind):
    cut = HttpResponse(status, [("Content-Type", "application/json")], b'{"Messages": [{"Status": "su', complete=False)
    stage = staged(lambda request: cut)
    outcomes = stage.send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == [kind, kind]
    assert len(stage.requests) == 1


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        pytest.param({"Messages": [taken("ann@example.org")]}, [Receipt, OutcomeUnknown], id="H23-fewer"),
        pytest.param({"Messages": [taken("ann@example.org")] * 3}, [Receipt, Receipt], id="H23-more"),
        pytest.param({"Messages": [None, taken()]}, [OutcomeUnknown, OutcomeUnknown], id="nobody in them"),
        pytest.param({"x": 1}, [OutcomeUnknown, OutcomeUnknown], id="no messages"),
    ],
)
def test_an_answer_that_does_not_fit_is_unknown_where_it_does_not(body, kinds):
    outcomes = staged(lambda request: reply(body)).send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == kinds


# --- answers


def test_a_message_is_accepted_with_the_id_that_events_have(colour):
    body = taken("ann@xn--bcher-kva.example", Cc=[{"Email": "boss@example.com", "MessageUUID": "v", "MessageID": 7}])
    with (
        HttpPeer([answer(200, {"Messages": [body]})]) as peer,
        colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as it,
    ):
        receipt = colour.send(it, message(to="Ann@Bücher.example", cc="Boss@example.com", bcc="log@example.com"))
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("authorization")) == ("POST", "/v3.1/send", f"Basic {BASIC}")
    assert {address: (row.status, row.provider_id) for address, row in receipt.recipients.items()} == {
        "Ann@Bücher.example": (Status.ACCEPTED, "1000000000000000000"),
        "Boss@example.com": (Status.ACCEPTED, "7"),
        "log@example.com": (Status.UNKNOWN, ""),
    }
    assert (receipt.provider_ids, receipt.message_id, receipt.raw) == (("1000000000000000000", "7"), "", body)


def test_the_sandbox_accepts_without_an_id():
    body = taken(To=[{"Email": "ann@example.org", "MessageUUID": "", "MessageID": 0}])
    receipt = staged(lambda request: reply({"Messages": [body]}), f"{DSN}?sandbox=true").send(message())
    assert (receipt.complete, receipt.provider_ids) == (True, ())


def said_of_one(code, status):
    problem = {"ErrorCode": code, "StatusCode": status, "ErrorMessage": f"no {BASIC}", "ErrorRelatedTo": ["From"]}
    return {"Messages": [{"Status": "error", "Errors": [problem]}]}


ERRORS = {
    "sender not authorised": (403, said_of_one("send-0008", 403), SenderRefused, "send-0008"),
    "no permission for Sender": (403, said_of_one("send-0006", 403), SenderRefused, "send-0006"),
    "forbidden header": (400, said_of_one("send-0011", 400), ContentRefused, "send-0011"),
    "key not good, in a message": (401, said_of_one("", 401), AuthFailed, ""),
    "an error in a success": (200, said_of_one("mj-0013", 400), ContentRefused, "mj-0013"),
    "bad keys": (401, {"StatusCode": 401, "ErrorMessage": f"API key failure {BASIC}"}, AuthFailed, ""),
    "key suspended": (401, {"ErrorCode": "mj-0001", "ErrorMessage": "suspended"}, ConfigError, "mj-0001"),
    "no JSON": (
        400,
        {"ErrorCode": "mj-0002", "StatusCode": 400, "ErrorMessage": "Malformed"},
        ContentRefused,
        "mj-0002",
    ),
    "too fast": (429, "Too many requests", RateLimited, ""),
    "broken": (500, {"ErrorIdentifier": "1", "StatusCode": 500, "ErrorMessage": "oops"}, OutcomeUnknown, ""),
}


@pytest.mark.parametrize(("status", "body", "kind", "code"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_mailjet_is_one_of_ours_and_shows_no_key(status, body, kind, code):
    error = staged(lambda request: reply(body, status)).send(message())
    assert (type(error), error.provider_code) == (kind, code)
    for secret in (BASIC, KEY, SECRET):
        assert secret not in f"{error}{error!r}{error.__dict__}"


def test_all_that_is_wrong_with_a_message_is_said():
    problems = [{"ErrorMessage": "One.", "ErrorCode": "mj-0003"}, {"ErrorMessage": "Two", "ErrorRelatedTo": ["To"]}]
    error = staged(lambda request: reply({"Messages": [{"Status": "error", "Errors": problems}]}, 400)).send(message())
    assert "One (mj-0003); Two (To)." in str(error)


# --- settings and verify


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([{"Email": "*@example.com", "Status": "Active"}, {"Email": "x@y", "Status": "Inactive"}], "*@example.com."),
        ([], "no sender is active."),
    ],
)
def test_verify_asks_for_the_senders(rows, text, colour):
    with HttpPeer([answer(200, {"Data": rows})]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        assert colour.verify(mailer).text.endswith(text)
    sent = peer.requests[0]
    request = HttpRequest("GET", f"https://api.mailjet.com{sent.path}", [("Authorization", f"Basic {BASIC}")])
    assert violations("mailjet", request) == []


def test_keys_of_the_other_region_are_recognised():
    def respond(request):
        return reply({"Data": []}) if "api.us." in request.url else reply({"ErrorMessage": "no"}, 401)

    error = staged(respond).verify()
    assert type(error) is AuthFailed
    assert "set region=us" in str(error)


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        (f"mailjet://{KEY}@default", "secret_key .*missing"),
        (f"mailjet://{KEY}:{KEY}@default", "are the same"),
        (f"mailjet://{KEY}:SG.abc.def@default", "secret_key is an API key of SendGrid"),
    ],
)
def test_what_are_not_its_keys_is_told(dsn, why):
    with pytest.raises(ConfigError, match=why) as caught:
        Mailer(dsn)
    assert KEY not in str(caught.value)
