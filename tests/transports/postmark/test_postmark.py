"""Postmark: what its requests say, what its answers mean, and what a person may get wrong in its settings."""

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
    RecipientRefused,
    SenderRefused,
    ServerError,
    Unsupported,
)
from mailbridge.extend import HttpRequest, HttpResponse
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt, Status

TOKEN = "0dc4a1f7-9f2b-4b39-8f6d-3f1c2f9f7a11"
DSN = f"postmark://{TOKEN}@default"
ID = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
TAKEN = {
    "To": "ann@example.org",
    "SubmittedAt": "2030-01-01T12:00:00Z",
    "MessageID": ID,
    "ErrorCode": 0,
    "Message": "OK",
}
INACTIVE = {
    "ErrorCode": 406,
    "Message": "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "
    "ann@example.org. Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a "
    "manual suppression.",
}
PLAIN = {"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", "text": "Hello"}
BASE = {"From": '"App" <app@example.com>', "To": "ann@example.org", "Subject": "Hi", "TextBody": "Hello"}


def message(**fields):
    return Message(**{**PLAIN, **fields})


def staged(respond=None, dsn=DSN):
    """Return a transport at work that gets `respond(request)`, or a good answer."""
    return Stage(dsn, respond or good)


def good(request: HttpRequest) -> HttpResponse:
    said = json.loads(request.body)
    if "batch" not in request.url:
        return reply(TAKEN)
    return reply(
        [{**TAKEN, "MessageID": f"id-{n}"} for n, _ in enumerate(said if isinstance(said, list) else said["Messages"])]
    )


def said(sent, dsn=DSN):
    """Return path and body of the one request that a message makes; the description has nothing against it."""
    stage = staged(dsn=dsn)
    outcome = stage.send(sent)
    assert isinstance(outcome, Receipt), outcome
    (request,) = stage.requests
    assert violations("postmark", request) == []
    return request.url.removeprefix("https://api.postmarkapp.com"), json.loads(request.body)


