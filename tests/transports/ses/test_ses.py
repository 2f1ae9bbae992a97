"""Messages as SES's calls, and its answers as receipts and errors."""

from __future__ import annotations

import pickle
from base64 import b64decode
from email import message_from_bytes, policy
from typing import Any

import pytest
from support.aws import ACCOUNT, KEY, SECRET, Amazon, accepting
from support.colour import Colour
from support.descriptions import violations
from support.http_peer import HttpPeer, Request, answer

from mailbridge import Attachment, Envelope, Mailer, MailError, Message
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
from mailbridge.extend import HttpRequest, Status, hookimpl

ENCODED = SECRET.replace("/", "%2F")
PLAIN = Message(from_="App <app@example.com>", to="ann@example.org", subject="Hi", text="Hello\n")


def mailer_for(peer: HttpPeer, options: str = "", **given: Any) -> Mailer:
    return Mailer(f"ses://{KEY}:{ENCODED}@eu-west-1?base_url={peer.url}{options}", **given)


def sent(colour: Colour, message: Message, options: str = "", **given: Any) -> tuple[Any, list[Request]]:
    """Send a message; return what came of it and what Amazon got, which is what its description wants."""
    with HttpPeer(Amazon()) as peer:
        try:
            outcome: Any = colour.send(mailer_for(peer, options, **given), message)
        except MailError as error:
            outcome = error
        for request in peer.requests:
            url = f"https://email.eu-west-1.amazonaws.com{request.path}"
            assert violations("ses", HttpRequest("POST", url, request.pairs, request.body)) == []
        return outcome, peer.requests


def mime_of(request: Request) -> Any:
    return message_from_bytes(b64decode(request.json["Content"]["Raw"]["Data"]), policy=policy.default)


def refusal(status: int, code: str, said: str = "Told so.") -> Any:
    return answer(status, {"message": said}, headers={"x-amzn-ErrorType": code})


# --- complete messages travel as MIME


def test_a_message_travels_as_it_would_by_smtp(colour: Colour) -> None:
    message = PLAIN.replace(
        cc="Bob <bob@example.org>",
        bcc="hidden@example.net",
        reply_to=["a@example.com", "b@example.com"],
        html="<p>Hello</p>",
        amp="<html amp4email></html>",
        attachments=Attachment(b"%PDF", "report.pdf"),
        headers={"X-Long": "é" * 40},
        priority="high",
    )
    receipt, (request,) = sent(colour, message)
    mime = mime_of(request)
    assert (request.method, request.path) == ("POST", "/v2/email/outbound-emails")
    assert [part.get_content_type() for part in mime.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/x-amp-html", "text/html", "application/pdf",
    ]  # fmt: skip
    assert mime["X-Long"] == "é" * 40
    assert mime["Bcc"] is None
    assert request.json["Destination"] == {
        "ToAddresses": ["ann@example.org"],
        "CcAddresses": ["bob@example.org"],
        "BccAddresses": ["hidden@example.net"],
    }
    assert "FromEmailAddress" not in request.json, "it would take the place of the From in the message"
    assert list(receipt.recipients) == ["ann@example.org", "bob@example.org", "hidden@example.net"]


def test_the_receipt_has_the_ids_that_ses_gives(colour: Colour) -> None:
    receipt, (request,) = sent(colour, PLAIN)
    assert receipt.provider_id == "0102-simple"
    assert receipt.message_id == "<0102-simple@eu-west-1.amazonses.com>" != mime_of(request)["Message-ID"]
    assert receipt.recipients["ann@example.org"].provider_id == "0102-simple"
    assert receipt.raw == {"MessageId": "0102-simple"}


def test_nothing_but_seven_bits_travels(colour: Colour) -> None:
    message = PLAIN.replace(text="Grüße\n", html="<p>" + "é" * 3000 + "</p>", from_="Jürgen <j@example.com>")
    _, (request,) = sent(colour, message)
    octets = b64decode(request.json["Content"]["Raw"]["Data"])
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 998


def test_a_message_that_was_rendered_before_keeps_its_octets(colour: Colour) -> None:
    raw = b"From: app@example.com\r\nTo: undisclosed:;\r\nSubject: x\r\nX-Own:  two  spaces\r\n\r\nHi\r\n"
    message = Message(from_="app@example.com", raw=raw, envelope=Envelope("app@example.com", ["ann@example.org"]))
    _, (request,) = sent(colour, message)
    assert b64decode(request.json["Content"]["Raw"]["Data"]) == raw
    assert request.json["Destination"] == {"ToAddresses": ["ann@example.org"]}


