"""From settings to an SMTP transport."""

from __future__ import annotations

from mailbridge.extend import SmtpTransport
from mailbridge.transports.smtp.server import pooling, server
from mailbridge.transports.smtp.settings import SmtpSettings


def transport(settings: SmtpSettings) -> SmtpTransport:
    """Return the transport that the settings describe."""
    lmtp = settings.protocol == "lmtp"
    tls = "implicit" if settings.protocol == "smtps" else settings.tls
    port = settings.port or (24 if lmtp else 465 if tls == "implicit" else 587)
    return SmtpTransport(
        server(settings, host=settings.path or settings.host, port=port, tls=tls, lmtp=lmtp), **pooling(settings)
    )
