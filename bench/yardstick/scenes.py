"""The scenes: a payload, a distance, and who takes part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from .contest import Contest
from .environment import Environment
from .noise import Machine
from .roster import CONTESTANTS
from .sinks import OwnSink, PostfixSink, Sink

POSTFIX, PLAIN, CHUNKING = "Postfix smtp-sink", "own sink without CHUNKING", "own sink with CHUNKING"
HTTP = "own sink, HTTP"


class Scene(NamedTuple):
    """One table of the report. `entries` are contestants with the sink each sends to."""

    name: str
    title: str
    payload: str
    entries: tuple[tuple[str, str], ...]
    round_trip_ms: float = 0.0
    messages: int | None = None  # a run; None: as many as fit in its time
    rounds: int | None = None
    baseline: str = "smtplib"  # whom the others are compared with

    def only(self, patterns: list[str]) -> Scene:
        """Return the scene with the contestants whose names match one of the patterns."""
        kept = (entry for entry in self.entries if any(fnmatchcase(entry[0], pattern) for pattern in patterns))
        return self._replace(entries=tuple(kept))

    @contextmanager
    def open(self, environment: Environment, machine: Machine, folder: Path) -> Iterator[Contest]:
        """Start the sinks this scene needs, and stop them."""
        with ExitStack() as stack:
            sinks: dict[str, Sink] = {}
            for _, kind in self.entries:
                if kind not in sinks:
                    sinks[kind] = stack.enter_context(self._sink(kind, environment, machine))
            entries = [(CONTESTANTS[name], sinks[kind]) for name, kind in self.entries]
            yield Contest(environment, machine, self.payload, entries, folder=folder)

    def _sink(self, kind: str, environment: Environment, machine: Machine) -> Sink:
        if kind == POSTFIX:
            return PostfixSink(environment, machine)
        if kind == HTTP:
            return OwnSink(environment, machine, round_trip_ms=self.round_trip_ms, http=True)
        return OwnSink(environment, machine, round_trip_ms=self.round_trip_ms, chunking=kind == CHUNKING)


_PEERS = ("smtp-source-1", "smtp-source-10", "smtplib", "django", "aiosmtplib-10", "nodemailer-20")
_OURS = ("mailbridge-send", "mailbridge-send_many", "mailbridge-asend_many-10", "mailbridge-asend-10")


_BY_HTTP = ("anymail", "anymail-list", "mailbridge", "mailbridge-list")
_FLOOR = ("socket", "socket-pipelined")


def _near(payload: str, title: str, floor: tuple[str, ...] = ()) -> Scene:
    entries = [(name, POSTFIX) for name in (*floor, *_PEERS, *_OURS)]
    return Scene(payload, title, payload, (*entries, ("mailbridge-chunking", CHUNKING)))


SCENES = (
    _near("text1k", "text, 1 KB", _FLOOR),
    _near("html10k", "text and HTML, 10 KB"),
    _near("att100k", "text, HTML and an attachment of 100 KB"),
    Scene(
        "rtt10",
        "text, 1 KB, round trip of 10 ms",
        "text1k",
        (*((name, PLAIN) for name in (*_PEERS, *_OURS)), ("mailbridge-chunking", CHUNKING)),
        round_trip_ms=10,
    ),
    Scene(
        "django",
        "Django's functions, text, 1 KB",
        "text1k",
        tuple(
            (f"{by}{which}django{how}", POSTFIX)
            for which in ("", "newest-")
            for how in ("", "-send")
            for by in ("", "mailbridge-")
        ),
        baseline="django",
    ),
)

HTTP_SCENES = (
    Scene(
        "http",
        "by HTTP, text, 1 KB, one by one and in lists",
        "text1k",
        tuple(
            (name, HTTP)
            for name in (
                "httpx",
                *(f"{who}-{provider}" for provider in ("sendgrid", "brevo", "mailgun") for who in _BY_HTTP),
                "mailbridge-merge",
            )
        ),
        baseline="httpx",
    ),
    Scene(
        "http-async",
        "by HTTP, text, 1 KB, 100 calls under way",
        "text1k",
        tuple((name, HTTP) for name in ("httpx-100", "mailbridge-http-100", "mailbridge-aiohttp-100", "aiohttp-100")),
        baseline="httpx-100",
    ),
    Scene(
        "http-rtt50",
        "by HTTP, text, 1 KB, 100 calls under way, round trip of 50 ms",
        "text1k",
        tuple((name, HTTP) for name in ("aiohttp-100", "mailbridge-http-100", "mailbridge-aiohttp-100")),
        round_trip_ms=50,
        baseline="aiohttp-100",
    ),
    Scene(
        "http-ses",
        "by the API of Amazon SES, text, 1 KB",
        "text1k",
        tuple((name, HTTP) for name in ("boto3-ses", "anymail-ses", "mailbridge-ses")),
        baseline="boto3-ses",
    ),
)

# A fixed number of messages each; the second message of 25 MB would show what the first leaves behind.
MEMORY_SCENES = (
    Scene(
        "memory-generator",
        "memory, 100,000 messages from a generator",
        "text1k",
        (("mailbridge-generator", POSTFIX), ("mailbridge-agenerator", POSTFIX)),
        messages=100_000,
        rounds=1,
    ),
    Scene(
        "memory-25MB",
        "memory, an attachment of 25 MB",
        "text1k",
        (("mailbridge-25MB", POSTFIX),),
        messages=1,
        rounds=3,
    ),
)
