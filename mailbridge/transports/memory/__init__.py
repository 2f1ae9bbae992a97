"""The memory transport: keeps the last messages in a list, for tests and development."""

from mailbridge.extend import Plugin, features

plugin = Plugin(
    name="memory",
    schemes=("memory",),
    settings="mailbridge.transports.memory.settings:MemorySettings",
    transport="mailbridge.transports.memory.transport:MemoryTransport",
    summary="Keeps the last messages in memory, where tests can look at them.",
    example="memory://?limit=1000",
    features=features.LOCAL,
    docs="docs/transports/memory-and-null.md",
)