def test_bounces_go_where_they_are_wanted(colour: Colour) -> None:
    _, (request,) = sent(colour, PLAIN.replace(envelope_sender="bounces@mail.example.com"))
    assert request.json["FeedbackForwardingEmailAddress"] == "bounces@mail.example.com"
    outcome, requests = sent(colour, PLAIN.replace(envelope_sender="<>"))
    assert isinstance(outcome, Unsupported)
    assert (outcome.feature, requests) == ("envelope_sender", [])


def test_metadata_the_tag_tracking_and_options_are_said_beside_the_message(colour: Colour) -> None:
    message = PLAIN.replace(
        metadata={"order": 7, "shop": "north-1"},
        tags="welcome",
        track_opens=True,
        track_clicks=False,
        provider_options={
            "ses": {
                "configuration_set": "news",
                "from_arn": "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
                "feedback_arn": "arn:aws:ses:eu-west-1:123456789012:identity/example.net",
                "subscription": {"contact_list": "readers", "topic": "weekly"},
                "tenant": "acme",
            }
        },
    )
    _, (request,) = sent(colour, message, "&configuration_set=other&tag_name=campaign")
    said = request.json
    assert said["EmailTags"] == [
        {"Name": "order", "Value": "7"},
        {"Name": "shop", "Value": "north-1"},
        {"Name": "campaign", "Value": "welcome"},
    ]
    assert said["ConfigurationOverrides"] == {
        "Tracking": {"OpenTrackingEnabled": "ENABLED", "ClickTrackingEnabled": "DISABLED"}
    }
    assert said["ListManagementOptions"] == {"ContactListName": "readers", "TopicName": "weekly"}
    assert (said["ConfigurationSetName"], said["TenantName"]) == ("news", "acme")
    assert said["FromEmailAddressIdentityArn"].endswith("example.com")
    assert said["FeedbackForwardingEmailAddressIdentityArn"].endswith("example.net")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metadata": {"order": "no 7"}}, "metadata"),
        ({"metadata": {"é": "x"}}, "metadata"),
        ({"metadata": {"ok": True}}, "metadata"),
        ({"metadata": {"empty": ""}}, "metadata"),
        ({"metadata": {"long": "x" * 257}}, "metadata"),
        ({"metadata": {"tag": "x"}, "tags": "y"}, "metadata"),
        ({"tags": ["one", "two"]}, "tags"),
        ({"tags": "two words"}, "tags"),
        ({"provider_options": {"ses": {"configuration": "x"}}}, "provider_options.ses"),
        ({"provider_options": {"ses": {"subscription": {}}}}, "provider_options.ses"),
    ],
)
def test_what_ses_cannot_say_is_refused_before_sending(colour: Colour, change: dict[str, Any], field: str) -> None:
    outcome, requests = sent(colour, PLAIN.replace(**change))
    assert isinstance(outcome, MessageInvalid)
    assert (outcome.field, requests) == (field, [])


@pytest.mark.parametrize("feature", ["message_id", "date", "send_at", "stream", "require_tls"])
def test_what_ses_writes_itself_or_does_not_know_is_refused(colour: Colour, feature: str) -> None:
    from datetime import UTC, datetime

    moment = datetime(2030, 1, 1, tzinfo=UTC)
    values = {"message_id": "<a@example.com>", "date": moment, "send_at": moment, "stream": "x", "require_tls": True}
    outcome, requests = sent(colour, PLAIN.replace(**{feature: values[feature]}))
    assert isinstance(outcome, Unsupported)
    assert (outcome.feature, requests) == (feature, [])


def test_more_than_fifty_recipients_are_refused(colour: Colour) -> None:
    outcome, requests = sent(colour, PLAIN.replace(to=[f"r{n}@example.org" for n in range(51)]))
    assert isinstance(outcome, MessageInvalid)
    assert requests == []


def test_a_message_over_the_limit_is_refused(colour: Colour) -> None:
    outcome, requests = sent(colour, PLAIN.replace(attachments=Attachment(b"x" * 5000, "x.bin")), "&max_bytes=8000")
    assert isinstance(outcome, MessageInvalid)
    assert "8000 octets at most" in str(outcome)
    assert requests == []


# --- hooks


