"""How to reach an API, as its settings say it."""

from __future__ import annotations

from mailbridge.flow.http import HttpOptions
from mailbridge.flow.operations import TlsOptions
from mailbridge.settings.http import HttpSettings


def http_options(settings: HttpSettings) -> HttpOptions:
    """Return how to reach the API that the settings describe."""
    return HttpOptions(
        tls=TlsOptions(
            "",
            verify=settings.tls_verify,
            ca_file=None if settings.ca_file is None else str(settings.ca_file),
        ),
        connections=settings.connections,
        connect=settings.connect_timeout,
        read=settings.timeout,
        write=settings.timeout,
        total=settings.deadline,
        pool=settings.timeout,
        proxy=None if settings.proxy is None else settings.proxy.reveal(),
    )
