"""The sendmail transport: hands messages to the machine's own mail program."""

from mailbridge.extend import Plugin, features

# A raw message passes as its maker encoded it, 8-bit or not.
FEATURES = features.MIME | {"8bitmime"}

plugin = Plugin(
    name="sendmail",
    schemes=("sendmail",),
    settings="mailbridge.transports.sendmail.settings:SendmailSettings",
    transport="mailbridge.transports.sendmail.transport:SendmailTransport",
    summary="Runs sendmail(8) or a program like it (Postfix, Exim, msmtp, nullmailer).",
    example="sendmail:///usr/sbin/sendmail",
    features=FEATURES,
    docs="docs/transports/sendmail.md",
)
