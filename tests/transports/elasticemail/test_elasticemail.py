"""Elastic Email: what its requests say, what its answers mean, and what a person may get wrong in its settings."""

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
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt

KEY = "0123456789ABCDEF0123456789ABCDEFCANARY"
DSN = f"elasticemail://{KEY}@default"
SENT = {"TransactionID": "22a2b2fc-1d5e", "MessageID": "-HHGPM_9RPhSMiaJq_ab4g3"}
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
TEXT = {"ContentType": "PlainText", "Content": "Hello", "Charset": "utf-8"}
CONTENT = {"From": '"App" <app@example.com>', "Subject": "Hi", "Body": [TEXT]}
BASE = {"Recipients": {"To": ["ann@example.org"]}, "Content": CONTENT}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def staged(respond=None, dsn=DSN):
    """Return a transport at work that gets `respond(request)`, or a good answer."""
    return Stage(dsn, respond or (lambda request: reply(SENT)))


def said(sent, dsn=DSN):
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    assert stage.paths == ["POST /emails/transactional"]
    assert violations("elasticemail", stage.requests[0]) == []
    return stage.bodies[0]


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": ["dan@example.org"],
            "reply_to": "Help <help@example.com>",
            "html": "<p>Hello {n}</p>",
            "amp": "<html amp4email></html>",
            "tags": "welcome",
            "metadata": {"order": 7, "city": "Köln"},
            "headers": {"X-One": "ä"},
            "list_unsubscribe": "https://example.com/u",
            "in_reply_to": "<a@example.com>",
            "priority": "high",
            "envelope_sender": "b@example.com",
            "track_opens": True,
            "track_clicks": False,
            "merge_global": {"n": 1, "yes": True, "none": None},
            "attachments": Attachment("ä", "a.txt"),
            "provider_options": {
                "elasticemail": {"pool_name": "bulk", "time_offset": 90, "utm": {"source": "shop", "campaign": "x"}}
            },
        },
        {
            "Recipients": {
                "To": ['"Ann" <ann@example.org>', "bob@example.org"],
                "CC": ["cyd@example.org"],
                "BCC": ["dan@example.org"],
            },
            "Content": {
                "From": '"App" <app@example.com>',
                "ReplyTo": '"Help" <help@example.com>',
                "EnvelopeFrom": "b@example.com",
                "Subject": "Hi",
                "Body": [
                    TEXT,
                    {"ContentType": "AMP", "Content": "<html amp4email></html>", "Charset": "utf-8"},
                    {"ContentType": "HTML", "Content": "<p>Hello {n}</p>", "Charset": "utf-8"},
                ],
                "Attachments": [
                    {"Name": "a.txt", "ContentType": "text/plain; charset=utf-8", "BinaryContent": "w6Q=", "Size": 2}
                ],
                "Headers": {
                    "In-Reply-To": "<a@example.com>",
                    "List-Unsubscribe": "<https://example.com/u>",
                    "X-Priority": "1 (Highest)",
                    "Importance": "high",
                    "X-One": "ä",
                },
                "Postback": '{"order": 7, "city": "Köln"}',
                "Merge": {"n": "1", "yes": "true", "none": ""},
                "Utm": {"Source": "shop", "Campaign": "x"},
            },
            "Options": {
                "TimeOffset": 90,
                "PoolName": "bulk",
                "ChannelName": "welcome",
                "TrackOpens": True,
                "TrackClicks": False,
            },
        },
    ),
    "names are always quoted": (
        {"to": [('Smith, "the" Änne', "ann@example.org")]},
        BASE | {"Recipients": {"To": ['"Smith, \\"the\\" Änne" <ann@example.org>']}},
    ),
    "a template": (
        {"template": "Welcome", "text": None, "merge_global": {"n": "x"}},
        BASE
        | {
            "Content": {
                "From": '"App" <app@example.com>',
                "Subject": "Hi",
                "TemplateName": "Welcome",
                "Merge": {"n": "x"},
            }
        },
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == body


REFUSED = {
    "two tags": ({"tags": ["a", "b"]}, Unsupported, "tags"),
    "two addresses to reply to": ({"reply_to": ["a@example.com", "b@example.com"]}, Unsupported, "multiple_reply_to"),
    "a picture": ({"attachments": Attachment(b"GIF", "l.gif", inline=True)}, Unsupported, "inline"),
    "a header twice": ({"headers": {"X-A": ["1", "2"]}}, MessageInvalid, "headers"),
    "a list in data": ({"merge_global": {"a": [1]}}, MessageInvalid, "merge_global"),
    "no bounces": ({"envelope_sender": "<>"}, MessageInvalid, "envelope_sender"),
    "a text beside a template": ({"template": "t"}, MessageInvalid, "text"),
    "a version of a template": ({"template": Template("t", "2"), "text": None}, MessageInvalid, "template"),
    "no text": ({"text": None}, MessageInvalid, "text"),
    "nobody in to": ({"to": None, "cc": "a@example.org"}, MessageInvalid, "to"),
    "a content id": ({"attachments": Attachment(b"x", "x", content_id="x")}, MessageInvalid, "attachments.content_id"),
    "a wait of more than 35 days": (
        {"provider_options": {"elasticemail": {"time_offset": 50_401}}},
        MessageInvalid,
        "provider_options.elasticemail",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_elastic_email_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- batches


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_share_a_call_and_find_their_data_whatever_the_spelling(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann@Bücher.example", "Bob@Example.org", "cyd@example.org"],
            merge_global={"shop": "x"},
            merge_data={"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
        )
    )
    assert stage.paths == ["POST /emails"]
    assert violations("elasticemail", stage.requests[0]) == []
    assert stage.bodies[0] == {
        "Recipients": [
            {"Email": "Ann@xn--bcher-kva.example", "Fields": {"shop": "x", "n": "Ann"}},
            {"Email": "Bob@example.org", "Fields": {"shop": "x", "n": "Bob"}},
            {"Email": "cyd@example.org", "Fields": {"shop": "x"}},
        ],
        "Content": CONTENT,
    }
    assert {row.provider_id for row in receipt.recipients.values()} == {"22a2b2fc-1d5e"}
    assert receipt.provider_ids == ("22a2b2fc-1d5e",)  # the id of a message would be one of three


ALONE = {
    "a name, for which a call with others has no place": {"to": "Ann <ann@example.org>"},
    "cc": {"cc": "boss@example.com"},
    "two recipients": {"to": ["ann@example.org", "bob@example.org"]},
}


@pytest.mark.parametrize("fields", ALONE.values(), ids=ALONE)
def test_what_a_call_with_others_cannot_say_goes_alone(fields):
    stage = staged()
    stage.send_many([message(to="x@example.org"), message(to="y@example.org"), message(**fields)])
    assert stage.paths == ["POST /emails", "POST /emails/transactional"]


def test_two_messages_to_the_same_address_do_not_share_a_call():
    stage = staged()
    stage.send_many([message(), message(to="bob@example.org"), message(to="ANN@example.org", merge_global={"n": 2})])
    assert stage.paths == ["POST /emails", "POST /emails/transactional"]


@pytest.mark.parametrize("weakness", [pytest.param("W7", id="W7")])
def test_1001_copies_are_two_calls(weakness):
    to = [f"r{n}@example.org" for n in range(1001)]
    stage = staged()
    receipt = stage.send(message(to=to, merge_data={to[3]: {"n": 3}}))
    assert stage.paths == ["POST /emails", "POST /emails/transactional"]
    assert receipt.accepted == tuple(to)


# --- answers


def test_a_message_is_accepted(colour):
    with HttpPeer([answer(200, SENT)]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v4")) as mailer:
            receipt = colour.send(mailer, message())
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("x-elasticemail-apikey")) == ("POST", "/v4/emails/transactional", KEY)
    assert (receipt.message_id, receipt.provider_ids) == ("", ("22a2b2fc-1d5e", "-HHGPM_9RPhSMiaJq_ab4g3"))


@pytest.mark.parametrize("body", [{}, [], {"TransactionID": ""}, None])
def test_a_success_without_an_id_is_unknown(body):
    stage = staged(lambda request: reply(body))
    assert isinstance(stage.send(message()), OutcomeUnknown)
    assert [type(each) for each in stage.send_many([message(), message()])] == [OutcomeUnknown, OutcomeUnknown]


ERRORS = {
    "bad key": (401, "Incorrect apikey", AuthFailed),
    "level": (403, "Access denied", AuthFailed),
    "sender": (400, "The From address is not verified", SenderRefused),
    "domain": (400, "Your domain is not verified", SenderRefused),
    "recipient's domain": (400, "The recipient's domain is not valid", ContentRefused),
    "credits": (400, "Not enough credits", ConfigError),
    "invalid": (400, "Recipients: no valid recipients", ContentRefused),
    "too fast": (429, "Too many requests", RateLimited),
    "broken": (500, "Unknown", OutcomeUnknown),
}


@pytest.mark.parametrize(("status", "text", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_elastic_email_is_one_of_ours(status, text, kind):
    error = staged(lambda request: reply({"Error": f"{text} {KEY}"}, status)).send(message())
    assert type(error) is kind
    assert text in str(error)
    assert KEY not in f"{error}{error!r}{error.__dict__}"


# --- settings and verify


def test_verify_tells_the_domains(colour):
    with HttpPeer([answer(200, [{"Domain": "example.com", "Spf": True}])]) as peer:
        with colour.using(Mailer(f"{DSN}?base_url={peer.url}/v4")) as mailer:
            found = colour.verify(mailer)
    assert (peer.requests[0].method, peer.requests[0].path) == ("GET", "/v4/domains")
    assert found.details == {"domains": ["example.com"]}


def test_a_user_in_place_of_the_key_is_told():
    with pytest.raises(ConfigError, match=r"elasticemail\+smtp"):
        Mailer("elasticemail://ann%40example.com@default")
