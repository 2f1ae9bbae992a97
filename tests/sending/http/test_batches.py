"""Batches: every message has exactly one outcome, in order; limits hold; one that is refused sinks no other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.acme import KEY, Acme, AcmeTransport, acme
from support.members import delivery, send, send_many

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import (
    AuthFailed,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientRefused,
)
from mailbridge.extend import Failover, Http, HttpRequest, HttpResponse, Message, Outcome, RateLimit, Receipt, Retry
from mailbridge.flow.operations import Emit, Pull
from mailbridge.sending.delivery import Delivery


def numbered(count: int, **fields: Any) -> list[Delivery]:
    made = [delivery(str(number), [f"r{number}@example.org"], **fields) for number in range(count)]
    return [Delivery(each.message.replace(message_id=f"<{each.message.subject}@example.com>")) for each in made]


def through(transport: Any, api: Acme, many: Sequence[Delivery]) -> list[Outcome]:
    return send_many(transport, many, ScriptedDriver({Http: api}))


def shown(outcomes: Sequence[Outcome]) -> list[str]:
    return [each.provider_id if isinstance(each, Receipt) else type(each).__name__ for each in outcomes]


def subjects(api: Acme) -> list[list[str]]:
    return [[each["subject"] for each in call] for call in api.calls]


@settings(max_examples=150)
@given(
    count=st.integers(0, 40),
    batch=st.integers(2, 9),
    bad=st.sets(st.integers(0, 39), max_size=5),
    nobody=st.sets(st.integers(0, 39), max_size=5),
    alone=st.sets(st.integers(0, 39), max_size=5),
    merges=st.sets(st.integers(0, 39), max_size=3),
    invalid=st.sets(st.integers(0, 39), max_size=3),
    kinds=st.lists(st.sampled_from("ab"), min_size=40, max_size=40),
    recipients=st.integers(0, 12),
    octets=st.sampled_from([0, 7000, 20_000]),
)
def test_every_message_has_one_outcome_and_is_sent_once(
    count: int,
    batch: int,
    bad: set[int],
    nobody: set[int],
    alone: set[int],
    merges: set[int],
    invalid: set[int],
    kinds: list[str],
    recipients: int,
    octets: int,
) -> None:
    def one(number: int) -> Delivery:
        to = [f"r{number}@example.org", f"s{number}@example.org"]
        if number in invalid:
            to = [f"r{n}@example.org" for n in range(51)]
        more: dict[str, Any] = {"html": f"<p>{kinds[number]}"}
        if number in merges - invalid:  # in private copies, any number of recipients is well
            more["merge_data"] = {to[0]: {"n": 1}}
        if number in alone:
            more["tags"] = ["alone"]
        return delivery(str(number), to, **more)

    api = Acme(bad={str(n) for n in bad}, nobody={f"{letter}{n}@example.org" for n in nobody for letter in "rs"})
    transport = acme(batch=batch, batch_recipients=recipients, batch_bytes=octets)
    outcomes = through(transport, api, [one(number) for number in range(count)])

    def expected(number: int) -> str:
        if number in invalid:
            return "MessageInvalid"
        if number in bad:
            return "ContentRefused"
        return "RecipientRefused" if number in nobody else f"id-{number}"

    assert shown(outcomes) == [expected(number) for number in range(count)]
    taken = [(subject, to) for subject, to in api.accepted if to]
    assert len(taken) == len(set(taken))
    assert {to for _, tos in taken for to in tos} == {
        f"{letter}{n}@example.org"
        for n in range(count)
        for letter in "rs"
        if n not in bad and n not in nobody and n not in invalid
    }
    for call, request in zip(api.calls, api.requests, strict=True):
        assert len(call) <= batch
        assert len({kinds[int(each["subject"])] for each in call}) == 1
        if len(call) > 1:
            assert not {int(each["subject"]) for each in call} & alone
            assert not recipients or sum(len(each["to"]) for each in call) <= recipients
            assert not octets or len(request.body) <= octets


def test_a_call_is_filled_and_the_rest_comes_last() -> None:
    api = Acme()
    assert shown(through(acme(batch=3), api, numbered(7))) == [f"id-{n}" for n in range(7)]
    assert subjects(api) == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert [request.url.rpartition("/")[2] for request in api.requests] == ["batch", "batch", "send"]


def test_the_one_for_whom_a_call_is_refused_is_found_in_few_calls() -> None:
    api = Acme(bad={"37"})
    outcomes = through(acme(batch=100), api, numbered(100))
    assert shown(outcomes) == [f"id-{n}" if n != 37 else "ContentRefused" for n in range(100)]
    assert len(api.calls) <= 2 * 7 + 1


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(401, body=b'{"message": "who are you?"}'),
        HttpResponse(429, [("Retry-After", "7")]),
        HttpResponse(500),
        HttpResponse(200, body=b"{", complete=False),
        OutcomeUnknown("gone"),
    ],
    ids=["401", "429", "500", "cut", "lost"],
)
def test_what_concerns_all_of_a_call_is_not_tried_in_halves(answer: Any) -> None:
    api = Acme(before=[answer])
    outcomes = through(acme(batch=5), api, numbered(5))
    assert len(api.calls) == 1
    assert len({type(each) for each in outcomes}) == 1
    assert len({id(each) for each in outcomes}) == 5
    assert len({id(each.recipients) for each in outcomes}) == 5


class Raising(AcmeTransport):
    """Reads a batch by raising, as it is easily done: one message's refusal looks like that of all."""

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        raise RecipientRefused("nobody wants the second one")


