"""One outcome for a message that went out in private copies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.acme import Acme, acme
from support.members import fates

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import ContentRefused, MailError, OutcomeUnknown, RateLimited, RecipientRefused
from mailbridge.extend import Http, HttpResponse, Message, Outcome, Receipt, Retry
from mailbridge.message.copies import copies
from mailbridge.receipt import RecipientStatus, Status
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.http.joining import Joint

ANN, BOB, CYD, DOT = (f"{name}@example.org" for name in ("Ann", "bob", "cyd", "dot"))


def merge(*to: str, **fields: Any) -> Message:
    data = {to[0]: {"n": 1}}
    return Message(from_="app@example.com", to=to, subject="S", text="T", merge_data=data, message_id="<m@x>", **fields)


def send(api: Acme, message: Message, transport: Any) -> Outcome:
    try:
        return ScriptedDriver({Http: api}).run(transport.send(Delivery(message)))
    except MailError as error:
        return error


def test_everybody_gets_a_copy_of_his_own_with_what_is_meant_for_him() -> None:
    api = Acme()
    receipt = send(api, merge(ANN, BOB, CYD, merge_global={"g": 0}), acme(batch=2))
    assert isinstance(receipt, Receipt)
    assert [[(each["to"], each["data"]) for each in call] for call in api.calls] == [
        [([ANN], {"g": 0, "n": 1}), ([BOB], {"g": 0})],
        [([CYD], {"g": 0})],
    ]
    assert receipt.accepted == (ANN, BOB, CYD)
    assert receipt.message_id == "<m@x>"


def test_who_gets_every_copy_has_one_fate() -> None:
    receipt = send(Acme(nobody={BOB}), merge(ANN, BOB, cc=[DOT]), acme(batch=5))
    assert isinstance(receipt, Receipt)
    assert fates(receipt) == {ANN: "accepted", BOB: "refused", DOT: "accepted"}


def test_calls_that_fail_leave_the_others_alone() -> None:
    api = Acme(before=[None, OutcomeUnknown("gone"), HttpResponse(429)])
    receipt = send(api, merge(ANN, BOB, CYD), acme())
    assert isinstance(receipt, Receipt)
    assert fates(receipt) == {ANN: "accepted", BOB: "unknown", CYD: "deferred"}


def test_if_nobody_was_accepted_the_first_error_is_raised_with_all_fates() -> None:
    api = Acme(before=[HttpResponse(422, body=b'{"message": "bad"}'), HttpResponse(429)])
    error = send(api, merge(ANN, BOB), acme())
    assert isinstance(error, ContentRefused)
    assert {a: str(row.status) for a, row in error.recipients.items()} == {ANN: "refused", BOB: "deferred"}


def test_copies_have_keys_of_their_own_that_stay() -> None:
    api = Acme(before=[None, HttpResponse(503)])
    send(api, merge(ANN, BOB), Retry(acme(), random=lambda: 0.5))
    assert len(set(api.keys)) == 2
    assert api.keys[1:] == [api.keys[1]] * (len(api.keys) - 1)
    assert sorted(to for _, tos in api.accepted for to in tos) == sorted([ANN, BOB])


@pytest.mark.parametrize("batch", [1, 5])
def test_retry_sends_no_second_copy_to_those_of_whom_nothing_is_known(batch: int) -> None:
    api = Acme(before=[OutcomeUnknown("gone")] * 2)
    outcome = send(api, merge(ANN, BOB), Retry(acme(batch=batch), random=lambda: 0.5))
    assert isinstance(outcome, OutcomeUnknown)
    assert len(api.calls) == (2 if batch == 1 else 1)


ROWS = st.sampled_from([RecipientStatus(status) for status in Status])


@given(
    st.lists(st.one_of(ROWS, st.sampled_from([RateLimited, OutcomeUnknown, RecipientRefused])), min_size=1, max_size=6)
)
def test_every_recipient_has_one_fate_and_one_accepted_copy_is_enough_for_a_receipt(given_: list[Any]) -> None:
    message = merge(*(f"u{n}@example.org" for n in range(len(given_))), cc=[DOT])
    made = list(copies(message))
    outcomes: list[Outcome] = []
    for copy, what in zip(made, given_, strict=True):
        if isinstance(what, RecipientStatus):
            rows = {to.addr_spec: what for to in copy.envelope.recipients}
            outcomes.append(Receipt(message_id="<m@x>", recipients=rows, provider_ids=["id"]))
        else:
            outcomes.append(what("no"))
    try:
        joint = Joint(message)
        joint.add(made[:2], outcomes[:2])
        joint.add(made[2:], outcomes[2:])
        found: Any = joint.receipt()
    except MailError as error:
        found = error
    if isinstance(found, MailError):
        assert not any(isinstance(each, Receipt) for each in outcomes)
        assert found is outcomes[0]
    assert list(found.recipients) == [to.addr_spec for to in message.envelope.recipients]
    for to, what in zip(message.to, given_, strict=True):
        status = found.recipients[to.addr_spec].status
        if isinstance(what, RecipientStatus):
            assert status is what.status
        else:
            assert status is {RateLimited: Status.DEFERRED, OutcomeUnknown: Status.UNKNOWN}.get(what, Status.REFUSED)
    if any(isinstance(what, RecipientStatus) and what.status is Status.ACCEPTED for what in given_):
        assert found.recipients[DOT].status is Status.ACCEPTED