BODIES = {
    "everything it can say": (
        {
            "to": ["Ann <ann@example.org>", "bob@example.org"],
            "cc": "cyd@example.org",
            "bcc": ["dan@example.org"],
            "reply_to": ["Help <help@example.com>", "sales@example.com"],
            "html": "<p>Hello</p>",
            "tags": "welcome",
            "metadata": {"order": 7, "gift": True, "city": "Köln"},
            "headers": {"X-One": "1"},
            "list_unsubscribe": "https://example.com/u",
            "list_unsubscribe_post": True,
            "in_reply_to": "<a@example.com>",
            "priority": "high",
            "track_opens": False,
            "track_clicks": True,
            "stream": "broadcasts",
        },
        {
            "From": '"App" <app@example.com>',
            "To": '"Ann" <ann@example.org>, bob@example.org',
            "Cc": "cyd@example.org",
            "Bcc": "dan@example.org",
            "ReplyTo": '"Help" <help@example.com>, sales@example.com',
            "Tag": "welcome",
            "Metadata": {"order": "7", "gift": "true", "city": "Köln"},
            "Headers": [
                {"Name": "In-Reply-To", "Value": "<a@example.com>"},
                {"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"},
                {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                {"Name": "X-Priority", "Value": "1 (Highest)"},
                {"Name": "Importance", "Value": "high"},
                {"Name": "X-One", "Value": "1"},
            ],
            "MessageStream": "broadcasts",
            "Subject": "Hi",
            "TextBody": "Hello",
            "HtmlBody": "<p>Hello</p>",
            "TrackOpens": False,
            "TrackLinks": "HtmlAndText",
        },
    ),
    "names are always quoted": (
        {"to": [('Smith, "the" Ann', "ann@example.org")]},
        BASE | {"To": '"Smith, \\"the\\" Ann" <ann@example.org>'},
    ),
    "a picture has cid: before its id": (
        {"html": "<img src='cid:logo'>", "attachments": Attachment(b"GIF", "l.gif", inline=True, content_id="logo")},
        BASE
        | {
            "HtmlBody": "<img src='cid:logo'>",
            "Attachments": [{"Name": "l.gif", "Content": "R0lG", "ContentType": "image/gif", "ContentID": "cid:logo"}],
        },
    ),
    "a file keeps its charset": (
        {"attachments": Attachment("ä", "a.txt")},
        BASE | {"Attachments": [{"Name": "a.txt", "Content": "w6Q=", "ContentType": "text/plain; charset=utf-8"}]},
    ),
    "click tracking off": ({"track_clicks": False}, BASE | {"TrackLinks": "None"}),
    "an option goes before the switch": (
        {"track_clicks": True, "provider_options": {"postmark": {"track_links": "HtmlOnly"}}},
        BASE | {"TrackLinks": "HtmlOnly"},
    ),
    "our Message-ID, and the header that keeps it": (
        {"message_id": "<1@example.com>"},
        BASE
        | {"Headers": [{"Name": "Message-ID", "Value": "<1@example.com>"}, {"Name": "X-PM-KeepID", "Value": "true"}]},
    ),
}


@pytest.mark.parametrize(("fields", "body"), BODIES.values(), ids=BODIES)
def test_a_message_becomes_this_body(fields, body):
    assert said(message(**fields)) == ("/email", body)


def test_the_stream_of_the_settings_is_for_messages_that_name_none():
    assert said(message(), f"{DSN}?stream=bulk")[1]["MessageStream"] == "bulk"
    assert said(message(stream="mine"), f"{DSN}?stream=bulk")[1]["MessageStream"] == "mine"


@pytest.mark.parametrize(
    ("template", "name"), [("123", {"TemplateId": 123}), ("welcome", {"TemplateAlias": "welcome"})]
)
def test_a_template_is_named_by_number_or_alias_and_its_model_is_always_there(template, name):
    fields = {"template": template, "subject": None, "text": None}
    assert said(message(**fields)) == (
        "/email/withTemplate",
        {"From": '"App" <app@example.com>', "To": "ann@example.org", **name, "TemplateModel": {}},
    )
    options = {"postmark": {"inline_css": False}}
    _, body = said(message(**fields, merge_global={"n": [1]}, provider_options=options))
    assert (body["TemplateModel"], body["InlineCss"]) == ({"n": [1]}, False)


REFUSED = {
    "two tags": ({"tags": ["a", "b"]}, MessageInvalid, "tags"),
    "data without a template": ({"merge_global": {"a": 1}}, Unsupported, "merge_global"),
    "data by recipient without a template": ({"merge_data": {"bob@example.org": {"a": 1}}}, Unsupported, "merge_data"),
    "a subject beside a template": ({"template": "1", "text": None}, MessageInvalid, "subject"),
    "a text beside a template": ({"template": "1", "subject": None}, MessageInvalid, "text"),
    "a version of a template": (
        {"template": Template("1", "2"), "text": None, "subject": None},
        MessageInvalid,
        "template",
    ),
    "a content id on a file that is not inline": (
        {"attachments": Attachment(b"x", "x.pdf", content_id="x")},
        MessageInvalid,
        "attachments",
    ),
    "51 recipients": ({"to": [f"r{n}@example.org" for n in range(51)]}, MessageInvalid, "to"),
    "AMP": ({"amp": "<html amp4email>"}, Unsupported, "amp"),
    "a bounce address": ({"envelope_sender": "b@example.com"}, Unsupported, "envelope_sender"),
}


@pytest.mark.parametrize(("fields", "kind", "field"), REFUSED.values(), ids=REFUSED)
def test_what_postmark_cannot_say_is_refused_before_anything_is_sent(fields, kind, field):
    stage = staged()
    error = stage.send(message(**fields))
    assert isinstance(error, kind)
    assert error.field == field
    assert stage.requests == []


# --- batches


def test_a_list_travels_500_messages_a_call():
    stage = staged()
    outcomes = stage.send_many([message(to=f"r{n}@example.org") for n in range(1001)])
    assert [len(body) for body in stage.bodies if isinstance(body, list)] == [500, 500]
    assert [request.url.rpartition(".com")[2] for request in stage.requests] == [
        "/email/batch",
        "/email/batch",
        "/email",
    ]
    assert [outcome.accepted for outcome in outcomes] == [(f"r{n}@example.org",) for n in range(1001)]
    assert [violations("postmark", request) for request in stage.requests] == [[], [], []]


@pytest.mark.parametrize("weakness", [pytest.param("W7", id="W7")])
def test_1501_private_copies_are_four_calls(weakness):
    to = [f"r{n}@example.org" for n in range(1501)]
    stage = staged()
    receipt = stage.send(message(to=to, merge_metadata={to[7]: {"id": 7}}))
    assert [len(json.loads(request.body)) for request in stage.requests if "batch" in request.url] == [500, 500, 500]
    assert len(stage.requests) == 4
    assert receipt.accepted == tuple(to)


@pytest.mark.parametrize("weakness", [pytest.param("W10", id="W10"), pytest.param("W11", id="W11")])
def test_copies_find_their_data_whatever_the_spelling_and_go_out_in_a_labels(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["Ann@Bücher.example", "Bob@Example.org"],
            template="1",
            subject=None,
            text=None,
            merge_data={"ann@xn--bcher-kva.example": {"n": "Ann"}, "bob@EXAMPLE.org": {"n": "Bob"}},
        )
    )
    (request,) = stage.requests
    assert request.url.endswith("/email/batchWithTemplates")
    copies = json.loads(request.body)["Messages"]
    assert [(copy["To"], copy["TemplateModel"]) for copy in copies] == [
        ("Ann@xn--bcher-kva.example", {"n": "Ann"}),
        ("Bob@example.org", {"n": "Bob"}),
    ]
    assert {address: row.status for address, row in receipt.recipients.items()} == {
        "Ann@Bücher.example": Status.ACCEPTED,
        "Bob@Example.org": Status.ACCEPTED,
    }


