"""The Mailgun transport: messages by Sinch Mailgun's Messages API."""

from mailbridge.extend import Plugin

# https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (2026-11-22)
FEATURES = frozenset({
    "alternatives", "amp", "attachments", "calendar", "envelope", "headers", "html", "inline", "list_unsubscribe",
    "merge_data", "merge_global", "merge_headers", "merge_metadata", "message_id", "metadata", "multiple_from",
    "multiple_reply_to", "priority", "provider_options", "raw", "send_at", "sender", "tags", "template", "threading",
    "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="mailgun",
    schemes=("mailgun",),
    settings="mailbridge.transports.mailgun.settings:MailgunSettings",
    transport="mailbridge.transports.mailgun.transport:MailgunTransport",
    summary="Mailgun, Messages API.",
    example="mailgun://key@mg.example.com?region=eu",
    features=FEATURES,
    limits={
        "recipients": 1000,
        "bytes": 25_000_000,
        "batch": 1000,
        "batch_recipients": 1000,
        "tag_length": 128,
        "metadata_bytes": 4096,  # more is cut off in events
    },
    docs="docs/transports/mailgun.md",
)
