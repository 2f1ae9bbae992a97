"""The Mandrill transport: messages by Mailchimp's Transactional API."""

from mailbridge.extend import Plugin

# https://mailchimp.com/developer/transactional/api/messages, OpenAPI of 2026-04-30 (seen 2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "inline", "list_unsubscribe", "merge_data", "merge_global", "merge_headers",
    "merge_metadata", "metadata", "multiple_reply_to", "priority", "provider_options", "send_at", "tags", "template",
    "threading", "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="mandrill",
    schemes=("mandrill",),
    settings="mailbridge.transports.mandrill.settings:MandrillSettings",
    transport="mailbridge.transports.mandrill.transport:MandrillTransport",
    summary="Mailchimp Transactional (Mandrill).",
    example="mandrill://md-key@default?subaccount=shop",
    features=FEATURES,
    limits={
        "recipients": 1000,
        "bytes": 25_000_000,
        "batch": 1000,
        "batch_recipients": 1000,
        "subject_length": 998,
        "tag_length": 50,
    },
    docs="docs/transports/mandrill.md",
)
