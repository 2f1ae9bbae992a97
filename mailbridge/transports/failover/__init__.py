"""The policy failover: the first transport that works."""

from mailbridge.extend import Plugin

plugin = Plugin(
    name="failover",
    schemes=("failover",),
    settings="mailbridge.transports.failover.settings:FailoverSettings",
    transport="mailbridge.extend:Failover",
    summary="Uses the first transport that works, and comes back to the preferred one.",
    example="failover(smtp://a.example.com, smtp://b.example.com)",
    policy=True,
    docs="docs/transports/policies.md",
)
