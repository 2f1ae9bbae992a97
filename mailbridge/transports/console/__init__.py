"""The console transport: shows messages where the program runs."""

from mailbridge.extend import Plugin, features

plugin = Plugin(
    name="console",
    schemes=("console",),
    settings="mailbridge.transports.console.settings:ConsoleSettings",
    transport="mailbridge.transports.console.transport:ConsoleTransport",
    summary="Shows each message on the console: readable, or as SMTP would have sent it.",
    example="console://?raw=true",
    features=features.LOCAL,
    docs="docs/transports/console.md",
)
