"""The SparkPost transport: messages by Bird SparkPost's Transmissions API."""

from mailbridge.extend import Plugin

# https://developers.sparkpost.com/api/transmissions/ (2026-11-22). It tells of no key for repeated sends. Not here is
# list_unsubscribe: SparkPost writes its own into all that is not transactional, in place of ours (django-anymail).
FEATURES = frozenset({
    "alternatives", "amp", "attachments", "calendar", "envelope", "envelope_sender", "headers", "html", "inline",
    "merge_data", "merge_global", "merge_headers", "merge_metadata", "metadata",
    "multiple_reply_to", "priority", "provider_options", "raw", "send_at", "sender", "tags", "template", "threading",
    "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="sparkpost",
    schemes=("sparkpost",),
    settings="mailbridge.transports.sparkpost.settings:SparkPostSettings",
    transport="mailbridge.transports.sparkpost.transport:SparkPostTransport",
    summary="SparkPost, Transmissions API.",
    example="sparkpost://key@default?region=eu",
    features=FEATURES,
    limits={
        "bytes": 27_000_000,  # 20 MB of texts and files, which travel in base64
        "batch": 5000,  # 5,000 to 10,000 recipients, and 50 MB, are what SparkPost recommends
        "batch_recipients": 10_000,
        "batch_bytes": 50_000_000,
        "tags": 1,
        "tag_length": 64,
        "metadata_bytes": 10_000,
    },
    docs="docs/transports/sparkpost.md",
)
