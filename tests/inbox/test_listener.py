"""The catch-all server, from outside: smtplib and bare sockets as clients."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.inbox import CatchAll

MESSAGE = b"Subject: one\r\n\r\nhello\r\n.dot\r\n"


@contextlib.contextmanager
def client(server: CatchAll) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context(cafile=server.ca_file)
    kind = {"local_hostname": "client.test", "timeout": 5}
    if server.tls == "implicit":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, context=context, **kind)  # type: ignore[arg-type]
    else:
        smtp = smtplib.SMTP(server.host, server.port, **kind)  # type: ignore[arg-type]
    with smtp:
        if server.tls == "starttls":
            smtp.starttls(context=context)
        yield smtp


@contextlib.contextmanager
def bare(server: CatchAll) -> Iterator[socket.socket]:
    with socket.create_connection((server.host, server.port), 5) as sock:
        yield sock


def said(sock: socket.socket, data: bytes, until: bytes) -> bytes:
    """Send, and read up to a reply that starts a line with `until`."""
    sock.sendall(data)
    answer = b""
    while b"\n" + until not in b"\n" + answer:
        chunk = sock.recv(65536)
        assert chunk, f"closed after {answer!r}"
        answer += chunk
    return answer


def test_quotes_that_a_local_part_needs_are_kept() -> None:
    with CatchAll(tls="off") as server, client(server) as smtp:
        smtp.sendmail('".ann"@example.org', ['"bob..smith"@example.org', "cid.x@example.org"], MESSAGE)
        [caught] = server.mailbox.wait_for(1)
    assert caught.envelope_from == '".ann"@example.org'
    assert caught.recipients == ('"bob..smith"@example.org', "cid.x@example.org")


@pytest.mark.parametrize("tls", ["starttls", "implicit", "off"])
def test_a_message_is_caught_as_the_server_got_it(tls: str) -> None:
    with CatchAll(tls=tls) as server, client(server) as smtp:  # type: ignore[arg-type]
        smtp.sendmail("ann@example.org", ["bob@example.org", "cid@example.org"], MESSAGE)
        [caught] = server.mailbox.wait_for(1)
    assert (caught.envelope_from, caught.recipients) == ("ann@example.org", ("bob@example.org", "cid@example.org"))
    assert caught.raw == MESSAGE
    assert caught.tls == ("" if tls == "off" else "TLSv1.3")
    assert (caught.helo, caught.authenticated_as) == ("client.test", "")
    assert caught.parsed()["subject"] == "one"


@pytest.mark.parametrize("tls", ["starttls", "implicit", "off"])
def test_a_login_is_demanded_when_one_is_given(tls: str) -> None:
    with CatchAll(tls=tls, auth=("ann", "s3cret")) as server, client(server) as smtp:  # type: ignore[arg-type]
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
        with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
            smtp.login("ann", "wrong")
        smtp.login("ann", "s3cret")
        smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
        assert server.mailbox[0].authenticated_as == "ann"


def test_any_login_will_do_when_none_is_given() -> None:
    with CatchAll() as server, client(server) as smtp:
        smtp.login("anybody", "anything")
        smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
        assert server.mailbox[0].authenticated_as == "anybody"


def test_auth_is_not_offered_before_starttls() -> None:
    with CatchAll(auth=("ann", "s3cret")) as server, bare(server) as sock:
        said(sock, b"", b"220 ")
        offer = said(sock, b"EHLO c\r\n", b"250 ")
        assert b"STARTTLS" in offer
        assert b"AUTH" not in offer
        assert said(sock, b"AUTH PLAIN AGFubgBzM2NyZXQ=\r\n", b"538 ")


def test_the_dsn_names_everything_a_client_needs() -> None:
    with CatchAll(auth=("ann@example.org", "s3/cret")) as server:
        dsn = Dsn.parse(server.dsn)
        assert dsn.user is not None
        assert dsn.password is not None
        assert (dsn.scheme, dsn.host, dsn.port) == ("smtp", "127.0.0.1", server.port)
        assert (dsn.user.reveal(), dsn.password.reveal()) == ("ann@example.org", "s3/cret")
        assert dict(dsn.options) == {"tls": "starttls", "ca_file": server.ca_file}
        assert Path(str(server.ca_file)).exists()
    assert not Path(dsn.options["ca_file"]).exists()


def test_it_listens_on_loopback_only() -> None:
    with CatchAll(tls="off") as server:
        assert server.host == "127.0.0.1"
        with socket.socket() as other:
            other.bind(("127.0.0.2", server.port))  # would be taken, were the server bound to 0.0.0.0


def test_ipv6_loopback_is_written_in_brackets() -> None:
    with CatchAll("::1", tls="off") as server:
        assert Dsn.parse(server.dsn).host == "::1"
        assert f"[::1]:{server.port}" in server.dsn
        with client(server) as smtp:
            smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)


@pytest.mark.catalogue("A13")
@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\n", b"\r.\r\n", b"\r\n.\n", b"\r\n\0.\r\n"]
)
def test_an_odd_end_of_data_cannot_smuggle_a_second_message(end: bytes) -> None:
    smuggled = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: two\r\n\r\nevil"
    with CatchAll(tls="off") as server, bare(server) as sock:
        said(sock, b"", b"220 ")
        said(sock, b"EHLO c\r\n", b"250 ")
        said(sock, b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n", b"354 ")
        said(sock, b"Subject: one\r\n\r\nhello" + end + smuggled + b"\r\n.\r\n", b"250 ")
        said(sock, b"QUIT\r\n", b"221 ")
        [caught] = server.mailbox
    assert caught.envelope_from == "ann@example.org"
    assert caught.raw.endswith(b"\r\nevil\r\n")
    assert b"\n" not in caught.raw.replace(b"\r\n", b"")
    assert b"\r" not in caught.raw.replace(b"\r\n", b"")


@pytest.mark.catalogue("A14")
def test_plain_text_sent_along_with_starttls_is_discarded() -> None:
    with CatchAll() as server, bare(server) as sock:
        said(sock, b"", b"220 ")
        said(sock, b"EHLO c\r\n", b"250 ")
        injected = b"EHLO evil\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\n"
        assert said(sock, b"STARTTLS\r\n" + injected, b"220 ").count(b"\r\n") == 1
        context = ssl.create_default_context(cafile=server.ca_file)
        with context.wrap_socket(sock, server_hostname="localhost") as encrypted:
            assert said(encrypted, b"DATA\r\n", b"503 ").startswith(b"503 ")
            said(encrypted, b"EHLO c\r\n", b"250 ")
            assert said(encrypted, b"DATA\r\n", b"503 ").startswith(b"503 ")
            said(encrypted, b"QUIT\r\n", b"221 ")
        assert server.mailbox.received == 0


def test_a_client_that_distrusts_the_certificate_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    with CatchAll() as server:
        smtp = smtplib.SMTP(server.host, server.port, timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError):
            smtp.starttls(context=ssl.create_default_context())
        smtp.close()
        with client(server) as trusting:
            trusting.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
        server.mailbox.wait_for(1)
    assert capfd.readouterr() == ("", "")


def test_a_client_that_resets_its_connection_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    with CatchAll(tls="off") as server:
        with bare(server) as sock:
            said(sock, b"", b"220 ")
            said(sock, b"EHLO c\r\n", b"250 ")
            sock.sendall(b"MAIL FROM:<ann@example.org>\r\n")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        with client(server) as smtp:
            smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
    assert capfd.readouterr() == ("", "")


def test_a_bounce_has_an_empty_sender() -> None:
    with CatchAll(tls="off") as server, client(server) as smtp:
        smtp.sendmail("", ["bob@example.org"], MESSAGE)
        assert server.mailbox[0].envelope_from == ""


def test_addresses_and_headers_may_be_in_any_script() -> None:
    with CatchAll(tls="off") as server, client(server) as smtp:
        body = "Subject: grüß\r\n\r\nžluť\r\n".encode()
        smtp.sendmail("zoë@example.org", ["žofie@example.org"], body, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        [caught] = server.mailbox
    assert (caught.envelope_from, caught.recipients, caught.raw) == ("zoë@example.org", ("žofie@example.org",), body)


def test_pipelined_commands_are_all_answered() -> None:
    with CatchAll(tls="off") as server, bare(server) as sock:
        said(sock, b"", b"220 ")
        assert b"250-PIPELINING\r\n" in said(sock, b"EHLO c\r\n", b"250 ")
        said(sock, b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n", b"354 ")
        said(sock, b"one\r\n.\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<c@x.test>\r\nDATA\r\n", b"354 ")
        said(sock, b"two\r\n.\r\nQUIT\r\n", b"221 ")
        assert [caught.raw for caught in server.mailbox] == [b"one\r\n", b"two\r\n"]


def test_a_message_above_the_limit_is_refused() -> None:
    with CatchAll(tls="off", max_size=1000) as server, client(server) as smtp:
        with pytest.raises(smtplib.SMTPSenderRefused, match="552"):
            smtp.sendmail("a@x.test", ["b@x.test"], b"x" * 998 + b"\r\ny\r\n")
        smtp.does_esmtp = False  # so that the size is not announced
        with pytest.raises(smtplib.SMTPDataError, match="552"):
            smtp.sendmail("a@x.test", ["b@x.test"], b"x" * 998 + b"\r\ny\r\n")
        assert server.mailbox.received == 0


def test_recipients_above_the_limit_are_put_off() -> None:
    with CatchAll(tls="off", max_recipients=2) as server, client(server) as smtp:
        refused = smtp.sendmail("a@x.test", ["b@x.test", "c@x.test", "d@x.test"], MESSAGE)
        assert refused == {"d@x.test": (452, b"4.5.3 Too many recipients")}
        assert server.mailbox[0].recipients == ("b@x.test", "c@x.test")


def test_connections_above_the_limit_are_turned_away() -> None:
    with CatchAll(tls="off", max_connections=1) as server:
        with client(server), bare(server) as sock:
            assert said(sock, b"", b"421 ").startswith(b"421 4.7.0")
        server.mailbox.clear()
        with client(server) as smtp:
            smtp.sendmail("a@x.test", ["b@x.test"], MESSAGE)


def test_stopping_closes_open_connections_and_the_thread() -> None:
    with contextlib.ExitStack() as stack:
        with CatchAll() as server:
            plain = stack.enter_context(bare(server))
            said(plain, b"", b"220 ")
            encrypted = smtplib.SMTP(server.host, server.port, timeout=5)
            encrypted.starttls(context=ssl.create_default_context(cafile=server.ca_file))
        assert not [thread for thread in threading.enumerate() if thread.name == "mailbridge inbox"]
        with contextlib.suppress(ConnectionResetError):
            assert plain.recv(100) == b""
        encrypted.close()


def test_it_can_be_opened_again() -> None:
    server = CatchAll(tls="off")
    for number in (1, 2):
        with server, client(server) as smtp:
            smtp.sendmail("a@x.test", ["b@x.test"], MESSAGE)
        assert server.mailbox.received == number


def test_a_port_in_use_is_named(closed_port: tuple[str, int]) -> None:
    with pytest.raises(ConfigError, match=rf"cannot listen on 127.0.0.1, port {closed_port[1]}: .*Choose another port"):
        CatchAll(port=closed_port[1], tls="off").start()


def test_an_unknown_tls_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'ssl'.*starttls, implicit, off"):
        CatchAll(tls="ssl")  # type: ignore[arg-type]


@pytest.mark.parametrize("package", ["aiosmtpd", "trustme"])
def test_a_missing_package_names_the_extra(package: str) -> None:
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from mailbridge.inbox import CatchAll\n"
        "from mailbridge.errors import ConfigError\n"
        "try: CatchAll().start()\n"
        "except ConfigError as error: print(error)\n"
    )
    told = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert package in told.stdout
    assert "pip install '.[inbox]'" in told.stdout
    assert told.stderr == ""
