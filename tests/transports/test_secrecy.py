"""Whatever goes wrong between a provider and its driver, no error, frame, log record or receipt has the key."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from support.colour import Colour
from support.http_peer import HttpAction, HttpPeer, answer, drop, early, head, raw, read, reset, stall
from support.telling import told_by

from mailbridge import Mailer, MailError, Message, Receipt
from mailbridge.plugins.built_in import FOLDERS, PRESETS, record_of
from mailbridge.settings.http import HttpSettings

CORE = "c4n4ry"
TARGETS: dict[str, dict[str, Any]] = {
    "sendgrid": {"api_key": f"SG.{CORE}0123456789.abcdefghijklmnop"},
    "mailgun": {"api_key": f"key-{CORE}0123456789", "domain": "mg.example.com"},
    "ses": {
        "access_key_id": "ASIAIOSFODNN7EXAMPLE", "secret_access_key": f"wJalrXUtnFEMI{CORE}bPxRfiCYEXAMPLEKEY",
        "session_token": f"FwoGZXIvYXdz{CORE}", "region": "eu-west-1",
    },
    "brevo": {"api_key": f"xkeysib-{CORE}0123456789"},
    "mandrill": {"api_key": f"md-{CORE}ABCDEFabcdef"},
    "mailtrap": {"api_token": f"{CORE}3c4b5a69788796a5b4c3d2e1f0"},
    "postmark": {"server_token": f"{CORE}-9f2b-4b39-8f6d-3f1c2f9f7a11"},
    "resend": {"api_key": f"re_{CORE}_23456789abcdefghijkl"},
    "mailjet": {"api_key": f"{CORE}abcdef", "secret_key": f"{CORE}fedcba"},
    "sparkpost": {"api_key": f"{CORE}0123456789abcdef"},
    "mailersend": {"api_token": f"mlsn.{CORE}0123456789abcdef"},
    "elasticemail": {"api_key": f"0123456789{CORE}"},
    "sendpulse": {"api_key": f"0123456789{CORE}"},
    "smtp2go": {"api_key": f"api-{CORE}0123456789"},
    "gmail": {"user": "ann@example.com", "token": f"ya29.{CORE}0123456789"},
    "msgraph": {"user": "ann@example.com", "token": f"EwB{CORE}0123456789"},
    "zoho": {"user": "ann@example.com", "account_id": "1", "token": f"1000.{CORE}.0123456789"},
}  # fmt: skip
ACCIDENTS: dict[str, HttpAction] = {
    "refused": answer(401, {"message": "no"}),
    "broken": answer(500, {"message": "no"}),
    "moved": answer(302, b"", {"Location": "https://login.example.com/?next=x"}),
    "dropped": drop(),
    "reset": reset(),
    "reset on the way": early(read(50) + reset()),
    "stalled": stall(),
    "cut short": head(200, length=100) + raw(b'{"id"') + drop(),
    "no HTTP": raw(b"220 mail.example.com ESMTP\r\n") + drop(),
}


def test_every_provider_is_here() -> None:
    over_http = {name for name in FOLDERS.values() if name not in PRESETS}
    over_http = {name for name in over_http if issubclass(record_of(name).load_settings(), HttpSettings)}
    assert TARGETS.keys() == over_http


def settings_of(name: str, peer: HttpPeer | str, **more: Any) -> dict[str, Any]:
    url = peer if isinstance(peer, str) else peer.url
    times = {"timeout": 0.3, "connect_timeout": 0.3, "deadline": 0.5}
    return {"transport": name, "base_url": url, **times, **TARGETS[name], **more}


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Look at every log record at the end."""
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.records:
        told = logging.Formatter().format(record) + repr({**vars(record), "exc_info": None})
        assert CORE not in told


def message(number: int = 1) -> Message:
    return Message(from_="shop@example.com", to=f"u{number}@example.org", subject="Hi", text="Hello")


def silent(outcome: object) -> None:
    """Fail if an error, its causes, its pickle or our frames tell the key."""
    assert isinstance(outcome, MailError)
    assert {where for where, text in told_by(outcome) if CORE in text} == set()


def outcomes(colour: Colour, mailer: Mailer) -> Iterator[object]:
    """Yield what becomes of a message, of a list and of a verification."""
    for act in (lambda: colour.send(mailer, message()), lambda: colour.verify(mailer)):
        try:
            yield act()
        except MailError as error:
            yield error
    yield from colour.send_many(mailer, [message(1), message(2)])


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("accident", ACCIDENTS)
def test_an_accident_tells_no_key(name: str, accident: str, colour: Colour) -> None:
    with HttpPeer(ACCIDENTS[accident], strict=False) as peer:
        mailer = Mailer(settings_of(name, peer))
        found = list(outcomes(colour, mailer))
        colour.close(mailer)
    for each in found:
        if isinstance(each, Receipt):
            assert CORE not in f"{each!r} {each.to_dict()} {each.raw!r}"
        else:
            silent(each)
    assert any(isinstance(each, MailError) for each in found)


@pytest.mark.parametrize("name", TARGETS)
def test_a_server_that_nobody_trusts_is_told_no_key(name: str, colour: Colour) -> None:
    with HttpPeer(answer(200, {}), tls=True, strict=False) as peer:
        mailer = Mailer(settings_of(name, peer))
        found = list(outcomes(colour, mailer))
        colour.close(mailer)
        assert peer.requests == []
    for each in found:
        silent(each)


