"""The SES transport: messages by version 2 of Amazon SES's API."""

from mailbridge.extend import Plugin, features

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (2026-11-22). Not "date" and
# "message_id": SES writes its own (https://docs.aws.amazon.com/ses/latest/dg/header-fields.html).
FEATURES = (features.CONTENT - {"date", "message_id"}) | features.ENVELOPE | {
    "merge_data", "merge_global", "merge_headers", "merge_metadata", "metadata", "provider_options", "tags",
    "template", "track_clicks", "track_opens",
}  # fmt: skip

plugin = Plugin(
    name="ses",
    schemes=("ses",),
    settings="mailbridge.transports.ses.settings:SesSettings",
    transport="mailbridge.transports.ses.transport:SesTransport",
    summary="Amazon SES, API v2.",
    example="ses://AKIAIOSFODNN7EXAMPLE:SECRET@eu-west-1",
    features=FEATURES,
    # https://docs.aws.amazon.com/ses/latest/dg/quotas.html and send-personalized-email-api.html (2026-11-22).
    limits={
        "recipients": 50,
        "bytes": 40_000_000,
        "batch": 50,
        "batch_bytes": 1_000_000,
        "tags": 1,
        "tag_length": 256,
        "metadata_name_length": 256,
        "metadata_value_length": 256,
    },
    extra="ses",
    docs="docs/transports/ses.md",
)
