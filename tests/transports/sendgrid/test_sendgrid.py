"""SendGrid: what its requests say, what its answers mean, and what a person may get wrong in its settings.

The corpus of `tests/transports/test_contract.py` covers what is the same for every provider.
"""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from support.colour import Colour
from support.descriptions import violations
from support.http_peer import HttpPeer, answer

from mailbridge import (
    Attachment,
    AuthFailed,
    ConfigError,
    ContentRefused,
    Mailer,
    MailError,
    Message,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    Receipt,
    SenderRefused,
    ServerError,
    Unsupported,
)
from mailbridge.extend import HttpRequest, HttpResponse, Template
from mailbridge.plugins import Plugins
from mailbridge.testing import Rehearsal

KEY = "SG.canary0123456789.abcdefghijklmnop"
DSN = f"sendgrid://{KEY}@default"
PLAIN: dict[str, Any] = {
    "from_": "App <app@example.com>",
    "to": "ann@example.org",
    "subject": "Hi",
    "text": "Hello",
    "message_id": "<1@example.com>",
}
PERSONAL = {"to": [{"email": "ann@example.org"}], "subject": "Hi", "headers": {"Message-ID": "<1@example.com>"}}
BASE = {
    "personalizations": [PERSONAL],
    "from": {"email": "app@example.com", "name": "App"},
    "content": [{"type": "text/plain", "value": "Hello"}],
}
ACCEPTED = HttpResponse(202, [("X-Message-Id", "m1")])
PDF = Attachment(b"%PDF", "a.pdf")
PDF_SAID = {"content": "JVBERg==", "filename": "a.pdf", "type": "application/pdf"}


def message(**fields: Any) -> Message:
    return Message(**{**PLAIN, **fields})


def rehearsal(answered: Callable[[HttpRequest], HttpResponse] | HttpResponse = ACCEPTED, dsn: str = DSN) -> Rehearsal:
    """Return a transport at work that gets this answer."""
    transport = Plugins().build(dsn)
    return Rehearsal(transport, answered if callable(answered) else lambda request: answered)


def said(sent: Message, dsn: str = DSN) -> Any:
    """Return the body of the one request that a message makes; the description has nothing against it."""
    stage = rehearsal(dsn=dsn)
    outcome = stage.send("m", sent)
    assert isinstance(outcome, Receipt), outcome
    (request,) = stage.requests
    assert (request.method, request.url) == ("POST", "https://api.sendgrid.com/v3/mail/send")
    assert request.header("authorization") == f"Bearer {KEY}"
    assert violations("sendgrid", request) == []
    return json.loads(request.body)


def refused(response: HttpResponse, sent: Message | None = None) -> MailError:
    """Return the error that an answer means."""
    outcome = rehearsal(response).send("m", sent or message())
    assert isinstance(outcome, MailError)
    return outcome


def errors(status: int, *rows: dict[str, Any], headers: list[tuple[str, str]] | None = None) -> HttpResponse:
    return HttpResponse(status, headers or [], json.dumps({"errors": rows}).encode())


SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "recipients": (
        {"to": ["Ann <ann@example.org>", "bob@example.org"], "cc": "cyd@example.org", "bcc": ["dan@example.org"]},
        {
            "personalizations": [
                {
                    **PERSONAL,
                    "to": [{"email": "ann@example.org", "name": "Ann"}, {"email": "bob@example.org"}],
                    "cc": [{"email": "cyd@example.org"}],
                    "bcc": [{"email": "dan@example.org"}],
                }
            ]
        },
    ),
    "an address in several fields once, where it stands first": (
        {"to": ["Ann <ann@example.org>", "ANN@example.org"], "cc": "ann@EXAMPLE.org", "bcc": "bob@example.org"},
        {
            "personalizations": [
                {
                    **PERSONAL,
                    "to": [{"email": "ann@example.org", "name": "Ann"}],
                    "bcc": [{"email": "bob@example.org"}],
                }
            ]
        },
    ),
    "names with separators as they are": (
        {"to": [('Smith; Ann, "the Boss"', "ann@example.org")]},
        {
            "personalizations": [
                {**PERSONAL, "to": [{"email": "ann@example.org", "name": 'Smith; Ann, "the Boss"'}]},
            ]
        },
    ),
    "domains in A-labels": (
        {"from_": "app@bücher.example", "to": "ann@straße.example"},
        {
            "from": {"email": "app@xn--bcher-kva.example"},
            "personalizations": [{**PERSONAL, "to": [{"email": "ann@xn--strae-oqa.example"}]}],
        },
    ),
    "one address to reply to is a list too": (
        {"reply_to": "Help <help@example.com>"},
        {"reply_to_list": [{"email": "help@example.com", "name": "Help"}]},
    ),
    "several addresses to reply to": (
        {"reply_to": ["help@example.com", "sales@example.com"]},
        {"reply_to_list": [{"email": "help@example.com"}, {"email": "sales@example.com"}]},
    ),
    "every form of the body, in the order of MIME": (
        {
            "html": "<p>Hello</p>",
            "amp": "<html ⚡4email></html>",
            "calendar": "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
            "alternatives": [("# Hello", "text/markdown; charset=utf-8")],
        },
        {
            "content": [
                {"type": "text/plain", "value": "Hello"},
                {"type": "text/x-amp-html", "value": "<html ⚡4email></html>"},
                {"type": "text/html", "value": "<p>Hello</p>"},
                {"type": "text/markdown", "value": "# Hello"},
                {
                    "type": "text/calendar; method=REQUEST",
                    "value": "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
                },
            ]
        },
    ),
    "an empty form is left out": (
        {"text": "", "html": "<p>Hello</p>"},
        {"content": [{"type": "text/html", "value": "<p>Hello</p>"}]},
    ),
    "files, attached and inline": (
        {
            "attachments": [
                PDF,
                Attachment(b"GIF89a", "logo.gif", inline=True, content_id="logo"),
                Attachment(b"x", "x.ics", "text/calendar; method=CANCEL; charset=utf-8"),
                Attachment("Grüße", "ü.txt"),
                Attachment(b"x"),
            ]
        },
        {
            "attachments": [
                PDF_SAID,
                {
                    "content": b64encode(b"GIF89a").decode(),
                    "filename": "logo.gif",
                    "type": "image/gif",
                    "content_id": "logo",
                    "disposition": "inline",
                },
                {"content": "eA==", "filename": "x.ics", "type": "text/calendar; method=CANCEL"},
                {"content": "R3LDvMOfZQ==", "filename": "ü.txt", "type": "text/plain"},
                {"content": "eA==", "filename": "attachment", "type": "application/octet-stream"},
            ]
        },
    ),
    "headers": (
        {
            "headers": {"X-Shop": "Köln"},
            "in_reply_to": "<0@example.com>",
            "list_unsubscribe": "https://example.com/u=?",
            "list_unsubscribe_post": True,
            "priority": "high",
        },
        {
            "personalizations": [
                {
                    **PERSONAL,
                    "headers": {
                        "Message-ID": "<1@example.com>",
                        "In-Reply-To": "<0@example.com>",
                        "List-Unsubscribe": "<https://example.com/u=?>",
                        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                        "X-Priority": "1 (Highest)",
                        "Importance": "high",
                        "X-Shop": "=?utf-8?b?S8O2bG4=?=",
                    },
                }
            ]
        },
    ),
    "W21-numbers in metadata as strings": (
        {"tags": ["a", "b c"], "metadata": {"order": 7, "paid": True, "sum": 1.5, "name": "Änn"}},
        {
            "categories": ["a", "b c"],
            "personalizations": [
                {**PERSONAL, "custom_args": {"order": "7", "paid": "true", "sum": "1.5", "name": "Änn"}},
            ],
        },
    ),
    "tracking, on and off": (
        {"track_opens": True, "track_clicks": False},
        {
            "tracking_settings": {
                "open_tracking": {"enable": True},
                "click_tracking": {"enable": False, "enable_text": False},
            }
        },
    ),
    "sending later": (
        {"send_at": datetime(2026, 12, 24, 18, 30, tzinfo=UTC)},
        {"personalizations": [{**PERSONAL, "send_at": 1798137000}]},
    ),
    "a dynamic template takes data of any shape": (
        {
            "text": None,
            "subject": None,
            "template": "d-0123",
            "merge_global": {"name": "Ann", "items": [{"sku": 1}], "note": None},
        },
        {
            "template_id": "d-0123",
            "content": None,
            "personalizations": [
                {
                    "to": [{"email": "ann@example.org"}],
                    "headers": {"Message-ID": "<1@example.com>"},
                    "dynamic_template_data": {"name": "Ann", "items": [{"sku": 1}], "note": None},
                }
            ],
        },
    ),
    "a legacy template, and a text, have strings replaced": (
        {"template": "0123", "merge_global": {"name": "Ann", "count": 2, "note": None}},
        {
            "template_id": "0123",
            "personalizations": [{**PERSONAL, "substitutions": {"-name-": "Ann", "-count-": "2", "-note-": ""}}],
        },
    ),
    "merge data in the text, with another mark": (
        {"merge_global": {"name": "Ann"}, "provider_options": {"sendgrid": {"merge_field": "%{}%"}}},
        {"personalizations": [{**PERSONAL, "substitutions": {"%name%": "Ann"}}]},
    ),
    "options": (
        {
            "track_opens": False,
            "provider_options": {
                "sendgrid": {
                    "asm": {"group_id": 1, "groups_to_display": [1, 2]},
                    "batch_id": "b1",
                    "ip_pool_name": "bulk",
                    "mail_settings": {"footer": {"enable": True, "text": "Bye"}},
                    "tracking_settings": {"ganalytics": {"enable": True}, "open_tracking": {"substitution_tag": "%o%"}},
                }
            },
        },
        {
            "asm": {"group_id": 1, "groups_to_display": [1, 2]},
            "batch_id": "b1",
            "ip_pool_name": "bulk",
            "mail_settings": {"footer": {"enable": True, "text": "Bye"}},
            "tracking_settings": {
                "ganalytics": {"enable": True},
                "open_tracking": {"enable": False, "substitution_tag": "%o%"},
            },
        },
    ),
}


