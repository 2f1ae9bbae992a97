"""mailbridge against servers that other people wrote."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from support.colour import Colour
from support.real_peers import RealPeer

from mailbridge.errors import (
    AuthFailed,
    ConnectFailed,
    ContentRefused,
    MailError,
    OutcomeUnknown,
    RecipientDeferred,
    RecipientRefused,
    SenderRefused,
    ServerError,
    TlsMisconfigured,
)
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt

Sink = Callable[..., RealPeer]

_numbers = itertools.count(1)


@pytest.fixture
def subject() -> str:
    """Give a subject that no other test uses, for servers that many tests share."""
    return f"Test {next(_numbers)} of the day"


def message(subject: str, *to: str, text: str = "Hello,\n.a dot\nfrom here\n") -> Message:
    return Message(from_="shop@example.com", to=to or ("ann@example.org",), subject=subject, text=text)


def starttls(peer: RealPeer, credentials: str = "") -> Mailer:
    return Mailer(f"smtp://{credentials}{peer.address}?tls=starttls&ca_file={peer.ca_file}")


def implicit(peer: RealPeer) -> Mailer:
    return Mailer(f"smtp://{peer.host}:{peer.tls_port}?tls=implicit&ca_file={peer.ca_file}")  # type: ignore[attr-defined]


@pytest.fixture(params=["postfix", "exim"])
def server(request: pytest.FixtureRequest) -> Iterator[RealPeer]:
    """Run the test with each real server."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.mark.parametrize("connect", [starttls, implicit])
def test_a_message_arrives_as_it_was_written(
    server: RealPeer, colour: Colour, subject: str, connect: Callable[[RealPeer], Mailer]
) -> None:
    mailer = connect(server)
    with colour.using(mailer):
        receipt = colour.send(mailer, message(subject))
    [stored] = server.delivered(1, containing=subject)
    assert receipt.accepted == ("ann@example.org",)
    assert (stored.sender, stored.recipients) == ("shop@example.com", ("ann@example.org",))
    assert stored.message["message-id"] == receipt.message_id
    assert stored.message.get_content() == "Hello,\n.a dot\nfrom here\n"


def test_names_and_addresses_may_be_in_any_script(server: RealPeer, colour: Colour, subject: str) -> None:
    mailer = starttls(server)
    with colour.using(mailer):
        colour.send(mailer, message(f"{subject}: žluťoučký kůň", "zoë@example.org", text="příliš\n"))
    [stored] = server.delivered(1, containing=subject)
    assert stored.recipients == ("zoë@example.org",)
    assert stored.message["subject"] == f"{subject}: žluťoučký kůň"
    assert stored.message.get_content() == "příliš\n"


@pytest.mark.catalogue("F24", "F25")
def test_one_recipient_is_refused_and_one_put_off(server: RealPeer, colour: Colour, subject: str) -> None:
    mailer = starttls(server)
    with colour.using(mailer):
        receipt = colour.send(mailer, message(subject, "ann@example.org", "nouser@example.org", "greylist@example.org"))
    [stored] = server.delivered(1, containing=subject)
    assert stored.recipients == ("ann@example.org",)
    rows = {address: (row.status, row.code, row.enhanced_code) for address, row in receipt.recipients.items()}
    assert rows == {
        "ann@example.org": ("accepted", 250, rows["ann@example.org"][2]),
        "nouser@example.org": ("refused", 550, "5.1.1"),
        "greylist@example.org": ("deferred", 450, "4.2.0"),
    }


@pytest.mark.catalogue("F26")
def test_nobody_is_left_to_send_to(server: RealPeer, colour: Colour, subject: str) -> None:
    mailer = starttls(server)
    with colour.using(mailer):
        with pytest.raises(RecipientRefused):
            colour.send(mailer, message(subject, "nouser@example.org"))
        with pytest.raises(RecipientDeferred):
            colour.send(mailer, message(subject, "greylist@example.org"))
        colour.send(mailer, message(subject))
    assert len(server.delivered(1, containing=subject)) == 1


@pytest.mark.catalogue("F23")
def test_a_message_is_too_big(server: RealPeer, colour: Colour, subject: str) -> None:
    mailer = starttls(server)
    with colour.using(mailer):
        with pytest.raises(MailError, match="takes at most"):
            colour.send(mailer, message(subject, text="x" * 70 + "\n" * 1_100_000))
        colour.send(mailer, message(subject))
    assert len(server.delivered(1, containing=subject)) == 1


