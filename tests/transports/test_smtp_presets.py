"""The presets: what a DSN becomes, and how wrong ones are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import ConfigError, Dsn, Mailer
from mailbridge.extend import SmtpServer
from mailbridge.plugins import Plugins
from mailbridge.settings.keys import KINDS, kind_of_key
from mailbridge.transports.smtp.presets.preset import Preset
from mailbridge.transports.smtp.presets.settings import PresetSettings
from mailbridge.transports.smtp.presets.table import PRESETS, owner_of

SERVERS = """
sendgrid+smtp://SG.k@default  smtp.sendgrid.net:587 starttls apikey SG.k
sendgrid+smtp://:SG.k@default  smtp.sendgrid.net:587 starttls apikey SG.k
sendgrid+smtp://apikey:SG.k@default  smtp.sendgrid.net:587 starttls apikey SG.k
sendgrid+smtp://SG.k@default?region=eu  smtp.eu.sendgrid.net:587 starttls apikey SG.k
sendgrid+smtp://SG.k@default?tls=implicit  smtp.sendgrid.net:465 implicit apikey SG.k
sendgrid+smtp://SG.k@default:2525  smtp.sendgrid.net:2525 starttls apikey SG.k
mailgun+smtp://p%40mg.ex.com:pw@default  smtp.mailgun.org:587 starttls p@mg.ex.com pw
mailgun+smtp://p%40mg.ex.com:pw@default?region=eu  smtp.eu.mailgun.org:587 starttls p@mg.ex.com pw
ses+smtp://AKIAX:pw@default?region=eu-west-1  email-smtp.eu-west-1.amazonaws.com:587 starttls AKIAX pw
ses+smtp://AKIAX:pw@default:2465?region=us-gov-west-1  email-smtp.us-gov-west-1.amazonaws.com:2465 implicit AKIAX pw
brevo+smtp://a%40smtp-brevo.com:xsmtpsib-1@default  smtp-relay.brevo.com:587 starttls a@smtp-brevo.com xsmtpsib-1
mandrill+smtp://md-k@default  smtp.mandrillapp.com:587 starttls mandrill md-k
mandrill+smtp://ann%40ex.com:md-k@default  smtp.mandrillapp.com:587 starttls ann@ex.com md-k
mailtrap+smtp://k@default  live.smtp.mailtrap.io:587 starttls api k
mailtrap+smtp://k@default?stream=bulk  bulk.smtp.mailtrap.io:587 starttls api k
mailtrap+smtp://u:p@default:2525?stream=sandbox  sandbox.smtp.mailtrap.io:2525 starttls u p
postmark+smtp://k@default  smtp.postmarkapp.com:587 starttls k k
postmark+smtp://access:secret@default?stream=broadcast  smtp-broadcasts.postmarkapp.com:587 starttls access secret
resend+smtp://re_k@default  smtp.resend.com:465 implicit resend re_k
resend+smtp://re_k@default?tls=starttls  smtp.resend.com:587 starttls resend re_k
resend+smtp://re_k@default:2587  smtp.resend.com:2587 starttls resend re_k
mailjet+smtp://key:secret@default  in-v3.mailjet.com:587 starttls key secret
sparkpost+smtp://k@default  smtp.sparkpostmail.com:587 starttls SMTP_Injection k
mailersend+smtp://MS_a%40ex.com:pw@default  smtp.mailersend.net:587 starttls MS_a@ex.com pw
elasticemail+smtp://ann%40ex.com:pw@default  smtp.elasticemail.com:587 starttls ann@ex.com pw
sendpulse+smtp://ann%40ex.com:pw@default  smtp-pulse.com:587 starttls ann@ex.com pw
smtp2go+smtp://u:pw@default?region=au  mail-au.smtp2go.com:2525 starttls u pw
smtp2go+smtp://u:pw@default:443  mail.smtp2go.com:443 implicit u pw
gmail+smtp://ann%40gmail.com:abcd%20efgh@default  smtp.gmail.com:587 starttls ann@gmail.com abcdefgh
outlook+smtp://ann%40example.com:pw@default  smtp.office365.com:587 starttls ann@example.com pw
outlook+smtp://ann%40Hotmail.co.uk:pw@default  smtp-mail.outlook.com:587 starttls ann@Hotmail.co.uk pw
yahoo+smtp://ann%40yahoo.com:ab%20cd@default  smtp.mail.yahoo.com:465 implicit ann@yahoo.com abcd
aol+smtp://ann%40aol.com:pw@default  smtp.aol.com:465 implicit ann@aol.com pw
zoho+smtp://ann%40ex.com:pw@default  smtppro.zoho.com:465 implicit ann@ex.com pw
zoho+smtp://ann%40zohomail.eu:pw@default?region=eu  smtp.zoho.eu:465 implicit ann@zohomail.eu pw
zoho+smtp://ann%40ex.com:pw@smtp.zoho.in?tls=starttls  smtp.zoho.in:587 starttls ann@ex.com pw
icloud+smtp://ann%40icloud.com:pw@default  smtp.mail.me.com:587 starttls ann@icloud.com pw
fastmail+smtp://ann%40fastmail.com:pw@default  smtp.fastmail.com:465 implicit ann@fastmail.com pw
"""
"""DSN, then host and port, TLS mode, user and password of the server."""


ALL = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


def server(dsn: str) -> SmtpServer:
    return Mailer(dsn).transport().server


def refused(dsn: str | dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        Mailer(dsn)
    return str(caught.value)


@pytest.mark.parametrize("row", SERVERS.split("\n")[1:-1], ids=lambda row: row.split()[0])
def test_a_dsn_becomes_the_server_that_the_provider_documents(row: str) -> None:
    dsn, address, tls, user, password = row.split()
    made = server(dsn)
    assert (made.address, made.tls_mode, made.user, made.password.reveal()) == (address, tls, user, password)
    assert str(Mailer(dsn).transport()) == f"{Dsn.parse(dsn).scheme}://{address}"


def test_a_subaccount_of_sparkpost_is_part_of_the_user_name() -> None:
    made = server("sparkpost+smtp://SMTP_Injection%3AX-MSYS-SUBACCOUNT=7:k@default?region=eu")
    assert (made.host, made.user) == ("smtp.eu.sparkpostmail.com", "SMTP_Injection:X-MSYS-SUBACCOUNT=7")


def test_spaces_are_removed_from_passwords_only_where_they_are_for_the_eye() -> None:
    spaced = "ab%20cd%20ef"
    assert server(f"gmail+smtp://ann%40gmail.com:{spaced}@default").password.reveal() == "abcdef"
    assert server(f"fastmail+smtp://ann%40fastmail.com:{spaced}@default").password.reveal() == "ab cd ef"


@ALL
class TestEachPreset:
    def test_its_example_is_all_that_it_needs(self, preset: Preset) -> None:
        made = server(preset.example)
        assert preset.hosts.owns(made.host)
        assert (made.port, made.tls_mode) == next(iter(preset.ports.items()))
        assert made.auth == preset.auth

    def test_its_port_and_encryption_can_be_chosen(self, preset: Preset) -> None:
        for port, mode in preset.ports.items():
            assert server(preset.example.replace("@default", f"@default:{port}")).tls_mode == mode

    def test_another_host_can_be_named(self, preset: Preset) -> None:
        made = server(preset.example.replace("@default", "@127.0.0.1:2525"))
        assert (made.address, made.tls_mode) == ("127.0.0.1:2525", "off")
        assert server(preset.example.replace("@default", "@relay.example.com")).tls_mode == "starttls"

    def test_the_options_of_smtp_are_its_own(self, preset: Preset) -> None:
        join = "&" if "?" in preset.example else "?"
        made = Mailer(f"{preset.example}{join}timeout=2m&connections=2&auth=LOGIN&tls_verify=false").transport()
        assert (made.server.timeouts.command, made.connections, made.server.auth) == (120.0, 2, ("LOGIN",))

    def test_a_table_says_the_same_as_a_dsn(self, preset: Preset) -> None:
        region = {"region": "eu-west-1"} if preset.hosts.must_choose else {}
        user = {"user": preset.user.replace("%40", "@")} if preset.user else {}
        table = {"transport": preset.scheme, "password": "PASSWORD" if preset.user else "KEY", **user, **region}
        assert Mailer(table).transport().server.key == server(preset.example).key

    def test_its_record_is_listed(self, preset: Preset) -> None:
        (row,) = [row for row in Plugins(entry_points=False).all() if row.name == preset.scheme]
        assert (row.schemes, row.status, row.error) == ((preset.scheme,), "built in", "")
        assert preset.title in row.summary

    def test_its_facts_have_a_source_and_a_date(self, preset: Preset) -> None:
        assert "2026-11-22" in preset.source
        assert owner_of(server(preset.example).host) == preset


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("mailgun+smtp://key-0123456789abcdef0123456789abcdef@default", "user is an API key of Mailgun"),
        ("mailgun+smtp://postmaster:pw@default", "user must be a whole address"),
        ("mailgun+smtp://a%40b.de:key-0123456789abcdef0123456789abcdef@default", "password is an API key of Mailgun"),
        ("mailgun+smtp://a%40b.de@default", "password is missing: Mailgun wants the password of an SMTP credential"),
        ("mailgun+smtp://a%40b.de:pw@default?region=de", "region must be one of us, eu"),
        ("brevo+smtp://a%40b.de:xkeysib-0a1b@default", "password is an API key of Brevo; Brevo wants an SMTP key"),
        ("brevo+smtp://xsmtpsib-0a1b@default", "user is an SMTP key of Brevo"),
        ("brevo+smtp://a%40b.de:SG.ab.cd@default", "password is an API key of SendGrid; Brevo wants"),
        ("sendgrid+smtp://xsmtpsib-0a1b@default", "password is an SMTP key of Brevo; SendGrid wants an API key"),
        ("sendgrid+smtp://ann:SG.k@default", "user must be apikey, or be left out"),
        ("sendgrid+smtp://apikey@default", "password is missing"),
        ("sendgrid+smtp://@default", "password is missing"),
        ("sendgrid+smtp://SG.k@default?token=t", "a token is nothing that SendGrid takes over SMTP"),
        ("sendgrid+smtp://SG.k@smtp.eu.mailgun.org", "host is that of Mailgun: use mailgun+smtp://"),
        ("sendgrid+smtp://SG.k@default?region=us-east-1", "region must be one of global, eu"),
        ("sendgrid+smtp://SG.k@default?stream=bulk", "stream does not belong to sendgrid+smtp; it has region"),
        ("resend+smtp://re_k@default?region=eu", "region does not belong to resend+smtp"),
        ("mailersend+smtp://u:mlsn.0123456789abcdef0123@default", "password is an API token of MailerSend"),
        ("smtp2go+smtp://u:api-0123456789ABCDEF0123456789ABCDEF@default", "password is an API key of SMTP2GO"),
        ("mailtrap+smtp://key@default?stream=sandbox", "password is missing: Mailtrap wants an API token"),
        ("mailtrap+smtp://:key@default?stream=sandbox", "user is missing; Mailtrap wants an API token; in the sandbox"),
        ("mailjet+smtp://key@default", "password is missing: Mailjet wants the secret key"),
        ("ses+smtp://AKIAIOSFODNN7EXAMPLE:pw@default", "region is missing"),
        ("ses+smtp://AKIAIOSFODNN7EXAMPLE:pw@default?region=eu-west-1a", "region must be such as eu-west-1"),
        ("ses+smtp://x:AKIAIOSFODNN7EXAMPLE@default?region=eu-west-1", "password is the id of an AWS access key"),
        ("ses+smtp://ASIAIOSFODNN7EXAMPLE:pw@default?region=eu-west-1", "user is the id of a temporary access key"),
        ("gmail+smtp://ann:pw@default", "user must be a whole address; its @ is %40"),
        ("gmail+smtp://ann%40gmail.com:ya29.a0Af@default", "access token of Google, which belongs into token"),
        ("gmail+smtp://ann%40gmail.com:pw@default?token=t", "password and token exclude each other"),
        ("outlook+smtp://:pw@default", "user is missing"),
        ("postmark+smtp://k@default?tls=implicit", "tls: Postmark does not speak implicit"),
        ("sendgrid+smtp://SG.k@default:465?tls=starttls", "port 465 does not speak starttls"),
        ("icloud+smtp://a%40me.com:pw@default:465?tls=starttls", "port 465 does not speak starttls"),
        ("sendgrid+smtp://SG.k@relay.example.com:587?tls=implicit", "port 587 speaks starttls, not implicit"),
        ("sendgrid+smtp://SG.k@default?timeout=soon", "timeout must be a number"),
        ("sendgrid+smtp://SG.k@default?reigon=eu", "the option reigon is unknown; did you mean region?"),
        ("sendgrid+smtp://SG.k@default/path", "takes no path"),
        ("gmial+smtp://a:b@default", "did you mean gmail+smtp?"),
        ("sengrid+smtp://a@default", "did you mean sendgrid+smtp?"),
    ],
)  # fmt: skip
def test_wrong_use_is_told_by_name(dsn: str, said: str) -> None:
    assert said in refused(dsn)


def test_several_mistakes_are_told_at_once() -> None:
    said = refused("mailgun+smtp://ann:SG.ab.cd@default?region=de")
    assert "user must be" in said
    assert "password is an API key of SendGrid" in said
    assert "region must be" in said


@pytest.mark.parametrize(
    "dsn",
    [
        "sendgrid+smtp://SG.hush.hush",
        "mailgun+smtp://key-0123456789abcdef0123456789abcdef@default",
        "brevo+smtp://a%40b.de:xkeysib-0a1b@default",
        "sendgrid+smtp://SG.hush.hush:SG.hush.hush@default",
    ],
)
def test_no_complaint_shows_a_key(dsn: str) -> None:
    said = refused(dsn)
    assert "hush" not in said
    assert "0123456789" not in said
    assert "0a1b" not in said


def test_a_key_without_its_at_sign_is_recognised() -> None:
    assert "@default has to follow" in refused("sendgrid+smtp://SG.hush.hush")


def test_a_key_for_both_user_and_password_is_in_no_repr() -> None:
    made = PresetSettings.from_dsn(Dsn.parse("postmark+smtp://hush@default"))
    assert "hush" not in repr(made)
    assert PresetSettings.from_fields({"user": "hush"}, scheme="postmark+smtp").user == ""


def test_a_table_with_another_preset_than_there_are_is_refused() -> None:
    with pytest.raises(ConfigError, match="preset must be one of sendgrid"):
        PresetSettings.from_fields({"password": "k"}, scheme="nobody+smtp")


@pytest.mark.parametrize(
    ("dsn", "given_up"),
    [
        ("sendgrid+smtp://k@default?tls=off", ("tls",)),
        ("sendgrid+smtp://k@127.0.0.1?tls=off", ()),
        ("sendgrid+smtp://k@default?tls_verify=false", ("tls_verify",)),
    ],
)
def test_settings_that_give_up_protection_are_known(dsn: str, given_up: tuple[str, ...]) -> None:
    assert PresetSettings.from_dsn(Dsn.parse(dsn)).insecure == given_up


def test_what_a_provider_asks_of_connections_is_the_default_and_no_more() -> None:
    assert Mailer("outlook+smtp://ann%40ex.com:pw@default").transport().connections == 3
    assert Mailer("outlook+smtp://ann%40ex.com:pw@default?connections=1").transport().connections == 1
    assert Mailer("sparkpost+smtp://k@default").transport().max_messages == 100


class TestKeys:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.what)
    def test_a_kind_names_only_presets_that_there_are(self, kind: object) -> None:
        assert {f"{name}+smtp" for name in kind.presets} <= PRESETS.keys()

    @given(st.text("abcdefghijklmnop0123456789", min_size=1, max_size=40))
    def test_a_password_of_letters_and_digits_is_no_key(self, password: str) -> None:
        assert kind_of_key(password) is None

    def test_the_password_of_ses_that_amazon_hands_out_is_no_key(self) -> None:
        assert kind_of_key("BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2") is None
