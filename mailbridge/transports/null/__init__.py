"""The null transport: checks each message as SMTP would, accepts it and forgets it."""

from mailbridge.extend import Plugin, features

plugin = Plugin(
    name="null",
    schemes=("null",),
    settings="mailbridge.transports.null.settings:NullSettings",
    transport="mailbridge.transports.null.transport:NullTransport",
    summary="Accepts every message and sends none.",
    example="null://",
    features=features.LOCAL,
    docs="docs/transports/memory-and-null.md",
)
