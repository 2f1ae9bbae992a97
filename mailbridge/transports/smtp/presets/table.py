"""The presets: providers' SMTP doors, as their own documentation describes them.

Limits marked [K] in the fact sheets (not seen on a page of the provider's) are left out.
"""

from __future__ import annotations

from mailbridge.transports.smtp.presets.headers import HEADERS
from mailbridge.transports.smtp.presets.preset import Hosts, Login, PortMode, Preset

_MB = 1_000_000
_WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN")
_MICROSOFT = ("XOAUTH2", "LOGIN", "PLAIN")


def _ports(*starttls: int, implicit: tuple[int, ...] = (), first: int = 0) -> dict[int, PortMode]:
    modes: dict[int, PortMode] = {
        **dict.fromkeys(starttls, "starttls"),
        **dict.fromkeys(implicit, "implicit"),
    }
    return {first: modes[first], **modes} if first else modes


def _host(name: str) -> Hosts:
    return Hosts({"": name})


_ALL = (
    Preset(
        "sendgrid",
        "SendGrid",
        Hosts({"global": "smtp.sendgrid.net", "eu": "smtp.eu.sendgrid.net"}, "region"),
        _ports(587, 2525, 25, implicit=(465,)),
        Login("fixed", "an API key (SG.…) with the permission Mail Send", name="apikey"),
        "twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api, 2026-11-22",
        limits={"recipients": 1000, "bytes": 30 * _MB},
    ),
    Preset(
        "mailgun",
        "Mailgun",
        Hosts({"us": "smtp.mailgun.org", "eu": "smtp.eu.mailgun.org"}, "region"),
        _ports(587, 2525, 25, implicit=(465,)),
        Login("address", "the password of an SMTP credential of the domain, not an API key"),
        "documentation.mailgun.com/docs/mailgun/user-manual/sending-messages, 2026-11-22",
        limits={"bytes": 25 * _MB},
        user="postmaster%40mg.example.com",
    ),
    Preset(
        "ses",
        "Amazon SES",
        Hosts({"*": "email-smtp.*.amazonaws.com"}, "region"),
        _ports(587, 2587, 25, implicit=(465, 2465)),
        Login("given", "an SMTP password of this region, or the secret access key that it is derived from"),
        "docs.aws.amazon.com/ses/latest/dg/smtp-connect.html and smtp-credentials.html, 2026-11-22",
        limits={"recipients": 50, "bytes": 40 * _MB},
        user="AKIAIOSFODNN7EXAMPLE",
    ),
    Preset(
        "brevo",
        "Brevo",
        _host("smtp-relay.brevo.com"),
        _ports(587, 2525, implicit=(465,)),
        Login("address", "an SMTP key (xsmtpsib-…), not an API key (xkeysib-…)"),
        "developers.brevo.com/docs/smtp-integration, 2026-11-22",
        limits={"bytes": 20 * _MB},
        user="7a1b2c001%40smtp-brevo.com",
    ),
    Preset(
        "mandrill",
        "Mandrill",
        _host("smtp.mandrillapp.com"),
        _ports(587, 2525, 25, implicit=(465,)),
        Login("suggested", "an API key; the user name is not looked at", name="mandrill"),
        "mailchimp.com/developer/transactional/docs/smtp-integration, 2026-11-22",
    ),
    Preset(
        "mailtrap",
        "Mailtrap",
        Hosts(
            {
                "transactional": "live.smtp.mailtrap.io",
                "bulk": "bulk.smtp.mailtrap.io",
                "sandbox": "sandbox.smtp.mailtrap.io",
            },
            "stream",
        ),
        _ports(587, 2525, implicit=()),
        Login(
            "suggested",
            "an API token; in the sandbox, user name and password of the inbox",
            name="api",
            pairs=frozenset({"sandbox"}),
        ),
        "docs.mailtrap.io/email-api-smtp/setup/smtp-integration, 2026-11-22",
    ),
    Preset(
        "postmark",
        "Postmark",
        Hosts(
            {"transactional": "smtp.postmarkapp.com", "broadcast": "smtp-broadcasts.postmarkapp.com"},
            "stream",
        ),
        _ports(587, 2525, 25),
        Login("same", "the server's API token; or access key and secret key of a stream's SMTP token"),
        "postmarkapp.com/developer/user-guide/send-email-with-smtp, 2026-11-22",
        auth=("PLAIN", "CRAM-MD5", "LOGIN"),
        limits={"recipients": 50, "bytes": 10 * _MB},
    ),
    Preset(
        "resend",
        "Resend",
        _host("smtp.resend.com"),
        _ports(587, 2587, 25, implicit=(465, 2465), first=465),
        Login("fixed", "an API key (re_…)", name="resend"),
        "resend.com/docs/send-with-smtp, 2026-11-22",
        limits={"recipients": 50},
    ),
    Preset(
        "mailjet",
        "Mailjet",
        _host("in-v3.mailjet.com"),
        _ports(587, 2525, 25, implicit=(465,)),
        Login("given", "the secret key that belongs to the API key"),
        "dev.mailjet.com/docs/smtp_relay, 2026-11-22",
        user="APIKEY",
    ),
    Preset(
        "sparkpost",
        "SparkPost",
        Hosts({"us": "smtp.sparkpostmail.com", "eu": "smtp.eu.sparkpostmail.com"}, "region"),
        _ports(587, 2525),
        Login(
            "fixed",
            "an API key with the permission Send via SMTP",
            name="SMTP_Injection",
            also=r"SMTP_Injection:X-MSYS-SUBACCOUNT=[0-9]+",
        ),
        "developers.sparkpost.com/api/smtp, 2026-11-22: a new connection after 100 messages, idle for a minute at most",
        auth=("LOGIN", "PLAIN"),
        limits={"bytes": 20 * _MB},
        defaults={"max_messages": 100},
    ),
    Preset(
        "mailersend",
        "MailerSend",
        _host("smtp.mailersend.net"),
        _ports(587, 2525),
        Login("given", "the password of an SMTP user (mssp.…), not an API token"),
        "developers.mailersend.com/smtp-relay and mailersend.com/help/smtp-relay, 2026-11-22",
        user="MS_a1b2c3%40example.com",
    ),
    Preset(
        "elasticemail",
        "Elastic Email",
        _host("smtp.elasticemail.com"),
        _ports(587, 2525, 25, implicit=(465,)),
        Login("address", "the password of an SMTP credential"),
        "help.elasticemail.com/en/articles/4803409-smtp-settings, 2026-11-22",
        user="ann%40example.com",
    ),
    Preset(
        "sendpulse",
        "SendPulse",
        _host("smtp-pulse.com"),
        _ports(587, 2525, implicit=(465,)),
        Login("address", "the SMTP password of the account's SMTP settings"),
        "sendpulse.com, SMTP settings of the account; seen in programs that use it, 2026-11-22",
        user="ann%40example.com",
    ),
    Preset(
        "smtp2go",
        "SMTP2GO",
        Hosts(
            {
                "global": "mail.smtp2go.com",
                "us": "mail-us.smtp2go.com",
                "eu": "mail-eu.smtp2go.com",
                "au": "mail-au.smtp2go.com",
            },
            "region",
        ),
        _ports(2525, 587, 8025, 25, 80, implicit=(465, 8465, 443)),
        Login("given", "the password of an SMTP user, not an API key"),
        "developers.smtp2go.com/docs/smtp-relay, 2026-11-22",
        user="USER",
    ),
    Preset(
        "gmail",
        "Gmail",
        _host("smtp.gmail.com"),
        _ports(587, implicit=(465,)),
        Login("address", "an app password of 16 letters, or a token", spaced=True),
        "support.google.com/a/answer/176600 and /166852, 2026-11-22",
        auth=_WITH_TOKEN,
        limits={"recipients": 100},
        user="ann%40gmail.com",
        oauth=True,
    ),
    Preset(
        "outlook",
        "Microsoft",
        Hosts(
            {"": "smtp.office365.com"},
            own_domains=frozenset({"outlook", "hotmail", "live", "msn"}),
            personal={"": "smtp-mail.outlook.com"},
        ),
        _ports(587, 25),
        Login("address", "a token, or a password where the administrator still allows it"),
        "learn.microsoft.com/exchange: SMTP AUTH client submission; support.microsoft.com: settings for Outlook.com; "
        "2026-11-22",
        auth=_MICROSOFT,
        limits={"recipients": 500},
        defaults={"connections": 3},
        user="ann%40example.com",
        oauth=True,
    ),
    Preset(
        "yahoo",
        "Yahoo",
        _host("smtp.mail.yahoo.com"),
        _ports(587, implicit=(465,), first=465),
        Login("address", "an app password, or a token", spaced=True),
        "help.yahoo.com SLN4724 and SLN17518, 2026-11-22",
        auth=_WITH_TOKEN,
        limits={"recipients": 100},
        user="ann%40yahoo.com",
    ),
    Preset(
        "aol",
        "AOL",
        _host("smtp.aol.com"),
        _ports(587, implicit=(465,), first=465),
        Login("address", "an app password, or a token", spaced=True),
        "help.aol.com, server settings of AOL Mail, 2026-11-22",
        auth=_WITH_TOKEN,
        user="ann%40aol.com",
    ),
    Preset(
        "zoho",
        "Zoho Mail",
        Hosts(
            {
                "us": "smtppro.zoho.com",
                "eu": "smtppro.zoho.eu",
                "in": "smtppro.zoho.in",
                "au": "smtppro.zoho.com.au",
                "jp": "smtppro.zoho.jp",
                "sa": "smtppro.zoho.sa",
                "cn": "smtppro.zoho.com.cn",
            },
            "region",
            own_domains=frozenset({"zoho", "zohomail"}),
            personal={
                "us": "smtp.zoho.com",
                "eu": "smtp.zoho.eu",
                "in": "smtp.zoho.in",
                "au": "smtp.zoho.com.au",
                "jp": "smtp.zoho.jp",
                "sa": "smtp.zoho.sa",
                "cn": "smtp.zoho.com.cn",
            },
        ),
        _ports(587, implicit=(465,), first=465),
        Login("address", "the password, or an app-specific one where two-factor authentication is on"),
        "zoho.com/mail/help/zoho-smtp.html, 2026-11-22; an organisation on the free plan has the personal host",
        user="ann%40example.com",
    ),
    Preset(
        "icloud",
        "iCloud Mail",
        _host("smtp.mail.me.com"),
        _ports(587),
        Login("address", "an app-specific password"),
        "support.apple.com/102525, 2026-11-22",
        user="ann%40icloud.com",
    ),
    Preset(
        "fastmail",
        "Fastmail",
        _host("smtp.fastmail.com"),
        _ports(587, implicit=(465,), first=465),
        Login("address", "an app password"),
        "fastmail.help, server names and ports, 2026-11-22",
        user="ann%40fastmail.com",
    ),
)

PRESETS = {each.scheme: each._replace(rules=HEADERS.get(each.name, {})) for each in _ALL}
"""The presets, by scheme."""


def owner_of(host: str) -> Preset | None:
    """Return the preset whose host this is."""
    return next((each for each in PRESETS.values() if each.hosts.owns(host.lower())), None)