@pytest.mark.parametrize(("fields", "changed"), SAID.values(), ids=SAID)
def test_a_message_is_said_in_sendgrids_words(fields: dict[str, Any], changed: dict[str, Any]) -> None:
    wanted = {name: value for name, value in {**BASE, **changed}.items() if value is not None}
    assert said(message(**fields)) == wanted


def test_the_sandbox_is_a_setting() -> None:
    assert said(message(), f"{DSN}?sandbox=true")["mail_settings"] == {"sandbox_mode": {"enable": True}}


def test_the_eu_has_a_host_of_its_own() -> None:
    stage = rehearsal(dsn=f"{DSN}?region=eu")
    stage.send("m", message())
    assert stage.requests[0].url == "https://api.eu.sendgrid.com/v3/mail/send"
    assert violations("sendgrid", stage.requests[0]) == []


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no text": ({"text": None}, "text"),
    "an empty text": ({"text": ""}, "text"),
    "no subject": ({"subject": ""}, "subject"),
    "nobody in to": ({"to": None, "cc": "ann@example.org"}, "to"),
    "a header twice": ({"headers": [("X-A", "1"), ("x-a", "2")]}, "headers"),
    "an empty file": ({"attachments": Attachment(b"", "empty.bin")}, "attachments"),
    "a template's version": ({"template": Template("d-1", "2"), "text": None}, "template"),
    "a text beside a dynamic template": ({"template": "d-1"}, "text"),
    "nested data outside dynamic templates": ({"merge_global": {"items": [1]}}, "merge_global"),
    "too much data outside dynamic templates": ({"merge_global": {"a": "x" * 10_000}}, "merge_global"),
    "an unknown option": ({"provider_options": {"sendgrid": {"ipool": "x"}}}, "provider_options.sendgrid"),
    "an unknown group setting": (
        {"provider_options": {"sendgrid": {"asm": {"group": 1}}}},
        "provider_options.sendgrid",
    ),
    "a mark without a place": ({"provider_options": {"sendgrid": {"merge_field": "-"}}}, "provider_options.sendgrid"),
}


@pytest.mark.parametrize(("fields", "field"), INVALID.values(), ids=INVALID)
def test_what_sendgrid_would_refuse_or_ignore_is_refused_before_sending(fields: dict[str, Any], field: str) -> None:
    stage = rehearsal()
    outcome = stage.send("m", message(**fields))
    assert isinstance(outcome, MessageInvalid)
    assert outcome.field == field
    assert stage.requests == []


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        pytest.param({"alternatives": [(b"\xff", "text/x-octets")]}, "alternatives", id="octets that are no text"),
        pytest.param({"alternatives": [("x", "text/x; version=2")]}, "alternatives", id="a parameter of a form"),
        pytest.param(
            {"alternatives": [("é".encode("latin-1"), "text/x; charset=iso-8859-1")]},
            "alternatives",
            id="another charset",
        ),
        pytest.param({"tags": [f"t{n}" for n in range(11)]}, "tags", id="eleven tags"),
        pytest.param({"metadata": {"a": "x" * 10_001}}, "metadata", id="too much metadata"),
        pytest.param({"envelope_sender": "bounce@example.com"}, "envelope_sender", id="a bounce address"),
        pytest.param({"sender": "b@example.com"}, "sender", id="a sender"),
        pytest.param({"to": "änn@example.org"}, "smtputf8", id="a local part beyond ASCII"),
    ],
)
def test_what_sendgrid_cannot_express_is_named(fields: dict[str, Any], feature: str) -> None:
    stage = rehearsal()
    outcome = stage.send("m", message(**fields))
    assert isinstance(outcome, Unsupported)
    assert outcome.feature == feature
    assert stage.requests == []


