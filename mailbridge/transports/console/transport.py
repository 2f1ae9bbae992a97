"""Messages to the console."""

from __future__ import annotations

import sys
from typing import TextIO

from mailbridge.extend import Delivery, Mime, MimeTransport, Receipt, Verification, features, visible
from mailbridge.transports.console.settings import ConsoleSettings
from mailbridge.transports.console.view import RULE, readable


class ConsoleTransport(MimeTransport):
    """Shows each message and accepts every recipient.

    Control characters are written out, in the raw form too: a message cannot take over the terminal
    that shows it.

    Args:
        settings: what to show, and on which of the two standard streams.
        stream: a stream of your own instead.
    """

    name = "console"
    features = features.LOCAL
    reach = "nobody"

    def __init__(self, settings: ConsoleSettings, stream: TextIO | None = None) -> None:
        self.settings = settings
        self._stream = stream

    @property
    def stream(self) -> TextIO:
        """Where messages are shown; looked up anew each time, for programs that replace sys.stdout."""
        return self._stream or (sys.stderr if self.settings.stream == "stderr" else sys.stdout)

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Show one message, in a single write, so that two threads do not mix theirs."""
        if self.settings.raw:
            text = bytes(mime).decode(errors="replace").replace("\r\n", "\n")
        else:
            text = readable(delivery.message, delivery.envelope)
        self._show(f"{RULE}\n{visible(text, keep=chr(10) + chr(9)).rstrip()}\n{RULE}\n")
        return self.accepted(delivery)

    def check(self) -> Verification:
        """Say where messages are shown."""
        return Verification(transport=str(self), text=f"Messages are shown on {self.settings.stream}; none is sent.")

    def _show(self, text: str) -> None:
        stream = self.stream
        encoding = getattr(stream, "encoding", None) or "utf-8"
        # A console that is not in UTF-8 shows \\u escapes instead of failing.
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
