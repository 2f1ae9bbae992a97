"""The policy retry: tries again what may be tried again."""

from mailbridge.extend import Plugin

plugin = Plugin(
    name="retry",
    schemes=("retry",),
    settings="mailbridge.transports.retry.settings:RetrySettings",
    transport="mailbridge.extend:Retry",
    summary="Tries again what may be tried again.",
    example="retry(smtp://mail.example.com, attempts=5, within=2m)",
    policy=True,
    docs="docs/transports/policies.md",
)
