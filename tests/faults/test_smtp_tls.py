"""Encryption: certificates, modes, and what somebody in the middle may try."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest
from support.certificates import Certificates
from support.peer import Peer, delay, drop, proceed, raw, reply, reset, stall
from support.trial import LIMIT, PASSWORD, QUICK, USER, Trial, expect, left, message

from mailbridge.errors import (
    ConnectFailed,
    MailError,
    ProtocolError,
    ServerError,
    TimedOut,
    TlsFailed,
    TlsMisconfigured,
)
from mailbridge.mailer import Mailer
from mailbridge.receipt import Receipt

Start = Callable[..., Peer]
LOGIN = (USER, PASSWORD)


def untouched(peer: Peer) -> None:
    """Check that nothing of value was said, least of all in clear text."""
    assert peer.submissions == 0
    for session in peer.sessions:
        assert not {"AUTH", "MAIL", "RCPT", "DATA", "BDAT"} & set(session.verbs), session
        assert PASSWORD.encode() not in session.cleartext


@pytest.mark.catalogue("F6", "A14")
@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@pytest.mark.parametrize("certificate", ["expired", "wrong_host", "self_signed"])
def test_a_certificate_that_cannot_be_trusted_ends_it(
    trial: Trial, peer: Start, certificates: Certificates, mode: Any, certificate: Any
) -> None:
    bad = peer(tls=mode, certificate=certificate, auth=LOGIN)
    with trial.using(trial.mailer(bad, f"tls={mode}&ca_file={certificates.ca_file}", login=True)) as mailer:
        error = trial.fails(mailer, "C", TlsMisconfigured, phase="tls")
    assert "certificate" in error.text
    assert "do not switch verification off" in str(error)
    untouched(bad)
    assert bad.connections == 1


@pytest.mark.catalogue("F6")
def test_an_unknown_authority_is_not_trusted(trial: Trial, peer: Start) -> None:
    bad = peer(tls="starttls", auth=LOGIN)
    trial.fails(trial.mailer(bad, "tls=starttls", login=True), "C", TlsMisconfigured, phase="tls")
    untouched(bad)


@pytest.mark.catalogue("F6")
def test_a_batch_meets_a_bad_certificate_once(trial: Trial, peer: Start, certificates: Certificates) -> None:
    bad = peer(tls="starttls", certificate="expired")
    mailer = trial.mailer(bad, f"tls=starttls&ca_file={certificates.ca_file}")
    outcomes = trial.send_many(mailer, [message()] * 20)
    for outcome in outcomes:
        expect(outcome, "C", phase="tls")
    assert (len(outcomes), bad.connections) == (20, 1)


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("action", "kind"),
    [
        pytest.param(drop(), TlsFailed, id="F7-eof"),
        pytest.param(reset(), TlsFailed, id="F7-reset"),
        pytest.param(stall(), TimedOut, id="F7-silent"),
    ],
)
def test_a_handshake_that_breaks_is_begun_anew_on_a_fresh_connection(
    trial: Trial, peer: Start, mode: Any, action: Any, kind: type[MailError]
) -> None:
    bad = peer({"TLS": [action]}, tls=mode, auth=LOGIN)
    with trial.using(trial.mailer(bad, f"tls={mode}&ca_file={bad.ca_file}&{QUICK}", login=True)) as mailer:
        trial.fails(mailer, "T", kind, phase="tls", within=0.5)
        assert bad.sessions[0].end, "closed, though the mailer is still open"
        untouched(bad)
        assert isinstance(trial.send(mailer), Receipt)
    assert (bad.connections, bad.submissions) == (2, 1)
    assert bad.messages[0].encrypted
    assert bad.messages[0].session.number == 2


@pytest.mark.catalogue("F7")
@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated:DeprecationWarning")
def test_a_server_of_yesterdays_tls_is_a_setting_to_correct(trial: Trial, peer: Start, mode: Any) -> None:
    old = peer(tls=mode, tls_version=ssl.TLSVersion.TLSv1, auth=LOGIN)
    mailer = trial.mailer(old, f"tls={mode}&ca_file={old.ca_file}", login=True)
    error = trial.fails(mailer, "C", TlsMisconfigured, phase="tls")
    assert "no longer safe" in error.text
    untouched(old)


@pytest.mark.catalogue("F8")
def test_implicit_tls_on_a_starttls_port_names_the_mix_up(trial: Trial, peer: Start) -> None:
    other = peer(tls="starttls")
    error = trial.fails(
        trial.mailer(other, f"tls=implicit&ca_file={other.ca_file}"), "C", TlsMisconfigured, phase="tls"
    )
    assert "does not speak TLS on this port" in error.text
    assert "Set tls=starttls" in str(error)
    untouched(other)


@pytest.mark.catalogue("F8")
@pytest.mark.parametrize("mode", ["starttls", "off"])
def test_plain_smtp_on_a_tls_port_names_the_mix_up(trial: Trial, peer: Start, mode: str) -> None:
    other = peer(tls="implicit")
    mailer = trial.mailer(other, f"tls={mode}&ca_file={other.ca_file}&{QUICK}")
    error = trial.fails(mailer, "C", TlsMisconfigured, phase="tls", within=LIMIT)
    assert "expects TLS from the first byte" in error.text
    assert "Set tls=implicit" in str(error)
    untouched(other)


@pytest.mark.catalogue("F9", "A14")
@pytest.mark.parametrize("login", [False, True])
def test_starttls_that_is_not_offered_is_not_done_without(trial: Trial, peer: Start, login: bool) -> None:
    stripped = peer(auth=LOGIN)
    error = trial.fails(trial.mailer(stripped, "tls=starttls", login=login), "C", TlsMisconfigured, phase="tls")
    assert "does not offer STARTTLS" in error.text
    untouched(stripped)
    assert stripped.sessions[0].verbs == ["EHLO"]


@pytest.mark.catalogue("F9", "A14")
def test_encryption_is_demanded_of_other_machines_by_default(trial: Trial, peer: Start) -> None:
    """`tls=auto` leaves it out on loopback only; any other name insists on STARTTLS."""
    stripped = peer()
    names = lambda host, port: [(2, ("127.0.0.1", port))]  # noqa: E731
    mailer = Mailer(f"smtp://mail.test:{stripped.port}", resolver=names)
    trial.fails(mailer, "C", TlsMisconfigured, phase="tls")
    untouched(stripped)


@pytest.mark.catalogue("F10", "A14")
@pytest.mark.parametrize("code", [454, 421])
def test_a_refused_starttls_is_not_followed_by_clear_text(trial: Trial, peer: Start, code: int) -> None:
    bad = peer({"STARTTLS": reply(f"{code} 4.7.0 not now")}, tls="starttls", auth=LOGIN)
    mailer = trial.mailer(bad, f"tls=starttls&ca_file={bad.ca_file}", login=True)
    trial.fails(mailer, "T", ServerError, phase="tls", code=code)
    untouched(bad)
    assert left(bad.sessions[0])


@pytest.mark.catalogue("F11", "A14")
@pytest.mark.parametrize(
    "action",
    [
        pytest.param(reply("220 ok", "250 injected"), id="reply"),
        pytest.param(raw(b"220 ok\r\n250"), id="half-a-reply"),
        pytest.param(raw(b"220 ok\r\nS: anything"), id="garbage"),
    ],
)
def test_a_reply_behind_the_answer_to_starttls_was_not_the_servers(trial: Trial, peer: Start, action: Any) -> None:
    middle = peer({"STARTTLS": action}, tls="starttls", auth=LOGIN, strict=False)
    mailer = trial.mailer(middle, f"tls=starttls&ca_file={middle.ca_file}", login=True)
    with trial.using(mailer):
        error = trial.fails(mailer, "T", ProtocolError, phase="tls")
        assert "more than its answer to STARTTLS" in error.text
        assert middle.sessions[0].end
    untouched(middle)
    assert b"\x16\x03" not in middle.sessions[0].received, "no handshake was begun"


@pytest.mark.catalogue("F11", "A14")
def test_an_injected_reply_in_a_segment_of_its_own_does_no_better(trial: Trial, peer: Start) -> None:
    late = raw("220 ok\r\n") + delay(0.05) + raw("250 injected\r\n")
    middle = peer({"STARTTLS": late}, tls="starttls", auth=LOGIN, strict=False)
    mailer = trial.mailer(middle, f"tls=starttls&ca_file={middle.ca_file}", login=True)
    outcome = trial.send(mailer)
    assert isinstance(outcome, (ConnectFailed, ProtocolError))
    untouched(middle)


@pytest.mark.catalogue("A14")
def test_what_was_offered_in_clear_text_counts_for_nothing(trial: Trial, peer: Start) -> None:
    """EHLO is said again after STARTTLS, and only that answer counts (RFC 3207 section 4.2)."""
    lies = reply("250-peer.test", "250-STARTTLS", "250-SIZE 1", "250 AUTH LOGIN")
    middle = peer({"EHLO": [lies]}, tls="starttls", auth=LOGIN, mechanisms=["PLAIN"])
    with trial.using(trial.mailer(middle, f"tls=starttls&ca_file={middle.ca_file}", login=True)) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
    assert middle.sessions[0].verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    assert middle.messages[0].encrypted


@pytest.mark.catalogue("A14")
def test_nothing_is_written_behind_starttls_before_its_answer(trial: Trial, peer: Start) -> None:
    good = peer({"STARTTLS": delay(0.05) + proceed()}, tls="starttls", auth=LOGIN)
    with trial.using(trial.mailer(good, f"tls=starttls&ca_file={good.ca_file}", login=True)) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
    clear = bytes(good.sessions[0].cleartext)
    assert clear.startswith(b"EHLO ")
    assert clear.endswith(b"\r\nSTARTTLS\r\n")
    assert not good.violations


@pytest.mark.catalogue("F6", "F7")
def test_a_bad_certificate_fails_over(trial: Trial, peer: Start, certificates: Certificates) -> None:
    bad, good = peer(tls="starttls", certificate="expired"), peer()
    query = f"?tls=starttls&ca_file={certificates.ca_file}"
    with trial.using(Mailer(f"failover(smtp://{bad.address}{query}, smtp://{good.address})")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
    untouched(bad)
    assert good.submissions == 1


@pytest.mark.catalogue("F6")
def test_a_batch_over_tls_arrives_encrypted(trial: Trial, peer: Start) -> None:
    good = peer(tls="starttls", auth=LOGIN)
    with trial.using(trial.mailer(good, f"tls=starttls&ca_file={good.ca_file}", login=True)) as mailer:
        outcomes = trial.send_many(mailer, [message()] * 30)
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert all(one.encrypted for one in good.messages)
    assert good.submissions == 30
