"""The scripted peer, tried with the standard library's client and with bare sockets."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time

import pytest
from support.certificates import Certificates
from support.peer import (
    HTTP_ANSWER,
    LONG_LINE,
    End,
    Peer,
    delay,
    drip,
    drop,
    flood,
    freeze,
    nth,
    proceed,
    raw,
    read,
    reply,
    reset,
    stall,
    when,
)

MESSAGE = b"Subject: one\r\n\r\nhello\r\n.dot\r\n"


def client(peer: Peer, timeout: float = 5) -> smtplib.SMTP:
    return smtplib.SMTP(peer.host, peer.port, local_hostname="client.test", timeout=timeout)


def bare(peer: Peer, timeout: float = 5) -> socket.socket:
    return socket.create_connection((peer.host, peer.port), timeout)


def everything(sock: socket.socket) -> bytes:
    """Read until the peer closes."""
    data = b""
    while chunk := sock.recv(65536):
        data += chunk
    return data


def send(peer: Peer, *to: str) -> dict[str, tuple[int, bytes]]:
    with client(peer) as smtp:
        return smtp.sendmail("ann@example.org", to or ["bob@example.org"], MESSAGE)


def test_a_message_is_recorded_as_sent_and_as_meant() -> None:
    with Peer() as peer:
        send(peer)
    [message] = peer.messages
    [session] = peer.sessions
    assert (message.sender, message.recipients) == ("ann@example.org", ("bob@example.org",))
    assert message.data == MESSAGE
    assert message.raw == MESSAGE.replace(b"\r\n.dot", b"\r\n..dot")
    assert (message.codes, message.accepted, message.encrypted, message.user) == ([250], True, False, None)
    assert session.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert session.end is End.QUIT
    assert session.received.lower().startswith(b"ehlo client.test\r\nmail from:<ann@example.org> size=")
    assert (peer.submissions, peer.connections) == (1, 1)


def test_starttls_is_real_and_auth_waits_for_it(certificates: Certificates) -> None:
    with Peer(tls="starttls", auth=("ann", "s3cret")) as peer:
        with client(peer) as smtp:
            smtp.ehlo()
            assert not smtp.has_extn("auth")
            smtp.starttls(context=certificates.client_context())
            smtp.login("ann", "s3cret")
            smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
    [message] = peer.messages
    assert (message.encrypted, message.user) == (True, "ann")
    assert peer.sessions[0].tls_version == "TLSv1.3"
    assert b"AUTH" not in peer.sessions[0].cleartext.upper()
    assert peer.sessions[0].end is End.QUIT


def test_implicit_tls_is_real(certificates: Certificates) -> None:
    with Peer(tls="implicit") as peer:
        with smtplib.SMTP_SSL(peer.host, peer.port, context=certificates.client_context()) as smtp:
            smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
    assert peer.messages[0].encrypted
    assert peer.sessions[0].cleartext == b""


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_mechanism_lets_the_right_password_in_and_no_other(mechanism: str) -> None:
    with Peer(auth=("ann", "s3cret"), mechanisms=[mechanism]) as peer:
        with client(peer) as smtp:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                smtp.login("ann", "wrong")
            smtp.login("ann", "s3cret")
        assert peer.sessions[0].end is End.QUIT
    assert peer.sessions[0].user == "ann"


def test_mail_before_auth_is_refused() -> None:
    with Peer(auth=("ann", "s3cret")) as peer, pytest.raises(smtplib.SMTPSenderRefused, match="530"):
        send(peer)


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [("expired", "expired"), ("wrong_host", "mismatch"), ("self_signed", "self-signed certificate")],
)
def test_a_bad_certificate_is_bad_in_the_way_it_says(certificates: Certificates, certificate: str, reason: str) -> None:
    with Peer(tls="starttls", certificate=certificate) as peer, client(peer) as smtp:  # type: ignore[arg-type]
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            smtp.starttls(context=certificates.client_context())
        smtp.close()
        assert peer.sessions[0].end in (End.TLS, End.EOF, End.RST)
        assert peer.count("AUTH") == 0


def test_a_tls_1_0_peer_is_refused_by_a_modern_client(certificates: Certificates) -> None:
    with Peer(tls="implicit", tls_version=ssl.TLSVersion.TLSv1) as peer:
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol|alert"):
            smtplib.SMTP_SSL(peer.host, peer.port, context=certificates.client_context())
        assert peer.sessions[0].end is End.TLS


@pytest.mark.parametrize("action", [drop(), reset()])
def test_the_handshake_can_be_cut(certificates: Certificates, action: object) -> None:
    with Peer({"TLS": action}, tls="implicit") as peer:  # type: ignore[dict-item]
        with pytest.raises((ssl.SSLError, ConnectionError)):
            smtplib.SMTP_SSL(peer.host, peer.port, context=certificates.client_context())
        assert peer.sessions[0].end is End.DROPPED


def test_a_recipient_is_refused_by_a_part_of_its_address() -> None:
    with Peer({"RCPT": {"BOB@": reply("550 5.1.1 no such user")}}) as peer:
        refused = send(peer, "ann@example.org", "bob@example.org", "cid@example.org")
    assert refused == {"bob@example.org": (550, b"5.1.1 no such user")}
    assert peer.messages[0].recipients == ("ann@example.org", "cid@example.org")


def test_a_list_counts_occurrences_and_then_the_peer_is_correct() -> None:
    with Peer({"RCPT": [None, reply("450 4.2.1 later")]}) as peer:
        assert list(send(peer, "a@x.test", "b@x.test", "c@x.test")) == ["b@x.test"]
        assert send(peer, "a@x.test", "b@x.test") == {}
    assert peer.submissions == 2


def test_greylisting_is_a_list_in_a_dict() -> None:
    with Peer({"RCPT": {"bob@": [reply("450 4.2.0 greylisted")]}}) as peer:
        assert list(send(peer, "ann@x.test", "bob@x.test")) == ["bob@x.test"]
        assert send(peer, "ann@x.test", "bob@x.test") == {}
    assert peer.connections == 2


def test_nth_acts_once() -> None:
    with Peer({"MAIL": nth(2, reply("451 4.3.0 later"))}) as peer:
        send(peer)
        with pytest.raises(smtplib.SMTPSenderRefused):
            send(peer)
        send(peer)
    assert peer.submissions == 2


def test_a_condition_sees_the_session() -> None:
    enough = when(lambda step: len(step.session.messages) == 1, reply("421 4.7.0 enough") + drop())
    with Peer({"MAIL": enough}) as peer:
        smtp = client(peer)
        smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
        with pytest.raises(smtplib.SMTPSenderRefused, match="421"):
            smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE)
        assert peer.sessions[0].end is End.DROPPED


def test_a_message_is_refused_by_what_it_says() -> None:
    with Peer({".": {"subject: one": reply("554 5.7.1 spam")}}) as peer:
        with pytest.raises(smtplib.SMTPDataError, match="554"):
            send(peer)
    assert peer.submissions == 1
    assert not peer.messages[0].accepted


def test_a_session_may_have_a_script_of_its_own() -> None:
    with Peer(sessions={1: {"CONNECT": reply("421 4.3.2 busy") + drop()}}) as peer:
        with pytest.raises(smtplib.SMTPConnectError):
            send(peer)
        send(peer)
    assert (peer.connections, peer.submissions) == (2, 1)


def test_a_drop_after_the_dot_is_a_submission_without_an_answer() -> None:
    with Peer({".": drop()}) as peer:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(peer)
        assert peer.sessions[0].end is End.DROPPED
    assert peer.submissions == 1
    assert peer.messages[0].codes == []


def test_a_drop_after_the_answer_still_gives_the_answer() -> None:
    with Peer({".": proceed() + drop()}) as peer:
        smtp = client(peer)
        assert smtp.sendmail("ann@example.org", ["bob@example.org"], MESSAGE) == {}
        assert peer.sessions[0].end is End.DROPPED
        smtp.close()
    assert peer.messages[0].codes == [250]


def test_a_body_can_be_cut_in_the_middle() -> None:
    with Peer({"BODY": read(1000) + reset()}, receive_buffer=4096) as peer:
        smtp = client(peer)
        with pytest.raises((ConnectionError, smtplib.SMTPServerDisconnected)):
            smtp.sendmail("ann@example.org", ["bob@example.org"], b"x\r\n" * 3_000_000)
        assert peer.sessions[0].end is End.DROPPED
        smtp.close()
    assert peer.submissions == 0


def test_a_frozen_peer_blocks_the_writer() -> None:
    with Peer({"BODY": freeze()}, receive_buffer=4096) as peer, bare(peer) as sock:
        for line in (b"", b"EHLO c\r\n", b"MAIL FROM:<a@x.test>\r\n", b"RCPT TO:<b@x.test>\r\n", b"DATA\r\n"):
            sock.sendall(line)
            sock.recv(1000)
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.sendall(b"x\r\n" * 3_000_000)
    assert peer.submissions == 0
    assert peer.sessions[0].end in (End.EOF, End.RST)


def test_a_stall_ends_with_the_client() -> None:
    with Peer({"EHLO": stall()}) as peer:
        with bare(peer) as sock:
            sock.recv(1000)
            sock.sendall(b"EHLO c\r\n")
            sock.settimeout(0.1)
            with pytest.raises(TimeoutError):
                sock.recv(1000)
        assert peer.sessions[0].end is End.EOF
        assert peer.sessions[0].verbs == ["EHLO"]


@pytest.mark.parametrize("action", [stall(), freeze(), delay(60), drip(b"220 hello\r\n", every=5)])
def test_nothing_outlives_the_peer(action: object) -> None:
    begun = time.monotonic()
    with Peer({"CONNECT": action}) as peer, bare(peer):  # type: ignore[dict-item]
        peer.wait_for(lambda peer: peer.connections == 1)
    assert time.monotonic() - begun < 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("peer")]
    assert peer.sessions[0].end is End.EOF


def lag(peer: Peer) -> None:
    """Hold the peer's thread up, as a busy machine does."""
    peer.loop.call_soon_threadsafe(time.sleep, 0.1)


