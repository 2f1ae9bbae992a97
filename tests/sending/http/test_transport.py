"""What every provider gets from `HttpTransport`: credentials, pauses, checks, whole and broken answers, secrets."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from support.acme import KEY, Acme, AcmeTransport, acme
from support.members import delivery, send, send_many

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ConnectFailed,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    SenderRefused,
    ServerError,
)
from mailbridge.extend import Http, HttpRequest, HttpResponse, Receipt, Status
from mailbridge.flow.operations import Flow
from mailbridge.sending.delivery import Delivery

ANN, BOB, CYD = (f"{name}@example.org" for name in ("ann", "bob", "cyd"))


def ok(name: str = "m") -> HttpResponse:
    return HttpResponse(200, body=b'{"id": "id-%s", "rejected": []}' % name.encode())


def changed(transport: AcmeTransport, **methods: Any) -> AcmeTransport:
    transport.__class__ = type("Changed", (type(transport),), {"plugin": type(transport).plugin, **methods})
    return transport


# --- pauses


@pytest.mark.catalogue("H17")
def test_nobody_asks_before_the_time_that_the_provider_named() -> None:
    api = Acme(before=[HttpResponse(429, [("Retry-After", "120")])])
    transport = acme()
    driver = ScriptedDriver({Http: api})
    first = send(transport, delivery(), driver)
    assert isinstance(first, RateLimited)
    driver.now += 100
    second = send(transport, delivery(), driver)
    assert isinstance(second, RateLimited)
    assert second.retry_after == pytest.approx(20.0)
    assert len(api.calls) == 1
    driver.now += 20
    assert isinstance(send(transport, delivery(), driver), Receipt)


@pytest.mark.catalogue("H17")
def test_of_two_pauses_the_longer_counts() -> None:
    """Two requests are under way; the second answer asks for less than the first."""
    answers = iter([HttpResponse(429, [("Retry-After", "120")]), HttpResponse(429, [("Retry-After", "5")])])
    transport = acme()
    driver = ScriptedDriver({Http: lambda op: next(answers)})
    flows = [driver.steps(transport.send(delivery())) for _ in range(2)]
    for flow in flows:
        while not isinstance(next(flow), Http):
            pass
    for flow in flows:
        with pytest.raises(RateLimited):
            list(flow)
    driver.now += 60
    assert isinstance(send(transport, delivery(), driver), RateLimited)


@pytest.mark.catalogue("H19")
def test_a_limit_without_a_time_pauses_nobody() -> None:
    api = Acme(before=[HttpResponse(429)])
    transport = acme()
    driver = ScriptedDriver({Http: api})
    assert isinstance(send(transport, delivery(), driver), RateLimited)
    assert isinstance(send(transport, delivery(), driver), Receipt)


def test_a_provider_may_say_the_wait_in_its_own_way() -> None:
    transport = changed(acme(), pause=lambda self, response, said: 9.0)
    error = send(transport, delivery(), ScriptedDriver({Http: lambda op: HttpResponse(429)}))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 9.0


# --- credentials


@pytest.mark.catalogue("H10", "H31")
@pytest.mark.parametrize(("second", "kind"), [(200, Receipt), (401, AuthFailed)])
def test_refused_credentials_are_renewed_once(second: int, kind: type) -> None:
    renewals: list[str | None] = []

    def renewed(self: Any, error: MailError, request: HttpRequest) -> Flow[bool]:
        renewals.append(request.header("Authorization"))
        return True
        yield

    answers = [HttpResponse(401), ok() if second == 200 else HttpResponse(401)]
    transport = changed(acme(), renewed=renewed)
    assert isinstance(send(transport, delivery(), ScriptedDriver({Http: answers})), kind)
    assert renewals == [f"Bearer {KEY}"]


@pytest.mark.catalogue("H10")
def test_credentials_that_cannot_be_renewed_are_tried_once() -> None:
    api = Acme(before=[HttpResponse(401, body=b'{"message": "no"}')])
    error = send(acme(), delivery(), ScriptedDriver({Http: api}))
    assert isinstance(error, AuthFailed)
    assert len(api.calls) == 1


def test_verify_says_in_which_region_the_key_is_good() -> None:
    def by_host(op: Http) -> HttpResponse:
        assert op.request.header("Authorization") == f"Bearer {KEY}"
        return HttpResponse(200 if "eu.acme" in op.request.url else 401)

    with pytest.raises(AuthFailed, match="set region=eu"):
        ScriptedDriver({Http: by_host}).run(acme().verify())
    found = ScriptedDriver({Http: by_host}).run(acme(region="eu").verify())
    assert (found.transport, found.text) == ("acme://eu", "acme accepts the key.")


def test_verify_says_in_which_region_the_thing_is_that_this_one_lacks() -> None:
    def by_host(op: Http) -> HttpResponse:
        return HttpResponse(200 if "eu.acme" in op.request.url else 404)

    with pytest.raises(ConfigError, match="set region=eu"):
        ScriptedDriver({Http: by_host}).run(acme().verify())


def test_another_refusal_of_verify_looks_nowhere_else() -> None:
    answers = iter([HttpResponse(402)])
    with pytest.raises(ConfigError) as caught:
        ScriptedDriver({Http: lambda op: next(answers)}).run(acme().verify())
    assert "region=" not in str(caught.value)


def test_verify_asks_nowhere_else_when_the_address_is_the_callers() -> None:
    asked: list[str] = []

    def no(op: Http) -> HttpResponse:
        asked.append(op.request.url)
        return HttpResponse(401)

    with pytest.raises(AuthFailed) as caught:
        ScriptedDriver({Http: no}).run(acme(base_url="https://proxy.test/acme").verify())
    assert asked == ["https://proxy.test/acme/me"]
    assert "region=" not in str(caught.value)


def test_a_region_that_cannot_be_reached_is_passed_over() -> None:
    answers = iter([HttpResponse(401), ConnectFailed("no route")])
    with pytest.raises(AuthFailed) as caught:
        ScriptedDriver({Http: lambda op: next(answers)}).run(acme().verify())
    assert "region=" not in str(caught.value)


# --- answers that are not what they should be


@pytest.mark.catalogue("H5")
def test_a_success_that_breaks_off_was_accepted_perhaps() -> None:
    error = send(acme(), delivery(), ScriptedDriver({Http: [HttpResponse(200, body=b'{"id"', complete=False)]}))
    assert isinstance(error, OutcomeUnknown)
    assert "its id is unknown" in str(error)


def test_a_refusal_that_breaks_off_is_a_refusal() -> None:
    answer = HttpResponse(422, body=b'{"mess', complete=False)
    assert isinstance(send(acme(), delivery(), ScriptedDriver({Http: [answer]})), ContentRefused)


@pytest.mark.catalogue("H6", "H32")
@pytest.mark.parametrize("many", [1, 2])
@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"[]", b"null", b'{"id": NaN}', b"[" * 10_000, b"\xff"])
def test_a_success_that_says_nothing_leaves_the_outcome_open(body: bytes, many: int) -> None:
    answer = HttpResponse(200, [("Content-Type", "text/html")], body)
    outcomes = send_many(acme(batch=2), [delivery(str(n)) for n in range(many)], ScriptedDriver({Http: [answer]}))
    assert [type(each) for each in outcomes] == [OutcomeUnknown] * many
    assert "base_url" in str(outcomes[0])


@pytest.mark.catalogue("H33")
@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_key_that_is_repeated_is_masked(status: int) -> None:
    body = b'{"message": "the key %s is bad", "code": "%s"}' % (KEY.encode(), KEY.encode())
    error = send(acme(), delivery(), ScriptedDriver({Http: [HttpResponse(status, body=body)]}))
    assert isinstance(error, MailError)
    assert KEY not in "".join((str(error), repr(vars(error)), pickle.dumps(error).decode("latin-1")))


def test_a_fault_of_the_transport_while_it_writes_sends_nothing() -> None:
    def broken(self: Any, message: Any) -> HttpRequest:
        raise TypeError("oops")

    error = send(changed(acme(), build=broken), delivery(), ScriptedDriver())
    assert isinstance(error, MessageInvalid)
    assert isinstance(error.__cause__, TypeError)


# --- limits


def test_too_many_recipients_are_refused_before_sending() -> None:
    error = send(acme(), delivery(to=[f"u{n}@example.org" for n in range(51)]), ScriptedDriver())
    assert isinstance(error, MessageInvalid)
    assert error.field == "to"


def test_a_call_that_is_too_large_is_refused_before_sending() -> None:
    long = Delivery(delivery().message.replace(text="x" * 200))
    error = send(acme(max_bytes=100), long, ScriptedDriver())
    assert isinstance(error, MessageInvalid)
    assert "100 octets" in str(error)


@pytest.mark.parametrize(
    ("batch", "connections", "lanes"), [(1, 10, 10), (50, 10, 10), (500, 10, 2), (1000, 10, 1), (1, 3, 3)]
)
def test_lanes_are_no_more_than_fill_their_calls(batch: int, connections: int, lanes: int) -> None:
    assert acme(batch=batch, connections=connections).lanes == lanes


# --- fewer recipients than the message has


@pytest.mark.parametrize(
    ("fields", "left", "to"),
    [
        ({"to": [ANN, BOB]}, [BOB], [BOB]),
        ({"to": [ANN], "cc": [BOB, CYD]}, [BOB, CYD], [BOB, CYD]),
        ({"to": [ANN], "bcc": [BOB]}, [BOB], [BOB]),
        ({"to": [ANN], "cc": [BOB], "bcc": [CYD]}, [CYD], [CYD]),
    ],
)
def test_a_message_that_some_have_goes_to_the_others(fields: Any, left: list[str], to: list[str]) -> None:
    message = delivery().message.replace(**({"cc": None, "bcc": None} | fields))
    rest = Delivery(message)
    rest.envelope = message.envelope._copy(
        recipients=tuple(each for each in message.envelope.recipients if each.addr_spec in left)
    )
    outgoing = acme().outgoing(rest)
    assert [each.addr_spec for each in outgoing.to] == to
    assert {each.addr_spec for each in outgoing.envelope.recipients} == set(left)


def test_blind_recipients_who_are_left_stay_blind() -> None:
    message = delivery().message.replace(bcc=[BOB, CYD])
    rest = Delivery(message)
    rest.envelope = message.envelope._copy(recipients=message.bcc)
    outgoing = acme().outgoing(rest)
    assert (outgoing.to, outgoing.bcc) == ((), message.bcc)


def test_blind_recipients_of_private_copies_get_one_for_all_of_them() -> None:
    message = delivery().message.replace(merge_data={ANN: {"n": 1}}, bcc=[BOB, CYD])
    rest = Delivery(message)
    rest.envelope = message.envelope._copy(recipients=message.bcc)
    api = Acme()
    outcome = send(acme(), rest, ScriptedDriver({Http: api}))
    assert isinstance(outcome, Receipt)
    assert api.accepted == [("m", (BOB, CYD))]


@pytest.mark.parametrize("batch", [1, 5])
def test_private_copies_go_to_those_who_are_left(batch: int) -> None:
    message = delivery(to=[ANN, BOB]).message.replace(merge_data={ANN: {"n": 1}}, cc=[CYD])
    for left in ([BOB], [CYD], [BOB, CYD]):
        rest = Delivery(message)
        rest.envelope = message.envelope._copy(
            recipients=tuple(each for each in message.envelope.recipients if each.addr_spec in left)
        )
        api = Acme()
        outcome = send(acme(batch=batch), rest, ScriptedDriver({Http: api}))
        assert isinstance(outcome, Receipt), outcome
        assert sorted(outcome.recipients) == sorted(left)
        assert all(row.status is Status.ACCEPTED for row in outcome.recipients.values())


def test_server_errors_may_be_tried_again() -> None:
    error = send(acme(), delivery(), ScriptedDriver({Http: [HttpResponse(503)]}))
    assert isinstance(error, ServerError)
    assert error.retryable


# --- what a refusal means


def test_what_a_refusal_means_may_follow_from_its_words() -> None:
    def meaning(self: Any, response: HttpResponse, said: Any) -> type[MailError] | None:
        return SenderRefused if "sender" in said.text else None

    transport = changed(acme(), meaning=meaning)
    said = [b'{"message": "no such sender", "code": "7"}', b'{"message": "no", "code": "7"}']
    api = Acme(before=[HttpResponse(403, body=each) for each in said])
    driver = ScriptedDriver({Http: api})
    errors = [send(transport, delivery(), driver) for _ in said]
    assert [type(error) for error in errors] == [SenderRefused, AuthFailed]
    assert [bool(error.hints) for error in errors] == [False, True]
    assert errors[0].provider_code == "7"
