"""The policy guard: messages go to somebody else, or to nobody."""

from mailbridge.extend import Plugin

plugin = Plugin(
    name="guard",
    schemes=("guard",),
    settings="mailbridge.transports.guard.settings:GuardSettings",
    transport="mailbridge.extend:Guard",
    summary="Redirects messages, or keeps them from those who must not get any.",
    example="guard(smtp://localhost:1025, redirect=dev@example.com, allow=@example.com)",
    policy=True,
    docs="docs/transports/policies.md",
)
