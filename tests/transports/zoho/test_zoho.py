"""Zoho Mail: the mailbox looked up, uploads, payloads, answers, errors and logins."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from support.authorisation_server import CLIENT, AuthorisationServer
from support.http_peer import HttpPeer, answer

from mailbridge import Attachment, Mailer, Message
from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    ServerError,
    TimedOut,
)
from mailbridge.flow.http import Http, HttpResponse, encoded_json
from mailbridge.plugins import Plugins
from mailbridge.sending.delivery import Delivery

MESSAGE = Message(from_="Ann <ann@example.com>", to="bob@example.org", subject="Hi", text="Hello")
STAMPED = MESSAGE.stamped("<1@example.com>", datetime(2026, 11, 22, tzinfo=UTC))
BOXES = [
    {"accountId": "123", "primaryEmailAddress": "Ann@example.com"},
    {
        "accountId": "456",
        "primaryEmailAddress": "bob@example.com",
        "sendMailDetails": [{"fromAddress": "shop@example.com"}],
    },
]
STORED = {"storeName": "NN2:1", "attachmentName": "a.txt", "attachmentPath": "/Mail/1-a.txt"}


def transport(options="token=1000.access", login="ann%40example.com@default"):
    return Plugins().build(f"zoho://{login}?{options}")


def said(data, status=200):
    return HttpResponse(status, (), encoded_json({"status": {"code": status, "description": "success"}, "data": data}))


def accepted(request):
    if request.method == "GET":
        return said(BOXES)
    return said([STORED]) if "/attachments" in request.url else said({"messageId": "1710"})


def sending(message, *, one=None, answers=accepted):
    requests = []

    def respond(op):
        requests.append(op.request)
        found = answers(op.request)
        return accepted(op.request) if found is None else found

    driver = ScriptedDriver({Http: respond})
    try:
        outcome = driver.run((one or transport()).send(Delivery(message)))
    except MailError as error:
        outcome = error
    return requests, outcome


def test_the_number_of_a_mailbox_leads_nowhere_else():
    box = {"accountId": "1/../2?x", "primaryEmailAddress": "ann@example.com"}
    requests, _ = sending(MESSAGE, answers=lambda request: said([box]) if request.method == "GET" else None)
    assert requests[-1].url == "https://mail.zoho.com/api/accounts/1%2F..%2F2%3Fx/messages"


def test_a_message_is_sent_from_the_mailbox_that_was_looked_up():
    message = STAMPED.replace(
        to=["bob@example.org", "carl@example.org"],
        cc="dora@example.org",
        bcc="eve@example.net",
        provider_options={"zoho": {"ask_receipt": True}},
    )
    [look_up, send], receipt = sending(message)
    assert (look_up.method, look_up.url) == ("GET", "https://mail.zoho.com/api/accounts")
    assert send.header("authorization") == "Zoho-oauthtoken 1000.access"
    assert send.url == "https://mail.zoho.com/api/accounts/123/messages"
    assert json.loads(send.body) == {
        "fromAddress": "ann@example.com",
        "toAddress": "bob@example.org,carl@example.org",
        "ccAddress": "dora@example.org",
        "bccAddress": "eve@example.net",
        "subject": "Hi",
        "content": "Hello",
        "mailFormat": "plaintext",
        "encoding": "UTF-8",
        "askReceipt": "yes",
    }
    assert (receipt.provider_ids, receipt.message_id) == (("1710",), "")


def test_the_mailbox_is_looked_up_once():
    one = transport()
    assert [len(sending(STAMPED, one=one)[0]) for _ in range(3)] == [2, 1, 1]


def test_a_mailbox_that_is_given_is_not_looked_up():
    [send], _ = sending(STAMPED, one=transport("token=t&account_id=789&region=eu"))
    assert send.url == "https://mail.zoho.eu/api/accounts/789/messages"


@pytest.mark.parametrize(
    ("login", "account"),
    [("ann%40example.com@default", "123"), ("SHOP%40example.com@default", "456"), ("bob%40example.com@default", "456")],
)
def test_the_mailbox_is_the_users(login, account):
    [_, send], _ = sending(STAMPED, one=transport(login=login))
    assert f"/{account}/" in send.url


@pytest.mark.parametrize("login", ["nobody%40example.com@default", "default"])
def test_a_mailbox_that_is_not_clear_is_an_error(login):
    requests, error = sending(STAMPED, one=transport(login=login))
    assert isinstance(error, ConfigError)
    assert "account_id" in str(error)
    assert len(requests) == 1


def test_files_are_uploaded_one_by_one_and_named_in_the_message():
    message = STAMPED.replace(attachments=[Attachment(b"abc", "a.txt"), Attachment(b"%PDF", "ä.pdf")])
    [_, first, second, send], _ = sending(message)
    assert first.url == "https://mail.zoho.com/api/accounts/123/messages/attachments?uploadType=multipart"
    assert b'name="attach"; filename="a.txt"' in first.body
    assert 'name="attach"; filename="ä.pdf"'.encode() in second.body
    assert json.loads(send.body)["attachments"] == [STORED, STORED]


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        pytest.param(HttpResponse(500), ServerError, id="500"),
        pytest.param(OutcomeUnknown("no answer"), TimedOut, id="no answer"),
        pytest.param(said([{"storeName": "x"}]), ProtocolError, id="no path"),
        pytest.param(said({}), ProtocolError, id="nothing"),
        pytest.param(HttpResponse(200, (), b'{"data"', complete=False), ServerError, id="broken off"),
    ],
)
@pytest.mark.parametrize("part", ["/attachments", "/accounts"])
def test_a_preparation_that_fails_has_sent_nothing(part, found, kind):
    def answers(request):
        return found if request.url.partition("?")[0].endswith(part) else None

    requests, error = sending(STAMPED.replace(attachments=[Attachment(b"abc", "a.txt")]), answers=answers)
    assert isinstance(error, kind)
    assert error.retryable
    assert not any(each.url.endswith("/messages") for each in requests)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"html": "<p>Hello</p>"}, "text"),
        ({"reply_to": "help@example.com"}, "reply_to"),
        ({"to": (), "cc": "c@example.org"}, "to"),
    ],
)
def test_what_the_api_cannot_say_is_refused_before_any_call(change, field):
    requests, error = sending(STAMPED.replace(**change))
    assert requests == []
    assert isinstance(error, MessageInvalid)
    assert error.field == field


def test_the_text_is_left_out_where_that_is_allowed():
    [_, send], _ = sending(STAMPED.replace(html="<p>Hello</p>"), one=transport("token=t&html_alone=true"))
    body = json.loads(send.body)
    assert (body["content"], body["mailFormat"]) == ("<p>Hello</p>", "html")


def zoho_error(status, description, **data):
    return answer(status, {"status": {"code": status, "description": description}, "data": data})


ERRORS = [
    pytest.param(zoho_error(401, "Unauthorized"), AuthFailed, id="401"),
    pytest.param(zoho_error(404, "Invalid Input", errorCode="INVALID_OAUTHTOKEN"), AuthFailed, id="token, by 404"),
    pytest.param(zoho_error(400, "Invalid Input", moreInfo="Invalid from address"), ContentRefused, id="400"),
    pytest.param(answer(429), RateLimited, id="429"),
    pytest.param(zoho_error(500, "Internal Error"), OutcomeUnknown, id="500"),
    pytest.param(answer(200, {"status": {"code": 200}}), OutcomeUnknown, id="no id"),
]


@pytest.mark.parametrize(("found", "kind"), ERRORS)
def test_what_zoho_refuses_is_a_typed_error(colour, found, kind):
    with HttpPeer(lambda request: found) as peer:
        mailer = Mailer(transport(f"token=1000.access&account_id=123&base_url={peer.url}"))
        with colour.using(mailer), pytest.raises(MailError) as caught:
            colour.send(mailer, MESSAGE)
    assert type(caught.value) is kind


def test_zohos_words_are_repeated():
    response = HttpResponse(
        400, (), encoded_json({"status": {"description": "Invalid Input"}, "data": {"moreInfo": "Bad"}})
    )
    assert transport().complaint(response).text == "Invalid Input: Bad"


def login(peer):
    options = {**CLIENT, "refresh_token": "refresh-1", "token_url": f"{peer.url}/token", "base_url": peer.url}
    return {"transport": "zoho", "user": "ann@example.com", **options}


def api(request):
    if request.method == "GET":
        return answer(200, {"status": {"code": 200}, "data": BOXES})
    return answer(200, {"status": {"code": 200}, "data": {"messageId": "1710"}})


def test_a_refresh_token_becomes_a_token_and_the_message_goes_out(colour):
    server = AuthorisationServer()
    with HttpPeer(server.script(api)) as peer:
        mailer = Mailer(login(peer))
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).provider_id == "1710"
            server.revoke_all()
            assert colour.send(mailer, MESSAGE).provider_id == "1710"
        assert {each.header("authorization").split()[0] for each in peer.requests if each.path != "/token"} == {
            "Zoho-oauthtoken"
        }
    assert len(server.grants) == 2


def test_a_stale_token_that_zoho_calls_not_found_is_renewed(colour):
    server = AuthorisationServer()
    seen = []

    def stale_once(request):
        seen.append(request)
        return zoho_error(404, "Invalid Input", errorCode="INVALID_OAUTHTOKEN") if len(seen) == 2 else api(request)

    with HttpPeer(server.script(stale_once)) as peer:
        mailer = Mailer(login(peer))
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).provider_id == "1710"
    assert len(server.grants) == 2


def test_verify_names_the_mailbox(colour):
    with HttpPeer([answer(200, {"data": BOXES})]) as peer:
        mailer = Mailer(transport(f"token=1000.access&base_url={peer.url}"))
        with colour.using(mailer):
            assert "number 123" in colour.verify(mailer).text