def raising(kind: type[AcmeTransport], **limits: int) -> AcmeTransport:
    made = acme(**limits)
    made.__class__ = type("Changed", (kind,), {"plugin": type(made).plugin})
    return made


def test_a_call_that_was_taken_is_never_made_again() -> None:
    api = Acme()
    outcomes = through(raising(Raising, batch=4), api, numbered(4))
    assert shown(outcomes) == ["RecipientRefused"] * 4
    assert len(api.calls) == 1


class Stumbling(AcmeTransport):
    """Cannot write one of the messages, for a fault of its own."""

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        if any(message.subject == "2" for message in messages):
            raise KeyError("oops")
        return super().build_many(messages)

    def build(self, message: Message) -> HttpRequest:
        return self.build_many((message,)) and super().build(message)


def test_a_fault_while_the_request_is_written_sends_nothing_and_sinks_no_neighbour() -> None:
    api = Acme()
    outcomes = through(raising(Stumbling, batch=4), api, numbered(4))
    assert shown(outcomes) == ["id-0", "id-1", "MessageInvalid", "id-3"]
    assert "Nothing was sent" in str(outcomes[2])


@pytest.mark.catalogue("H23")
@pytest.mark.parametrize("told", [0, 2, 5])
def test_of_messages_that_the_answer_does_not_speak_of_nothing_is_known(told: int) -> None:
    results = [{"id": f"id-{n}", "rejected": []} for n in range(told)]
    api = Acme(before=[HttpResponse(200, body=json.dumps({"results": results}).encode())])
    outcomes = through(acme(batch=3), api, numbered(3))
    assert shown(outcomes) == [*[f"id-{n}" for n in range(min(told, 3))], *["OutcomeUnknown"] * (3 - told)]
    assert len(api.calls) == 1


@pytest.mark.catalogue("H22")
@pytest.mark.parametrize("status", [200, 207])
def test_a_refusal_inside_a_batch_is_that_of_one_message(status: int) -> None:
    results = [{"id": "a", "rejected": []}, {"id": "b", "rejected": ["r1@example.org"]}, {"id": "c", "rejected": []}]
    api = Acme(before=[HttpResponse(status, body=json.dumps({"results": results}).encode())])

    outcomes = through(acme(batch=3), api, numbered(3))
    assert shown(outcomes) == ["a", "RecipientRefused", "c"]


@pytest.mark.catalogue("H33")
def test_a_key_that_a_result_repeats_is_masked() -> None:
    class Telling(AcmeTransport):
        def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
            return [ContentRefused(f"no {KEY} here", provider_code=KEY) for _ in messages]

    for outcome in through(raising(Telling, batch=2), Acme(), numbered(2)):
        assert isinstance(outcome, MailError)
        assert KEY not in repr(vars(outcome))


# --- how send_many behaves


def test_nothing_is_pulled_beyond_a_call() -> None:
    driver = ScriptedDriver({Http: Acme()}, deliveries=iter(numbered(10)))
    steps = driver.steps(acme(batch=3).send_many())
    for op in steps:
        if isinstance(op, Emit):
            break
    steps.close()
    assert driver.count(Pull) == 3


def test_messages_that_cannot_travel_do_not_pile_up() -> None:
    crowd = [f"r{n}@example.org" for n in range(51)]
    driver = ScriptedDriver({Http: Acme()}, deliveries=(delivery(str(n), crowd) for n in range(10_000)))
    for op in driver.steps(acme(batch=3).send_many()):
        if isinstance(op, Emit):
            break
    assert driver.count(Pull) <= 3


def test_an_abandoned_batch_makes_no_further_call() -> None:
    api = Acme()
    driver = ScriptedDriver({Http: api}, deliveries=iter(numbered(9)))
    steps = driver.steps(acme(batch=3).send_many())
    for op in steps:
        if isinstance(op, Emit):
            break
    steps.close()
    assert len(api.calls) == 1


