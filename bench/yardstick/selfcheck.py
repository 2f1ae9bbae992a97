"""Does the sink count right? A sink that miscounts would make every figure worthless, so each run asks first.

Each dialogue is sent in one piece, byte by byte, and cut in two at every place.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from .environment import Environment
from .noise import Machine
from .sinks import HOST, OwnSink

ENVELOPE = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n"
QUIT = b"QUIT\r\n"


class Dialogue(NamedTuple):
    """What a client sends, how many messages that is, with how many bytes, and the codes of the answers."""

    name: str
    sent: bytes
    messages: int
    message_bytes: int
    codes: str


DIALOGUES = (
    Dialogue("a message", ENVELOPE + b"DATA\r\nhi\r\n.\r\n" + QUIT, 1, 4, "220 250 250 354 250 221"),
    Dialogue("an empty message", ENVELOPE + b"DATA\r\n.\r\n" + QUIT, 1, 0, "220 250 250 354 250 221"),
    Dialogue(
        "dots and line ends that are not the end",
        ENVELOPE + b"DATA\r\n..\r\n.x\r\n\r.\r\n\n.\n\r\r\n.\r.\r\n\r\n.\r\n" + QUIT,
        1,
        25,
        "220 250 250 354 250 221",
    ),
    Dialogue(
        "the next envelope in one write with the body, and a dot too many",
        ENVELOPE + b"DATA\r\none\r\n.\r\n" + ENVELOPE + b"DATA\r\n.\r\n.\r\n" + QUIT,
        2,
        5,
        "220 250 250 354 250 250 250 354 250 500 221",
    ),
    Dialogue(
        "chunks, with commands and ends of data inside",
        ENVELOPE + b"BDAT 8\r\nQUIT\r\n\r\nBDAT 5 LAST\r\n\r\n.\r\n" + ENVELOPE + b"BDAT 0 LAST\r\n" + QUIT,
        2,
        13,
        "220 250 250 250 250 250 250 250 221",
    ),
    Dialogue("a message that breaks off", ENVELOPE + b"DATA\r\nhi\r\n.", 0, 0, "220 250 250 354"),
    Dialogue("a chunk that breaks off", ENVELOPE + b"BDAT 4 LAST\r\nabc", 0, 0, "220 250 250"),
)


_POST = b"POST %b HTTP/1.1\r\nHost: sink.invalid\r\nContent-Length: %d\r\n\r\n%b"
_TWO = b'{"personalizations":[{"to":[{"email":"a"}]},{"to": [{"email":"b"}]}],"x":"\\"to\\":"}'

CALLS = (
    Dialogue("a call", _POST % (b"/v3/mail/send", 11, b'{"to":["a"]'), 1, 11, "202"),
    Dialogue("a call without such a field", _POST % (b"/v2/email/outbound-emails", 2, b"{}"), 1, 2, "200"),
    Dialogue("a batch", _POST % (b"/v3/mail/send", len(_TWO), _TWO), 2, len(_TWO), "202"),
    Dialogue("a batch of Brevo's", _POST % (b"/v3/smtp/email", len(_TWO), _TWO), 2, len(_TWO), "201"),
    Dialogue(
        "two calls in one write",
        _POST % (b"/v3/smtp/email", 8, b'""to":"t') + _POST % (b"/v3/mg.example.com/messages", 3, b"a=b"),
        2,
        11,
        "201 200",
    ),
    Dialogue("a path that nobody knows", _POST % (b"/nowhere", 2, b"{}"), 0, 0, "404"),
    Dialogue("a body that breaks off", _POST % (b"/v3/mail/send", 9, b"{}"), 0, 0, ""),
)


def check_sink(environment: Environment, machine: Machine) -> None:
    """Fail with the dialogue and the cut at which the sink answers or counts wrongly."""
    with OwnSink(environment, machine) as sink:
        assert isinstance(sink, OwnSink)
        for dialogue in DIALOGUES:
            for cut in _cuts(dialogue.sent):
                _check(sink, dialogue, cut)
    with OwnSink(environment, machine, http=True) as sink:
        assert isinstance(sink, OwnSink)
        for call in CALLS:
            for cut in _cuts(call.sent):
                _check(sink, call, cut)
    with OwnSink(environment, machine, round_trip_ms=20) as sink:
        _check_round_trip(sink.port)


def _cuts(sent: bytes) -> Iterator[list[bytes]]:
    yield [sent]
    yield [sent[place : place + 1] for place in range(len(sent))]
    for place in range(1, len(sent)):
        yield [sent[:place], sent[place:]]


def _check(sink: OwnSink, dialogue: Dialogue, pieces: list[bytes]) -> None:
    messages, message_bytes = sink.count(), sink.message_bytes()
    answers = _talk(sink.port, pieces)
    found = (
        " ".join(_codes(answers.decode().splitlines())),
        sink.count() - messages,
        sink.message_bytes() - message_bytes,
    )
    if found != (dialogue.codes, dialogue.messages, dialogue.message_bytes):
        raise AssertionError(f"the sink on {dialogue.name}, sent as {pieces}: {found}")


def _codes(lines: list[str]) -> list[str]:
    """Return the codes of SMTP's replies, or of HTTP's responses."""
    responses = [line.split("HTTP/1.1 ")[1][:3] for line in lines if "HTTP/1.1 " in line]
    return responses or [line[:3] for line in lines]


def _talk(port: int, pieces: list[bytes]) -> bytes:
    with socket.create_connection((HOST, port), 5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.0001)  # enough for the sink, on another core, to read the pieces one by one
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def _check_round_trip(port: int) -> None:
    with socket.create_connection((HOST, port), 5) as connection:
        answers = connection.makefile("rb")
        answers.readline()
        started = time.perf_counter()
        connection.sendall(b"NOOP\r\n" * 3)
        for _ in range(3):
            answers.readline()
        took = 1000 * (time.perf_counter() - started)
    if not 20 <= took < 40:
        raise AssertionError(f"three pipelined answers at a round trip of 20 ms took {took:.1f} ms")
