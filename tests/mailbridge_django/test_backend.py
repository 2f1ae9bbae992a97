"""The contract of Django's mail backends, point by point (docs.djangoproject.com, and Django's own tests)."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from support.django_project import HAS_MAILERS, Configure, mail_settings
from support.peer import Peer, reply

from mailbridge import MailError, Message, MessageInvalid, RecipientRefused, TlsFailed
from mailbridge.extend import hookimpl
from mailbridge_django import EmailBackend

Backend = Callable[..., Any]


def a_message(to: str = "ann@example.org", **fields: Any) -> mail.EmailMessage:
    return mail.EmailMessage("Hi", "Hello", "app@example.com", [to], **fields)


@pytest.fixture
def smtp(configure: Configure, peer: Callable[..., Peer]) -> Callable[..., Peer]:
    """Start a peer and configure it as the default mailer."""

    def start(*arguments: Any, query: str = "tls=off", **options: Any) -> Peer:
        one = peer(*arguments, **options)
        configure(dsn=f"smtp://{one.address}?{query}")
        return one

    return start


def test_send_mail_sends(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    assert mail.send_mail("Hi", "Hello", None, ["ann@example.org"], html_message="<b>Hello</b>") == 1
    (message,) = server.messages
    assert (message.sender, message.recipients) == ("app@example.com", ("ann@example.org",))
    assert b"<b>Hello</b>" in message.data


def test_send_mass_mail_counts_and_uses_one_connection(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    rows = [("Hi", "Hello", None, [f"ann{number}@example.org"]) for number in range(5)]
    assert mail.send_mass_mail(rows) == 5
    assert (len(server.messages), server.connections) == (5, 1)


def test_mail_admins_and_managers_send(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    with override_settings(ADMINS=["root@example.org"], MANAGERS=["boss@example.org"]) if _lists() else _pairs():
        mail.mail_admins("Alarm", "It burns")
        mail.mail_managers("Report", "It burnt")
    assert [each.recipients for each in server.messages] == [("root@example.org",), ("boss@example.org",)]
    assert {each.sender for each in server.messages} == {"server@example.com"}


def _lists() -> bool:
    import django

    return django.VERSION >= (6, 0)


def _pairs() -> Any:
    return override_settings(ADMINS=[("Root", "root@example.org")], MANAGERS=[("Boss", "boss@example.org")])


def test_connections_outlive_the_backend(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    for _ in range(3):
        mail.send_mail("Hi", "Hello", None, ["ann@example.org"])
    assert (len(server.messages), server.connections) == (3, 1)


def test_an_iterator_of_messages_is_sent(smtp: Callable[..., Peer], backend: Backend) -> None:
    server = smtp()

    def messages() -> Iterator[mail.EmailMessage]:
        for name in ("ann", "bob", "cem"):
            yield a_message(f"{name}@example.org")

    assert backend().send_messages(messages()) == 3
    assert len(server.messages) == 3


@pytest.mark.parametrize("nothing", [[], (), None, iter(())], ids=["list", "tuple", "None", "iterator"])
def test_no_messages_open_no_connection(smtp: Callable[..., Peer], backend: Backend, nothing: Any) -> None:
    server = smtp()
    assert backend().send_messages(nothing) == 0
    assert server.connections == 0


def test_a_message_without_recipients_counts_nothing_and_never_reaches_the_server(
    smtp: Callable[..., Peer], backend: Backend
) -> None:
    server = smtp()
    nobody = mail.EmailMessage("Hi", "Hello", "app@example.com", [])
    assert nobody.send() == 0
    assert backend().send_messages([nobody]) == 0
    assert server.connections == 0
    assert backend().send_messages([nobody, a_message(), nobody]) == 1


def test_open_says_true_then_false_and_close_is_safe(smtp: Callable[..., Peer], backend: Backend) -> None:
    server = smtp()
    one = backend()
    one.close()
    assert one.open() is True
    assert one.open() is False
    one.close()
    assert one.open() is True
    assert one.send_messages([a_message()]) == 1
    assert server.connections == 1


def test_open_raises_where_nobody_answers(configure: Configure, backend: Backend, closed_port: Any) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off")
    with pytest.raises(ConnectionError):
        backend().open()
    with pytest.raises(MailError), backend():
        pytest.fail("the block must not be entered")


def test_open_returns_none_where_it_fails_silently(configure: Configure, backend: Backend, closed_port: Any) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off")
    quiet = backend()
    quiet.fail_silently = True
    assert quiet.open() is None
    assert quiet.send_messages([a_message()]) == 0


def test_an_api_is_not_asked_at_open(configure: Configure, backend: Backend) -> None:
    configure(dsn="resend://re_0123456789abcdef@default")
    assert backend().open() is True


def test_messages_of_a_block_are_sent(smtp: Callable[..., Peer], backend: Backend) -> None:
    server = smtp()
    with backend() as connection:
        assert connection.send_messages([a_message()]) == 1
        assert connection.send_messages([a_message()]) == 1
    assert len(server.messages) == 2


def test_a_refusal_is_raised(smtp: Callable[..., Peer]) -> None:
    smtp({"RCPT": reply("550 5.1.1 no such user")})
    message = a_message()
    with pytest.raises(RecipientRefused):
        message.send()
    assert message.mailbridge_receipt is None
    assert isinstance(message.mailbridge_error, RecipientRefused)


def test_fail_silently_counts_what_was_sent(smtp: Callable[..., Peer], backend: Backend) -> None:
    smtp({"RCPT": {"bob@": reply("550 5.1.1 no such user")}})
    quiet = backend()
    quiet.fail_silently = True
    messages = [a_message("ann@example.org"), a_message("bob@example.org"), a_message("cem@example.org")]
    assert quiet.send_messages(messages) == 2
    assert [each.mailbridge_receipt is not None for each in messages] == [True, False, True]


def test_fail_silently_is_taken_from_send_mail(configure: Configure, closed_port: Any) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off")
    with pytest.warns(Warning, match="fail_silently") if HAS_MAILERS else nullcontext():
        assert mail.send_mail("Hi", "Hello", None, ["ann@example.org"], fail_silently=True) == 0


def test_fail_silently_may_stand_among_the_options(configure: Configure, closed_port: Any) -> None:
    configure(dsn=f"smtp://{closed_port}?tls=off", fail_silently=True)
    assert mail.send_mail("Hi", "Hello", None, ["ann@example.org"]) == 0


def test_aliases_that_differ_in_fail_silently_share_their_mailer(configure: Configure, backend: Backend) -> None:
    configure({"quiet": {"dsn": "memory://", "fail_silently": True}}, dsn="memory://")
    assert backend("quiet").mailer is backend().mailer
    assert (backend("quiet").fail_silently, backend().fail_silently) == (True, False)


def test_after_a_failure_nothing_further_is_begun_and_the_first_failure_is_raised(
    configure: Configure, backend: Backend
) -> None:
    configure(dsn="memory://", hooks=["support.django_project.RefuseBob"])
    begun = []

    def messages() -> Iterator[mail.EmailMessage]:
        for name in ("ann", "bob", "cem", "dan"):
            begun.append(a_message(f"{name}@example.org"))
            yield begun[-1]

    with pytest.raises(RecipientRefused, match="bob"):
        backend().send_messages(messages())
    assert begun[0].mailbridge_receipt.complete
    assert not hasattr(begun[-1], "mailbridge_receipt") or begun[-1].mailbridge_receipt is None


@pytest.mark.parametrize("where", ["to", "cc", "bcc", "from_email"])
@pytest.mark.parametrize(
    "address", ["no address@", "ann@example.org\r\nBcc: eve@example.org", "a@b.example, c@d.example"]
)
def test_a_bad_address_is_a_value_error(smtp: Callable[..., Peer], where: str, address: str) -> None:
    server = smtp()
    message = a_message()
    setattr(message, where, address if where == "from_email" else [address])
    with pytest.raises(ValueError, match="Invalid address"):
        message.send()
    assert server.connections == 0


def test_what_is_wrong_with_a_message_is_raised_even_silently(configure: Configure, backend: Backend) -> None:
    configure(dsn="memory://")
    quiet = backend()
    quiet.fail_silently = True
    with pytest.raises(MessageInvalid):
        quiet.send_messages([a_message("nobody at all")])


def test_a_header_with_a_line_end_is_a_value_error(configure: Configure) -> None:
    configure(dsn="memory://")
    with pytest.raises(ValueError, match=r"(?i)newline|linefeed|carriage"):
        mail.EmailMessage("Hi\nBcc: eve@example.org", "Hello", None, ["ann@example.org"]).send()


def test_the_envelope_is_not_that_of_the_headers(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    a_message(headers={"From": "shop@example.net", "To": "list@example.net"}, bcc=["bob@example.org"]).send()
    (message,) = server.messages
    assert (message.sender, message.recipients) == ("app@example.com", ("ann@example.org", "bob@example.org"))
    assert b"From: shop@example.net\r\nTo: list@example.net\r\n" in message.data


def test_domains_are_encoded_by_idna_and_what_is_encoded_stays(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    mail.EmailMessage("Hi", "Hello", "app@bücher.example", ["ann@xn--bcher-kva.example"]).send()
    (message,) = server.messages
    assert (message.sender, message.recipients) == ("app@xn--bcher-kva.example", ("ann@xn--bcher-kva.example",))


def test_a_local_part_beyond_ascii_is_refused_where_the_server_lacks_smtputf8(smtp: Callable[..., Peer]) -> None:
    smtp(without="SMTPUTF8")
    with pytest.raises(ValueError, match="SMTPUTF8"):
        a_message("ann.müller@example.org").send()


def test_threads_share_a_backend(smtp: Callable[..., Peer], backend: Backend) -> None:
    server = smtp()
    one = backend()
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(one.send_messages([a_message()]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 8
    assert len(server.messages) == 8


def test_a_half_open_connection_is_never_used(smtp: Callable[..., Peer], backend: Backend) -> None:
    # CVE-2026-7666: after STARTTLS failed silently, the same connection went on in the clear.
    server = smtp({"STARTTLS": [reply("454 4.7.0 not now")]}, tls="starttls", query="tls=starttls&tls_verify=false")
    quiet = backend()
    quiet.fail_silently = True
    assert quiet.send_messages([a_message()]) == 0
    assert quiet.send_messages([a_message()]) == 1
    assert server.connections == 2
    assert "MAIL" not in server.sessions[0].verbs


def test_a_server_without_tls_gets_no_mail(smtp: Callable[..., Peer]) -> None:
    server = smtp(query="tls=starttls")
    with pytest.raises(TlsFailed):
        a_message().send()
    assert server.messages == []


def test_override_settings_takes_effect_at_once(way: str, configure: Configure, peer: Callable[..., Peer]) -> None:
    first, second = peer(), peer()
    configure(dsn=f"smtp://{first.address}?tls=off")
    a_message().send()
    with override_settings(**mail_settings(way, {"default": {"dsn": f"smtp://{second.address}?tls=off"}})):
        a_message().send()
    a_message().send()
    assert (len(first.messages), len(second.messages)) == (2, 1)
    assert first.sessions[0].end == "quit"


def test_the_class_is_named_as_django_expects() -> None:
    assert EmailBackend.__name__ == "EmailBackend"
    assert EmailBackend.__module__.startswith("mailbridge_django")


def test_an_alias_has_a_mailer_of_its_own(configure: Configure, backend: Backend) -> None:
    configure({"bulk": {"dsn": "null://"}}, dsn="memory://")
    assert str(backend("bulk").mailer.transport()) == "null://"
    assert backend("bulk").alias == "bulk"
    assert backend("bulk").mailer is backend("bulk").mailer


def test_a_table_of_fields_may_stand_in_place_of_a_dsn(configure: Configure, peer: Callable[..., Peer]) -> None:
    server = peer()
    configure(transport="smtp", host=server.host, port=server.port, tls="off")
    assert mail.send_mail("Hi", "Hello", None, ["ann@example.org"]) == 1
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dsn": "memory://", "hots": "x"}, r"Unknown options 'hots'; did you mean .*\? "),
        ({"dsn": "nosuch://"}, "no transport 'nosuch'"),
        ({"dsn": "memory://", "unsuported": "drop"}, "did you mean unsupported"),
        ({"message_id_domain": "example.com"}, r"must define 'dsn' \(such as smtp://mail\.example\.com:587\)"),
        ({"dsn": ""}, "'dsn' is empty. Is the variable set"),
        ({"dsn": None}, "'dsn' is empty"),
        ({"dsn": "memory://", "transport": "smtp"}, "not both"),
        ({"dsn": "memory://", "hooks": "shop.hooks"}, "hooks must be a list, not str"),
        ({"dsn": "memory://", "plugins": "all"}, "plugins must be a list, not str"),
        ({"dsn": "memory://", "mailers": "null://"}, "mailers must be a dictionary"),
        ({"dsn": "memory://", "insecure": "refues"}, "insecure must be one of allow, warn, refuse, not 'refues'"),
        ({"dsn": "memory://", "hooks": ["no.such.module"]}, "cannot be imported"),
        ({"dsn": "memory://", "unsupported": "perhaps"}, "unsupported must be"),
        ({"dsn": "smtp://user:s3cret@mail.example.com?nonsense=1"}, "nonsense"),
    ],
)
def test_options_that_cannot_be_used_are_named(
    configure: Configure, backend: Backend, options: dict[str, Any], said: str
) -> None:
    configure(**options)
    with pytest.raises(ImproperlyConfigured, match=said) as caught:
        backend()
    assert "default" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_missing_setting_says_what_to_set(way: str, configure: Configure, backend: Backend) -> None:
    configure({"other": {"dsn": "memory://"}})
    with pytest.raises(ImproperlyConfigured, match="default"):
        backend()


@pytest.mark.parametrize("given", [{"username": "ann"}, {"password": "s3cret"}, {"host": "mail.example.com"}])
def test_credentials_for_one_connection_are_refused_not_ignored(
    configure: Configure, given: dict[str, str], way: str
) -> None:
    configure(dsn="memory://")
    said = f"'{next(iter(given))}' cannot be given for one connection"
    with pytest.raises(ImproperlyConfigured, match=said), warnings.catch_warnings(action="ignore"):
        mail.get_connection(**given)


def test_a_dsn_for_one_connection_is_taken(configure: Configure) -> None:
    configure(dsn="memory://")
    with warnings.catch_warnings(action="ignore"):
        one = mail.get_connection(dsn="null://")
    assert str(one.mailer.transport()) == "null://"


@pytest.mark.skipif(not HAS_MAILERS, reason="using= came with Django 6.1")
def test_using_names_a_mailer_in_djangos_own_functions(way: str, configure: Configure) -> None:
    if way != "MAILERS":
        pytest.skip("using= needs MAILERS")
    configure({"bulk": {"dsn": "memory://?limit=5"}}, dsn="null://")
    mail.send_mail("Hi", "Hello", None, ["ann@example.org"], using="bulk")
    mail.send_mass_mail([("Hi", "Hello", None, ["ann@example.org"])], using="bulk")
    a_message().send(using="bulk")
    transport = mail.mailers["bulk"].mailer.transport()
    assert len(transport.messages) == 3


def test_a_bad_option_beside_others_does_not_show_their_secrets(configure: Configure, backend: Backend) -> None:
    configure(transport="smtp", host="mail.example.com", user="ann", password="s3cret", hots=1)
    with pytest.raises(ImproperlyConfigured) as caught:
        backend()
    assert "hots" in str(caught.value)
    assert "s3cret" not in str(caught.value)


class Incomplete:
    """A hook that finds something wrong with every message."""

    @hookimpl
    def mailbridge_pre_send(self, message: Message) -> None:
        """Refuse it."""
        raise MessageInvalid("the footer is missing", field="text")


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_hook_finds_wrong_with_a_message_is_raised_even_silently(
    configure: Configure, backend: Backend, count: int
) -> None:
    configure(dsn="memory://", hooks=[f"{__name__}.Incomplete"])
    quiet = backend()
    quiet.fail_silently = True
    with pytest.raises(MessageInvalid, match="footer"):
        quiet.send_messages([a_message() for _ in range(count)])