class Signing:
    """A plugin that adds a header to the MIME form."""

    @hookimpl
    def mailbridge_prepare(self, mime: Any, message: Any) -> None:
        mime.add_header("X-Prepared", "yes")


@pytest.mark.parametrize("many", [False, True])
def test_hooks_have_their_say_on_the_mime_form(colour: Colour, many: bool) -> None:
    messages = [
        PLAIN,
        PLAIN.replace(to=["ann@example.org", "bob@example.org"], merge_headers={"ann@example.org": {"X-A": "1"}}),
    ]
    with HttpPeer(Amazon()) as peer:
        mailer = mailer_for(peer, hooks=[Signing()])
        if many:
            outcomes = colour.send_many(mailer, messages)
        else:
            with colour.using(mailer):
                outcomes = [colour.send(mailer, message) for message in messages]
        assert [outcome.complete for outcome in outcomes] == [True, True]
        assert [mime_of(request)["X-Prepared"] for request in peer.requests] == ["yes"] * 3


def test_a_hook_that_fails_concerns_its_message_only(colour: Colour) -> None:
    class Refusing:
        @hookimpl
        def mailbridge_prepare(self, mime: Any, message: Any) -> None:
            if message.subject == "no":
                raise RuntimeError("not this one")

    with HttpPeer(Amazon()) as peer:
        outcomes = colour.send_many(mailer_for(peer, hooks=[Refusing()]), [PLAIN, PLAIN.replace(subject="no"), PLAIN])
        assert len(peer.requests) == 2
    assert [isinstance(outcome, MailError) for outcome in outcomes] == [False, True, False]


# --- private copies


def test_headers_for_each_recipient_make_a_copy_for_each(colour: Colour) -> None:
    message = PLAIN.replace(
        to=["ann@example.org", "Bob@Bücher.example"],
        list_unsubscribe="https://example.com/leave",
        merge_headers={"bob@xn--bcher-kva.example": {"List-Unsubscribe": "<https://example.com/leave/bob>"}},
        merge_metadata={"ANN@example.org": {"reader": "1"}},
    )
    receipt, requests = sent(colour, message)
    ann, bob = (mime_of(request) for request in requests)
    assert ann.get_all("List-Unsubscribe") == ["<https://example.com/leave>"]
    assert bob.get_all("List-Unsubscribe") == ["<https://example.com/leave/bob>"]
    assert requests[0].json["EmailTags"] == [{"Name": "reader", "Value": "1"}]
    assert "EmailTags" not in requests[1].json
    assert list(receipt.recipients) == ["ann@example.org", "Bob@Bücher.example"]


# --- templates


def test_a_stored_template_is_named_with_its_data(colour: Colour) -> None:
    message = Message(
        from_="Jürgen <j@example.com>",
        to='"Ann, the first" <ann@example.org>',
        cc="bob@example.org",
        reply_to="help@example.com",
        template="welcome",
        merge_global={"name": "Ännchen", "n": 2},
        headers={"X-Campaign": "Größe"},
        attachments=Attachment(b"GIF89a", "a.gif", inline=True, content_id="a"),
    )
    _, (request,) = sent(colour, message)
    template = request.json["Content"]["Template"]
    assert template.pop("Attachments") == [
        {
            "RawContent": "R0lGODlh",
            "FileName": "a.gif",
            "ContentType": "image/gif",
            "ContentDisposition": "INLINE",
            "ContentId": "a",
        }
    ]
    assert template == {
        "TemplateName": "welcome",
        "TemplateData": '{"name":"Ännchen","n":2}',
        "Headers": [{"Name": "X-Campaign", "Value": "=?utf-8?b?R3LDtsOfZQ==?="}],
    }
    assert request.json["FromEmailAddress"] == "=?utf-8?q?J=C3=BCrgen?= <j@example.com>"
    assert request.json["ReplyToAddresses"] == ["help@example.com"]
    assert request.json["Destination"] == {
        "ToAddresses": ['"Ann, the first" <ann@example.org>'],
        "CcAddresses": ["bob@example.org"],
    }


def test_a_template_may_be_named_by_its_arn(colour: Colour) -> None:
    arn = "arn:aws:ses:eu-west-1:123456789012:template/welcome"
    _, (request,) = sent(colour, Message(from_="a@example.com", to="b@example.com", template=arn))
    assert request.json["Content"]["Template"] == {"TemplateArn": arn, "TemplateData": "{}"}


