"""Envelopes: sender, recipients, and what RFC 3461 adds."""

from __future__ import annotations

import copy
import pickle

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.envelope import Envelope

ANN, BOB = Address("ann@example.org"), Address("bob@example.org")


def test_addresses_are_read_wherever_they_stand() -> None:
    envelope = Envelope("Bounces <b@example.com>", ["ann@example.org", ("Bob", "bob@example.org")])
    assert envelope.sender == Address("b@example.com", "Bounces")
    assert [each.wire for each in envelope.recipients] == ["ann@example.org", "bob@example.org"]


def test_none_is_the_null_sender() -> None:
    assert Envelope(None, "ann@example.org").sender is None


def test_a_mailbox_given_twice_is_kept_in_its_first_spelling() -> None:
    spelt = ["Ann@bücher.de", "ann@xn--bcher-kva.de", '"ann"@BÜCHER.de', "bob@bücher.de"]
    assert [each.addr_spec for each in Envelope(None, spelt).recipients] == ["Ann@bücher.de", "bob@bücher.de"]
    assert len(Envelope.of(None, tuple(map(Address, spelt))).recipients) == 2


def test_ten_thousand_recipients_are_an_envelope() -> None:
    assert len(Envelope(None, [f"u{n}@example.org" for n in range(10_000)]).recipients) == 10_000


@pytest.mark.parametrize("recipients", [[], (), iter(())])
def test_nobody_is_refused(recipients: object) -> None:
    with pytest.raises(MessageInvalid, match="no recipients") as refusal:
        Envelope("a@b.c", recipients)  # type: ignore[arg-type]
    assert refusal.value.field == "envelope.recipients"


@pytest.mark.catalogue("A7")
@pytest.mark.parametrize("spec", ["a@b>\r\nRCPT TO:<e@x", "a@b> SIZE=1\r\nRCPT TO:<e@x>", "a@b> NOTIFY=NEVER"])
def test_a_command_cannot_be_smuggled_through_sender_or_recipient(spec: str) -> None:
    with pytest.raises(MessageInvalid) as refusal:
        Envelope(spec, "ann@example.org")
    assert refusal.value.field == "envelope.sender"
    with pytest.raises(MessageInvalid) as refusal:
        Envelope("ann@example.org", [spec])
    assert refusal.value.field == "envelope.recipients"


class TestDeliveryReports:
    def test_what_is_asked_for_is_kept(self) -> None:
        envelope = Envelope(None, ANN, notify=["FAILURE", "DELAY", "FAILURE"], ret="HDRS", envid="order-1")
        assert (envelope.notify, envelope.ret, envelope.envid) == (("FAILURE", "DELAY"), "HDRS", "order-1")
        assert envelope.asks_dsn

    def test_one_word_is_enough(self) -> None:
        assert Envelope(None, ANN, notify="NEVER").notify == ("NEVER",)

    def test_nothing_is_asked_for_by_default(self) -> None:
        assert not Envelope(None, ANN).asks_dsn

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"notify": ["NEVER", "DELAY"]}, "envelope.notify"),
            ({"notify": ["SOMETIMES"]}, "envelope.notify"),
            ({"notify": "FAILURE ORCPT=x"}, "envelope.notify"),
            ({"ret": "FULL SIZE=1"}, "envelope.ret"),
            ({"envid": ""}, "envelope.envid"),
            ({"envid": "a b"}, "envelope.envid"),
            ({"envid": "a\r\nRCPT"}, "envelope.envid"),
            ({"envid": "x" * 101}, "envelope.envid"),
            ({"envid": 5}, "envelope.envid"),
        ],
        ids=str,
    )
    def test_anything_else_is_refused_by_name(self, options: dict[str, object], field: str) -> None:
        with pytest.raises(MessageInvalid) as refusal:
            Envelope(None, ANN, **options)  # type: ignore[arg-type]
        assert refusal.value.field == field


def test_the_same_envelope_for_others_keeps_the_rest() -> None:
    envelope = Envelope("s@example.com", [ANN, BOB], notify="NEVER")
    rest = envelope.to([BOB])
    assert (rest.sender, rest.recipients, rest.notify) == (envelope.sender, (BOB,), ("NEVER",))
    assert envelope.recipients == (ANN, BOB)


@pytest.mark.parametrize(
    ("envelope", "needed"),
    [
        (Envelope("a@b.c", "d@e.f"), False),
        (Envelope("ä@b.c", "d@e.f"), True),
        (Envelope("a@b.c", ["d@e.f", "é@e.f"]), True),
        (Envelope(None, "d@bücher.de"), False),
    ],
)
def test_one_local_part_outside_ascii_needs_smtputf8(envelope: Envelope, needed: bool) -> None:
    assert envelope.needs_utf8 is needed


def test_it_is_a_value() -> None:
    envelope = Envelope("a@b.c", [ANN, BOB], ret="FULL")
    for other in (pickle.loads(pickle.dumps(envelope)), copy.copy(envelope), copy.deepcopy(envelope)):  # noqa: S301
        assert (other, hash(other)) == (envelope, hash(envelope))
    assert Envelope.of(ANN, (BOB,)) == Envelope(ANN, BOB)
    with pytest.raises(AttributeError, match="frozen"):
        envelope.sender = None