@pytest.mark.parametrize("weakness", [pytest.param("W12", id="W12")])
def test_every_copy_has_its_own_metadata_and_its_own_id_and_cc_is_accounted_for(weakness):
    stage = staged()
    receipt = stage.send(
        message(
            to=["ann@example.org", "bob@example.org"],
            cc="boss@example.com",
            metadata={"run": 1},
            merge_metadata={"ann@example.org": {"id": "a"}, "bob@example.org": {"id": "b"}},
        )
    )
    copies = json.loads(stage.requests[0].body)
    assert [copy["Metadata"] for copy in copies] == [{"run": "1", "id": "a"}, {"run": "1", "id": "b"}]
    assert [copy["Cc"] for copy in copies] == ["boss@example.com"] * 2
    ids = {address: row.provider_id for address, row in receipt.recipients.items()}
    assert ids == {"ann@example.org": "id-0", "bob@example.org": "id-1", "boss@example.com": "id-0"}
    assert receipt.complete


def test_templates_and_other_messages_do_not_share_a_call():
    templated = message(template="1", subject=None, text=None)
    stage = staged()
    stage.send_many([message(), message(), templated, templated, message()])
    assert [request.url.rpartition(".com")[2] for request in stage.requests] == [
        "/email/batch",
        "/email/batchWithTemplates",
        "/email",
    ]


@pytest.mark.parametrize("case", [pytest.param("H22", id="H22"), pytest.param("H14", id="H14-in-a-batch")])
def test_each_message_of_a_batch_has_its_own_outcome(case, colour):
    answers = [TAKEN, INACTIVE, {"ErrorCode": 300, "Message": "Invalid 'To' address: 'x'."}, TAKEN]
    with HttpPeer([answer(200, answers)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        outcomes = colour.send_many(mailer, [message(), message(), message(), message()])
    assert [type(outcome) for outcome in outcomes] == [Receipt, RecipientRefused, ContentRefused, Receipt]
    refused = outcomes[1]
    assert refused.provider_code == "406"
    assert not refused.retryable
    assert refused.recipients["ann@example.org"].status is Status.REFUSED


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        pytest.param([TAKEN], [Receipt, OutcomeUnknown], id="H23-fewer"),
        pytest.param([TAKEN, TAKEN, TAKEN], [Receipt, Receipt], id="H23-more"),
        pytest.param([TAKEN, None], [Receipt, OutcomeUnknown], id="no object"),
        pytest.param([TAKEN, {"ErrorCode": 0}], [Receipt, OutcomeUnknown], id="no id"),
        pytest.param({"Message": "OK"}, [OutcomeUnknown, OutcomeUnknown], id="no list"),
    ],
)
def test_a_batch_whose_answer_does_not_fit_is_unknown_where_it_does_not(body, kinds):
    outcomes = staged(lambda request: reply(body)).send_many([message(), message()])
    assert [type(outcome) for outcome in outcomes] == kinds


# --- answers