@pytest.mark.parametrize(
    ("ann", "bob"),
    [
        pytest.param("ann@example.org", "bob@xn--bcher-kva.example", id="W10-unicode-domain"),
        pytest.param("ANN@example.ORG", "BOB@BÜCHER.example", id="W11-capitals"),
    ],
)
def test_text_with_data_for_each_recipient_is_a_template_that_travels_along(colour: Colour, ann: str, bob: str) -> None:
    message = PLAIN.replace(
        to=["Ann@Example.org", "bob@bücher.example", "cyd@example.net"],
        subject="For {{name}}",
        text="Hello {{name}}",
        html="<p>Hello {{name}}</p>",
        merge_global={"name": "you"},
        merge_data={ann: {"name": "Ann"}, bob: {"name": "Bob"}},
        metadata={"issue": "12"},
    )
    receipt, (request,) = sent(colour, message)
    assert request.path == "/v2/email/outbound-bulk-emails"
    assert request.json["DefaultContent"]["Template"]["TemplateContent"] == {
        "Subject": "For {{name}}",
        "Text": "Hello {{name}}",
        "Html": "<p>Hello {{name}}</p>",
    }
    entries = request.json["BulkEmailEntries"]
    data = [each["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"] for each in entries]
    assert data == ['{"name":"Ann"}', '{"name":"Bob"}', '{"name":"you"}']
    assert [each["Destination"]["ToAddresses"] for each in entries] == [
        ["Ann@example.org"], ["bob@xn--bcher-kva.example"], ["cyd@example.net"],
    ]  # fmt: skip
    assert [each["ReplacementTags"] for each in entries] == [[{"Name": "issue", "Value": "12"}]] * 3
    rows = receipt.recipients
    assert list(rows) == ["Ann@Example.org", "bob@bücher.example", "cyd@example.net"]
    assert [row.provider_id for row in rows.values()] == ["0102-0", "0102-1", "0102-2"]


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        ({"amp": "<html amp4email>"}, "amp"),
        ({"calendar": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}, "calendar"),
        ({"sender": "other@example.com"}, "sender"),
        ({"envelope": Envelope("app@example.com", ["x@example.org"])}, "envelope"),
        ({"alternatives": [("text", "text/markdown")]}, "alternatives"),
        ({"raw": b"Subject: x\r\n\r\nHi\r\n", "text": None}, "raw"),
    ],
)
def test_what_only_mime_can_express_cannot_go_with_merge_data(
    colour: Colour, change: dict[str, Any], feature: str
) -> None:
    outcome, requests = sent(colour, PLAIN.replace(merge_global={"name": "Ann"}, **change))
    assert isinstance(outcome, Unsupported)
    assert (outcome.feature, requests) == (feature, [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": "Hi"}, "subject"),
        ({"headers": {f"X-{n}": "1" for n in range(16)}}, "headers"),
        ({"headers": {"X-Long": "x" * 995}}, "headers"),
        ({"attachments": Attachment(b"x", "x.txt", inline=True, content_id="c" * 79)}, "attachments"),
    ],
)
def test_what_does_not_fit_a_template_is_refused(colour: Colour, change: dict[str, Any], field: str) -> None:
    message = Message(from_="a@example.com", to="b@example.org", template="welcome")
    outcome, requests = sent(colour, message.replace(**change))
    assert isinstance(outcome, MessageInvalid)
    assert (outcome.field, requests) == (field, [])


@pytest.mark.parametrize("field", ["headers", "merge_headers"], ids=["W21-headers", "W21-merge-headers"])
def test_a_header_that_is_no_text_is_refused_before_any_transport(field: str) -> None:
    header = {"X-Number": 7}
    with pytest.raises(MessageInvalid, match=r"X-Number\] must be text"):
        PLAIN.replace(**{field: header if field == "headers" else {"ann@example.org": header}})


# --- many


def template_for(name: str, **more: Any) -> Message:
    return Message(
        from_="app@example.com", to=f"{name}@example.org", template="welcome", merge_global={"name": name}, **more
    )


def test_templates_share_calls_of_fifty_and_complete_messages_go_between_them(colour: Colour) -> None:
    messages = [template_for(f"r{n}") for n in range(60)]
    messages[10:10] = [PLAIN]
    with HttpPeer(Amazon()) as peer:
        outcomes = colour.send_many(mailer_for(peer, "&connections=1"), messages)
        sizes = [len(request.json.get("BulkEmailEntries", [1])) for request in peer.requests]
    assert sizes == [10, 1, 50]
    assert [next(iter(outcome.recipients)) for outcome in outcomes] == [message.to[0].addr_spec for message in messages]


