"""The file transport: messages stay on this machine's disk, as .eml files, a Maildir or an mbox."""

from mailbridge.extend import Plugin, features

plugin = Plugin(
    name="file",
    schemes=("file",),
    settings="mailbridge.transports.file.settings:FileSettings",
    transport="mailbridge.transports.file.transport:FileTransport",
    summary="Writes messages to a directory (.eml files or a Maildir) or to an mbox file.",
    example="file:///var/mail/out?format=maildir",
    features=features.LOCAL,
    docs="docs/transports/file.md",
)
