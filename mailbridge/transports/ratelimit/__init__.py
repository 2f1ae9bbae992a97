"""The policy ratelimit: no more messages in a time than agreed."""

from mailbridge.extend import Plugin

plugin = Plugin(
    name="ratelimit",
    schemes=("ratelimit",),
    settings="mailbridge.transports.ratelimit.settings:RateLimitSettings",
    transport="mailbridge.extend:RateLimit",
    summary="Sends no faster than agreed.",
    example="ratelimit(smtp://mail.example.com, rate=300/m)",
    policy=True,
    docs="docs/transports/policies.md",
)