def test_a_message_is_accepted(colour):
    with HttpPeer([answer(200, TAKEN)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        receipt = colour.send(mailer, message(cc="boss@example.com", message_id="<1@example.com>"))
    sent = peer.requests[0]
    assert (sent.method, sent.path, sent.header("x-postmark-server-token")) == ("POST", "/email", TOKEN)
    assert (
        violations("postmark", HttpRequest("POST", f"https://api.postmarkapp.com{sent.path}", sent.pairs, sent.body))
        == []
    )
    assert (receipt.message_id, receipt.provider_ids, receipt.raw) == ("<1@example.com>", (ID,), TAKEN)
    assert {address: row.provider_id for address, row in receipt.recipients.items()} == {
        "ann@example.org": ID,
        "boss@example.com": ID,
    }


def test_without_a_message_id_of_ours_the_receipt_has_postmarks():
    assert staged().send(message()).message_id == f"<{ID}@mtasv.net>"


def test_a_code_that_is_missing_in_a_delay_is_no_error():
    body = {"MessageID": ID, "Message": "OK, but delivery may be delayed", "To": "ann@example.org"}
    assert staged(lambda request: reply(body)).send(message()).complete


def test_a_success_that_names_inactive_recipients_is_a_refusal_for_them():
    text = "Message OK, but will not deliver to these inactive addresses: ann@xn--bcher-kva.example, bob@example.org"
    receipt = staged(lambda request: reply({**TAKEN, "Message": text})).send(
        message(to=["Ann@Bücher.example", "cyd@example.org"], cc="Bob@Example.org")
    )
    assert {address: row.status for address, row in receipt.recipients.items()} == {
        "Ann@Bücher.example": Status.REFUSED,
        "cyd@example.org": Status.ACCEPTED,
        "Bob@Example.org": Status.REFUSED,
    }
    assert receipt.recipients["Bob@Example.org"].text == text


@pytest.mark.parametrize("case", [pytest.param("H14", id="H14")])
def test_an_inactive_recipient_is_refused_for_good(case, colour):
    with HttpPeer([answer(422, INACTIVE)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        with pytest.raises(RecipientRefused, match=r"inactive addresses: ann@example\.org") as caught:
            colour.send(mailer, message())
    assert (caught.value.code, caught.value.provider_code, caught.value.retryable) == (422, "406", False)
    assert caught.value.recipients["ann@example.org"].status is Status.REFUSED


ERRORS = {
    "bad token": (401, 10, AuthFailed),
    "maintenance": (503, 100, ServerError),
    "invalid": (422, 300, ContentRefused),
    "no sender signature": (422, 400, SenderRefused),
    "sender not confirmed": (422, 401, SenderRefused),
    "no credits": (422, 405, ConfigError),
    "pending": (422, 412, ConfigError),
    "may not send": (422, 413, ConfigError),
    "too fast": (429, 429, RateLimited),
    "no such stream": (422, 1235, ConfigError),
    "unknown code": (422, 99999, ContentRefused),
    "broken": (500, None, OutcomeUnknown),
}


@pytest.mark.parametrize(("status", "code", "kind"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_postmark_is_one_of_ours(status, code, kind):
    said = {"Message": f"The token {TOKEN} … 'From' address."} | ({} if code is None else {"ErrorCode": code})
    error = staged(lambda request: reply(said, status)).send(message())
    assert type(error) is kind
    assert error.provider_code == ("" if code is None else str(code))
    assert "From" in str(error)
    assert TOKEN not in f"{error}{error!r}{error.__dict__}"


def test_too_many_requests_are_waited_for():
    error = staged(lambda request: reply({"ErrorCode": 429}, 429, [("Retry-After", "7")])).send(message())
    assert error.retry_after == 7.0


# --- settings and verify


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"Name": "Shop", "DeliveryType": "Live", "ApiTokens": [TOKEN]}, "accepts the token of the server 'Shop'."),
        ({"Name": "Test", "DeliveryType": "Sandbox"}, "It is a sandbox: it delivers nothing."),
    ],
)
def test_verify_asks_for_the_server_and_sends_nothing(body, text, colour):
    with HttpPeer([answer(200, body)]) as peer, colour.using(Mailer(f"{DSN}?base_url={peer.url}")) as mailer:
        found = colour.verify(mailer)
    assert (peer.requests[0].method, peer.requests[0].path) == ("GET", "/server")
    assert text in found.text
    assert TOKEN not in f"{found}"


@pytest.mark.parametrize("token", [TOKEN, TOKEN.upper(), "POSTMARK_API_TEST"])
def test_a_token_is_taken(token):
    assert str(Mailer(f"postmark://{token}@default")) == "Mailer(default=postmark://default)"


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("PM-T-outbound-a1b2", "access key for SMTP"),
        ("SG.x.y", "an API key of SendGrid"),
        ("postmark-test", "form of a UUID"),
    ],
)
def test_what_is_no_token_is_told(token, why):
    with pytest.raises(ConfigError, match=why) as caught:
        Mailer(f"postmark://{token}@default")
    assert token not in str(caught.value)