def test_every_message_of_a_batch_has_its_attempt() -> None:
    many = numbered(4)
    outcomes = through(acme(batch=3), Acme(bad={"1"}), many)
    for one, outcome in zip(many, outcomes, strict=True):
        assert [attempt.number for attempt in outcome.attempts] == [1]
        assert outcome.attempts == tuple(one.attempts)
        assert outcome.attempts[0].transport == "acme://us"
        assert outcome.attempts[0].finished
    assert outcomes[1].attempts[0].error == "ContentRefused"


def test_observers_see_an_attempt_begin_and_end_for_each_message() -> None:
    seen: list[tuple[str, bool, str]] = []

    class Hooks:
        has_attempt = True
        has_prepare = False

        def attempt(self, attempt: Any, message: Message) -> Any:
            seen.append((message.subject, attempt.finished, attempt.error))
            return
            yield

    many = [Delivery(each.message, hooks=Hooks()) for each in numbered(3)]  # type: ignore[arg-type]
    through(acme(batch=3), Acme(bad={"1"}), many)
    assert seen == [("0", False, ""), ("1", False, ""), ("2", False, ""),
                    ("0", True, ""), ("1", True, "ContentRefused"), ("2", True, "")]  # fmt: skip


# --- with policies around it


def test_retry_sends_again_what_was_put_off_and_nothing_else() -> None:
    api = Acme(before=[None, HttpResponse(503), None])
    outcomes = through(Retry(acme(batch=2), random=lambda: 0.5), api, numbered(6))
    assert shown(outcomes) == [f"id-{n}" for n in range(6)]
    assert sorted(subject for subject, _ in api.accepted) == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("key", [None, "order-7"])
def test_an_unknown_outcome_of_a_shared_call_is_not_tried_again(key: str | None) -> None:
    """The provider knows the call by a key of all its messages; one alone would be a second copy."""
    many = [Delivery(each.message.replace(idempotency_key=key)) for each in numbered(2)]
    api = Acme(before=[OutcomeUnknown("gone")])
    outcomes = through(Retry(acme(batch=2), random=lambda: 0.5), api, many)
    assert shown(outcomes) == ["OutcomeUnknown"] * 2
    assert len(api.calls) == 1


def test_failover_takes_a_whole_batch_elsewhere() -> None:
    down, up = Acme(before=[HttpResponse(503)] * 9), Acme()
    first, second = acme(batch=3), acme(batch=3, region="eu")

    def by_host(op: Http) -> Any:
        return (down if "us.acme" in op.request.url else up)(op)

    driver = ScriptedDriver({Http: by_host})
    outcomes = send_many(Failover(first, second), numbered(3), driver)
    assert shown(outcomes) == ["id-0", "id-1", "id-2"]
    assert sorted(subject for subject, _ in up.accepted) == ["0", "1", "2"]


def test_a_rate_limit_spaces_messages_also_in_batches() -> None:
    api = Acme()
    driver = ScriptedDriver({Http: api})
    outcomes = send_many(RateLimit(acme(batch=3), rate="1/s", burst=1), numbered(6), driver)
    assert shown(outcomes) == [f"id-{n}" for n in range(6)]
    assert sum(driver.slept) == pytest.approx(5.0)


# --- keys


def test_the_key_of_a_send_is_the_same_whenever_it_is_made() -> None:
    api = Acme(before=[OutcomeUnknown("gone"), HttpResponse(503)])
    outcome = send(Retry(acme(), random=lambda: 0.5), numbered(1)[0], ScriptedDriver({Http: api}))
    assert isinstance(outcome, Receipt)
    assert api.keys == ["<0@example.com>"] * 3


def test_keys_of_calls_differ_by_their_messages_and_can_stand_in_a_header() -> None:
    one, two = (each.message for each in numbered(2))
    transport = acme(batch=2)
    keys = {transport.key([one]), transport.key([two]), transport.key([one, two]), transport.key([two, one])}
    assert len(keys) == 4
    odd = one.replace(idempotency_key="k" * 200, to=["zoë@exämple.org"], merge_data={"zoë@exämple.org": {"a": 1}})
    from mailbridge.message.copies import copies

    key = transport.key(list(copies(odd)))
    assert key.isascii()
    assert len(key) <= 255


@pytest.mark.parametrize("error", [AuthFailed, RateLimited, MessageInvalid])
def test_the_errors_of_a_batch_survive_the_traceback(error: type[MailError]) -> None:
    api = Acme(before=[error("x")])
    for outcome in through(acme(batch=2), api, numbered(2)):
        if isinstance(outcome, MailError):
            assert outcome.__traceback__ is None
