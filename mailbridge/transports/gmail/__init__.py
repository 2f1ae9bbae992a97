"""The Gmail transport: messages by the Gmail API, as a person or on behalf of one."""

from mailbridge.extend import Plugin, features

# Gmail writes the Message-ID itself (gauteh/lieer#198 and others, 2026-11-22), and the author is the account
# or one of its aliases: several authors, or a Sender, are nothing it promises to keep.
FEATURES = features.CONTENT - {"message_id", "multiple_from", "sender"} | {"provider_options"}

plugin = Plugin(
    name="gmail",
    schemes=("gmail",),
    settings="mailbridge.transports.gmail.settings:GmailSettings",
    transport="mailbridge.transports.gmail.transport:GmailTransport",
    summary="Gmail and Google Workspace, Gmail API.",
    example="gmail://ann%40example.com@default",
    features=FEATURES,
    # 500 a message by support.google.com/a/answer/166852; the octets by the API's description of messages.send.
    limits={"recipients": 500, "bytes": 36_700_160},
    extra="oauth",
    docs="docs/transports/gmail.md",
)
