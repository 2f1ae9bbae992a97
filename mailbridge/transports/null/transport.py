"""Messages into nothing."""

from __future__ import annotations

from mailbridge.extend import Delivery, Mime, MimeTransport, Receipt, Verification, features
from mailbridge.transports.null.settings import NullSettings


class NullTransport(MimeTransport):
    """Accepts every message and sends none; what SMTP could not carry is refused as ever."""

    name = "null"
    features = features.LOCAL
    reach = "nobody"
    quick = True

    def __init__(self, settings: NullSettings) -> None:
        self.settings = settings

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Accept one message."""
        return self.accepted(delivery)

    def check(self) -> Verification:
        """Say that messages go nowhere."""
        return Verification(transport=str(self), text="Messages are accepted and forgotten; none is sent.")