def test_only_messages_of_one_template_share_a_call(colour: Colour) -> None:
    messages = [
        template_for("a"),
        template_for("b", reply_to="help@example.com"),
        template_for("c", provider_options={"ses": {"subscription": {"contact_list": "news"}}}),
        template_for("d", provider_options={"ses": {"subscription": {"contact_list": "news"}}}),
    ]
    with HttpPeer(Amazon()) as peer:
        colour.send_many(mailer_for(peer, "&connections=1"), messages)
        assert [request.path.rpartition("-")[2] for request in peer.requests] == ["emails"] * 4
        assert all("BulkEmailEntries" not in request.json for request in peer.requests)


STATUSES = [
    ("MESSAGE_REJECTED", ContentRefused),
    ("MAIL_FROM_DOMAIN_NOT_VERIFIED", SenderRefused),
    ("CONFIGURATION_SET_NOT_FOUND", ConfigError),
    ("TEMPLATE_NOT_FOUND", ConfigError),
    ("ACCOUNT_SUSPENDED", ConfigError),
    ("ACCOUNT_THROTTLED", RateLimited),
    ("ACCOUNT_DAILY_QUOTA_EXCEEDED", RateLimited),
    ("INVALID_SENDING_POOL_NAME", ConfigError),
    ("ACCOUNT_SENDING_PAUSED", ConfigError),
    ("CONFIGURATION_SET_SENDING_PAUSED", ConfigError),
    ("INVALID_PARAMETER", ContentRefused),
    ("TRANSIENT_FAILURE", ServerError),
    ("FAILED", ServerError),
    ("NEW_STATUS", ContentRefused),
]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded."), id="W1-call"),
        pytest.param(
            answer(200, {"BulkEmailEntryResults": [{"Status": "ACCOUNT_THROTTLED"}, {"Status": "ACCOUNT_THROTTLED"}]}),
            id="W1-entry",
        ),
    ],
)
def test_throttling_is_no_hard_failure(colour: Colour, said: Any) -> None:
    with HttpPeer([said]) as peer:
        outcomes = colour.send_many(mailer_for(peer, "&connections=1"), [template_for("a"), template_for("b")])
    assert [type(outcome) for outcome in outcomes] == [RateLimited, RateLimited]
    assert all(outcome.retryable and outcome.outbox == "retry" for outcome in outcomes)


def test_every_entry_has_an_outcome_of_its_own(colour: Colour) -> None:
    rows = [{"Status": "SUCCESS", "MessageId": "first"}]
    rows += [{"Status": status, "Error": f"It is {status}."} for status, _ in STATUSES]
    with HttpPeer([answer(200, {"BulkEmailEntryResults": rows})]) as peer:
        outcomes = colour.send_many(mailer_for(peer), [template_for(f"r{n}") for n in range(len(rows))])
    assert outcomes[0].message_id == "<first@eu-west-1.amazonses.com>"
    assert [type(outcome) for outcome in outcomes[1:]] == [kind for _, kind in STATUSES]
    assert [outcome.provider_code for outcome in outcomes[1:]] == [status for status, _ in STATUSES]
    assert "It is MESSAGE_REJECTED (MESSAGE_REJECTED)." in str(outcomes[1])


def test_an_entry_that_was_accepted_without_an_id_was_accepted(colour: Colour) -> None:
    with HttpPeer([answer(200, {"BulkEmailEntryResults": [{"Status": "SUCCESS"}, {"Status": "SUCCESS"}]})]) as peer:
        first, second = colour.send_many(mailer_for(peer), [template_for("a"), template_for("b")])
    assert (first.complete, first.message_id, first.provider_ids, second.complete) == (True, "", (), True)


def test_an_answer_with_fewer_entries_leaves_the_rest_unknown(colour: Colour) -> None:
    with HttpPeer([answer(200, {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "1"}]})]) as peer:
        first, second = colour.send_many(mailer_for(peer), [template_for("a"), template_for("b")])
    assert first.complete
    assert isinstance(second, OutcomeUnknown)


@pytest.mark.parametrize("body", [{}, {"MessageId": None}, [], {"MessageId": ""}])
def test_a_success_without_an_id_is_no_receipt(colour: Colour, body: object) -> None:
    with HttpPeer([answer(200, body)]) as peer, pytest.raises(OutcomeUnknown):
        colour.send(mailer_for(peer), PLAIN)


