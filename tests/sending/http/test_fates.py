"""What became of the recipients of one message."""

from __future__ import annotations

import pytest
from support.members import message

from mailbridge.errors import MailError, RecipientDeferred, RecipientRefused
from mailbridge.receipt import RecipientStatus, Status
from mailbridge.sending.http.fates import fate_of_all, fates

MESSAGE = message(to=["Ann@Example.org", "bob@example.org"])
ACCEPTED, REFUSED = RecipientStatus(Status.ACCEPTED), RecipientStatus(Status.REFUSED, text="no")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (None, [(Status.ACCEPTED, "1"), (Status.ACCEPTED, "1")]),
        ({"ann@example.org": REFUSED}, [(Status.REFUSED, "1"), (Status.ACCEPTED, "1")]),
        ({"ann@example.org": ACCEPTED._replace(provider_id="7")}, [(Status.ACCEPTED, "7"), (Status.ACCEPTED, "")]),
        (
            {"ann@example.org": REFUSED, "bob@example.org": ACCEPTED._replace(provider_id="7")},
            [(Status.REFUSED, ""), (Status.ACCEPTED, "7")],
        ),
    ],
    ids=["one id for all", "one id, also of the refused", "ids of their own", "nobody gets another one's id"],
)
def test_an_id_is_everybodys_unless_there_are_ids_for_each(
    rows: dict[str, RecipientStatus] | None, found: list[tuple[Status, str]]
) -> None:
    told = fates(MESSAGE, rows, "1")
    assert list(told) == ["Ann@Example.org", "bob@example.org"]
    assert [(row.status, row.provider_id) for row in told.values()] == found


@pytest.mark.parametrize(
    ("error", "status"),
    [(RecipientRefused("no", code=422), Status.REFUSED), (RecipientDeferred("later"), Status.DEFERRED)],
)
def test_a_call_refused_for_its_recipients_is_the_fate_of_all(error: MailError, status: Status) -> None:
    told = fate_of_all(MESSAGE, error)
    assert {address: row.status for address, row in told.items()} == {
        "Ann@Example.org": status,
        "bob@example.org": status,
    }
    assert {row.text for row in told.values()} == {error.text}
