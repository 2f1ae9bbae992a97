"""Whatever a provider answers, what comes out is a receipt or one of our errors, for each message one."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.stage import Stage

from mailbridge import Message
from mailbridge.errors import MailError
from mailbridge.extend import HttpResponse
from mailbridge.receipt import Receipt

DSNS = {
    "postmark": "postmark://POSTMARK_API_TEST@default",
    "mailtrap": "mailtrap://0f1e2d3c4b5a69788796a5b4c3d2e1f0@default",
    "mandrill": "mandrill://md-0123456789ABCDEFabcdef@default",
    "mailjet": "mailjet://0123456789abcdef:fedcba9876543210@default",
}
MESSAGES = [
    Message(from_="app@example.com", to=["ann@example.org", "bob@example.org"], subject="Hi", text="Hello"),
    Message(from_="app@example.com", to="cyd@example.org", subject="Hi", text="Hello"),
]
NAMES = st.sampled_from([
    "ErrorCode", "Message", "MessageID", "Messages", "Status", "Errors", "To", "Cc", "Email", "ErrorMessage",
    "ErrorRelatedTo", "StatusCode", "success", "responses", "message_ids", "errors", "error", "email", "status",
    "_id", "reject_reason", "name", "message", "code", "PING", "Data", "Name", "Limit",
])  # fmt: skip
WORDS = st.sampled_from([
    "success", "error", "sent", "rejected", "invalid", "ann@example.org", "cyd@example.org", "unsigned", "",
    "will not deliver to these inactive addresses: ann@example.org, ,", "\x00\u202e",
])  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
ANSWERS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6))


@pytest.mark.parametrize("name", DSNS)
@settings(max_examples=150, deadline=None)
@given(answer=ANSWERS, status=st.sampled_from([200, 201, 301, 400, 401, 403, 422, 429, 500, 503]))
def test_any_answer_makes_an_outcome_for_each_message(name: str, answer: object, status: int) -> None:
    response = HttpResponse(status, [("Content-Type", "application/json")], json.dumps(answer).encode())
    outcomes = Stage(DSNS[name], lambda request: response).send_many(MESSAGES)
    assert len(outcomes) == len(MESSAGES)
    for message, outcome in zip(MESSAGES, outcomes, strict=True):
        assert isinstance(outcome, Receipt | MailError)
        assert set(outcome.recipients) <= {to.addr_spec for to in message.recipients}
        if isinstance(outcome, MailError):
            assert "fault in the transport" not in outcome.text


@pytest.mark.parametrize("name", DSNS)
@settings(max_examples=100, deadline=None)
@given(
    answer=ANSWERS | st.dictionaries(st.sampled_from(["Data", "Name", "PING", "name"]), ANSWERS),
    status=st.sampled_from([200, 401, 403, 500]),
)
@example(answer={"Messages": []}, status=401)  # what an answer to a send may be is none here
def test_any_answer_to_verify_is_a_verdict(name: str, answer: object, status: int) -> None:
    response = HttpResponse(status, [("Content-Type", "application/json")], json.dumps(answer).encode())
    found = Stage(DSNS[name], lambda request: response).verify()
    assert isinstance(found, MailError) or status == 200
