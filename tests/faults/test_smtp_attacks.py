"""Attacks by what a message or a setting says, held against what really travels."""

from __future__ import annotations

import email
import email.policy
import logging
from collections.abc import Callable
from typing import Any

import pytest
from support.peer import Peer, raw, reply
from support.trial import Trial, message

from mailbridge.errors import ConfigError, ConnectFailed, MailError, MessageInvalid, RecipientRefused
from mailbridge.logs import handler
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message
from mailbridge.message.parse import from_bytes
from mailbridge.receipt import Receipt

Start = Callable[..., Peer]

DIALOGUES = {"bdat": "", "data": "CHUNKING", "plain": "CHUNKING PIPELINING"}


@pytest.fixture(params=DIALOGUES)
def without(request: pytest.FixtureRequest) -> str:
    """Run the test over each kind of dialogue; gives the extensions to leave out."""
    return DIALOGUES[request.param]


def names(data: bytes) -> list[str]:
    """Return the names of the header fields as they travelled."""
    head = data.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]


PLAIN = ["message-id", "date", "from", "to", "subject", "mime-version", "content-type", "content-transfer-encoding"]


@pytest.mark.catalogue("A1", "A5")
@pytest.mark.parametrize(
    "subject",
    [
        "=?UTF-8?Q?x=0ABcc:_evil@x.y?=",
        "=?utf-8?b?eA0KQmNjOiBlQHg=?=",
        "=?utf-8?b?eA0KDQpib2R5?=",
        "a" * 70 + " =?utf-8?q?=0D=0ABcc:_evil@x.y?=",
        "word " * 60 + "=?utf-8?b?DQoNCg==?=",
    ],
)
def test_an_encoded_word_of_the_users_stays_text(trial: Trial, peer: Start, without: str, subject: str) -> None:
    server = peer(without=without)
    with trial.using(trial.mailer(server)) as mailer:
        assert isinstance(trial.send(mailer, message(subject=subject)), Receipt)
    [one] = server.messages
    assert sorted(names(one.data)) == sorted(PLAIN)
    assert one.recipients == ("ann@example.org",)
    assert b"\nBcc" not in one.data
    assert (
        email.message_from_bytes(one.data, policy=email.policy.default)["subject"].replace("\n", "") == subject.strip()
    )


@pytest.mark.catalogue("A1", "A5")
@pytest.mark.parametrize(
    "line",
    ["\r\nBcc: evil@x.y", "\nBcc: evil@x.y", "\rx", "\r\n\r\nbody", "\x0bx", "\x85x", "\u2028x", "\0"],
)
def test_a_line_break_in_a_header_reaches_no_wire(trial: Trial, peer: Start, line: str) -> None:
    server = peer()
    with trial.using(trial.mailer(server)) as mailer:
        for fields in ({"subject": f"Hi{line}"}, {"headers": {"X-Note": f"a{line}"}}, {"reply_to": f"a{line}@x.test"}):
            with pytest.raises(MailError):
                trial.colour.send(mailer, message(**fields))
    assert server.connections == 0


@pytest.mark.catalogue("A9")
@pytest.mark.parametrize("name", ["me%0D%0ANOOP", "me%0ANOOP", "a%20b", "m%C3%BCller.test", "x%00y"])
def test_our_own_name_cannot_end_the_ehlo_line(peer: Start, name: str) -> None:
    server = peer()
    with pytest.raises(ConfigError, match="local_hostname"):
        Mailer(f"smtp://{server.address}?local_hostname={name}")
    assert server.connections == 0


