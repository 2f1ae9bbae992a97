"""The Brevo transport: messages by Brevo's (formerly Sendinblue's) transactional email API."""

from mailbridge.extend import Plugin

# https://developers.brevo.com/reference/sendtransacemail and …/docs/batch-send-transactional-emails (2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "idempotency_key", "list_unsubscribe", "merge_data", "merge_global",
    "merge_headers", "merge_metadata", "metadata", "priority", "provider_options", "send_at", "tags", "template",
    "threading",
})  # fmt: skip

plugin = Plugin(
    name="brevo",
    schemes=("brevo",),
    settings="mailbridge.transports.brevo.settings:BrevoSettings",
    transport="mailbridge.transports.brevo.transport:BrevoTransport",
    summary="Brevo (formerly Sendinblue), transactional email API v3.",
    example="brevo://xkeysib-key@default",
    features=FEATURES,
    limits={"recipients": 99, "bytes": 20_000_000, "batch": 1000, "batch_recipients": 2000},
    docs="docs/transports/brevo.md",
)