def test_a_connection_counts_that_the_peer_has_not_looked_at_yet() -> None:
    with Peer() as peer:
        lag(peer)
        with bare(peer), bare(peer):
            assert peer.connections == 2


def test_a_step_counts_that_came_right_before_the_end() -> None:
    with Peer({"CONNECT": freeze(), "NOOP": reply("250 never said")}, sessions={1: {"CONNECT": proceed()}}) as peer:
        with bare(peer) as sock:
            sock.recv(100)
            lag(peer)
            sock.sendall(b"NOOP\r\n")
        bare(peer).close()
    assert peer.sessions[0].verbs == ["NOOP"]
    assert peer.connections == 2


def test_the_last_words_are_recorded_when_a_test_asks() -> None:
    with Peer() as peer:
        with bare(peer) as sock:
            sock.recv(1000)
            sock.sendall(b"EHLO c\r\n")
            sock.recv(1000)
            sock.sendall(b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n")
            sock.recv(1000)
            lag(peer)
            sock.sendall(b"hi\r\n.\r\nQUIT\r\n")
            assert peer.submissions == 1
            assert peer.count("QUIT") == 1
            assert not peer.sessions[0].open


def test_a_violation_is_recorded_when_a_test_asks() -> None:
    with Peer(strict=False) as peer, bare(peer) as sock:
        sock.recv(1000)
        lag(peer)
        sock.sendall(b"EHLO c\x01\r\n")
        assert peer.violations == ["session 1: control characters in b'EHLO c\\x01'"]


@pytest.mark.parametrize("action", [stall(), freeze(), delay(60), flood(), drip(b"220 hello\r\n", every=5)])
def test_a_script_that_takes_its_time_holds_no_test_up(action: object) -> None:
    with Peer({"CONNECT": action}) as peer, bare(peer) as sock:  # type: ignore[dict-item]
        sock.sendall(b"EHLO c\r\n")
        assert [session.open for session in peer.sessions] == [True]


def test_a_client_that_talks_on_holds_no_test_up() -> None:
    silent = threading.Event()

    def talk_on(sock: socket.socket) -> None:
        while not silent.is_set():
            sock.sendall(b"NOOP\r\n")
            sock.recv(100)

    with Peer() as peer, bare(peer) as sock:
        sock.recv(100)
        talking = threading.Thread(target=talk_on, args=(sock,))
        talking.start()
        try:
            for heard in range(100):
                peer.wait_for(lambda peer, heard=heard: peer.count("NOOP") > heard)  # type: ignore[misc]
        finally:
            silent.set()
            talking.join()


def test_a_script_may_ask_its_own_peer() -> None:
    with Peer({"MAIL": when(lambda step: step.session.peer.submissions == 1, reply("451 4.3.0 later"))}) as peer:
        send(peer)
        with pytest.raises(smtplib.SMTPSenderRefused):
            send(peer)


def test_a_reset_reaches_the_client_as_one() -> None:
    with Peer({"CONNECT": reset()}) as peer, pytest.raises(ConnectionResetError), bare(peer) as sock:
        everything(sock)


def test_a_clients_reset_is_told_from_its_close() -> None:
    with Peer() as peer:
        with bare(peer) as sock:
            sock.recv(100)
        assert peer.sessions[0].end is End.EOF
        with bare(peer) as sock:
            sock.recv(100)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert peer.sessions[1].end is End.RST


def test_replies_are_glued_into_one_segment() -> None:
    with Peer({"STARTTLS": reply("220 ok", "250 injected")}, tls="starttls") as peer, bare(peer) as sock:
        sock.recv(1000)
        sock.sendall(b"EHLO c\r\n")
        sock.recv(1000)
        sock.sendall(b"STARTTLS\r\n")
        assert sock.recv(1000) == b"220 ok\r\n250 injected\r\n"


def test_a_pipelined_group_is_answered_in_one_segment() -> None:
    with Peer() as peer, bare(peer) as sock:
        sock.recv(1000)
        sock.sendall(b"EHLO c\r\n")
        sock.recv(1000)
        sock.sendall(b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nRCPT TO:<c@x.test>\r\nDATA\r\n")
        assert [line[:3] for line in sock.recv(1000).split(b"\r\n")] == [b"250", b"250", b"250", b"354", b""]
        sock.sendall(b"hi\r\n.\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<d@x.test>\r\nDATA\r\n")
        assert [line[:3] for line in sock.recv(1000).split(b"\r\n")] == [b"250", b"250", b"250", b"354", b""]
        sock.sendall(b".\r\nQUIT\r\n")
        assert everything(sock).startswith(b"250 ")
        assert peer.sessions[0].end is End.QUIT
    assert [(message.data, message.recipients) for message in peer.messages] == [
        (b"hi\r\n", ("b@x.test", "c@x.test")),
        (b"", ("d@x.test",)),
    ]
    assert len(peer.sessions[0].segments) == 4


def test_chunks_make_a_message() -> None:
    with Peer() as peer, bare(peer) as sock:
        sock.sendall(b"EHLO c\r\n")
        while b"CHUNKING" not in sock.recv(1000):
            pass
        sock.sendall(b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nBDAT 4\r\nhi\r\nBDAT 5 LAST\r\n.yo\r\nQUIT\r\n")
        assert [line[:3] for line in everything(sock).split(b"\r\n")][:4] == [b"250"] * 4
    assert peer.messages[0].data == b"hi\r\n.yo\r\n"
    assert peer.messages[0].chunked
    assert peer.sessions[0].verbs == ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "QUIT"]


def test_lmtp_answers_for_each_recipient() -> None:
    with Peer({".": {"full@": reply("452 4.2.2 mailbox full")}}, lmtp=True) as peer, bare(peer) as sock:
        sock.recv(1000)
        for line in (b"LHLO c", b"MAIL FROM:<a@x.test>", b"RCPT TO:<b@x.test>", b"RCPT TO:<full@x.test>", b"DATA"):
            sock.sendall(line + b"\r\n")
            sock.recv(1000)
        sock.sendall(b"hi\r\n.\r\nQUIT\r\n")
        assert [line[:3] for line in everything(sock).split(b"\r\n")] == [b"250", b"452", b"221", b""]
    assert peer.messages[0].codes == [250, 452]


def test_what_was_offered_follows_what_was_said() -> None:
    with Peer({"EHLO": reply("250-peer.test", "250 SIZE 10")}) as peer:
        with pytest.raises(smtplib.SMTPSenderRefused, match="552"):
            send(peer)


@pytest.mark.parametrize(
    ("action", "start"),
    [
        (HTTP_ANSWER, b"HTTP/1.1 400"),
        (LONG_LINE + drop(), b"250 xxxx"),
        (raw(b"220-a\r\n550 b\n\0\xff") + drop(), b"220-a\r\n550 b\n\0\xff"),
        (drip(b"220 slowly\r\n", every=0.001) + drop(), b"220 slowly\r\n"),
        (flood(limit=2**20) + drop(), b"250-more\r\n250-more\r\n"),
    ],
)
def test_a_greeting_can_be_anything(action: object, start: bytes) -> None:
    with Peer({"CONNECT": action}) as peer, bare(peer) as sock:  # type: ignore[dict-item]
        assert everything(sock).startswith(start)


def test_an_idle_connection_is_closed_with_a_word() -> None:
    with Peer() as peer, bare(peer) as sock:
        sock.recv(1000)
        peer.sessions[0].interject(reply("421 4.4.2 idle") + drop())
        assert everything(sock) == b"421 4.4.2 idle\r\n"
        assert peer.sessions[0].end is End.DROPPED


@pytest.mark.parametrize(
    ("lines", "violation"),
    [
        (b"EHLO c\r\nMAIL FROM:<a@x.test>\r\n", "PIPELINING was not offered"),
        (b"EHLO c\n", "bare CR or LF"),
        (b"MAIL FROM:<a@x.test>\r\nRCPT TO:<>\r\nBDAT 0 LAST\r\nMAIL FROM:<b@x.test>\r\n", "must be ended by RSET"),
        (b"EHLO c\x01\r\n", "control characters"),
        (b"EHLO \xc3\xa9\r\n", "non-ASCII"),
    ],
)
def test_a_violation_of_the_protocol_fails_the_block(lines: bytes, violation: str) -> None:
    def misbehave() -> None:
        with Peer() as peer, bare(peer) as sock:
            sock.recv(1000)
            if not lines.startswith(b"EHLO"):
                sock.sendall(b"EHLO c\r\n")
                sock.recv(1000)
            sock.sendall(lines)
            peer.wait_for(lambda peer: peer.violations)

    with pytest.raises(AssertionError, match=violation):
        misbehave()


def test_undeclared_eight_bit_bodies_are_a_violation() -> None:
    with Peer(strict=False, without="8BITMIME") as peer, client(peer) as smtp:
        smtp.sendmail("a@x.test", ["b@x.test"], b"caf\xc3\xa9\r\n")
    assert peer.violations == ["session 1: 8-bit bytes in a body that was not declared so"]


def test_a_script_that_nothing_came_to_fails_the_block() -> None:
    def send_without_starttls() -> None:
        with Peer({"STARTTLS": drop()}, tls="starttls") as peer:
            send(peer)

    with pytest.raises(AssertionError, match="nothing came to the scripted STARTTLS"):
        send_without_starttls()


def test_a_mistake_in_a_script_is_not_swallowed() -> None:
    broken = {"CONNECT": lambda step: reply(str(1 / 0))}
    with pytest.raises(ZeroDivisionError), Peer(broken) as peer, bare(peer) as sock:
        everything(sock)


def test_a_unix_socket_serves_lmtp(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("lmtp") / "socket"
    with Peer(path=path, lmtp=True) as peer, socket.socket(socket.AF_UNIX) as sock:
        sock.connect(peer.host)
        assert sock.recv(1000) == b"220 peer.test LMTP ready\r\n"
    assert not path.exists()
