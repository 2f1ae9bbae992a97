"""Acme's mail API as a transport of mailbridge: `acme://KEY@default`."""

from mailbridge.extend import Plugin

plugin = Plugin(
    name="acme",
    schemes=["acme"],
    settings="acme_mail.settings:AcmeSettings",
    transport="acme_mail.transport:AcmeTransport",
    summary="Acme's mail API, version 1.",
    example="acme://ak_key@default?region=eu",
    features=[
        "attachments", "headers", "html", "inline", "list_unsubscribe", "merge_headers", "merge_metadata",
        "message_id", "metadata", "priority", "provider_options", "tags", "threading",
    ],
    limits={"recipients": 100, "bytes": 10_000_000, "batch": 50, "tags": 5, "tag_length": 40},
)  # fmt: skip
