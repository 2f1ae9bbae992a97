"""The Elastic Email transport: messages by Elastic Email's REST API v4."""

from mailbridge.extend import Plugin

# https://elasticemail.com/developers/api-documentation/rest-api, github.com/ElasticEmail/elasticemail-go (2026-11-22)
FEATURES = frozenset({
    "amp", "attachments", "envelope_sender", "headers", "html", "list_unsubscribe", "merge_data", "merge_global",
    "merge_headers", "merge_metadata", "metadata", "priority", "provider_options", "tags", "template", "threading",
    "track_clicks", "track_opens",
})  # fmt: skip

plugin = Plugin(
    name="elasticemail",
    schemes=("elasticemail",),
    settings="mailbridge.transports.elasticemail.settings:ElasticEmailSettings",
    transport="mailbridge.transports.elasticemail.transport:ElasticEmailTransport",
    summary="Elastic Email, REST API v4.",
    example="elasticemail://KEY@default",
    features=FEATURES,
    limits={"bytes": 20_000_000, "batch": 1000, "tags": 1},
    docs="docs/transports/elasticemail.md",
)
