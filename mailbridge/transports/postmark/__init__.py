"""The Postmark transport: messages by ActiveCampaign Postmark's Email API."""

from mailbridge.extend import Plugin

# https://postmarkapp.com/developer/api/email-api, …/templates-api and …/bulk-email (2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "inline", "list_unsubscribe", "merge_data", "merge_global", "merge_headers",
    "merge_metadata", "message_id", "metadata", "multiple_reply_to", "priority", "provider_options", "stream", "tags",
    "template", "threading", "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="postmark",
    schemes=("postmark",),
    settings="mailbridge.transports.postmark.settings:PostmarkSettings",
    transport="mailbridge.transports.postmark.transport:PostmarkTransport",
    summary="Postmark, Email API.",
    example="postmark://0dc4a1f7-9f2b-4b39-8f6d-3f1c2f9f7a11@default?stream=outbound",
    features=FEATURES,
    limits={
        "recipients": 50,
        "bytes": 10_000_000,
        "batch": 500,
        "batch_bytes": 50_000_000,
        "tags": 1,
        "tag_length": 1000,
        "metadata": 10,
        "metadata_name_length": 20,
        "metadata_value_length": 80,
    },
    docs="docs/transports/postmark.md",
)
