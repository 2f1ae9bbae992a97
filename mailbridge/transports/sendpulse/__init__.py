"""The SendPulse transport: messages by SendPulse's SMTP API (which is HTTP)."""

from mailbridge.extend import Plugin

# https://sendpulse.com/integrations/api/smtp, api.sendpulse.com/.well-known/openapi/smtp.yaml (2026-08-22)
FEATURES = frozenset({
    "attachments", "html", "merge_data", "merge_global", "provider_options", "template",
})  # fmt: skip

plugin = Plugin(
    name="sendpulse",
    schemes=("sendpulse",),
    settings="mailbridge.transports.sendpulse.settings:SendPulseSettings",
    transport="mailbridge.transports.sendpulse.transport:SendPulseTransport",
    summary="SendPulse, SMTP API.",
    example="sendpulse://CLIENT_ID:CLIENT_SECRET@default",
    features=FEATURES,
    docs="docs/transports/sendpulse.md",
)