# --- merges and batches


@pytest.mark.parametrize(
    ("to", "spelt"),
    [
        pytest.param("ann@bücher.example", "ann@xn--bcher-kva.example", id="W10-unicode-domain"),
        pytest.param("Ann@Example.org", "ann@example.ORG", id="W11-capitals"),
    ],
)
def test_merge_data_finds_its_recipient_however_the_address_is_spelt(to: str, spelt: str) -> None:
    stage = rehearsal()
    sent = message(to=[to, "bob@example.org"], merge_data={spelt: {"name": "Ann"}}, merge_metadata={spelt: {"id": 1}})
    outcome = stage.send("m", sent)
    assert isinstance(outcome, Receipt)
    assert list(outcome.recipients) == [to, "bob@example.org"]
    (request,) = stage.requests
    assert violations("sendgrid", request) == []
    first, second = json.loads(request.body)["personalizations"]
    assert (first["substitutions"], first["custom_args"]) == ({"-name-": "Ann"}, {"id": "1"})
    assert not second.keys() & {"substitutions", "custom_args"}


def test_private_copies_have_headers_of_their_own_and_all_have_cc() -> None:
    sent = message(
        to=["ann@example.org", "bob@example.org"],
        cc="boss@example.com",
        headers={"X-All": "yes"},
        merge_headers={"ann@example.org": {"X-All": "not Ann"}},
    )
    ann, bob = said(sent)["personalizations"]
    assert [each["to"] for each in (ann, bob)] == [[{"email": "ann@example.org"}], [{"email": "bob@example.org"}]]
    assert [each["cc"] for each in (ann, bob)] == [[{"email": "boss@example.com"}]] * 2
    assert [each["headers"]["X-All"] for each in (ann, bob)] == ["not Ann", "yes"]


@pytest.mark.parametrize("count", [pytest.param(1501, id="W7-chunks")])
def test_many_copies_are_cut_to_a_thousand_a_call(count: int) -> None:
    stage = rehearsal()
    to = [f"r{number}@example.org" for number in range(count)]
    outcome = stage.send("m", message(to=to, merge_data={to[0]: {"a": "1"}}))
    assert isinstance(outcome, Receipt)
    assert list(outcome.recipients) == to
    assert [len(json.loads(each.body)["personalizations"]) for each in stage.requests] == [1000, 501]


def test_a_large_file_is_weighed_once_for_all_copies() -> None:
    stage = rehearsal()
    to = [f"r{number}@example.org" for number in range(40)]
    sent = message(to=to, merge_data={to[0]: {"a": "1"}}, attachments=Attachment(b"x" * 1_000_000, "x.bin"))
    assert isinstance(stage.send("m", sent), Receipt)
    assert len(stage.requests) == 1


def test_a_message_that_sendgrid_refuses_is_found_and_its_neighbours_are_sent() -> None:
    """A call is refused as a whole, so nobody gets a second copy."""

    def answered(request: HttpRequest) -> HttpResponse:
        if b"bad@example.org" in request.body:
            return errors(400, {"message": "Does not contain a valid address.", "field": "personalizations.1.to"})
        return ACCEPTED

    stage = rehearsal(answered)
    names = ["a", "bad", "c", "d"]
    outcomes = stage.send_many({name: message(to=f"{name}@example.org", message_id=None) for name in names})
    assert [type(outcome) for outcome in outcomes] == [Receipt, ContentRefused, Receipt, Receipt]


def test_messages_of_different_content_do_not_share_a_call() -> None:
    stage = rehearsal()
    stage.send_many({"a": message(), "b": message(to="bob@example.org", text="Bye"), "c": message(text="Bye")})
    sizes = [len(json.loads(each.body)["personalizations"]) for each in stage.requests]
    assert sizes == [1, 2]


