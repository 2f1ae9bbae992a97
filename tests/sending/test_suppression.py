"""Mail of an application under test is checked as in production, and kept."""

from __future__ import annotations

import pytest
from support.colour import Colour
from support.members import message

from mailbridge import Mailer, MessageInvalid, Unsupported
from mailbridge.sending.suppression import Suppressed, Suppression


class Kept(list[Suppressed]):
    """What was kept, while `wanted` says so."""

    def __init__(self, *, wanted: bool = True) -> None:
        self.wanted = wanted

    def over(self, target: object) -> Mailer:
        return Mailer(target, diversion=Suppression(lambda: self.wanted, self.append))  # type: ignore[arg-type]


def test_what_would_leave_is_kept_and_its_receipt_says_so(colour: Colour) -> None:
    kept = Kept()
    with colour.using(kept.over("smtp://127.0.0.1:1?tls=off")) as mailer:
        receipt = colour.send(mailer, message("hello"))
    [mail] = kept
    assert (receipt.provider, receipt.transport) == ("suppressed", "suppressed(smtp://127.0.0.1:1)")
    assert (mail.message.subject, mail.mailer, mail.transport) == ("hello", "default", "smtp://127.0.0.1:1")
    assert mail.receipt.message_id == mail.message.message_id
    assert b"Subject: hello\r\n" in (mail.mime or b"")


def test_a_list_is_kept_in_order(colour: Colour) -> None:
    kept = Kept()
    with colour.using(kept.over("resend://re_0123456789abcdef@default")) as mailer:
        colour.send_many(mailer, map(message, "abc"))
    assert [each.message.subject for each in kept] == ["a", "b", "c"]
    assert {each.mime for each in kept} == {None}


def test_it_is_asked_at_every_send() -> None:
    kept = Kept(wanted=False)
    mailer = kept.over("memory://")
    mailer.send(message("sent"))
    kept.wanted = True
    mailer.send(message("kept"))
    kept.wanted = False
    mailer.send(message("sent again"))
    assert [each.message.subject for each in kept] == ["kept"]
    assert [each.subject for each in mailer.transport().messages] == ["sent", "sent again"]  # type: ignore[attr-defined]


def test_what_the_transport_cannot_express_is_refused_all_the_same() -> None:
    kept = Kept()
    with pytest.raises(Unsupported):
        kept.over("smtp://127.0.0.1:1").send(message().replace(tags=["welcome"]))
    with pytest.raises(MessageInvalid):
        kept.over("mailjet://key:secret@default").send(message("x" * 300))
    assert kept == []


def test_transports_of_single_calls_are_suppressed_and_not_remembered_for_ever() -> None:
    kept: list[Suppressed] = []
    suppression = Suppression(lambda: True, kept.append)
    mailer = Mailer("null://", diversion=suppression)
    for number in range(250):
        mailer.send(message(str(number)), dsn=f"smtp://127.0.0.1:{number + 1}")
    assert len(kept) == 250
    assert len(suppression._stand_ins) <= 100
