"""A wrong clock and credentials that expire (H30, H31): put right once, and said when that does not help."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from support.aws import KEY, SECRET, Amazon, Key
from support.colour import Colour
from support.http_peer import HttpPeer, Request, answer

from mailbridge import Mailer, Message
from mailbridge.errors import AuthFailed, ConfigError

MESSAGE = Message(from_="app@example.com", to="ann@example.org", subject="Hi", text="Hello")
ROLE = "ASIAIOSFODNN7EXAMPLE"
ENCODED = SECRET.replace("/", "%2F")


def mailer_for(peer: HttpPeer, options: str = "") -> Mailer:
    return Mailer(f"ses://{KEY}:{ENCODED}@eu-west-1?base_url={peer.url}{options}")


# --- the clock


@pytest.mark.catalogue("H30")
@pytest.mark.parametrize(("ahead", "side"), [(3600, "behind"), (-86_400, "ahead")])
def test_the_servers_time_is_taken_for_ours(
    colour: Colour, caplog: pytest.LogCaptureFixture, ahead: float, side: str
) -> None:
    amazon = Amazon(ahead=ahead)
    with HttpPeer(amazon) as peer:
        mailer = mailer_for(peer)
        with colour.using(mailer), caplog.at_level(logging.WARNING, "mailbridge.send"):
            outcomes = [colour.send(mailer, MESSAGE) for _ in range(3)]
        assert len(peer.requests) == 4, "one refusal, and from then on the right time"
    assert all(outcome.complete for outcome in outcomes)
    warned = [record.getMessage() for record in caplog.records if "clock" in record.getMessage()]
    assert len(warned) == 1
    said = re.search(r"is (\d+) s (behind|ahead)", warned[0])
    assert said is not None
    assert said[2] == side
    assert abs(int(said[1]) - abs(ahead)) < 60


@pytest.mark.catalogue("H30")
def test_a_clock_that_stays_wrong_is_tried_once_more_and_then_said(colour: Colour) -> None:
    # A server whose Date is not the time by which it judges.
    def refuse(request: Request) -> Any:
        said = {"message": "The difference between the request time and the current time is too large."}
        headers = {"x-amzn-ErrorType": "RequestTimeTooSkewed", "Date": "Wed, 01 Jan 2031 00:00:00 GMT"}
        return answer(403, said, headers=headers)

    with HttpPeer(refuse) as peer:
        with pytest.raises(ConfigError, match=r"the clock of this machine is \d+ s behind.*NTP") as caught:
            colour.send(mailer_for(peer), MESSAGE)
        assert len(peer.requests) == 2
        assert peer.requests[1].header("x-amz-date").startswith("203101")  # type: ignore[union-attr]
    assert caught.value.provider_code == "RequestTimeTooSkewed"
    assert not caught.value.retryable


@pytest.mark.catalogue("H30")
def test_without_a_date_of_the_server_there_is_nothing_to_try(colour: Colour) -> None:
    with HttpPeer(Amazon(ahead=3600, date=False)) as peer:
        with pytest.raises(ConfigError, match="clock"):
            colour.send(mailer_for(peer), MESSAGE)
        assert len(peer.requests) == 1


@pytest.mark.catalogue("H30")
@pytest.mark.parametrize("date", ["soon", "Wed, 99 Foo 2031 00:00:00 GMT", ""])
def test_a_date_that_is_none_is_left_alone(colour: Colour, date: str) -> None:
    refusal = answer(403, {"message": "too old"}, headers={"x-amzn-ErrorType": "RequestExpired", "Date": date})
    with HttpPeer([refusal]) as peer, pytest.raises(AuthFailed, match="too old"):
        colour.send(mailer_for(peer), MESSAGE)


@pytest.mark.catalogue("H30")
def test_a_wrong_secret_is_not_taken_for_a_wrong_clock(colour: Colour) -> None:
    with HttpPeer(Amazon({KEY: Key("another")})) as peer:
        with pytest.raises(AuthFailed, match=r"secret_access_key does not belong to access_key_id.*%2F"):
            colour.send(mailer_for(peer), MESSAGE)
        assert len(peer.requests) == 1


@pytest.mark.catalogue("H30")
def test_many_messages_under_way_are_all_signed_anew(colour: Colour) -> None:
    with HttpPeer(Amazon(ahead=3600)) as peer:
        outcomes = colour.send_many(mailer_for(peer, "&connections=5"), [MESSAGE] * 20)
    assert [outcome.complete for outcome in outcomes] == [True] * 20


@pytest.mark.catalogue("H30")
def test_a_clock_that_is_set_meanwhile_is_noticed(colour: Colour) -> None:
    amazon = Amazon(ahead=3600)
    with HttpPeer(amazon) as peer:
        mailer = mailer_for(peer)
        with colour.using(mailer):
            colour.send(mailer, MESSAGE)
            amazon.ahead = 0
            assert colour.send(mailer, MESSAGE).complete
            assert colour.send(mailer, MESSAGE).complete
        assert len(peer.requests) == 5


@pytest.mark.catalogue("H30")
def test_verify_is_signed_anew_as_well(colour: Colour) -> None:
    with HttpPeer(Amazon(ahead=3600)) as peer:
        assert "may send" in colour.verify(mailer_for(peer)).text


# --- the session


class Program:
    """A credential_process of a profile: what it says changes with its file."""

    def __init__(self, aws: Any) -> None:
        self._file = aws.folder / "said.json"
        self._runs = aws.folder / "runs"
        aws.config(f"[default]\ncredential_process=sh -c 'echo run >>{self._runs}; cat {self._file}'\n")

    def says(self, token: str) -> None:
        known = {"Version": 1, "AccessKeyId": ROLE, "SecretAccessKey": SECRET, "SessionToken": token}
        self._file.write_text(json.dumps(known))

    @property
    def runs(self) -> int:
        return len(self._runs.read_text().split())


@pytest.mark.catalogue("H31")
def test_an_expired_token_is_fetched_anew_once(colour: Colour, aws: Any) -> None:
    program, amazon = Program(aws), Amazon({ROLE: Key(SECRET, "first")})
    program.says("first")
    with HttpPeer(amazon) as peer:
        mailer = Mailer(f"ses://eu-west-1?base_url={peer.url}")
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).complete
            amazon.keys[ROLE] = Key(SECRET, "first", expired=True, after="second")
            program.says("second")
            asked = len(peer.requests)
            assert colour.send(mailer, MESSAGE).complete
            assert colour.send(mailer, MESSAGE).complete
        assert len(peer.requests) == asked + 3
    assert program.runs == 2


@pytest.mark.catalogue("H31")
def test_a_token_that_stays_expired_is_fetched_once_and_no_more(colour: Colour, aws: Any) -> None:
    program, amazon = Program(aws), Amazon({ROLE: Key(SECRET, "first", expired=True)})
    program.says("first")
    with HttpPeer(amazon) as peer:
        with pytest.raises(AuthFailed, match=r"expired.*aws sso login") as caught:
            colour.send(Mailer(f"ses://eu-west-1?base_url={peer.url}"), MESSAGE)
        assert len(peer.requests) == 1, "the same token again would be refused again"
    assert program.runs == 2
    assert caught.value.provider_code == "ExpiredTokenException"


@pytest.mark.catalogue("H31")
def test_a_new_token_that_is_refused_too_is_the_end(colour: Colour, aws: Any) -> None:
    program, amazon = Program(aws), Amazon({ROLE: Key(SECRET, "first", expired=True)})
    program.says("first")

    def renew() -> None:
        program.says("second")
        amazon.keys[ROLE] = Key(SECRET, "second", expired=True)

    amazon.on_expired = renew
    with HttpPeer(amazon) as peer:
        with pytest.raises(AuthFailed, match="expired"):
            colour.send(Mailer(f"ses://eu-west-1?base_url={peer.url}"), MESSAGE)
        assert len(peer.requests) == 2
    assert program.runs == 2


@pytest.mark.catalogue("H31")
def test_a_token_of_the_settings_cannot_be_renewed(colour: Colour) -> None:
    table = {"transport": "ses", "region": "eu-west-1", "access_key_id": ROLE, "secret_access_key": SECRET}
    with HttpPeer(Amazon({ROLE: Key(SECRET, "first", expired=True)})) as peer:
        with pytest.raises(AuthFailed, match="give the profile, not its keys"):
            colour.send(Mailer({**table, "session_token": "first", "base_url": peer.url}), MESSAGE)
        assert len(peer.requests) == 1


@pytest.mark.catalogue("H31")
def test_many_messages_under_way_share_the_new_token(colour: Colour, aws: Any) -> None:
    program = Program(aws)
    program.says("first")
    amazon = Amazon({ROLE: Key(SECRET, "first", expired=True, after="second")})
    amazon.on_expired = lambda: program.says("second")
    with HttpPeer(amazon) as peer:
        outcomes = colour.send_many(Mailer(f"ses://eu-west-1?connections=4&base_url={peer.url}"), [MESSAGE] * 12)
    assert [outcome.complete for outcome in outcomes] == [True] * 12
    assert program.runs == 2, "one looked it up for all"
