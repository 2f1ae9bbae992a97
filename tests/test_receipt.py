"""Receipts: what became of each recipient."""

import copy
import json
import pickle

import pytest

from mailbridge import Attempt, Receipt, RecipientStatus, Status

RECEIPT = Receipt(
    message_id="<1@example.com>",
    recipients={
        "Ann@example.org": RecipientStatus(Status.ACCEPTED, 250, "2.0.0", "queued"),
        "bob@example.org": RecipientStatus(Status.REFUSED, 550, "5.1.1", "550 5.1.1 no such user"),
    },
    provider="smtp",
    transport="smtp://mail.example.com:587",
    provider_ids=["a", "b"],
    attempts=[Attempt(1, "smtp://mail.example.com:587", 1.5, 20.0, 250)],
)


def test_recipients_are_keyed_by_the_callers_spelling() -> None:
    assert RECEIPT.recipients["Ann@example.org"].status == "accepted"
    assert RECEIPT.accepted == ("Ann@example.org",)
    assert list(RECEIPT.with_status(Status.REFUSED)) == ["bob@example.org"]


def test_a_receipt_with_a_refused_row_is_not_complete() -> None:
    assert not RECEIPT.complete
    assert Receipt(message_id="<1@x>", recipients={"a@b": RecipientStatus(Status.QUEUED)}).complete


def test_both_ids_are_there_and_the_first_provider_id_is_the_provider_id() -> None:
    assert (RECEIPT.message_id, RECEIPT.provider_id) == ("<1@example.com>", "a")
    assert Receipt(message_id="<1@x>", recipients={}).provider_id == ""


def test_a_receipt_goes_through_json_pickle_and_copy() -> None:
    row = json.loads(json.dumps(RECEIPT.to_dict()))
    assert row["recipients"]["bob@example.org"]["code"] == 550
    assert row["attempts"][0]["ms"] == 20.0
    assert pickle.loads(pickle.dumps(RECEIPT)) == copy.deepcopy(RECEIPT) == RECEIPT  # noqa: S301 - our own pickle


def test_a_receipt_is_frozen() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        RECEIPT.provider = "x"  # type: ignore[misc]


def test_an_attempt_is_finished_once_it_has_a_duration() -> None:
    assert RECEIPT.attempts[0].finished
    assert not Attempt(1, "smtp://h", 1.0).finished
