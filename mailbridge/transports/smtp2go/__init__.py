"""The SMTP2GO transport: messages by SMTP2GO's API v3."""

from mailbridge.extend import Plugin

# https://developers.smtp2go.com/reference/send-standard-email and …/send-email-batch (2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "inline", "list_unsubscribe", "merge_data", "merge_global", "merge_headers",
    "multiple_reply_to", "priority", "send_at", "template", "threading",
})  # fmt: skip

plugin = Plugin(
    name="smtp2go",
    schemes=("smtp2go",),
    settings="mailbridge.transports.smtp2go.settings:Smtp2goSettings",
    transport="mailbridge.transports.smtp2go.transport:Smtp2goTransport",
    summary="SMTP2GO, API v3.",
    example="smtp2go://api-0123456789ABCDEF0123456789ABCDEF@default?region=eu",
    features=FEATURES,
    limits={"to": 100, "cc": 100, "bcc": 100, "bytes": 50_000_000, "batch": 100},  # no number is named for batches
    docs="docs/transports/smtp2go.md",
)
