"""`Unconfigured`: the transport of an app that configures none."""

from __future__ import annotations

from mailbridge import ConfigError, Receipt, Transport, Verification
from mailbridge.extend import Delivery, Flow, features, render


class Unconfigured(Transport):
    """Stands where no mailer is configured: fails whatever is to be sent, and can be taken the place of in tests."""

    name = "unconfigured"
    features = features.LOCAL

    def __init__(self, error: ConfigError) -> None:
        self._error = error

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Say what to configure."""
        raise self._complaint()
        yield

    def rehearse(self, delivery: Delivery) -> Flow[bytes | None]:
        """Render one message."""
        return bytes(render(delivery.message, eight_bit=True, utf8=True))
        yield

    def verify(self) -> Flow[Verification]:
        """Say what to configure."""
        raise self._complaint()
        yield

    def _complaint(self) -> ConfigError:
        return ConfigError(self._error.text, hints=self._error.hints)
