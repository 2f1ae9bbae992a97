"""The SendGrid transport: messages by Twilio SendGrid's v3 Mail Send API."""

from mailbridge.extend import Plugin

# https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (2026-11-22)
FEATURES = frozenset({
    "alternatives", "amp", "attachments", "calendar", "headers", "html", "inline", "list_unsubscribe",
    "merge_data", "merge_global", "merge_headers", "merge_metadata", "message_id", "metadata",
    "multiple_reply_to", "priority", "provider_options", "send_at", "tags", "template", "threading",
    "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="sendgrid",
    schemes=("sendgrid",),
    settings="mailbridge.transports.sendgrid.settings:SendGridSettings",
    transport="mailbridge.transports.sendgrid.transport:SendGridTransport",
    summary="Twilio SendGrid, v3 Mail Send API.",
    example="sendgrid://SG.key@default?region=eu",
    features=FEATURES,
    limits={
        "recipients": 1000,
        "bytes": 30_000_000,
        "batch": 1000,
        "batch_recipients": 1000,
        "tags": 10,
        "tag_length": 255,
        "metadata_bytes": 10_000,
    },
    docs="docs/transports/sendgrid.md",
)
