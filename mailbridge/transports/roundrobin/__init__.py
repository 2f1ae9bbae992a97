"""The policy roundrobin: transports that share the work."""

from mailbridge.extend import Plugin

plugin = Plugin(
    name="roundrobin",
    schemes=("roundrobin",),
    settings="mailbridge.transports.roundrobin.settings:RoundRobinSettings",
    transport="mailbridge.extend:RoundRobin",
    summary="Shares the messages among its transports.",
    example="roundrobin(smtp://a.example.com, smtp://b.example.com, weights=3 1)",
    policy=True,
    docs="docs/transports/policies.md",
)