def test_many_messages_each_have_their_own_fate(server: RealPeer, colour: Colour, subject: str) -> None:
    to = ["nouser" if number % 7 == 3 else "greylist" if number % 7 == 5 else "ann" for number in range(100)]
    mailer = starttls(server)
    with colour.using(mailer):
        messages = (message(f"{subject}, {number}.", f"{name}@example.org") for number, name in enumerate(to))
        outcomes = colour.send_many(mailer, messages)
    kinds = {"ann": Receipt, "nouser": RecipientRefused, "greylist": RecipientDeferred}
    assert [type(outcome) for outcome in outcomes] == [kinds[name] for name in to]
    stored = server.delivered(to.count("ann"), containing=subject)
    sent = [outcome.message_id for outcome in outcomes if isinstance(outcome, Receipt)]
    assert sorted(one.message["message-id"] for one in stored) == sorted(sent)


@pytest.mark.catalogue("F6")
def test_an_unknown_authority_is_not_trusted(server: RealPeer, colour: Colour, subject: str) -> None:
    mailer = Mailer(f"smtp://{server.address}?tls=starttls")
    with colour.using(mailer), pytest.raises(TlsMisconfigured):
        colour.send(mailer, message(subject))


@pytest.mark.catalogue("F8")
def test_the_modes_are_mixed_up(server: RealPeer, colour: Colour, subject: str) -> None:
    mailer = Mailer(f"smtp://{server.address}?tls=implicit&ca_file={server.ca_file}")
    with colour.using(mailer), pytest.raises(MailError, match=r"(?i)starttls"):
        colour.send(mailer, message(subject))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_exim_lets_us_in(exim: RealPeer, colour: Colour, subject: str, mechanism: str) -> None:
    mailer = Mailer(f"smtp://u:p@{exim.address}?tls=starttls&ca_file={exim.ca_file}&auth={mechanism}")
    with colour.using(mailer):
        colour.send(mailer, message(subject, "needauth@example.org"))
    assert len(exim.delivered(1, containing=subject)) == 1


@pytest.mark.catalogue("F15")
def test_exim_knows_a_wrong_password(exim: RealPeer, colour: Colour, subject: str) -> None:
    mailer = starttls(exim, "u:wrong@")
    with colour.using(mailer), pytest.raises(AuthFailed) as caught:
        colour.send(mailer, message(subject))
    assert caught.value.code == 535
    assert "wrong" not in repr(caught.value.transcript)


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        pytest.param(["-q", "."], OutcomeUnknown, id="F32-dropped-after-the-dot"),
        pytest.param(["-Q", "mail"], ServerError, id="F20-421-at-mail"),
        pytest.param(["-f", "mail"], SenderRefused, id="F21-500-at-mail"),
        pytest.param(["-r", "rcpt"], RecipientDeferred, id="F26-450-at-rcpt"),
        pytest.param(["-f", "rcpt"], RecipientRefused, id="F26-500-at-rcpt"),
        pytest.param(["-f", "data"], ContentRefused, id="F29-500-at-data"),
        pytest.param(["-f", "."], ContentRefused, id="F34-500-after-the-dot"),
        pytest.param(["-r", "."], ServerError, id="F34-450-after-the-dot"),
        pytest.param(["-q", "connect"], ConnectFailed, id="F12-no-greeting"),
        pytest.param(["-q", "ehlo"], ConnectFailed, id="F14-dropped-at-ehlo"),
        pytest.param(["-q", "data"], ConnectFailed, id="F30-dropped-at-data"),
    ],
)
def test_the_sink_misbehaves(smtp_sink: Sink, colour: Colour, flags: list[str], error: type[MailError]) -> None:
    mailer = Mailer(f"smtp://{smtp_sink(*flags).address}")
    with colour.using(mailer), pytest.raises(error):
        colour.send(mailer, message("Hi"))


@pytest.mark.parametrize("flags", [["-e"], ["-p"], ["-8"], ["-E"], ["-e", "-p", "-8"], ["-w", "1"]])
def test_the_sink_offers_little(smtp_sink: Sink, colour: Colour, flags: list[str]) -> None:
    sink = smtp_sink(*flags)
    mailer = Mailer(f"smtp://{sink.address}")
    with colour.using(mailer):
        outcomes = colour.send_many(mailer, [message("Grüße", text="süß\n")] * 3)
    assert [outcome.accepted for outcome in outcomes] == [("ann@example.org",)] * 3
    assert {one.message.get_content().rstrip() for one in sink.delivered(3)} == {"süß"}


def test_lmtp_answers_for_each_recipient(smtp_sink: Sink, colour: Colour) -> None:
    sink = smtp_sink("-L")
    mailer = Mailer(f"lmtp://{sink.address}")
    with colour.using(mailer):
        receipt = colour.send(mailer, message("Hi", "ann@example.org", "bob@example.org"))
    assert receipt.accepted == ("ann@example.org", "bob@example.org")
    [stored] = sink.delivered(1)
    assert stored.recipients == ("ann@example.org", "bob@example.org")
