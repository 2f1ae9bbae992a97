"""Messages into files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mailbridge.extend import (
    Block,
    Delivery,
    Flow,
    Mime,
    MimeTransport,
    Receipt,
    Sleep,
    Verification,
    features,
)
from mailbridge.transports.file.eml import EmlDirectory
from mailbridge.transports.file.maildir import Maildir
from mailbridge.transports.file.mbox import MailboxLocked, Mbox
from mailbridge.transports.file.settings import FileSettings
from mailbridge.transports.file.storing import Place, reported

_FORMATS: dict[str, Callable[..., Place]] = {"eml": EmlDirectory, "maildir": Maildir, "mbox": Mbox}
_PAUSE = 0.05  # seconds between two tries to lock a mailbox


class FileTransport(MimeTransport):
    """Writes each message to disk, as SMTP would have sent it, and accepts every recipient.

    The receipt's `provider_id` is the file's name, `raw["path"]` its path.
    """

    name = "file"
    features = features.LOCAL
    reach = "nobody"

    def __init__(self, settings: FileSettings) -> None:
        self.settings = settings
        self.place = _FORMATS[settings.format](os.fspath(settings.path), sync=settings.sync)

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Write one message; raise MailboxLocked at once when another program holds the mbox file."""
        sender = delivery.envelope.sender
        with reported(self.place.path):
            path = self.place.store(mime.chunks(), sender.wire if sender else "")
        return self.accepted(delivery, provider_ids=(Path(path).name,), raw={"path": path})

    def check(self) -> Verification:
        """Make the place where messages go, and say where it is."""
        with reported(self.place.path):
            self.place.prepare()
        text = f"Messages are written to {self.place.path} ({self.settings.format})."
        return Verification(transport=str(self), text=text, details={"path": self.place.path})

    def work(self, delivery: Delivery, mime: Mime) -> Flow[Receipt]:
        """Deliver one message, waiting for a locked mailbox as long as the settings say."""
        waited = 0.0
        while True:
            try:
                receipt: Receipt = yield from Block(self.deliver, delivery, mime)
            except MailboxLocked:
                if waited >= self.settings.timeout:
                    raise
            else:
                return receipt
            yield from Sleep(_PAUSE)
            waited += _PAUSE

    def __str__(self) -> str:
        return f"file://{self.place.path}?format={self.settings.format}"
