"""The MailerSend transport: messages by MailerSend's Email API."""

from mailbridge.extend import Plugin

# https://developers.mailersend.com/api/v1/email.html, npm mailersend 3.4.0, PyPI mailersend (2026-11-22)
FEATURES = frozenset({
    "attachments", "headers", "html", "inline", "list_unsubscribe", "merge_data", "merge_global", "merge_headers",
    "priority", "provider_options", "send_at", "tags", "template", "threading", "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="mailersend",
    schemes=("mailersend",),
    settings="mailbridge.transports.mailersend.settings:MailerSendSettings",
    transport="mailbridge.transports.mailersend.transport:MailerSendTransport",
    summary="MailerSend, Email API.",
    example="mailersend://mlsn.token@default",
    features=FEATURES,
    limits={
        "to": 50,
        "cc": 10,
        "bcc": 10,
        "bytes": 25_000_000,
        "batch": 500,  # with bulk=true
        "batch_bytes": 50_000_000,
        "tags": 5,
        "subject_length": 998,
    },
    docs="docs/transports/mailersend.md",
)
