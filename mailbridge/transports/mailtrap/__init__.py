"""The Mailtrap transport: messages by Mailtrap's Email API, into its sandbox too."""

from mailbridge.extend import Plugin

# https://docs.mailtrap.io/developers/email-sending, OpenAPI of 2026-06-10 (seen 2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "inline", "list_unsubscribe", "merge_data", "merge_global", "merge_headers",
    "merge_metadata", "metadata", "multiple_reply_to", "priority", "tags", "template", "threading",
})  # fmt: skip

plugin = Plugin(
    name="mailtrap",
    schemes=("mailtrap",),
    settings="mailbridge.transports.mailtrap.settings:MailtrapSettings",
    transport="mailbridge.transports.mailtrap.transport:MailtrapTransport",
    summary="Mailtrap, Email API and sandbox.",
    example="mailtrap://api-token@default?stream=bulk",
    features=FEATURES,
    limits={
        "to": 1000,
        "cc": 1000,
        "bcc": 1000,
        "bytes": 10_000_000,  # help.mailtrap.io/article/100-sending-limits (2026-11-22)
        "batch": 500,
        "batch_bytes": 50_000_000,
        "tags": 1,
        "tag_length": 255,
        "metadata_bytes": 1000,  # beyond, Mailtrap ignores all of it: docs.mailtrap.io, custom variables (2026-11-22)
    },
    docs="docs/transports/mailtrap.md",
)