@pytest.mark.catalogue("A9")
@pytest.mark.parametrize("name", ["me.test", "[192.0.2.1]", "[IPv6:2001:db8::1]", "localhost"])
def test_our_own_name_is_said_as_it_is(trial: Trial, peer: Start, name: str) -> None:
    server = peer()
    with trial.using(trial.mailer(server, f"local_hostname={name}")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
    assert server.sessions[0].commands[0].line == f"EHLO {name}".encode()


@pytest.mark.catalogue("A10")
@pytest.mark.parametrize("host", ["a%0D%0AX:%20y", "a%0Ab", "a%20b.test", "a%00b.test"])
def test_a_host_cannot_hold_a_line_break(host: str) -> None:
    with pytest.raises(ConfigError):
        Mailer(f"smtp://{host}:25")


SMUGGLED = [
    "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n.\r\n", "\n.\r", "\r\n\0.\r\n", ".\r\n", ".\n",
]  # fmt: skip


@pytest.mark.catalogue("A12")
@pytest.mark.parametrize("end", SMUGGLED)
@pytest.mark.parametrize("fields", ["text", "html"])
def test_no_content_ends_early(trial: Trial, peer: Start, without: str, fields: str, end: str) -> None:
    """Every bare CR or LF becomes CRLF, then every dot at the start of a line is doubled (VU#302671)."""
    server = peer(without=without)
    smuggled = f"MAIL FROM:<evil@x.test>\r\nRCPT TO:<you@x.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx{end}"
    body = f"Hello{end}{smuggled}after"
    try:
        mail = message(**{fields: body})
    except MessageInvalid:
        assert "\0" in body, "NUL has no place in a mail at all"
        return
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        outcome = trial.send(mailer, mail)
        if isinstance(outcome, MessageInvalid):
            assert "\0" in body
            return
        assert isinstance(outcome, Receipt)
        trial.send_many(mailer, [mail] * 3)
    assert server.submissions == 4
    for one in server.messages:
        assert one.sender == "shop@example.com"
        assert one.recipients == ("ann@example.org",)
        lines = one.data.split(b"\r\n")
        assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert not [verb for session in server.sessions for verb in session.verbs if verb not in KNOWN]


KNOWN = {"EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT"}


@pytest.mark.catalogue("A12")
@pytest.mark.parametrize("end", SMUGGLED[:8])
@pytest.mark.parametrize("keep_raw", [False, True])
def test_a_message_given_as_octets_ends_no_earlier(
    trial: Trial, peer: Start, without: str, end: str, keep_raw: bool
) -> None:
    server = peer(without=without)
    octets = f"From: a@x.test\r\nTo: ann@example.org\r\nSubject: Hi\r\n\r\nHello{end}RSET\r\n".encode()
    with trial.using(trial.mailer(server)) as mailer:
        assert isinstance(trial.send(mailer, from_bytes(octets, keep_raw=keep_raw)), Receipt)
    [one] = server.messages
    assert not any(b"\r" in line or b"\n" in line for line in one.data.split(b"\r\n"))
    assert b"Hello" in one.data
    assert b"RSET" in one.data


@pytest.mark.catalogue("A7", "A8")
@pytest.mark.parametrize(
    "to", ["a@b>\r\nRCPT TO:<e@x", '"x> NOTIFY=NEVER"@e.f', "a@b> NOTIFY=NEVER", "a b@c.d", "<a@b.c>x"]
)
def test_no_address_says_more_than_an_address(peer: Start, to: str) -> None:
    server = peer()
    with pytest.raises((MailError, ValueError)), Mailer(f"smtp://{server.address}") as mailer:
        mailer.send(Message(from_="shop@example.com", to=[to], subject="Hi", text="x"))
    assert server.connections == 0


@pytest.mark.catalogue("A40")
@pytest.mark.parametrize("form", ["text", "json", "plain"])
def test_a_server_cannot_write_lines_into_our_log(trial: Trial, peer: Start, form: Any, tmp_path: Any) -> None:
    """Escapes and line separators within a reply are shown escaped, whoever formats the record."""
    forged = "550 5.1.1 no\u2028ERROR forged \u009b31m \u202e\r\n".encode()
    server = peer({"RCPT": raw(forged)})
    log = tmp_path / "log"
    with log.open("w", encoding="utf-8") as stream:
        writer = handler(form, stream)
        logging.getLogger("mailbridge").addHandler(writer)
        try:
            trial.fails(server, "P", RecipientRefused, code=550)
        finally:
            logging.getLogger("mailbridge").removeHandler(writer)
    lines = log.read_text().splitlines()
    assert lines
    assert not any(line.startswith("ERROR forged") for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.catalogue("A40")
@pytest.mark.parametrize("subject", ["=cmd|'/c calc'!A1", "Hi, +1-2", "caf\u00e9"])
def test_a_subject_is_in_no_log_at_all(trial: Trial, peer: Start, subject: str) -> None:
    server = peer({"RCPT": [reply("550 5.1.1 no")]})
    with trial.using(trial.mailer(server)) as mailer:
        trial.send(mailer, message(subject=subject))
        trial.send(mailer, message(subject=subject))
    assert trial.log.records
    assert subject not in trial.log.text


@pytest.mark.catalogue("A30")
def test_an_error_of_the_connection_names_the_server_and_not_the_login(trial: Trial, closed_port: Any) -> None:
    error = trial.fails(trial.mailer(str(closed_port), login=True), "T", ConnectFailed)
    assert str(closed_port) in error.text
    assert "ann" not in f"{error} {error.transport} {error.attempts}"
