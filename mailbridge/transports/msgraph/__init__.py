"""The Microsoft Graph transport: messages from mailboxes of Microsoft 365 and Outlook.com."""

from mailbridge.extend import Plugin

# Not here: what Exchange does not keep. It writes Message-ID and Date itself, and of further headers it lets
# through those that begin with X- (microsoftgraph/microsoft-graph-docs#21904, redaxo/core#6590; 2026-11-22).
FEATURES = frozenset({
    "attachments", "calendar", "headers", "html", "inline", "multiple_reply_to", "priority", "provider_options",
    "raw", "send_at", "sender", "threading",
})  # fmt: skip

plugin = Plugin(
    name="msgraph",
    schemes=("msgraph",),
    settings="mailbridge.transports.msgraph.settings:MsGraphSettings",
    transport="mailbridge.transports.msgraph.transport:MsGraphTransport",
    summary="Microsoft 365 and Outlook.com, Microsoft Graph.",
    example="msgraph://ann%40example.com@default",
    features=FEATURES,
    # Exchange Online's defaults: learn.microsoft.com/office365/servicedescriptions, Exchange Online limits, and
    # learn.microsoft.com/graph/api/attachment-createuploadsession (2026-11-22). Administrators change both.
    limits={"recipients": 500, "bytes": 36_700_160},
    docs="docs/transports/msgraph.md",
)
