"""Acme's pneumatic post: a transport, and a hook that stamps what Acme sends.

This module is what the entry point names. It is imported to look for transports, so it stays light; settings and
transport are imported when the first message needs them.
"""

from mailbridge.extend import Mime, Plugin, features, hookimpl

RECORD = Plugin(
    name="tubes",
    schemes=("tubes",),
    settings="acme_tubes.transport:AcmeSettings",
    transport="acme_tubes.transport:AcmeTransport",
    summary="Puts messages into the tube of an Acme department.",
    example="tubes://sales@default?station=/srv/acme",
    features=features.CONTENT | features.ENVELOPE | features.ADVISORY,
)


@hookimpl
def mailbridge_providers() -> list[Plugin]:
    """Bring the transport; found by its scheme as soon as the distribution is installed."""
    return [RECORD]


@hookimpl
def mailbridge_prepare(mime: Mime) -> None:
    """Stamp every message; acts only where the setting `plugins` names tubes."""
    mime.set_header("X-Acme-Stamp", "paid")
