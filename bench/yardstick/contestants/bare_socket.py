"""The floor: the same octets from a bare socket, with nothing made, parsed or checked beyond the codes.

What these take is the price of the machine, of Python's `send` and `recv`, and of the server; no library gets below.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..job import Job
from ..payloads import SENDER, SENDER_NAME, Payload, recipient, subject


def _envelope(number: int) -> bytes:
    return b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (SENDER.encode(), recipient(number).encode())


def _head(number: int) -> bytes:
    said = f"From: {SENDER_NAME} <{SENDER}>\r\nTo: {recipient(number)}\r\nSubject: {subject(number)}\r\n\r\n"
    return said.encode()


def _body(payload: Payload) -> bytes:
    if payload.html or payload.attachment:
        raise ValueError("the bare socket sends plain text only")
    return payload.text.encode().replace(b"\n", b"\r\n").replace(b"\n.", b"\n..") + b".\r\n"


@contextmanager
def _greeted(job: Job) -> Iterator[socket.socket]:
    with socket.create_connection((job.host, job.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _answers(connection, b"220")
        connection.sendall(b"EHLO bench.example.com\r\n")
        _answers(connection, b"250 ")
        yield connection


def _answers(connection: socket.socket, last: bytes, replies: int = 1) -> None:
    """Read `replies` replies of one line each, or one of several lines; the last line begins as said."""
    heard = b""
    while heard.count(b"\r\n") < replies or not heard.endswith(b"\r\n") or heard[heard.rfind(b"\n", 0, -1) + 4] == 45:
        part = connection.recv(65536)
        if not part:
            break
        heard += part
    if not heard[heard.rfind(b"\n", 0, -1) + 1 :].startswith(last):
        raise AssertionError(heard)


@contextmanager
def one_by_one(job: Job) -> Iterator[Callable[[int], None]]:
    """Two round trips a message: what whoever waits for each answer needs without CHUNKING."""
    body = _body(job.payload)
    with _greeted(job) as connection:

        def run(count: int) -> None:
            for number in range(count):
                connection.sendall(_envelope(number))
                _answers(connection, b"354", 3)
                connection.sendall(_head(number) + body)
                _answers(connection, b"250")

        yield run


@contextmanager
def pipelined(job: Job) -> Iterator[Callable[[int], None]]:
    """One round trip a message: the content of one travels with the envelope of the next."""
    body = _body(job.payload)
    with _greeted(job) as connection:

        def run(count: int) -> None:
            connection.sendall(_envelope(0))
            _answers(connection, b"354", 3)
            for number in range(count - 1):
                connection.sendall(_head(number) + body + _envelope(number + 1))
                _answers(connection, b"354", 4)
            connection.sendall(_head(count - 1) + body)
            _answers(connection, b"250")

        yield run