# --- refusals


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "TooManyRequestsException", RateLimited),
        (400, "LimitExceededException", RateLimited),
        (400, "ThrottlingException", RateLimited),
        (400, "AccountSuspendedException", ConfigError),
        (400, "SendingPausedException", ConfigError),
        (400, "MessageRejected", ContentRefused),
        (400, "MailFromDomainNotVerifiedException", SenderRefused),
        (404, "NotFoundException", ConfigError),
        (400, "BadRequestException", ContentRefused),
        (403, "AccessDeniedException", AuthFailed),
        (403, "UnrecognizedClientException", AuthFailed),
        (400, "InvalidClientTokenId", AuthFailed),
        (500, "InternalServiceErrorException", OutcomeUnknown),
        (503, "ServiceUnavailable", ServerError),
        (400, "SomethingNew", ContentRefused),
    ],
)
def test_every_error_has_its_class(colour: Colour, status: int, code: str, kind: type[MailError]) -> None:
    with HttpPeer([refusal(status, code)]) as peer, pytest.raises(kind, match="Told so") as caught:
        colour.send(mailer_for(peer), PLAIN)
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.provider_code) == (status, code)


@pytest.mark.parametrize(
    ("said", "wait"), [("Daily message quota exceeded.", 600.0), ("Maximum sending rate exceeded.", None)]
)
def test_a_full_day_is_waited_for_and_nobody_asks_meanwhile(colour: Colour, said: str, wait: float | None) -> None:
    with HttpPeer(lambda request: refusal(429, "TooManyRequestsException", said)) as peer:
        mailer = mailer_for(peer)
        with colour.using(mailer):
            for _ in range(2):
                with pytest.raises(RateLimited) as caught:
                    colour.send(mailer, PLAIN)
                assert caught.value.retry_after == pytest.approx(wait, abs=60) if wait else not caught.value.retry_after
        assert len(peer.requests) == (1 if wait else 2)


def test_a_full_day_is_told_for_an_entry_too(colour: Colour) -> None:
    rows = [{"Status": "ACCOUNT_DAILY_QUOTA_EXCEEDED"}, {"Status": "ACCOUNT_THROTTLED"}]
    with HttpPeer([answer(200, {"BulkEmailEntryResults": rows})]) as peer:
        day, rate = colour.send_many(mailer_for(peer), [template_for("a"), template_for("b")])
    assert (day.retry_after, rate.retry_after) == (600.0, None)


@pytest.mark.parametrize(
    "peer_says",
    [
        answer(400, {"message": "No."}, headers={"x-amzn-ErrorType": "MessageRejected:http://internal.amazon.com/"}),
        answer(400, {"__type": "com.amazonaws.sesv2#MessageRejected", "message": "No."}),
        answer(400, {"__type": "MessageRejected", "Message": "No."}),
        answer(
            400,
            "<ErrorResponse><Error><Type>Sender</Type><Code>MessageRejected</Code><Message>No.</Message></Error>"
            "</ErrorResponse>",
            headers={"Content-Type": "text/xml"},
        ),
    ],
    ids=["header", "type", "Message", "XML"],
)
def test_errors_are_read_in_every_form(colour: Colour, peer_says: Any) -> None:
    with HttpPeer([peer_says]) as peer, pytest.raises(ContentRefused, match="No") as caught:
        colour.send(mailer_for(peer), PLAIN)
    assert caught.value.provider_code == "MessageRejected"


UNVERIFIED = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "


@pytest.mark.parametrize(
    ("identities", "kind", "hint"),
    [
        ("app@example.com", SenderRefused, "Verify the sender's address or domain in SES, in the region eu-west-1"),
        ("App <app@example.com>", SenderRefused, "Verify the sender"),
        ("example.com", SenderRefused, "Verify the sender"),
        ("ann@example.org", RecipientRefused, "sandbox in eu-west-1"),
        ("ann@example.org, app@example.com", SenderRefused, "Verify the sender"),
        ("joann@example.org", SenderRefused, "Verify the sender"),
        ("ann@example.org, x@notexample.com", RecipientRefused, "sandbox in eu-west-1"),
        ("nobody-of-this-message@example.net", SenderRefused, "Verify the sender"),
    ],
)
def test_an_unverified_sender_is_told_from_an_unverified_recipient(
    colour: Colour, identities: str, kind: type[MailError], hint: str
) -> None:
    with HttpPeer([refusal(400, "MessageRejected", UNVERIFIED + identities)]) as peer:
        with pytest.raises(kind, match="not verified") as caught:
            colour.send(mailer_for(peer), PLAIN)
    assert hint in str(caught.value)
    refused = {address: row.status for address, row in caught.value.recipients.items()}
    assert refused == ({"ann@example.org": Status.REFUSED} if kind is RecipientRefused else {})


