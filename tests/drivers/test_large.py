"""Messages larger than any buffer arrive whole, encrypted or not, and a server that stops reading is noticed."""

from __future__ import annotations

import random
import time
from email import message_from_bytes
from typing import Any

import pytest
from support.colour import Colour
from support.members import message
from support.peer import Peer, freeze, read

from mailbridge import Attachment, Mailer, OutcomeUnknown, TimedOut
from mailbridge.drivers import wire

SIZE = 2**20
CONTENT = random.Random(7).randbytes(SIZE)
TEXT = "".join(f"{number}. line, and dots:\n.\n..\n" for number in range(SIZE // 400))

tls = pytest.mark.parametrize("tls", ["off", "starttls", "implicit"])
way = pytest.mark.parametrize("without", ["", "CHUNKING"], ids=["BDAT", "DATA"])
many = pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])


@tls
@way
@many
def test_a_large_message_arrives_whole(tls: Any, without: str, many: bool, colour: Colour) -> None:
    one = message(attachments=[Attachment(CONTENT, "content.bin")]).replace(text=TEXT)
    with Peer(tls=tls, without=without) as peer:
        trust = f"&ca_file={peer.ca_file}" if tls != "off" else ""
        sender = Mailer(f"smtp://{peer.address}?tls={tls}{trust}")
        with colour.using(sender):
            outcomes = colour.send_many(sender, [one, one]) if many else [colour.send(sender, one)]
        assert all(outcome.accepted for outcome in outcomes)
        for arrived in peer.messages:
            text, attached = message_from_bytes(arrived.data).get_payload()  # type: ignore[union-attr]
            assert attached.get_payload(decode=True) == CONTENT  # type: ignore[union-attr]
            assert text.get_payload(decode=True).replace(b"\r\n", b"\n").decode() == TEXT  # type: ignore[union-attr]


@tls
def test_a_server_that_stops_reading_is_noticed(tls: Any, colour: Colour, monkeypatch: pytest.MonkeyPatch) -> None:
    # So slow a peer is waited for that the test would take minutes.
    monkeypatch.setattr(wire, "SLOWEST", 1 << 20)
    extensions = ["PIPELINING", "SIZE 99999999", "8BITMIME", "CHUNKING"]
    with Peer({"BODY": read(100_000) + freeze()}, tls=tls, extensions=extensions, strict=False) as peer:
        trust = f"&ca_file={peer.ca_file}" if tls != "off" else ""
        sender = Mailer(f"smtp://{peer.address}?tls={tls}{trust}&timeout=0.5&final_timeout=0.5")
        begun = time.monotonic()
        with pytest.raises((TimedOut, OutcomeUnknown)) as caught:
            colour.send(sender, message(attachments=[Attachment(CONTENT * 16, "content.bin")]))
    assert caught.value.phase in ("data", "final")
    assert time.monotonic() - begun < 5