@pytest.mark.parametrize("name", TARGETS)
def test_a_server_that_repeats_the_request_in_a_refusal(name: str, colour: Colour) -> None:
    def echo(request: Any) -> HttpAction:
        said = " ".join([*request.headers.values(), request.body.decode(errors="replace")])
        return answer(400, {"message": said, "error": {"message": said}, "errors": [{"message": said, "code": said}]})

    with HttpPeer(echo) as peer:
        mailer = Mailer(settings_of(name, peer))
        found = list(outcomes(colour, mailer))
        colour.close(mailer)
    for each in found:
        silent(each)


TAKEN: dict[str, dict[str, Any]] = {
    "mailgun": {"id": "<1@mg.example.com>", "message": "Queued. Thank you."},
    "mailtrap": {"success": True, "message_ids": ["1"]},
    "postmark": {"ErrorCode": 0, "Message": "OK", "MessageID": "1"},
    "elasticemail": {"TransactionID": "1", "MessageID": "2"},
    "sendpulse": {"result": True, "id": "1"},
    "zoho": {"data": {"messageId": "1"}},
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_server_that_repeats_the_request_in_a_success(name: str, colour: Colour) -> None:
    def echo(request: Any) -> HttpAction:
        return answer(200, TAKEN[name] | {"you sent": {key: [value] for key, value in request.headers.items()}})

    with HttpPeer(echo) as peer:
        mailer = Mailer(settings_of(name, peer))
        receipt = colour.send(mailer, message())
        colour.close(mailer)
    assert receipt.complete
    assert "you sent" in f"{receipt.raw}" or name == "mailtrap"
    assert CORE not in f"{receipt!r} {receipt.to_dict()} {receipt.raw!r}"


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("end", ["\r\nX-Evil: 1", "\n", "\x00", "\u2013"], ids=["line", "newline", "nul", "dash"])
def test_a_key_with_a_line_break_makes_no_header(name: str, end: str, colour: Colour) -> None:
    fields = {
        field: value + end if CORE in str(value) or (name == "ses" and field == "session_token") else value
        for field, value in TARGETS[name].items()
    }
    with HttpPeer(answer(200, {}), strict=False) as peer:
        try:
            mailer = Mailer(settings_of(name, peer) | fields)
        except MailError as error:
            silent(error)
            return
        found = list(outcomes(colour, mailer))
        colour.close(mailer)
        assert not [request for request in peer.requests if request.header("x-evil")]
        if name not in ("mandrill", "mailgun", "mailjet"):  # there it stands in JSON, or in base64
            assert not peer.requests
    for each in found:
        if isinstance(each, MailError):
            assert CORE not in json.dumps(str(each))


def test_a_proxy_that_repeats_its_password(colour: Colour) -> None:
    with HttpPeer(answer(407, {"message": f"Not with {CORE}-pass%word."})) as proxy:
        way = f"http://ann:{CORE}-pass%25word@{proxy.url.removeprefix('http://')}"
        mailer = Mailer(settings_of("sendgrid", "http://localhost:9", proxy=way))
        found = list(outcomes(colour, mailer))
        colour.close(mailer)
    for each in found:
        silent(each)


CLIENTS: dict[str, dict[str, Any]] = {
    "msgraph": {
        "user": "ann@example.com", "tenant": "example.com", "client_id": "c-1", "client_secret": f"a8Q~{CORE}0123",
    },
    "gmail": {"client_id": "c-1", "client_secret": f"GOCSPX-{CORE}0123", "refresh_token": f"1//{CORE}0123456"},
    "zoho": {"account_id": "1", "client_id": "1000.X", "client_secret": f"{CORE}0123", "refresh_token": f"1000.{CORE}"},
    "sendpulse": {"client_id": "0123456789abcdef", "client_secret": f"{CORE}0123abcdef"},
}  # fmt: skip
GRANT = answer(200, {"access_token": f"at-{CORE}0123456789", "refresh_token": f"rt-{CORE}0123", "expires_in": 3600})


def said_back(request: Any) -> HttpAction:
    """Repeat the form that asks for a token."""
    return answer(400, {"error": "invalid_grant", "error_description": f"{'x' * 280} {request.body.decode()}"})


LOGINS: dict[str, tuple[Any, HttpAction]] = {
    "refused with the form": (said_back, answer(401)),
    "dropped": (lambda request: drop(), answer(401)),
    "stalled": (lambda request: stall(), answer(401)),
    "a page": (lambda request: answer(200, b"<html>"), answer(401)),
    "no more than once": (lambda request: answer(500), answer(401)),
    "a token that may nothing": (lambda request: GRANT, answer(401, {"message": f"at-{CORE}0123456789"})),
}


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("login", LOGINS)
def test_a_login_that_fails_tells_no_secret(name: str, login: str, colour: Colour) -> None:
    grants = [GRANT]

    def respond(request: Any) -> HttpAction:
        if "token" not in request.path:
            return LOGINS[login][1]
        if login == "no more than once" and grants:
            return grants.pop()
        return LOGINS[login][0](request)  # type: ignore[no-any-return]

    with HttpPeer(respond, strict=False) as peer:
        own = {} if name == "sendpulse" else {"token_url": f"{peer.url}/token"}
        mailer = Mailer(
            {"transport": name, "base_url": peer.url, "timeout": 0.3, "deadline": 0.5, **own, **CLIENTS[name]}
        )
        found = list(outcomes(colour, mailer))
        colour.close(mailer)
    for each in found:
        silent(each)