# --- answers


def test_the_receipt_has_the_id_and_our_message_id() -> None:
    outcome = rehearsal().send("m", message(to=["Ann@Bücher.example"]))
    assert isinstance(outcome, Receipt)
    assert (outcome.provider_id, outcome.message_id, outcome.provider) == ("m1", "<1@example.com>", "sendgrid")
    assert outcome.recipients["Ann@Bücher.example"].status == "accepted"
    assert outcome.recipients["Ann@Bücher.example"].provider_id == "m1"


def test_accepted_without_an_id_is_accepted() -> None:
    outcome = rehearsal(HttpResponse(202)).send("m", message())
    assert isinstance(outcome, Receipt)
    assert (outcome.accepted, outcome.provider_ids) == (("ann@example.org",), ())


@pytest.mark.parametrize(
    ("dsn", "options"),
    [
        pytest.param(f"{DSN}?sandbox=true", {}, id="by setting"),
        pytest.param(DSN, {"sendgrid": {"mail_settings": {"sandbox_mode": {"enable": True}}}}, id="by option"),
    ],
)
def test_in_the_sandbox_200_is_the_answer(dsn: str, options: dict[str, Any]) -> None:
    outcome = rehearsal(HttpResponse(200), dsn).send("m", message(provider_options=options))
    assert isinstance(outcome, Receipt)


def test_elsewhere_200_says_nothing() -> None:
    assert isinstance(refused(HttpResponse(200, body=b"{}")), OutcomeUnknown)


FROM = {
    "message": "The from address does not match a verified Sender Identity.",
    "field": "from",
    "help": "https://sendgrid.com/docs/for-developers/sending-email/sender-identity/",
}
ERRORS: dict[str, tuple[HttpResponse, type[MailError], str]] = {
    "bad request": (
        errors(400, {"message": "Bad Request", "field": None, "help": None}),
        ContentRefused,
        "sendgrid://global refused the message: Bad Request (HTTP 400).",
    ),
    "two errors": (
        errors(400, {"message": "One.", "field": "null"}, {"message": "Two.", "field": "content.0.value"}),
        ContentRefused,
        "sendgrid://global refused the message: One; Two (HTTP 400, content.0.value).",
    ),
    "bad key": (
        errors(401, {"message": "The provided authorization grant is invalid, expired, or revoked", "field": None}),
        AuthFailed,
        "sendgrid://global refused the credentials: The provided authorization grant is invalid, expired, or revoked "
        "(HTTP 401).",
    ),
    "no credits": (
        errors(401, {"message": "Maximum credits exceeded", "field": None, "help": None}),
        ConfigError,
        "sendgrid://global refused the request: Maximum credits exceeded (HTTP 401).",
    ),
    "sender not verified": (
        errors(403, FROM),
        SenderRefused,
        "sendgrid://global refused the request: The from address does not match a verified Sender Identity "
        "(HTTP 403, from).",
    ),
    "sender malformed": (
        errors(400, {"message": "The from email does not contain a valid address.", "field": "from.email"}),
        SenderRefused,
        "sendgrid://global refused the request: The from email does not contain a valid address "
        "(HTTP 400, from.email).",
    ),
    "no permission": (
        errors(403, {"message": "access forbidden", "field": None}),
        AuthFailed,
        "sendgrid://global refused the credentials: access forbidden (HTTP 403).",
    ),
    "too large": (errors(413, {"message": "Payload too large"}), ContentRefused, ""),
    "unavailable": (HttpResponse(503), ServerError, ""),
    "broken": (errors(500, {"message": "Internal"}), OutcomeUnknown, ""),
    "no json": (HttpResponse(400, [("Content-Type", "text/html")], b"<html>"), ContentRefused, ""),
    "another shape": (errors(400), ContentRefused, ""),
}


