"""Microsoft Graph: JSON, MIME, drafts with uploads, answers, errors, and its logins."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from support.authorisation_server import CLIENT, AuthorisationServer
from support.descriptions import violations
from support.http_peer import HttpPeer, answer, drop

from mailbridge import Attachment, Mailer, Message, hookimpl
from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientRefused,
    SenderRefused,
    ServerError,
    TimedOut,
    Unsupported,
)
from mailbridge.flow.http import Http, HttpRequest, HttpResponse, encoded_json
from mailbridge.plugins import Plugins
from mailbridge.sending.delivery import Delivery
from mailbridge.transports.msgraph.draft import PIECE

MESSAGE = Message(from_="Ann <ann@example.com>", to="bob@example.org", subject="Hi", text="Hello")
STAMPED = MESSAGE.stamped("<1@example.com>", datetime(2026, 11, 22, tzinfo=UTC))
BOX = "https://graph.microsoft.com/v1.0/me"


def transport(options="token=eyJ0access", login="ann%40example.com@default"):
    return Plugins().build(f"msgraph://{login}?{options}")


def accepted(request):
    if request.url.endswith("/messages"):
        return HttpResponse(201, (), encoded_json({"id": "draft-1"}))
    if request.url.endswith("/createUploadSession"):
        return HttpResponse(201, (), encoded_json({"uploadUrl": "https://outlook.office.com/upload?auth=t"}))
    return HttpResponse(202, [("request-id", "r-1")])


def sending(message, *, one=None, answers=accepted):
    """Send with answers by a function of the request; return the requests and the receipt or error."""
    requests = []

    def respond(op):
        requests.append(op.request)
        found = answers(op.request)
        return accepted(op.request) if found is None else found

    one = one or transport()
    try:
        outcome = ScriptedDriver({Http: respond}).run(one.send(Delivery(message)))
    except MailError as error:
        outcome = error
    return requests, outcome


def test_what_json_can_say_is_said_in_json():
    message = STAMPED.replace(
        cc="Carl <carl@example.org>",
        bcc="eve@example.net",
        reply_to=["a@example.com", "b@example.com"],
        headers={"X-Batch": "7"},
        priority="high",
        send_at=datetime(2030, 1, 1, 9, tzinfo=UTC),
        attachments=[Attachment(b"abc", "a.txt")],
        provider_options={
            "msgraph": {
                "save_to_sent_items": False,
                "categories": ["Red"],
                "read_receipt": True,
                "delivery_receipt": True,
            }
        },
    )
    [request], receipt = sending(message)
    assert request.url == f"{BOX}/sendMail"
    assert violations("msgraph", request) == []
    assert json.loads(request.body) == {
        "message": {
            "subject": "Hi",
            "body": {"contentType": "text", "content": "Hello"},
            "from": {"emailAddress": {"address": "ann@example.com", "name": "Ann"}},
            "toRecipients": [{"emailAddress": {"address": "bob@example.org"}}],
            "ccRecipients": [{"emailAddress": {"address": "carl@example.org", "name": "Carl"}}],
            "bccRecipients": [{"emailAddress": {"address": "eve@example.net"}}],
            "replyTo": [{"emailAddress": {"address": f"{each}@example.com"}} for each in "ab"],
            "internetMessageHeaders": [{"name": "X-Batch", "value": "7"}],
            "importance": "high",
            "singleValueExtendedProperties": [{"id": "SystemTime 0x3FEF", "value": "2030-01-01T09:00:00Z"}],
            "attachments": [
                {
                    "@odata.type": "#microsoft.graph.fileAttachment",
                    "name": "a.txt",
                    "contentType": "text/plain",
                    "contentBytes": "YWJj",
                }
            ],
            "categories": ["Red"],
            "isReadReceiptRequested": True,
            "isDeliveryReceiptRequested": True,
        },
        "saveToSentItems": False,
    }
    assert (receipt.message_id, receipt.provider_ids, receipt.raw) == ("", (), {"request-id": "r-1"})
    assert receipt.accepted == ("bob@example.org", "carl@example.org", "eve@example.net")


@pytest.mark.parametrize(
    "change",
    [
        {"html": "<p>Hello</p>"},
        {"in_reply_to": "<0@example.com>"},
        {"references": ["<0@example.com>"]},
        {"calendar": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"},
        {"headers": {f"X-{number}": "1" for number in range(6)}},
        {"to": (), "bcc": "eve@example.net"},
    ],
    ids=["text beside html", "reply", "references", "invitation", "six headers", "nobody in to"],
)
def test_what_json_cannot_say_travels_as_mime(change):
    [request], _ = sending(STAMPED.replace(**change))
    assert (request.url, request.header("content-type")) == (f"{BOX}/sendMail", "text/plain")
    octets = b64decode(request.body, validate=True)
    assert b"Subject: Hi\r\n" in octets
    assert octets.startswith(b"Bcc: eve@example.net\r\n") == ("bcc" in change)


def test_a_hook_on_the_mime_has_its_say(colour):
    class Stamp:
        @hookimpl
        def mailbridge_prepare(self, mime, message):
            mime.set_header("X-Stamp", "seen")

    with HttpPeer([answer(202)]) as peer:
        mailer = Mailer(transport(f"token=eyJ0access&base_url={peer.url}"), hooks=[Stamp()])
        with colour.using(mailer):
            colour.send(mailer, MESSAGE)
        assert b"X-Stamp: seen\r\n" in b64decode(peer.requests[0].body)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"headers": {"Auto-Submitted": "auto-generated"}}, "headers"),
        ({"html": "<p>", "send_at": datetime(2030, 1, 1, tzinfo=UTC)}, "send_at"),
        (
            {"html": "<p>", "provider_options": {"msgraph": {"save_to_sent_items": False}}},
            "provider_options.msgraph.save_to_sent_items",
        ),
        ({"provider_options": {"msgraph": {"sendit": 1}}}, "provider_options.msgraph"),
    ],
)
def test_what_would_be_lost_is_refused_before_sending(change, field):
    requests, error = sending(STAMPED.replace(**change))
    assert requests == []
    assert isinstance(error, MessageInvalid)
    assert error.field == field


@pytest.mark.parametrize("feature", ["message_id", "list_unsubscribe", "tags", "amp", "envelope_sender", "date"])
def test_what_exchange_does_not_keep_is_no_feature(feature):
    assert feature not in transport().features


def test_calls_of_one_message_have_one_id():
    [first], _ = sending(STAMPED)
    [second], _ = sending(STAMPED)
    [other], _ = sending(STAMPED.stamped("<2@example.com>", STAMPED.date))
    assert first.header("client-request-id") == second.header("client-request-id") != other.header("client-request-id")


# --- whose mailbox


@pytest.mark.parametrize(
    ("options", "login", "box"),
    [
        ("token=t", "ann%40example.com@default", "https://graph.microsoft.com/v1.0/me"),
        ("token=t&mailbox=shop%40example.com", "default", "https://graph.microsoft.com/v1.0/users/shop@example.com"),
        ("token=t&region=usgov", "default", "https://graph.microsoft.us/v1.0/me"),
        ("token=t&region=china", "default", "https://microsoftgraph.chinacloudapi.cn/v1.0/me"),
        (
            "client_id=c&client_secret=s&tenant=example.com",
            "ann%40example.com@default",
            "https://graph.microsoft.com/v1.0/users/ann@example.com",
        ),
    ],
)
def test_the_mailbox_is_part_of_the_address(options, login, box):
    assert transport(options, login).build(STAMPED).url == f"{box}/sendMail"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("client_id=c&client_secret=0a1b2c3d-0000-1111-2222-333344445555&tenant=t", "is the id of a secret"),
        ("client_id=abc8Q~secretvalue", "is the value of a secret"),
        ("client_id=c&client_secret=s", "needs its tenant"),
        ("tenant=a/b", "tenant"),
    ],
)
def test_settings_that_cannot_work_are_refused(options, said):
    with pytest.raises(ConfigError, match=said) as caught:
        transport(options)
    assert "secretvalue" not in str(caught.value)


def test_an_application_needs_somebodys_mailbox():
    with pytest.raises(ConfigError, match="whose mailbox"):
        transport("client_id=c&client_secret=s&tenant=t", "default")


# --- large messages

SMALL = Attachment(b"s" * 1_000_000, "small.bin")
LARGE = Attachment(b"l" * (2 * PIECE + 5), "large.bin")
LOGO = Attachment(b"g" * 3_500_000, "logo.gif", inline=True, content_id="logo")


@pytest.mark.parametrize("html", [None, "<p>Hello</p>"], ids=["json", "mime"])
def test_what_is_too_large_begins_as_a_draft(html):
    message = STAMPED.replace(attachments=[SMALL, LARGE], html=html)
    requests, receipt = sending(message)
    assert [(each.method, each.url) for each in requests] == [
        ("POST", f"{BOX}/messages"),
        ("POST", f"{BOX}/messages/draft-1/attachments"),
        ("POST", f"{BOX}/messages/draft-1/attachments/createUploadSession"),
        *[("PUT", "https://outlook.office.com/upload?auth=t")] * 3,
        ("POST", f"{BOX}/messages/draft-1/send"),
    ]
    create, small, session, *pieces, send = requests
    assert create.header("content-type") == ("text/plain" if html else "application/json")
    assert len(create.body) < 10_000
    assert json.loads(small.body)["name"] == "small.bin"
    assert json.loads(session.body)["AttachmentItem"]["size"] == len(LARGE.content)
    assert [each.header("content-range") for each in pieces] == [
        f"bytes 0-{PIECE - 1}/{2 * PIECE + 5}",
        f"bytes {PIECE}-{2 * PIECE - 1}/{2 * PIECE + 5}",
        f"bytes {2 * PIECE}-{2 * PIECE + 4}/{2 * PIECE + 5}",
    ]
    assert b"".join(each.body for each in pieces) == LARGE.content
    assert receipt.accepted == ("bob@example.org",)
    assert send.body == b""
    assert html or violations("msgraph", create) == []


def test_the_id_of_a_draft_leads_nowhere_else():
    def answers(request):
        return (
            HttpResponse(201, (), encoded_json({"id": "AA/../../x?y=="})) if request.url == f"{BOX}/messages" else None
        )

    requests, _ = sending(STAMPED.replace(attachments=[LARGE]), answers=answers)
    assert requests[-1].url == f"{BOX}/messages/AA%2F..%2F..%2Fx%3Fy%3D%3D/send"


def test_only_calls_to_graph_show_the_token():
    requests, _ = sending(STAMPED.replace(attachments=[LARGE]))
    shown = {each.url.partition("/")[2]: each.header("authorization") for each in requests}
    assert {url: value is not None for url, value in shown.items()} == {
        url: "outlook.office.com" not in url for url in shown
    }


def test_an_inline_file_stays_inline_when_it_is_uploaded():
    requests, _ = sending(STAMPED.replace(text=None, html='<img src="cid:logo">', attachments=[LOGO]))
    [session] = [each for each in requests if each.url.endswith("createUploadSession")]
    item = json.loads(session.body)["AttachmentItem"]
    assert (item["isInline"], item["contentId"]) == (True, "logo")


def failing(part, said):
    return lambda request: said if part in f"{request.method} {request.url}" else None


UPLOAD_FAULTS = ["attachments/createUploadSession", "PUT"]


@pytest.mark.parametrize("part", UPLOAD_FAULTS)
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        pytest.param(HttpResponse(503), ServerError, id="503"),
        pytest.param(HttpResponse(500), ServerError, id="500"),
        pytest.param(OutcomeUnknown("no answer", phase="send"), TimedOut, id="no answer"),
        pytest.param(HttpResponse(413), ContentRefused, id="413"),
    ],
)
def test_an_upload_that_fails_leaves_no_draft_and_has_sent_nothing(part, said, kind):
    requests, error = sending(STAMPED.replace(attachments=[LARGE]), answers=failing(part, said))
    assert type(error) is kind
    assert (requests[-1].method, requests[-1].url) == ("DELETE", f"{BOX}/messages/draft-1")
    assert "draft was left" not in str(error)


def test_a_draft_that_cannot_be_removed_is_told_of():
    def answers(request):
        return HttpResponse(503) if request.method in ("PUT", "DELETE") else None

    _, error = sending(STAMPED.replace(attachments=[LARGE]), answers=answers)
    assert isinstance(error, ServerError)
    assert "A draft was left in the mailbox" in str(error)


def test_a_lost_answer_to_the_last_call_is_an_unknown_outcome_and_the_draft_stays():
    requests, error = sending(
        STAMPED.replace(attachments=[LARGE]), answers=failing("/send", OutcomeUnknown("no answer", phase="send"))
    )
    assert isinstance(error, OutcomeUnknown)
    assert requests[-1].url.endswith("/send")


def test_a_refused_last_call_removes_the_draft():
    said = HttpResponse(403, (), encoded_json({"error": {"code": "ErrorSendAsDenied", "message": "No."}}))
    requests, error = sending(STAMPED.replace(attachments=[LARGE]), answers=failing("/send", said))
    assert isinstance(error, SenderRefused)
    assert requests[-1].method == "DELETE"


def test_a_copy_of_a_large_message_is_always_kept():
    message = STAMPED.replace(attachments=[LARGE], provider_options={"msgraph": {"save_to_sent_items": False}})
    requests, error = sending(message)
    assert isinstance(error, MessageInvalid)
    assert requests == []


def test_a_raw_message_cannot_be_taken_apart():
    raw = b"From: ann@example.com\r\nTo: bob@example.org\r\nSubject: Hi\r\n\r\n" + b"x" * 70 * 60_000 + b"\r\n"
    requests, error = sending(Message.from_bytes(raw, keep_raw=True))
    assert isinstance(error, MessageInvalid)
    assert requests == []


@pytest.mark.parametrize("files", [(), [LARGE]], ids=["no file", "a file"])
@pytest.mark.parametrize("html", [None, "<p>Hello</p>"], ids=["json", "mime"])
def test_a_text_that_is_too_large_is_refused_before_any_call(files, html):
    requests, error = sending(STAMPED.replace(text="x" * 4_100_000, html=html, attachments=files))
    assert isinstance(error, MessageInvalid)
    assert requests == []


def test_files_larger_than_the_mailbox_takes_are_refused_before_any_call():
    requests, error = sending(STAMPED.replace(attachments=[LARGE]), one=transport("token=t&max_bytes=5000000"))
    assert isinstance(error, MessageInvalid)
    assert requests == []


def test_no_more_calls_are_made_at_once_than_graph_takes_of_one_mailbox():
    assert transport().lanes == 4


def test_a_large_message_goes_over_the_wire(colour):
    def script(request):
        if request.path.endswith("/messages"):
            return answer(201, {"id": "draft-1"})
        if request.path.endswith("/createUploadSession"):
            return answer(201, {"uploadUrl": f"http://{request.header('host')}/upload"})
        return answer(202)

    with HttpPeer(script) as peer:
        mailer = Mailer(transport(f"token=eyJ0access&base_url={peer.url}/v1.0"))
        with colour.using(mailer):
            receipt = colour.send(mailer, MESSAGE.replace(attachments=[LARGE]))
        uploaded = b"".join(each.body for each in peer.requests if each.method == "PUT")
    assert receipt.complete
    assert uploaded == LARGE.content


# --- answers


def graph_error(status, code, headers=()):
    return answer(status, {"error": {"code": code, "message": "It is so.", "innerError": {}}}, headers)


ERRORS = [
    pytest.param(graph_error(401, "InvalidAuthenticationToken"), AuthFailed, id="401"),
    pytest.param(graph_error(403, "ErrorAccessDenied"), AuthFailed, id="403"),
    pytest.param(graph_error(403, "ErrorSendAsDenied"), SenderRefused, id="send as"),
    pytest.param(graph_error(400, "ErrorInvalidRecipients"), RecipientRefused, id="recipients"),
    pytest.param(graph_error(404, "MailboxNotEnabledForRESTAPI"), ConfigError, id="no mailbox"),
    pytest.param(graph_error(429, "ApplicationThrottled", [("Retry-After", "9")]), RateLimited, id="429"),
    pytest.param(graph_error(503, "ErrorServerBusy"), ServerError, id="503"),
    pytest.param(answer(504), OutcomeUnknown, id="504"),
    pytest.param(drop(), OutcomeUnknown, id="no answer"),
    pytest.param(answer(200, {}), OutcomeUnknown, id="200"),
]


@pytest.mark.parametrize(("said", "kind"), ERRORS)
def test_what_graph_refuses_is_a_typed_error(colour, said, kind):
    with HttpPeer(lambda request: said) as peer:
        mailer = Mailer(transport(f"token=eyJ0access&base_url={peer.url}"))
        with colour.using(mailer), pytest.raises(MailError) as caught:
            colour.send(mailer, MESSAGE)
    assert type(caught.value) is kind
    if kind is RateLimited:
        assert caught.value.retry_after == 9.0


def test_an_error_has_the_id_that_support_asks_for():
    response = HttpResponse(400, [("request-id", "r-9")], encoded_json({"error": {"code": "X", "message": "No."}}))
    assert transport().complaint(response) == ("No; request-id r-9", "X", "")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (answer(200, {"userPrincipalName": "ann@example.com"}), "ann@example.com"),
        (graph_error(403, "ErrorAccessDenied"), "accepts"),
    ],
)
def test_verify_sends_nothing(colour, said, text):
    with HttpPeer([said]) as peer:
        mailer = Mailer(transport(f"token=eyJ0access&base_url={peer.url}/v1.0"))
        with colour.using(mailer):
            assert text in colour.verify(mailer).text
        [request] = peer.requests
    seen = HttpRequest(request.method, f"https://graph.microsoft.com{request.path}", request.pairs, request.body)
    assert violations("msgraph", seen) == []


# --- logins, end to end


def test_an_application_gets_a_token_for_itself(colour):
    server = AuthorisationServer()
    with HttpPeer(server.script(lambda request: answer(202))) as peer:
        options = {**CLIENT, "tenant": "example.com", "token_url": f"{peer.url}/token", "base_url": peer.url}
        mailer = Mailer({"transport": "msgraph", "user": "ann@example.com", **options})
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).complete
            server.revoke_all()
            assert colour.send(mailer, MESSAGE).complete
        assert peer.requests[-1].path == "/users/ann@example.com/sendMail"
    assert server.grants == ["client_credentials", "client_credentials"]
    assert {form["scope"] for form in server.forms} == {"https://graph.microsoft.com/.default"}


def test_a_wrong_client_is_an_error_that_shows_no_secret(colour):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        options = {
            "client_id": "client-1",
            "client_secret": "wrong-canary",
            "tenant": "t",
            "token_url": f"{peer.url}/token",
        }
        mailer = Mailer({"transport": "msgraph", "user": "ann@example.com", "base_url": peer.url, **options})
        with colour.using(mailer), pytest.raises(AuthFailed, match="refuses the client") as caught:
            colour.send(mailer, MESSAGE)
    assert "wrong-canary" not in repr(caught.value.__dict__) + str(caught.value)


def test_unsupported_features_are_refused_by_name():
    with Mailer(transport()) as mailer, pytest.raises(Unsupported) as caught:
        mailer.send(MESSAGE.replace(list_unsubscribe=["https://example.com/u"]))
    assert caught.value.feature == "list_unsubscribe"
