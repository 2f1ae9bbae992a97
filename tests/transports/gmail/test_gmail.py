"""Gmail: uploads, answers, errors, and its logins."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from support.authorisation_server import CLIENT, AuthorisationServer
from support.descriptions import violations
from support.http_peer import HttpPeer, answer

from mailbridge import Mailer, Message, hookimpl
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    ServerError,
    Unsupported,
)
from mailbridge.flow.http import HttpResponse, encoded_json
from mailbridge.message.mime import render
from mailbridge.plugins import Plugins

MESSAGE = Message(from_="ann@example.com", to="bob@example.org", subject="Hi", text="Hello", bcc="eve@example.net")
STAMPED = MESSAGE.stamped("<1@example.com>", datetime(2026, 11, 22, tzinfo=UTC))
SENT = {"id": "18c1", "threadId": "18c0", "labelIds": ["SENT"]}


def transport(options="token=ya29.access", user="ann%40example.com@"):
    return Plugins().build(f"gmail://{user}default?{options}")


def built(message=STAMPED):
    one = transport()
    return one.build_mime(message, render(message))


def test_a_message_is_uploaded_as_it_is_with_bcc_in_front():
    request = built()
    assert request.url == "https://gmail.googleapis.com/upload/gmail/v1/users/me/messages/send?uploadType=media"
    assert request.headers == (("Content-Type", "message/rfc822"),)
    assert request.body == b"Bcc: eve@example.net\r\n" + bytes(render(STAMPED))
    assert violations("gmail", request.with_headers(("Authorization", "Bearer x"))) == []


def test_a_message_of_a_thread_travels_with_what_is_said_of_it():
    request = built(STAMPED.replace(provider_options={"gmail": {"thread_id": "18c0"}}))
    assert request.url.endswith("?uploadType=multipart")
    assert violations("gmail", request.with_headers(("Authorization", "Bearer x"))) == []
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode()
    said, message = message_from_bytes(head + request.body, policy=policy.SMTP).iter_parts()
    assert json.loads(said.get_content()) == {"threadId": "18c0"}
    assert message.get_content()["subject"] == "Hi"


def test_a_raw_message_goes_to_those_only_whom_it_is_for():
    raw = b"From: ann@example.com\r\nTo: bob@example.org, carl@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"
    message = Message.from_bytes(raw, keep_raw=True)
    assert built(message).body == raw
    with pytest.raises(MessageInvalid, match=r"carl@example\.org") as caught:
        built(message.replace(to="bob@example.org"))
    assert caught.value.field == "raw"
    assert built(message.replace(bcc="eve@example.net")).body == b"Bcc: eve@example.net\r\n" + raw


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        ({"message_id": "<mine@example.com>"}, "message_id"),
        ({"from_": ["ann@example.com", "bob@example.com"], "sender": "ann@example.com"}, "multiple_from"),
        ({"envelope_sender": "bounces@example.com"}, "envelope_sender"),
        ({"send_at": datetime(2030, 1, 1, tzinfo=UTC)}, "send_at"),
        ({"tags": ["x"]}, "tags"),
        ({"to": "ü@example.org"}, "smtputf8"),
    ],
)
def test_what_gmail_does_not_keep_is_refused(change, feature):
    with Mailer(transport()) as mailer, pytest.raises(Unsupported) as caught:
        mailer.send(MESSAGE.replace(**change))
    assert caught.value.feature == feature


def test_the_receipt_has_gmails_id_and_no_message_id():
    receipt = transport().read(HttpResponse(200, (), encoded_json(SENT)), STAMPED)
    assert (receipt.provider_ids, receipt.message_id, receipt.raw) == (("18c1",), "", SENT)
    assert receipt.accepted == ("bob@example.org", "eve@example.net")


def google_error(status, reason, message="It is so"):
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return answer(status, {"error": {"code": status, "message": message, "errors": errors}})


ERRORS = [
    pytest.param(google_error(401, "authError"), AuthFailed, id="401"),
    pytest.param(google_error(403, "insufficientPermissions"), AuthFailed, id="scope"),
    pytest.param(google_error(403, "userRateLimitExceeded"), RateLimited, id="rate by 403"),
    pytest.param(google_error(429, "rateLimitExceeded"), RateLimited, id="rate by 429"),
    pytest.param(google_error(403, "accessNotConfigured"), ConfigError, id="API not enabled"),
    pytest.param(google_error(400, "failedPrecondition"), ConfigError, id="no mail service"),
    pytest.param(google_error(400, "invalidArgument", "Invalid To header"), ContentRefused, id="400"),
    pytest.param(google_error(503, "backendError"), ServerError, id="503"),
    pytest.param(google_error(500, "backendError"), OutcomeUnknown, id="500"),
    pytest.param(answer(200, {"labelIds": []}), OutcomeUnknown, id="no id"),
]


@pytest.mark.parametrize(("said", "kind"), ERRORS)
def test_what_gmail_refuses_is_a_typed_error(colour, said, kind):
    with HttpPeer(lambda request: said) as peer:
        mailer = Mailer(transport(f"token=ya29.access&base_url={peer.url}"))
        with colour.using(mailer), pytest.raises(MailError) as caught:
            colour.send(mailer, MESSAGE)
    assert type(caught.value) is kind
    assert "ya29.access" not in str(caught.value)


def test_the_wait_in_googles_sentence_is_read():
    said = "User-rate limit exceeded.  Retry after 2026-11-22T10:00:30.123Z"
    response = HttpResponse(
        429, [("Date", "Sun, 22 Nov 2026 10:00:00 GMT")], encoded_json({"error": {"message": said}})
    )
    one = transport()
    assert one.pause(response, one.complaint(response)) == 30.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("client_id=GOCSPX-abc", "client_id is the client's secret"),
        ("token=1//0g-refresh", "token is a refresh token"),
        ("client_id=x&refresh_token=ya29.a0", "refresh_token is an access token"),
        ("refresh_token=1//0g", "needs the client_id"),
        ("client_secret=x", "needs its client_id"),
        ("token=x&refresh_token=y&client_id=z", "exclude each other"),
    ],
)
def test_credentials_in_the_wrong_field_are_recognised(options, said):
    with pytest.raises(ConfigError, match=said) as caught:
        transport(options)
    assert "0g" not in str(caught.value)


def test_a_service_account_needs_somebody_to_act_for():
    with pytest.raises(ConfigError, match="needs the user"):
        transport("service_account=/nowhere.json", user="")


# --- verify


def test_verify_says_whose_mailbox_it_is(colour):
    with HttpPeer([answer(200, {"emailAddress": "ann@example.com"})]) as peer:
        mailer = Mailer(transport(f"token=ya29.access&base_url={peer.url}"))
        with colour.using(mailer):
            assert "ann@example.com" in colour.verify(mailer).text
        assert violations("gmail", _request(peer)) == []


def test_verify_takes_a_token_that_permits_sending_only_for_what_it_is(colour):
    with HttpPeer([google_error(403, "insufficientPermissions")]) as peer:
        mailer = Mailer(transport(f"token=ya29.access&base_url={peer.url}"))
        with colour.using(mailer):
            assert "accepts the token" in colour.verify(mailer).text


def _request(peer):
    from mailbridge.extend import HttpRequest

    [found] = peer.requests
    return HttpRequest(found.method, f"https://gmail.googleapis.com{found.path}", found.pairs, found.body)


# --- logins, end to end


def login(peer, **more):
    options = {**CLIENT, "refresh_token": "refresh-1", "token_url": f"{peer.url}/token", "base_url": peer.url, **more}
    return {"transport": "gmail", "user": "ann@example.com", **options}


def test_a_refresh_token_becomes_a_token_and_the_message_goes_out(colour):
    server = AuthorisationServer()
    with HttpPeer(server.script(lambda request: answer(200, SENT))) as peer:
        mailer = Mailer(login(peer))
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).provider_id == "18c1"
            assert colour.send(mailer, MESSAGE).provider_id == "18c1"
    assert server.grants == ["refresh_token"]
    assert server.refused == 0


def test_a_token_that_is_refused_is_renewed_once_and_the_message_goes_out(colour):
    server = AuthorisationServer()
    with HttpPeer(server.script(lambda request: answer(200, SENT))) as peer:
        mailer = Mailer(login(peer))
        with colour.using(mailer):
            colour.send(mailer, MESSAGE)
            server.revoke_all()
            colour.send(mailer, MESSAGE)
    assert len(server.grants) == 2
    assert server.refused == 1


def test_a_token_that_stays_refused_is_an_error_after_one_renewal(colour):
    server = AuthorisationServer()
    with HttpPeer(server.script(lambda request: google_error(401, "authError"))) as peer:
        mailer = Mailer(login(peer))
        with colour.using(mailer), pytest.raises(AuthFailed):
            colour.send(mailer, MESSAGE)
    assert len(server.grants) == 2


def test_a_revoked_login_says_so_and_shows_no_secret(colour):
    server = AuthorisationServer(refresh="another")
    with HttpPeer(server.script()) as peer:
        mailer = Mailer(login(peer))
        with colour.using(mailer), pytest.raises(AuthFailed, match="no longer accepts the login") as caught:
            colour.send(mailer, MESSAGE)
    assert "refresh-1" not in repr(caught.value.__dict__)
    assert CLIENT["client_secret"] not in repr(caught.value.__dict__)


def test_fifty_threads_whose_token_was_revoked_renew_it_once():
    server = AuthorisationServer()
    with (
        HttpPeer(server.script(lambda request: answer(200, SENT))) as peer,
        Mailer(login(peer, connections=50)) as mailer,
    ):
        mailer.send(MESSAGE)
        server.revoke_all()
        with ThreadPoolExecutor(50) as pool:
            receipts = list(pool.map(lambda _: mailer.send(MESSAGE), range(50)))
    assert {receipt.provider_id for receipt in receipts} == {"18c1"}
    assert len(server.grants) == 2


def test_fifty_tasks_whose_token_was_revoked_renew_it_once():
    import asyncio

    async def fifty(mailer, server):
        async with mailer:
            await mailer.asend(MESSAGE)
            server.revoke_all()
            return await asyncio.gather(*(mailer.asend(MESSAGE) for _ in range(50)))

    server = AuthorisationServer()
    with HttpPeer(server.script(lambda request: answer(200, SENT))) as peer:
        receipts = asyncio.run(fifty(Mailer(login(peer, connections=50)), server))
    assert {receipt.provider_id for receipt in receipts} == {"18c1"}
    assert len(server.grants) == 2


def test_a_token_of_the_applications_own_is_asked_for_again_once_it_was_refused(colour):
    server = AuthorisationServer()
    server.admit("fresh")
    asked = []

    def token(*, refresh):
        asked.append(refresh)
        return "fresh" if refresh else "stale"

    with HttpPeer(server.script(lambda request: answer(200, SENT))) as peer:
        mailer = Mailer({"transport": "gmail", "token": token, "base_url": peer.url})
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).provider_id == "18c1"
    assert asked == [False, True, False]


def test_hooks_have_their_say_on_the_mime(colour):
    class Stamp:
        @hookimpl
        def mailbridge_prepare(self, mime, message):
            mime.set_header("X-Stamp", "seen")

    with HttpPeer([answer(200, SENT)]) as peer:
        mailer = Mailer(transport(f"token=ya29.access&base_url={peer.url}"), hooks=[Stamp()])
        with colour.using(mailer):
            colour.send(mailer, MESSAGE)
        assert b"X-Stamp: seen\r\n" in peer.requests[0].body
