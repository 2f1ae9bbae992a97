"""Do all contestants send the same message? Each sends two to a server that keeps them, and both are taken apart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory

from .contest import Contest, progress
from .environment import Environment
from .noise import Machine
from .payloads import FILE_NAME, SENDER, SENDER_NAME, Payload, payload, recipient, subject
from .roster import CONTESTANTS, Contestant
from .sinks import Sink


class CatchingSink(Sink):
    """`catcher.py`, on the sink's core."""

    def __init__(self, environment: Environment, machine: Machine, *, chunking: bool) -> None:
        super().__init__(environment, machine)
        self.kept = Path(self.folder.name) / "kept"
        self.kept.mkdir()
        options = ["chunking"] if chunking else []
        self._start([sys.executable, "-m", "yardstick.catcher", str(self.kept), *options], subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.process.stdout.close()

    def count(self) -> int:
        """Return how many messages were kept."""
        return len(list(self.kept.glob("*.json")))

    def messages(self) -> list[dict[str, object]]:
        """Return envelope and content of each."""
        return [json.loads(file.read_text()) for file in self.kept.glob("*.json")]


def check_same_message(
    environment: Environment, machine: Machine, payloads: Collection[str], names: Iterable[str], folder: Path
) -> None:
    """Fail with the contestant and the part in which its message differs from what was asked for.

    smtp-source is left out, as it sends a text of its own, and so are the runs that measure memory.
    """
    contestants = [CONTESTANTS[name] for name in dict.fromkeys(names)]
    for contestant in contestants:
        if contestant.name.startswith("smtp-source") or contestant.before:
            continue
        for name in sorted(payloads):
            _check(environment, machine, contestant, name, folder)
    progress("every contestant sends the same messages")


def _check(environment: Environment, machine: Machine, contestant: Contestant, name: str, folder: Path) -> None:
    with (
        TemporaryDirectory(dir=folder),
        CatchingSink(environment, machine, chunking="chunking" in contestant.name) as sink,
    ):
        assert isinstance(sink, CatchingSink)
        cold = contestant._replace(warm_up=0)
        run = Contest(environment, machine, name, [(cold, sink)], folder=folder).run(cold, sink, 2)
        if run.error:
            progress(f"  {contestant.name} cannot be checked: {run.error}")
            return
        messages = sorted(sink.messages(), key=lambda kept: str(kept["recipients"]))
        for number, kept in enumerate(messages):
            for part, found, wanted in _compare(kept, payload(name), number):
                if found != wanted:
                    raise AssertionError(f"{contestant.name}, {name}, message {number}: {part} is {found!r:.300}")


def _compare(kept: dict[str, object], parts: Payload, number: int) -> Iterable[tuple[str, object, object]]:
    yield "the envelope", (kept["sender"], kept["recipients"]), (SENDER, [recipient(number)])
    content = str(kept["content"]).encode("latin-1")
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    yield "From", str(message["From"]), f"{SENDER_NAME} <{SENDER}>"
    yield "To", str(message["To"]), recipient(number)
    yield "Subject", str(message["Subject"]), subject(number)
    yield "the text", _body(message, "plain"), parts.text.rstrip("\n")
    yield "the page", _body(message, "html"), parts.html and parts.html.rstrip("\n")
    attachments = [
        (each.get_filename(), each.get_content_type(), each.get_content()) for each in message.iter_attachments()
    ]
    wanted = [(FILE_NAME, "application/pdf", parts.attachment)] if parts.attachment else []
    yield "the attachment", attachments, wanted


def _body(message: EmailMessage, kind: str) -> str | None:
    body = message.get_body(preferencelist=(kind,))
    # Contestants differ in whether a last line ends; nobody who reads the message sees that.
    return body.get_content().replace("\r\n", "\n").rstrip("\n") if body else None
