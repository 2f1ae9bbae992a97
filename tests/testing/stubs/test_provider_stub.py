"""A provider's stand-in: real requests, what they say, and faults as the provider documents them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from support.colour import Colour

from mailbridge import (
    Attachment,
    ConfigError,
    ConnectFailed,
    ContentRefused,
    Mailer,
    MailError,
    Message,
    OutcomeUnknown,
    RateLimited,
    RecipientRefused,
)
from mailbridge.errors import ProtocolError, ServerError, TimedOut, TlsMisconfigured
from mailbridge.testing import ProviderStub
from mailbridge.testing.stubs.named import PROVIDERS, named

MESSAGE = Message(
    from_="shop@example.com", to=["ann@example.org", "bob@example.org"], subject="Welcome", text="Hello, Ann"
)
LETTER: dict[str, Any] = {
    "from": {"email": "shop@example.com"},
    "personalizations": [{"to": [{"email": "ann@example.org"}]}],
    "subject": "Welcome",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


@pytest.fixture
def sendgrid() -> Iterator[ProviderStub]:
    with ProviderStub("sendgrid") as stub:
        yield stub


def post(url: str, said: object, **headers: str) -> tuple[int, Any]:
    """Post JSON as a program without any SDK does."""
    request = Request(url, json.dumps(said).encode(), {"Content-Type": "application/json", **headers})  # noqa: S310 - http
    try:
        with urlopen(request, timeout=5) as response:  # noqa: S310 - http
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


FAULTS = [(name, kind) for name in PROVIDERS for kind in named(name)().kinds]


@pytest.mark.parametrize(("name", "kind"), FAULTS, ids=[f"{name}-{kind.__name__}" for name, kind in FAULTS])
def test_a_fault_makes_a_mailer_raise_just_that_error(name: str, kind: type[MailError]) -> None:
    waiting = issubclass(kind, RateLimited | ServerError)
    with ProviderStub(name) as stub, Mailer(stub.dsn) as mailer:
        stub.fail_next(kind(retry_after=7) if waiting else kind())
        with pytest.raises(kind) as caught:
            mailer.send(MESSAGE)
        assert type(caught.value) is kind
        assert caught.value.retry_after == (7 if waiting else None)
    assert (len(stub.sent), len(stub.failed)) == ((1, 0) if kind is OutcomeUnknown else (0, 1))


@pytest.mark.parametrize("name", PROVIDERS)
def test_good_credentials_are_verified(name: str, colour: Colour) -> None:
    with ProviderStub(name) as stub, colour.using(Mailer(stub.dsn)) as mailer:
        assert colour.verify(mailer).text
        assert stub.requests
        stub.assert_none()


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_list_arrives_mail_by_mail(name: str, colour: Colour) -> None:
    letters = [MESSAGE.replace(to=f"r{number}@example.org") for number in range(3)]
    with ProviderStub(name) as stub, colour.using(Mailer(stub.dsn)) as mailer:
        assert all(receipt.complete for receipt in colour.send_many(mailer, letters))
        assert [mail.to[0].addr_spec for mail in stub.sent] == [f"r{number}@example.org" for number in range(3)]


PARTIAL = [name for name in PROVIDERS if RecipientRefused in named(name)().own_ways and name != "ses"]


@pytest.mark.parametrize("name", PARTIAL)
def test_one_recipient_is_refused_and_the_other_gets_the_mail(name: str) -> None:
    with ProviderStub(name) as stub, Mailer(stub.dsn) as mailer:
        stub.fail_next(RecipientRefused("Bob@Example.org"))
        receipt = mailer.send(MESSAGE)
        fates = {address: row.status for address, row in receipt.recipients.items()}
        assert fates == {"ann@example.org": "accepted", "bob@example.org": "refused"}
        stub.assert_sent(to="ann@example.org")


def test_in_ses_one_unverified_recipient_sinks_the_message() -> None:
    with ProviderStub("ses") as stub, Mailer(stub.dsn) as mailer:
        stub.fail_next(RecipientRefused("bob@example.org"))
        with pytest.raises(RecipientRefused) as caught:
            mailer.send(MESSAGE)
        assert list(caught.value.recipients) == ["bob@example.org"]
        stub.assert_none()


def test_a_refused_recipient_waits_for_a_mail_to_him(sendgrid: ProviderStub) -> None:
    with ProviderStub("postmark") as stub, Mailer(stub.dsn) as mailer:
        stub.fail_next(RecipientRefused("cyd@example.org"), ContentRefused)
        with pytest.raises(ContentRefused):
            mailer.send(MESSAGE)
        with pytest.raises(RecipientRefused):
            mailer.send(MESSAGE.replace(to="cyd@example.org"))


@pytest.mark.parametrize("error", [TimedOut, RecipientRefused, ConnectFailed, TlsMisconfigured, ProtocolError])
def test_an_error_that_a_provider_never_causes_is_refused_at_once(
    error: type[MailError], sendgrid: ProviderStub
) -> None:
    with pytest.raises(ConfigError, match=f"SendGrid documents no answer that means {error.__name__}") as caught:
        sendgrid.fail_next(ContentRefused, error)
    assert ("stub.down()" if issubclass(error, ConnectFailed) else "RateLimited") in str(caught.value)
    with Mailer(sendgrid.dsn) as mailer:
        assert mailer.send(MESSAGE).complete  # nothing was planned
        sendgrid.fail_next()
        with pytest.raises(ServerError):
            mailer.send(MESSAGE)


@pytest.mark.parametrize("fault", [7, "RateLimited", ValueError("x"), int])
def test_what_is_no_error_of_mail_is_no_fault(fault: Any, sendgrid: ProviderStub) -> None:
    with pytest.raises(TypeError):
        sendgrid.fail_next(fault)


def test_a_provider_that_is_not_known_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no stand-in for 'sengrid'.*Did you mean 'sendgrid'"):
        ProviderStub("sengrid")


def test_a_program_without_any_sdk_is_answered(sendgrid: ProviderStub) -> None:
    status, body = post(f"{sendgrid.url}/v3/mail/send", LETTER, Authorization="Bearer SG.my-own-key")
    assert (status, body) == (202, b"")
    assert sendgrid.assert_sent(to="ann@example.org").text == "Hello"


def test_an_sdk_of_amazons_is_answered() -> None:
    botocore = pytest.importorskip("botocore", reason="the extra ses is not installed")
    session = pytest.importorskip("botocore.session").get_session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIcanarybPxRfiCYEXAMPLEKEY")
    with ProviderStub("ses") as stub:
        once = botocore.config.Config(retries={"total_max_attempts": 1})
        client = session.create_client("sesv2", region_name="eu-west-1", endpoint_url=stub.url, config=once)
        answered = client.send_email(
            FromEmailAddress="Shop <shop@example.com>",
            Destination={"ToAddresses": ["ann@example.org"]},
            Content={"Simple": {"Subject": {"Data": "Welcome"}, "Body": {"Html": {"Data": "<p>Hello"}}}},
        )
        stub.fail_next(RateLimited)
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.send_email(
                FromEmailAddress="shop@example.com",
                Destination={"ToAddresses": ["ann@example.org"]},
                Content={"Raw": {"Data": b"From: shop@example.com\r\nTo: ann@example.org\r\n\r\nHi"}},
            )
        client.close()
        assert answered["MessageId"]
        assert stub.assert_sent(subject="Welcome").html == "<p>Hello"


def test_who_shows_no_key_is_not_let_in(sendgrid: ProviderStub) -> None:
    status, said = post(f"{sendgrid.url}/v3/mail/send", LETTER)
    assert (status, said["errors"][0]["message"]) == (
        401,
        "The provided authorization grant is invalid, expired, or revoked",
    )
    sendgrid.assert_none()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"personalizations": [{}]}, id="no author"),
        pytest.param([], id="another shape"),
        pytest.param({**LETTER, "from": {"email": "nobody"}}, id="no address"),
        pytest.param({**LETTER, "personalizations": [{}]}, id="nobody to"),
        pytest.param({**LETTER, "attachments": [{"content": "%", "filename": "x"}]}, id="no base64"),
    ],
)
def test_a_request_that_is_not_documented_is_refused_with_the_reason(wrong: object, sendgrid: ProviderStub) -> None:
    status, said = post(f"{sendgrid.url}/v3/mail/send", wrong, Authorization="Bearer k")
    assert status == 400
    assert "cannot read the request: " in said["errors"][0]["message"]
    with pytest.raises(AssertionError, match=r"1 requests without a mail were refused, the last one: <POST"):
        sendgrid.assert_sent(subject="Welcome")


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b'{"message": 7}'], ids=repr)
def test_nonsense_is_refused_by_every_provider(name: str, body: bytes) -> None:
    """Whatever arrives, a program under test gets an answer of HTTP."""
    with ProviderStub(name) as stub, Mailer(stub.dsn) as mailer:
        mailer.send(MESSAGE)
        good = stub.requests[-1]
        connection = HTTPConnection(stub.host, stub.port, timeout=5)
        connection.request("POST", good.path, body, dict(good.headers) | {"Content-Length": str(len(body))})
        assert connection.getresponse().status >= 400
        connection.close()
        stub.assert_count(1)


def test_requests_are_kept_with_their_credentials_masked_where_they_are_shown(sendgrid: ProviderStub) -> None:
    with Mailer(sendgrid.dsn) as mailer:
        mailer.send(MESSAGE)
    [request] = sendgrid.requests
    assert (request.method, request.path, request.status) == ("POST", "/v3/mail/send", 202)
    assert request.headers["AUTHORIZATION"] == "Bearer SG.canary0123456789.abcdefghijklmnop"
    assert request.json["from"] == {"email": "shop@example.com"}
    assert request.sent == tuple(sendgrid.sent)
    assert "canary" not in f"{request!r} {request.headers!r}"
    assert "Content-Type: application/json" in repr(request)


def test_a_form_is_kept_with_its_files() -> None:
    with ProviderStub("mailgun") as stub, Mailer(stub.dsn) as mailer:
        mailer.send(MESSAGE.replace(attachments=[Attachment(b"%PDF", "bill.pdf")]))
        [request] = stub.requests
        assert request.form.first("subject") == "Welcome"
        assert request.form.every("to") == ["ann@example.org", "bob@example.org"]
        assert [(file.name, file.content) for file in request.form.files] == [("bill.pdf", b"%PDF")]
        assert stub.assert_sent(attachment="bill.pdf").attachment().bytes == b"%PDF"


def test_an_answer_of_ones_own_is_for_the_next_request_that_wants_no_token() -> None:
    with ProviderStub("sendpulse") as stub, Mailer(stub.dsn) as mailer:
        stub.answer_next(422, json={"error_code": 31, "message": "Template not found"})
        with pytest.raises(ContentRefused, match="Template not found"):
            mailer.send(MESSAGE)
        assert [request.path for request in stub.requests] == ["/oauth/access_token", "/smtp/emails"]
        assert [type(mail.error) for mail in stub.failed] == [MailError]
        assert mailer.send(MESSAGE).complete


def test_a_page_in_place_of_an_answer(sendgrid: ProviderStub) -> None:
    sendgrid.answer_next(200, body=b"<html>", headers=[("Content-Type", "text/html")])
    with Mailer(sendgrid.dsn) as mailer, pytest.raises(OutcomeUnknown):
        mailer.send(MESSAGE)


def test_a_provider_that_is_down_is_not_connected_to(colour: Colour, sendgrid: ProviderStub) -> None:
    with colour.using(Mailer(sendgrid.dsn)) as mailer:
        with sendgrid.down(), pytest.raises(ConnectFailed):
            colour.send(mailer, MESSAGE)
        colour.send(mailer, MESSAGE)
    sendgrid.assert_count(1)


def test_when_a_provider_goes_down_connections_end(sendgrid: ProviderStub) -> None:
    with Mailer(sendgrid.dsn) as mailer:
        mailer.send(MESSAGE)
        with sendgrid.down(), pytest.raises(ConnectFailed):
            mailer.send(MESSAGE)
        mailer.send(MESSAGE)
    sendgrid.assert_count(2)


def test_a_slow_provider_has_taken_the_mail_by_then(sendgrid: ProviderStub) -> None:
    sendgrid.delay(20)
    with Mailer(f"{sendgrid.dsn}&timeout=0.2") as mailer, pytest.raises(OutcomeUnknown, match="nothing within"):
        mailer.send(MESSAGE)
    sendgrid.assert_sent(subject="Welcome")
    with pytest.raises(ValueError, match="delay is a number of seconds"):
        sendgrid.delay(-1)


def test_healing_forgets_faults_and_clearing_forgets_mails(sendgrid: ProviderStub) -> None:
    with Mailer(f"{sendgrid.dsn}&timeout=5") as mailer:
        sendgrid.fail_next(ContentRefused)
        sendgrid.delay(20)
        sendgrid.heal()
        mailer.send(MESSAGE)
    sendgrid.clear()
    sendgrid.assert_none()
    assert sendgrid.requests == ()


def test_a_mail_of_another_thread_is_waited_for(sendgrid: ProviderStub) -> None:
    def later() -> None:
        with Mailer(sendgrid.dsn) as mailer:
            mailer.send(MESSAGE)

    thread = threading.Thread(target=later)
    thread.start()
    assert sendgrid.wait_for(5, subject="Welcome").to[0].addr_spec == "ann@example.org"
    thread.join()


def test_nothing_is_left_of_a_stub_that_was_stopped() -> None:
    with ProviderStub("sendgrid") as stub:
        connection = HTTPConnection(stub.host, stub.port, timeout=5)
        connection.request("GET", "/v3/scopes", headers={"Authorization": "Bearer k"})
        connection.getresponse().read()
        port = stub.port
        begun = time.monotonic()
    assert time.monotonic() - begun < 5  # the connection was open still
    connection.close()
    assert not [thread for thread in threading.enumerate() if f"{port}" in thread.name]
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://127.0.0.1:{port}/", timeout=1)


def test_a_body_in_chunks_is_read(sendgrid: ProviderStub) -> None:
    connection = HTTPConnection(sendgrid.host, sendgrid.port, timeout=5)
    octets = json.dumps(LETTER).encode()
    pieces = iter([octets[:10], octets[10:]])
    headers = {"Authorization": "Bearer k", "Transfer-Encoding": "chunked"}
    connection.request("POST", "/v3/mail/send", pieces, headers, encode_chunked=True)
    assert connection.getresponse().status == 202
    connection.close()
    sendgrid.assert_sent(subject="Welcome")


@pytest.mark.parametrize("html", [None, "<p>Hello"], ids=["JSON", "MIME"])
def test_a_draft_of_graph_is_read_with_all_that_was_uploaded(html: str | None) -> None:
    files = [Attachment(b"a" * 3_500_000, "large.bin"), Attachment(b"small", "small.txt")]
    with ProviderStub("msgraph") as stub, Mailer(stub.dsn) as mailer:
        mailer.send(MESSAGE.replace(html=html, attachments=files))
        found = stub.assert_sent(subject="Welcome", text="Hello")
        assert found.attachment("large.bin").bytes == b"a" * 3_500_000
        assert found.attachment("small.txt").bytes == b"small"


def test_a_thread_of_gmails_is_read_out_of_its_upload() -> None:
    with ProviderStub("gmail") as stub, Mailer(stub.dsn) as mailer:
        mailer.send(MESSAGE.replace(provider_options={"gmail": {"thread_id": "18c0"}}, bcc="cyd@example.org"))
        assert stub.requests[-1].query == "uploadType=multipart"
        assert stub.assert_sent(bcc="cyd@example.org").text == "Hello, Ann\n"


def test_a_key_that_is_told_when_a_retry_comes(sendgrid: ProviderStub) -> None:
    """What was taken comes again under the same key, so that an application's own handling of that can be tested."""
    with ProviderStub("resend") as stub, Mailer(f"retry({stub.dsn}, attempts=2, wait=0.01)") as mailer:
        stub.fail_next(OutcomeUnknown)
        mailer.send(MESSAGE)
        first, second = stub.assert_sent(subject="Welcome", times=2)
        assert first.idempotency_key == second.idempotency_key is not None
