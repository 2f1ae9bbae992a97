"""Logging in, and failing to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.authentication import MECHANISMS, encode
from support.peer import Peer, drop, raw, reply, stall
from support.trial import LIMIT, PASSWORD, QUICK, USER, Trial, expect, left, message

from mailbridge.errors import AuthFailed, ConfigError, ConnectFailed, MailError, ServerError, TimedOut
from mailbridge.extend import Secret, SmtpServer, SmtpTimeouts, SmtpTransport
from mailbridge.mailer import Mailer
from mailbridge.receipt import Receipt

Start = Callable[..., Peer]
LOGIN = (USER, PASSWORD)


def with_token(peer: Peer, token: Callable[..., Any], **options: Any) -> Mailer:
    server = SmtpServer(
        peer.host, peer.port, user=USER, token=token, nonce=lambda: "nonce", timeouts=SmtpTimeouts(quit=0.2), **options
    )
    return Mailer(SmtpTransport(server))


@pytest.mark.parametrize("mechanism", MECHANISMS[:4])
def test_every_mechanism_lets_us_in(trial: Trial, peer: Start, mechanism: str) -> None:
    good = peer(auth=LOGIN, mechanisms=[mechanism])
    with trial.using(trial.mailer(good, login=True)) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
    assert good.messages[0].user == USER


@pytest.mark.catalogue("F15")
@pytest.mark.parametrize("mechanism", MECHANISMS[:4])
def test_a_wrong_password_is_tried_once(trial: Trial, peer: Start, mechanism: str) -> None:
    bad = peer(auth=(USER, "another"), mechanisms=[mechanism])
    with trial.using(trial.mailer(bad, login=True)) as mailer:
        error = trial.fails(mailer, "C", AuthFailed, phase="auth", code=535)
        assert bad.sessions[0].end, "closed, though the mailer is still open"
    assert bad.count("AUTH") == 1
    assert bad.count("MAIL") == 0
    assert any("AUTH" in line and "********" in line for line in error.transcript)


@pytest.mark.catalogue("F15")
@pytest.mark.parametrize("count", [1, 20, 200])
def test_a_wrong_password_is_tried_once_a_batch_whatever_the_lanes(trial: Trial, peer: Start, count: int) -> None:
    bad = peer(auth=(USER, "another"))
    with trial.using(trial.mailer(bad, "connections=5", login=True)) as mailer:
        outcomes = trial.send_many(mailer, [message()] * count)
    for outcome in outcomes:
        expect(outcome, "C", code=535)
    assert len(outcomes) == count
    assert bad.count("AUTH") == 1


@pytest.mark.catalogue("F15")
def test_a_new_batch_may_try_again(trial: Trial, peer: Start) -> None:
    bad = peer({"AUTH": [reply("535 5.7.8 wrong")]}, auth=LOGIN, mechanisms=["PLAIN"])
    with trial.using(trial.mailer(bad, login=True)) as mailer:
        expect(trial.send_many(mailer, [message()])[0], "C")
        assert isinstance(trial.send_many(mailer, [message()])[0], Receipt)


@pytest.mark.catalogue("F15")
def test_a_breaker_spares_the_locked_account_and_other_tenants_go_on(trial: Trial, peer: Start) -> None:
    """Two tenants on one server: the first's password is wrong, the second's is not."""
    eve = encode(f"\0eve\0{PASSWORD}".encode())
    server = peer({"AUTH": {eve: reply("535 5.7.8 wrong")}}, auth=LOGIN, mechanisms=["PLAIN"])
    spare = peer()
    locked = f"failover(smtp://eve:{PASSWORD}@{server.address}, smtp://{spare.address})"
    mailer = Mailer(locked, mailers={"other": f"smtp://{USER}:{PASSWORD}@{server.address}"})
    with trial.using(mailer):
        for _ in range(5):
            assert isinstance(trial.send(mailer), Receipt)
        assert isinstance(trial.send(mailer, message(via="other")), Receipt)
    assert server.count("AUTH") == 2, "one for each tenant"
    assert (spare.submissions, server.submissions) == (5, 1)
    assert server.messages[0].user == USER


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("504 5.5.4", id="F16-504"),
        pytest.param("534 5.7.9", id="F16-534"),
        pytest.param("538 5.7.11", id="F16-538"),
    ],
)
def test_a_refused_mechanism_is_named(trial: Trial, peer: Start, code: str) -> None:
    bad = peer({"AUTH": reply(f"{code} not this one")}, auth=LOGIN, mechanisms=["PLAIN"])
    error = trial.fails(trial.mailer(bad, login=True), "C", AuthFailed, phase="auth", code=int(code[:3]))
    assert "mechanism PLAIN" in error.text
    assert bad.count("AUTH") == 1
    assert bad.count("MAIL") == 0


@pytest.mark.catalogue("F16")
@pytest.mark.parametrize(
    ("offered", "query", "named"),
    [
        (["GSSAPI", "NTLM"], "", "GSSAPI, NTLM"),
        (["PLAIN", "LOGIN"], "auth=CRAM-MD5", "LOGIN, PLAIN"),
        (["XOAUTH2"], "", "XOAUTH2"),
    ],
)
def test_no_mechanism_in_common_names_what_is_offered(
    trial: Trial, peer: Start, offered: list[str], query: str, named: str
) -> None:
    other = peer(auth=LOGIN, mechanisms=offered)
    error = trial.fails(trial.mailer(other, query, login=True), "C", AuthFailed, phase="auth")
    assert named in error.text
    assert other.count("AUTH") == 0


@pytest.mark.catalogue("F16")
def test_a_server_without_auth_gets_no_password(trial: Trial, peer: Start) -> None:
    open_to_all = peer()
    error = trial.fails(trial.mailer(open_to_all, login=True), "C", AuthFailed, phase="auth")
    assert "no login at all" in error.text
    assert open_to_all.sessions[0].verbs == ["EHLO"]


@pytest.mark.parametrize(
    ("action", "kind", "code"),
    [
        pytest.param(reply("454 4.7.0 not now"), ServerError, 454, id="F17-454"),
        pytest.param(reply("421 4.3.2 going") + drop(), ServerError, 421, id="F17-421"),
        pytest.param(drop(), ConnectFailed, None, id="F17-dropped"),
        pytest.param(stall(), TimedOut, None, id="F17-silent"),
    ],
)
def test_a_server_that_cannot_check_now_is_asked_later(
    trial: Trial, peer: Start, action: Any, kind: type[MailError], code: int | None
) -> None:
    busy = peer({"AUTH": [action]}, auth=LOGIN, mechanisms=["PLAIN"])
    with trial.using(trial.mailer(busy, QUICK, login=True)) as mailer:
        trial.fails(mailer, "T", kind, code=code, within=LIMIT)
        assert busy.sessions[0].end
        assert isinstance(trial.send(mailer), Receipt)
    assert busy.count("AUTH") == 2


@pytest.mark.catalogue("F17")
def test_a_retry_waits_for_a_server_that_cannot_check_now(trial: Trial, peer: Start) -> None:
    busy = peer({"AUTH": [reply("454 4.7.0 not now")]}, auth=LOGIN)
    mailer = Mailer(f"retry(smtp://{USER}:{PASSWORD}@{busy.address}, wait=10ms)")
    with trial.using(mailer):
        receipt = trial.send(mailer)
    assert isinstance(receipt, Receipt)
    assert [attempt.error for attempt in receipt.attempts] == ["ServerError", ""]


@pytest.mark.catalogue("F18")
@pytest.mark.parametrize("mechanism", MECHANISMS[:4])
def test_a_server_that_asks_without_end_is_left(trial: Trial, peer: Start, mechanism: str) -> None:
    asking = reply(f"334 {encode(b'r=nonce,s=c2FsdA==,i=4096')}")
    endless = peer({"AUTH": asking, "RESPONSE": asking}, auth=LOGIN, mechanisms=[mechanism], strict=False)
    trial.fails(trial.mailer(endless, login=True), "C", AuthFailed, phase="auth")
    assert endless.count("RESPONSE") <= 8
    assert endless.count("MAIL") == 0
    assert left(endless.sessions[0])


@pytest.mark.catalogue("F18")
@pytest.mark.parametrize("text", ["not base64!", "====", "é", "PDE"])
@pytest.mark.parametrize("mechanism", ["LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
def test_a_challenge_that_is_not_base64_ends_it(trial: Trial, peer: Start, mechanism: str, text: str) -> None:
    bad = peer({"AUTH": raw(f"334 {text}\r\n")}, auth=LOGIN, mechanisms=[mechanism], strict=False)
    error = trial.fails(trial.mailer(bad, login=True), "C", AuthFailed, phase="auth")
    assert "not base64" in error.text
    assert bad.count("RESPONSE") == 0


@pytest.mark.catalogue("F18")
@pytest.mark.parametrize(
    "challenge",
    [
        b"", b"r=x", b"r=nonce,s=c2FsdA==,i=0", b"r=nonce,s=c2FsdA==,i=99999999", b"r=nonce,s=!,i=4096",
        "r=nonce,s=c2FsdA==,i=²".encode(), b"r=nonce,s=c2FsdA==,i=" + b"9" * 5000, b"\xff\xfe=,r=\xff",
    ],
)  # fmt: skip
def test_a_scram_challenge_that_cannot_be_proves_nothing(trial: Trial, peer: Start, challenge: bytes) -> None:
    bad = peer({"AUTH": reply(f"334 {encode(challenge)}")}, auth=LOGIN, mechanisms=["SCRAM-SHA-256"])
    trial.fails(trial.mailer(bad, login=True), "C", AuthFailed, phase="auth")
    assert bad.count("RESPONSE") == 0


@pytest.mark.catalogue("F18")
def test_an_impostor_that_does_not_know_the_password_gets_no_mail(trial: Trial, peer: Start) -> None:
    """A SCRAM server has to prove itself before it may say 235 (RFC 5802 section 5)."""
    impostor = peer({"RESPONSE": [reply("235 2.7.0 welcome")]}, auth=LOGIN, mechanisms=["SCRAM-SHA-256"])
    error = trial.fails(trial.mailer(impostor, login=True), "C", AuthFailed, phase="auth")
    assert "before it had proved" in error.text
    assert impostor.count("MAIL") == 0


@pytest.mark.catalogue("F18")
def test_an_impostor_with_a_wrong_proof_gets_no_mail(trial: Trial, peer: Start) -> None:
    proof = reply(f"334 {encode(b'v=' + encode(b'x' * 32).encode())}")
    impostor = peer({"RESPONSE": [proof]}, auth=LOGIN, mechanisms=["SCRAM-SHA-256"])
    error = trial.fails(trial.mailer(impostor, login=True), "C", AuthFailed, phase="auth")
    assert "impostor" in error.text
    assert impostor.count("MAIL") == 0


@pytest.mark.catalogue("F19")
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_an_expired_token_is_renewed_once(trial: Trial, peer: Start, mechanism: str) -> None:
    asked = []

    def token(*, refresh: bool) -> str:
        asked.append(refresh)
        return PASSWORD if refresh else "expired"

    server = peer(auth=LOGIN, mechanisms=[mechanism])
    mailer = with_token(server, token)
    with trial.using(mailer):
        receipt = trial.send(mailer)
        assert isinstance(receipt, Receipt)
        assert isinstance(trial.send(mailer), Receipt)
    assert asked == [False, True]
    assert len(receipt.attempts) == 1
    assert (server.count("AUTH"), server.submissions) == (2, 2)


@pytest.mark.catalogue("F19")
@pytest.mark.parametrize("many", [1, 50])
def test_a_token_that_stays_refused_is_renewed_once_and_no_more(trial: Trial, peer: Start, many: int) -> None:
    asked = []

    def token(*, refresh: bool) -> str:
        asked.append(refresh)
        return f"expired-{PASSWORD}"

    server = peer(auth=LOGIN, mechanisms=["XOAUTH2"])
    mailer = with_token(server, token)
    with trial.using(mailer):
        outcomes = [trial.send(mailer)] if many == 1 else trial.send_many(mailer, [message()] * many)
    for outcome in outcomes:
        expect(outcome, "C", phase="auth", code=535)
    assert asked == [False, True]
    assert server.count("AUTH") == 2


@pytest.mark.catalogue("F19")
def test_a_refresh_that_fails_is_a_failed_login(trial: Trial, peer: Start) -> None:
    def token(*, refresh: bool) -> str:
        if refresh:
            raise OSError("the identity provider is down")
        return "expired"

    server = peer(auth=LOGIN, mechanisms=["XOAUTH2"])
    mailer = with_token(server, token)
    with trial.using(mailer):
        error = trial.fails(mailer, "C", AuthFailed, phase="auth")
        outcomes = trial.send_many(mailer, [message()] * 10)
    assert "identity provider is down" in error.text
    for outcome in outcomes:
        expect(outcome, "C", phase="auth")
    assert server.submissions == 0


@pytest.mark.catalogue("F19")
@pytest.mark.parametrize("given", ["", "two\r\nlines", "a\1auth=Bearer b", None])
def test_a_token_source_that_gives_no_token_is_a_failed_login(trial: Trial, peer: Start, given: Any) -> None:
    server = peer(auth=LOGIN, mechanisms=["XOAUTH2"])
    trial.fails(with_token(server, lambda refresh: given), "C", AuthFailed, phase="auth")
    assert server.count("AUTH") == 0


@pytest.mark.catalogue("F19")
def test_an_asynchronous_token_source_is_awaited_where_that_is_possible(trial: Trial, peer: Start) -> None:
    async def token(*, refresh: bool) -> str:
        return PASSWORD

    server = peer(auth=LOGIN, mechanisms=["XOAUTH2"], strict=False)
    mailer = with_token(server, token)
    with trial.using(mailer):
        outcome = trial.send(mailer)
    if trial.colour.name == "async":
        assert isinstance(outcome, Receipt)
    else:
        expect(outcome, "C")
        assert "use the async method" in str(outcome)


@pytest.mark.catalogue("F22")
@pytest.mark.parametrize(
    ("words", "hint"),
    [("5.7.0 authentication required", "user name"), ("5.7.0 must issue a STARTTLS command first", "tls=starttls")],
)
@pytest.mark.parametrize("without", ["", "CHUNKING", "PIPELINING CHUNKING"])
def test_mail_that_needs_a_login_is_a_setting_to_correct(
    trial: Trial, peer: Start, words: str, hint: str, without: str
) -> None:
    closed = peer({"MAIL": reply(f"530 {words}")}, without=without)
    with trial.using(trial.mailer(closed)) as mailer:
        error = trial.fails(mailer, "C", ConfigError, phase="mail", code=530)
        outcomes = trial.send_many(mailer, [message()] * 3)
    assert hint in str(error)
    for outcome in outcomes:
        expect(outcome, "C", phase="mail", code=530)
    assert closed.submissions == 0


@pytest.mark.catalogue("F15", "A30")
@pytest.mark.parametrize("mechanism", MECHANISMS[:4])
def test_a_server_that_repeats_the_password_is_not_quoted(trial: Trial, peer: Start, mechanism: str) -> None:
    words = [PASSWORD, encode(PASSWORD.encode())]
    words += [encode(f"\0{USER}\0{PASSWORD}".encode())] if mechanism == "PLAIN" else []
    rude = reply(*[f"535-5.7.8 {word} is wrong" for word in words], "535 5.7.8 bye")
    server = peer({"AUTH" if mechanism == "PLAIN" else "RESPONSE": rude}, auth=LOGIN, mechanisms=[mechanism])
    error = trial.fails(trial.mailer(server, login=True), "C", AuthFailed, phase="auth", code=535)
    for word in words:
        assert word not in f"{error} {error.transcript} {vars(error)}"
    assert "******** is wrong" in error.text


@pytest.mark.catalogue("A30")
def test_credentials_are_never_sent_in_clear_text_to_other_machines(trial: Trial, peer: Start) -> None:
    server = peer(auth=LOGIN)
    transport = SmtpTransport(
        SmtpServer("mail.test", server.port, tls="off", user=USER, password=Secret(PASSWORD), nonce=lambda: "nonce")
    )
    mailer = Mailer(transport, resolver=lambda host, port: [(2, ("127.0.0.1", port))])
    error = trial.fails(mailer, "C", ConfigError, phase="auth")
    assert "not sent in clear text" in error.text
    assert server.count("AUTH") == 0
