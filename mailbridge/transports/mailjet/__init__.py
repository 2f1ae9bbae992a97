"""The Mailjet transport: messages by Mailjet's Send API v3.1."""

from mailbridge.extend import Plugin

# https://dev.mailjet.com/docs/email-api/send_api_v31 and …/reference/email/send-emails (2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "inline", "list_unsubscribe", "merge_data", "merge_global", "merge_headers",
    "merge_metadata", "metadata", "priority", "provider_options", "sender", "tags", "template", "threading",
    "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="mailjet",
    schemes=("mailjet",),
    settings="mailbridge.transports.mailjet.settings:MailjetSettings",
    transport="mailbridge.transports.mailjet.transport:MailjetTransport",
    summary="Mailjet, Send API v3.1.",
    example="mailjet://api-key:secret-key@default?sandbox=true",
    features=FEATURES,
    limits={
        "recipients": 50,
        "bytes": 20_000_000,  # files of 15 MB in base64
        "batch": 50,
        "batch_recipients": 50,  # over all messages of a call, as its users found out
        "subject_length": 255,
        "attachments": 50,
        "headers": 50,
        "tags": 1,
        "tag_length": 255,
    },
    docs="docs/transports/mailjet.md",
)
