"""The Zoho Mail transport: messages from mailboxes of Zoho Mail by its API."""

from mailbridge.extend import Plugin

# zoho.com/mail/help/api/post-send-an-email.html (2026-11-22) knows one form of the body, addresses and files.
# Not here: inline files, which Zoho refers to by addresses of its own, and send_at, for sources do not agree
# whether its scheduleTime begins with the day or the month.
FEATURES = frozenset({"attachments", "html", "provider_options"})

plugin = Plugin(
    name="zoho",
    schemes=("zoho",),
    settings="mailbridge.transports.zoho.settings:ZohoSettings",
    transport="mailbridge.transports.zoho.transport:ZohoTransport",
    summary="Zoho Mail, Mail API.",
    example="zoho://ann%40example.com@default?region=eu",
    features=FEATURES,
    docs="docs/transports/zoho.md",
)