@pytest.mark.parametrize(("response", "kind", "text"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_by_status_field_and_words(response: HttpResponse, kind: type[MailError], text: str) -> None:
    error = refused(response)
    assert type(error) is kind
    assert error.code == response.status
    assert text in (error.text, "")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param([("Retry-After", "7")], 7.0, id="W1-seconds"),
        pytest.param(
            [("Date", "Tue, 01 Jan 2030 12:00:00 GMT"), ("X-RateLimit-Reset", "1893499212")], 12.0, id="W1-reset"
        ),
        pytest.param(
            [("Date", "Tue, 01 Jan 2030 12:00:00 GMT"), ("X-RateLimit-Reset", "1893499100")], 0.0, id="reset-is-over"
        ),
        pytest.param(
            [("Date", "Tue, 01 Jan 2030 12:00:00 GMT"), ("X-RateLimit-Reset", "2893499100")], 3600.0, id="reset-absurd"
        ),
        pytest.param([("X-RateLimit-Reset", "1893499212")], None, id="reset-without-a-date"),
        pytest.param([("Date", "yesterday"), ("X-RateLimit-Reset", "1893499212")], None, id="reset-with-no-date"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_too_fast_says_how_long_to_wait(headers: list[tuple[str, str]], seconds: float | None) -> None:
    error = refused(errors(429, {"message": "too many requests"}, headers=headers))
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize("status", [pytest.param(400, id="W22-W23-400"), pytest.param(401, id="W22-W23-401")])
def test_an_error_holds_no_key_and_can_be_pickled(status: int) -> None:
    error = refused(errors(status, {"message": f"The key {KEY} is bad.", "field": KEY}))
    assert KEY not in f"{error} {error!r} {error.__dict__}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301


# --- credentials


def test_verify_wants_the_right_to_send() -> None:
    stage = rehearsal(HttpResponse(200, body=b'{"scopes": ["mail.send", "alerts.read"]}'))
    assert getattr(stage.verify(), "text", "") == "SendGrid accepts the key, and it may send mail."
    (request,) = stage.requests
    assert (request.method, request.url) == ("GET", "https://api.sendgrid.com/v3/scopes")
    assert violations("sendgrid", request) == []


@pytest.mark.parametrize("body", [b'{"scopes": ["alerts.read"]}', b"{}"])
def test_a_key_that_may_not_send_is_refused(body: bytes) -> None:
    error = rehearsal(HttpResponse(200, body=body)).verify()
    assert isinstance(error, AuthFailed)
    assert "permission Mail Send" in str(error)


def test_a_key_of_the_other_region_is_recognised() -> None:
    def answered(request: HttpRequest) -> HttpResponse:
        good = request.url.startswith("https://api.eu.")
        return HttpResponse(200, body=b'{"scopes": ["mail.send"]}') if good else HttpResponse(401)

    error = rehearsal(answered).verify()
    assert isinstance(error, AuthFailed)
    assert error.hints == ("The key works in the region eu: set region=eu.",)


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("sendgrid://default", "api_key"),
        ("sendgrid://canary0123456789@default", "they begin with SG."),
        ("sendgrid://xkeysib-0a1b@default", "they begin with SG."),
        ("sendgrid://SG.a.b@default?region=us", "region"),
        ("sendgrid://SG.a.b@api.sendgrid.com", "takes no host"),
        ("sendgrid://SG.a.b@eu", "a region as ?region="),
    ],
)
def test_a_mistake_in_the_settings_is_told(dsn: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Plugins().build(dsn)
    assert said in str(raised.value)
    assert "canary" not in str(raised.value)


# --- on the wire


def test_a_message_goes_out_and_comes_back_as_a_receipt(colour: Colour) -> None:
    with HttpPeer([answer(202, headers={"X-Message-Id": "m1"})]) as peer:
        receipt = colour.send(Mailer(f"sendgrid://{KEY}@default?base_url={peer.url}"), message())
    assert receipt.provider_id == "m1"
    (sent,) = peer.requests
    assert (sent.method, sent.path, sent.json) == ("POST", "/v3/mail/send", BASE)
    assert sent.header("authorization") == f"Bearer {KEY}"


@pytest.mark.parametrize("weakness", [pytest.param(None, id="W2-W3")])
def test_one_refusal_does_not_end_the_list_and_one_connection_serves_it(colour: Colour, weakness: None) -> None:
    script = [
        answer(202, headers={"X-Message-Id": "m1"}),
        answer(500, {"errors": [{"message": "Internal"}]}),
        answer(202, headers={"X-Message-Id": "m3"}),
    ]
    with HttpPeer(script) as peer:
        mailer = Mailer(f"sendgrid://{KEY}@default?base_url={peer.url}&max_batch=1&connections=1")
        with colour.using(mailer):
            sent = [message(text=f"Hello {number}") for number in range(3)]
            outcomes = colour.send_many(mailer, sent)
        assert len(peer.connections) == 1
    assert [type(outcome) for outcome in outcomes] == [Receipt, OutcomeUnknown, Receipt]
