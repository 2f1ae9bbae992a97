"""The headers by which providers are told over SMTP what their HTTP APIs have fields for.

By preset, then by field of the message. A field that a preset has no rule for is refused as always.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailbridge.transports.smtp.presets.rules import (
    Rule,
    data,
    data_headers,
    data_pairs,
    date,
    each_tag,
    limited,
    one_tag,
    part,
    strings,
    switch,
    tag_list,
    unix_time,
    utc,
    word,
)


def _filter(name: str, wanted: bool) -> dict[str, object]:
    return {"filters": {name: {"settings": {"enable": int(wanted)}}}}


# twilio.com/docs/sendgrid/for-developers/sending-email/building-an-x-smtpapi-header and …/smtp-filters, 2026-11-22.
# One header for all of it: of several, SendGrid reads the first only.
SENDGRID = {
    "tags": part("X-SMTPAPI", lambda tags: {"category": limited(tags, most=10)}),
    "metadata": part("X-SMTPAPI", lambda metadata: {"unique_args": strings(metadata)}),
    "send_at": part("X-SMTPAPI", lambda moment: {"send_at": unix_time(moment)}),
    "track_clicks": part("X-SMTPAPI", lambda wanted: _filter("clicktrack", wanted)),
    "track_opens": part("X-SMTPAPI", lambda wanted: _filter("opentrack", wanted)),
}

# documentation.mailgun.com, user manual, "Sending messages: passing sending options" (SMTP), 2026-11-22.
MAILGUN = {
    "tags": each_tag("X-Mailgun-Tag", longest=128),
    "metadata": data("X-Mailgun-Variables"),
    "send_at": date("X-Mailgun-Deliver-By"),
    "track_clicks": switch("X-Mailgun-Track-Clicks", "yes", "no"),
    "track_opens": switch("X-Mailgun-Track-Opens", "yes", "no"),
}

# docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html and API_MessageTag, 2026-11-22.
# Events bring them back where a configuration set publishes them.
SES = {"metadata": data_pairs("X-SES-MESSAGE-TAGS")}

# The headers of developers.brevo.com's SMTP examples; fact sheet brevo.md: escapes in the JSON are decoded on
# the way, so that non-ASCII would travel raw.
BREVO = {"tags": one_tag("X-Mailin-Tag"), "metadata": data("X-Mailin-custom", plain=True)}

# mandrill.zendesk.com/hc/en-us/articles/360039280433 (SMTP headers) and 205582117 (metadata), 2026-11-22.
MANDRILL = {
    "tags": tag_list("X-MC-Tags", longest=50),
    "metadata": data("X-MC-Metadata"),
    "send_at": utc("X-MC-SendAt"),
    "track_clicks": switch("X-MC-Track", "clicks_all"),
    "track_opens": switch("X-MC-Track", "opens"),
}

# docs.mailtrap.io/email-api-smtp/advanced/custom-variables, 2026-11-22: beyond 1000 bytes they are ignored.
MAILTRAP = {
    "tags": one_tag("X-MT-Category", longest=255),
    "metadata": data("X-MT-Custom-Variables", most_bytes=1000, strings=True),
}

# postmarkapp.com/developer/user-guide/send-email-with-smtp, …/tracking-opens-per-email and
# postmarkapp.com/support/article/1125 (metadata), 2026-11-22: opens cannot be switched off for one message, and
# of keys that differ only in case one is renamed.
POSTMARK = {
    "tags": one_tag("X-PM-Tag", longest=1000),
    "metadata": data_headers("X-PM-Metadata-"),
    "stream": word("X-PM-Message-Stream"),
    "track_clicks": switch("X-PM-TrackLinks", "HtmlAndText", "None"),
    "track_opens": switch("X-PM-TrackOpens", "true"),
}

# resend.com/docs/send-with-smtp, 2026-11-22.
RESEND = {"idempotency_key": word("Resend-Idempotency-Key")}

# dev.mailjet.com/docs/smtp_relay/custom_headers, 2026-11-22.
MAILJET = {
    "tags": one_tag("X-Mailjet-Campaign", longest=255, pattern="[A-Za-z0-9 _-]+"),
    "metadata": data("X-MJ-EventPayload"),
    "track_clicks": switch("X-Mailjet-TrackClick", "1", "0"),
    "track_opens": switch("X-Mailjet-TrackOpen", "1", "0"),
}

# developers.sparkpost.com/api/smtp, 2026-11-22; of more than 10 tags the rest is ignored (Momentum 4 manual).
SPARKPOST = {
    "tags": part("X-MSYS-API", lambda tags: {"tags": limited(tags, most=10)}),
    "metadata": part("X-MSYS-API", lambda metadata: {"metadata": dict(metadata)}),
    "track_clicks": part("X-MSYS-API", lambda wanted: {"options": {"click_tracking": wanted}}),
    "track_opens": part("X-MSYS-API", lambda wanted: {"options": {"open_tracking": wanted}}),
}

# developers.mailersend.com/smtp-relay, 2026-11-22.
MAILERSEND = {"tags": tag_list("X-MailerSend-Tags", most=5)}

HEADERS: Mapping[str, Mapping[str, Rule]] = {
    "sendgrid": SENDGRID,
    "mailgun": MAILGUN,
    "ses": SES,
    "brevo": BREVO,
    "mandrill": MANDRILL,
    "mailtrap": MAILTRAP,
    "postmark": POSTMARK,
    "resend": RESEND,
    "mailjet": MAILJET,
    "sparkpost": SPARKPOST,
    "mailersend": MAILERSEND,
}
"""Preset → field of the message → rule."""