def test_one_unverified_recipient_does_not_sink_the_others_of_a_bulk_call(colour: Colour) -> None:
    def strict(request: Request) -> Any:
        if b"bad@" in request.body:
            return refusal(400, "MessageRejected", UNVERIFIED + "bad@example.org")
        return accepting(request)

    names = ["a", "b", "bad", "c", "d"]
    with HttpPeer(Amazon(then=strict)) as peer:
        outcomes = colour.send_many(mailer_for(peer), [template_for(name) for name in names])
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Receipt", "Receipt", "RecipientRefused", "Receipt", "Receipt",
    ]  # fmt: skip


@pytest.mark.parametrize("status", [pytest.param(400, id="W2-400"), pytest.param(500, id="W2-500")])
def test_a_failing_message_does_not_stop_the_others(colour: Colour, status: int) -> None:
    def strict(request: Request) -> Any:
        return refusal(status, "Failure") if b"bad@" in request.body else accepting(request)

    messages = [PLAIN.replace(to=f"{name}@example.org") for name in ("a", "bad", "c")]
    with HttpPeer(Amazon(then=strict)) as peer:
        outcomes = colour.send_many(mailer_for(peer, "&connections=1"), messages)
        assert len({request.connection.number for request in peer.requests}) == 1, "W3: one connection for all"
    failed = "ContentRefused" if status == 400 else "OutcomeUnknown"
    assert [type(outcome).__name__ for outcome in outcomes] == ["Receipt", failed, "Receipt"]


@pytest.mark.parametrize("status", [pytest.param(403, id="W22-W23-403"), pytest.param(400, id="W22-W23-400")])
def test_no_error_shows_a_secret_and_all_survive_pickling(colour: Colour, status: int) -> None:
    def echo(request: Request) -> Any:
        return refusal(status, "SignatureDoesNotMatch", f"{SECRET} {request.header('authorization')}")

    with HttpPeer(echo) as peer, pytest.raises(AuthFailed) as caught:
        colour.send(mailer_for(peer), PLAIN)
    twin = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (str(twin), twin.provider_code, twin.transport) == (
        str(caught.value),
        "SignatureDoesNotMatch",
        "ses://eu-west-1",
    )
    assert SECRET not in repr(caught.value.__dict__)
    assert not any(len(word) == 64 for word in str(caught.value).replace("=", " ").split())


# --- verify


def test_verify_tells_what_the_account_may(colour: Colour) -> None:
    with HttpPeer(Amazon()) as peer:
        found = colour.verify(mailer_for(peer))
        assert [(request.method, request.path) for request in peer.requests] == [("GET", "/v2/email/account")]
    assert found.text == "SES accepts the credentials, and the account may send."
    assert found.details["SendQuota"]["MaxSendRate"] == 14.0


def test_verify_tells_of_the_sandbox(colour: Colour) -> None:
    with HttpPeer([answer(200, {**ACCOUNT, "ProductionAccessEnabled": False})]) as peer:
        assert "in the sandbox, to verified recipients only" in colour.verify(mailer_for(peer)).text


def test_verify_fails_where_sending_is_switched_off(colour: Colour) -> None:
    with HttpPeer([answer(200, {**ACCOUNT, "SendingEnabled": False})]) as peer:
        with pytest.raises(ConfigError, match="may not send from eu-west-1"):
            colour.verify(mailer_for(peer))


def test_verify_takes_credentials_that_may_do_nothing_but_send(colour: Colour) -> None:
    with HttpPeer([refusal(403, "AccessDeniedException", "not authorized to perform: ses:GetAccount")]) as peer:
        assert "not known" in colour.verify(mailer_for(peer)).text


def test_verify_refuses_others(colour: Colour) -> None:
    with HttpPeer(Amazon({})) as peer, pytest.raises(AuthFailed, match="AWS does not know access_key_id"):
        colour.verify(mailer_for(peer))
