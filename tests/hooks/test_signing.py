"""A hook that signs: its field comes first, once, over the very octets that travel; in both colours."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from support.colour import Colour
from support.peer import Peer, reply

from mailbridge import Mailer, Message, hookimpl


class Signer:
    """Signs with a digest of the message, folded."""

    @hookimpl(trylast=True)
    def mailbridge_prepare(self, mime: Any) -> None:
        mime.prepend_header("DKIM-Signature", f"v=1;\r\n b={sha256(bytes(mime)).hexdigest()}")


class Adder:
    @hookimpl
    def mailbridge_prepare(self, mime: Any) -> None:
        mime.add_header("X-Batch", "7")


def test_every_attempt_is_signed_once_over_what_the_server_gets(colour: Colour) -> None:
    message = Message(from_="a@example.com", to="ann@example.org", subject="Grüße", text="Hi\n.\nÄ\n", html="<p>Hi")
    with Peer({".": [reply("451 4.3.0 later")]}, without="8BITMIME") as peer:
        mailer = Mailer(f"retry(smtp://{peer.address}?tls=off, attempts=2, wait=0)", hooks=[Signer(), Adder()])
        with colour.using(mailer):
            colour.send(mailer, message)
            colour.send_many(mailer, [message, message])
        received = [each.data for each in peer.messages]
    assert len(received) == 4
    for octets in received:
        first, second, signed = octets.split(b"\r\n", 2)
        assert (first, second) == (b"DKIM-Signature: v=1;", b" b=" + sha256(signed).hexdigest().encode())
        assert b"\r\nX-Batch: 7\r\n" in signed
