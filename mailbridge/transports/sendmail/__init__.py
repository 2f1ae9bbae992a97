"""The sendmail transport: hands messages to the machine's own mail program."""

from mailbridge.extend import Plugin, features

plugin = Plugin(
    name="sendmail",
    schemes=("sendmail",),
    settings="mailbridge.transports.sendmail.settings:SendmailSettings",
    transport="mailbridge.transports.sendmail.transport:SendmailTransport",
    summary="Runs sendmail(8) or a program like it (Postfix, Exim, msmtp, nullmailer).",
    example="sendmail:///usr/sbin/sendmail",
    features=features.CONTENT | features.ENVELOPE | features.ADVISORY | {"smtputf8"},
    docs="docs/transports/sendmail.md",
)
