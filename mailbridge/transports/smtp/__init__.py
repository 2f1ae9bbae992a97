"""The SMTP transport: any mail server, by SMTP, SMTPS or LMTP."""

from mailbridge.extend import Plugin, features

plugin = Plugin(
    name="smtp",
    schemes=("smtp", "smtps", "lmtp"),
    settings="mailbridge.transports.smtp.settings:SmtpSettings",
    transport="mailbridge.transports.smtp.transport:transport",
    summary="Any mail server, by SMTP, SMTPS or LMTP: pipelined, on pooled connections.",
    example="smtp://user:password@mail.example.com:587",
    features=features.SMTP,
    docs="docs/transports/smtp.md",
)
