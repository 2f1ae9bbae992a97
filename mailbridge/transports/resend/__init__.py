"""The Resend transport: messages by Resend's Emails API."""

from mailbridge.extend import Plugin

# https://resend.com/docs: api-reference/emails/send-email, …/send-batch-emails, dashboard/emails/tags (2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "idempotency_key", "inline", "list_unsubscribe", "merge_data", "merge_global",
    "merge_headers", "merge_metadata", "metadata", "multiple_reply_to", "priority", "provider_options", "send_at",
    "tags", "template", "threading",
})  # fmt: skip

plugin = Plugin(
    name="resend",
    schemes=("resend",),
    settings="mailbridge.transports.resend.settings:ResendSettings",
    transport="mailbridge.transports.resend.transport:ResendTransport",
    summary="Resend, Emails API.",
    example="resend://re_key@default",
    features=FEATURES,
    limits={"to": 50, "bytes": 40_000_000, "batch": 100, "tags": 75, "tag_length": 256, "metadata": 75},
    docs="docs/transports/resend.md",
)
