"""`TransportContract`: what every transport over HTTP has to hold to, ours and a third party's alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from mailbridge.errors import MailError, MessageInvalid
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message import features
from mailbridge.message.message import Message
from mailbridge.plugins import Plugins
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Outcome
from mailbridge.testing.contract.alike import copies_alike, messages_alike, templates_alike
from mailbridge.testing.contract.answers import faulty_answers
from mailbridge.testing.contract.messages import TEMPLATE, corpus
from mailbridge.testing.contract.rehearsal import Answer, Rehearsal
from mailbridge.testing.contract.secrecy import Canaries
from mailbridge.testing.contract.service import Decode, Judge, Service, Target
from mailbridge.testing.contract.verdicts import Verdicts, listed, travelling

__all__ = ["Check", "TransportContract"]

_NOT_IN_THE_CORPUS = frozenset({"provider_options", "8bitmime"})
"""What no message of the corpus can show: options are each provider's own, the other is known only to SMTP."""


class Check:
    """One part of a contract, to be called; AssertionError says everything that is wrong with it."""

    def __init__(self, name: str, find: Callable[[], Iterable[str]]) -> None:
        self.name = name
        self._find = find

    def __call__(self) -> None:
        """Raise AssertionError unless the transport keeps this part of the contract."""
        if found := list(self._find()):
            raise AssertionError("\n  - ".join([f"{self.name}: {len(found)} faults", *found]))

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


class Trial(NamedTuple):
    """What came of one message: the outcome, and the requests that were made."""

    outcome: Outcome
    requests: Sequence[HttpRequest]


class TransportContract:
    """What a transport over HTTP has to hold to, as checks that any test runner can call.

    Each message of the corpus is either refused before any request, with `Unsupported` naming a feature
    or `MessageInvalid` naming a field, or its requests satisfy the API's description (`judge`) and say
    all that the message says (`decode`). What every service can do is never refused; what the record
    does not declare always is; what it declares is seen expressed. Receipts name every recipient in the
    caller's spelling, errors are typed, survive pickling and hold no secrets, and batches say the same as
    single sends. Nothing is sent anywhere.

        CONTRACT = TransportContract("acme://KEY-canary@default", answer=answer, decode=decode)

        @pytest.mark.parametrize("check", CONTRACT.checks(), ids=str)
        def test_the_contract_is_kept(check):
            check()

    Args:
        target: a DSN with credentials of the right shape (they must turn up nowhere), or a function
            that makes a new transport.
        answer: what the service says to a request when all is well, requests for tokens and the one of
            `verify()` included.
        decode: reads a request back, one `Decoded` for each message or private copy in it, in order;
            none for requests that send nothing.
        judge: what the API's description has against a request; nothing by default.
        tolerated: differences that the provider leaves no choice about, by place (`attachments.parameters`)
            with the reason. One that never occurs is a fault.
        unable: ordinary messages, by name, that the service cannot send, with the reason. One that is sent
            is a fault.
        template: an id that a template of this service may have.
        provider_ids: whether the service's answers hold an id of the message.
        plugins: where the DSN's scheme is found, if it is not installed.
    """

    def __init__(
        self,
        target: Target,
        *,
        answer: Answer,
        decode: Decode,
        judge: Judge = lambda request: (),
        tolerated: Mapping[str, str] | None = None,
        unable: Mapping[str, str] | None = None,
        template: str = TEMPLATE,
        provider_ids: bool = True,
        plugins: Plugins | None = None,
    ) -> None:
        self._service = Service(target, answer, decode, judge, plugins or Plugins())
        self._verdicts = Verdicts(
            self._service, tolerated=tolerated or (), unable=unable or (), provider_ids=provider_ids
        )
        self._template = template
        self._corpus = corpus(template)
        self._trials: dict[str, Trial] = {}

    def checks(self) -> list[Check]:
        """Return every part of the contract, the messages of the corpus one by one."""
        return [
            *(Check(name, partial(self.message, name)) for name in self._corpus),
            Check("features", self.features),
            Check("batches", self.batches),
            Check("limits", self.limits),
            Check("repetitions", self.repetitions),
            Check("options", self.options),
            Check("errors", self.errors),
            Check("verify", self.verify),
            Check("secrets", self.secrets),
            Check("tolerated", self.tolerated),
        ]

    # --- the parts; each yields what is wrong

    def message(self, name: str) -> Iterator[str]:
        """Send one message of the corpus."""
        return self._on_trial(name, self._corpus[name], self.trial(name))

    def own_message(self, name: str, message: Message) -> Iterator[str]:
        """Send a message that is not in the corpus, under a name that is not either."""
        rehearsal = self._service.rehearsal()
        return self._on_trial(name, message, Trial(rehearsal.send(name, message), rehearsal.requests))

    def features(self) -> Iterator[str]:
        """Look for a message that shows each declared feature, and for one with another that was sent."""
        declared = self._service.features
        if unknown := declared - features.ALL:
            yield f"the record declares {listed(unknown)}, which mailbridge does not know"
        shown = frozenset[str]().union(*(self._corpus[name].features for name in self._sent()))
        if missing := (declared & features.ALL) - shown - _NOT_IN_THE_CORPUS:
            yield f"the record declares {listed(missing)}, but no message that uses it is sent"
        if undeclared := shown - declared - features.ADVISORY:
            yield f"messages with {listed(undeclared)} are sent, which the record does not declare"

    def batches(self) -> Iterator[str]:
        """Send everything that can be sent as one list, and lists of many messages alike."""
        yield from self._list_of({name: self._corpus[name] for name in self._sent()}, self._service.rehearsal())
        room = self._service.known.room
        count = 2 * min(room.messages or 50, 50) + 1
        shared = 0
        for alike in (messages_alike(count), templates_alike(count, self._template), copies_alike(count)):
            rehearsal = self._service.rehearsal()
            if not shared and next(iter(alike.values())).features <= self._service.features:
                yield from self._list_of(alike, rehearsal)
                shared += sum(len(travelling(*each)) for each in alike.items()) - len(rehearsal.requests)
            if room.messages == 1:
                break  # the other lists are for those who take nothing else in batches
        if room.messages > 1 and not shared:
            yield f"the record says {room.messages} messages a call, but none of {count} like ones share one"

    def limits(self) -> Iterator[str]:
        """Take the documented limits away, as `check_limits=false` does: what has no place must be refused even so."""
        for name, message in self._corpus.items():
            if not (message.tags or message.metadata) or isinstance(self.trial(name).outcome, Receipt):
                continue
            rehearsal = self._service.rehearsal(limited=False)
            outcome = rehearsal.send(name, message)
            if isinstance(outcome, MessageInvalid):
                continue
            lost = self._verdicts.on_content({name: message}, rehearsal.requests)
            yield from (f"without limits {name} loses something: {found}" for found in lost)

    def repetitions(self) -> Iterator[str]:
        """Send the same message twice: a repeated try has to say the same."""
        for name, trial in self._sent().items():
            again = self._service.rehearsal()
            again.send(name, self._corpus[name])
            if list(map(_said, again.requests)) != list(map(_said, trial.requests)):
                yield f"{name}: a second try makes another request"
        if "idempotency_key" in self._service.features and not self._keys("text").isdisjoint(self._keys("html")):
            yield "two messages have the same idempotency key"

    def options(self) -> Iterator[str]:
        """Give options to another provider, and a wrong one to this."""
        name, plain = self._service.known.name, self._corpus["text"]
        others = self._service.rehearsal().send("text", plain.replace(provider_options={"another": {"x": 1}}))
        if isinstance(others, MailError):
            yield f"options for another provider are refused: {others}"
        if "provider_options" in self._service.features:
            wrong = self._service.rehearsal().send("text", plain.replace(provider_options={name: {"no such": 1}}))
            if not isinstance(wrong, MessageInvalid) or name not in wrong.field:
                yield f"an option that does not exist is not refused as such: {wrong!r}"

    def errors(self) -> Iterator[str]:
        """Have the service answer with errors and with nonsense, to one message and to a list."""
        canaries = self._canaries()
        for fault in faulty_answers(canaries.samples):
            answer = partial(self._instead, fault.response)
            outcomes = [self._service.rehearsal(answer).send("text", self._corpus["text"])]
            if self._service.known.room.messages > 1:
                outcomes += self._service.rehearsal(answer).send_many(messages_alike(3))
            found = (said for each in outcomes for said in (*fault.judged(each), *canaries.seen_in(each)))
            yield from (f"{fault.name}: {said}" for said in dict.fromkeys(found))
            if len(outcomes) not in (1, 4):
                yield f"{fault.name}: 3 messages have {len(outcomes) - 1} outcomes"

    def verify(self) -> Iterator[str]:
        """Verify, with good credentials and with others."""
        rehearsal, canaries = self._service.rehearsal(), self._canaries()
        found = rehearsal.verify()
        if isinstance(found, MailError):
            yield f"good credentials are refused: {found}"
        yield from self._verdicts.on_requests({}, rehearsal.requests)
        for fault in faulty_answers(canaries.samples):
            if fault.response.status in (401, 403, 429) or fault.is_no_answer:
                refused = self._service.rehearsal(partial(_always, fault.response)).verify()
                if not isinstance(refused, MailError):
                    yield f"{fault.name} is taken for good credentials"
                yield from (f"{fault.name}: {seen}" for seen in canaries.seen_in(refused))

    def secrets(self) -> Iterator[str]:
        """Look for the credentials wherever they must not be."""
        canaries = self._canaries()
        if not canaries.samples:
            yield "the target has no secrets to look for; give credentials of the right shape"
        yield from canaries.seen_in(self._service.known)
        for name, trial in self._sent().items():
            for one in (trial.outcome, *trial.requests):
                yield from (f"{name}: {found}" for found in canaries.seen_in(one))

    def tolerated(self) -> Iterator[str]:
        """Look whether everything that is tolerated occurs."""
        for name in self._corpus:
            list(self.message(name))
        yield from self._verdicts.never_tolerated()

    # --- how

    def trial(self, name: str) -> Trial:
        """Return what came of one message of the corpus."""
        if name not in self._trials:
            rehearsal = self._service.rehearsal()
            self._trials[name] = Trial(rehearsal.send(name, self._corpus[name]), rehearsal.requests)
        return self._trials[name]

    def _on_trial(self, name: str, message: Message, trial: Trial) -> Iterator[str]:
        outcome, requests = trial
        if isinstance(outcome, MailError):
            yield from self._verdicts.on_refusal(name, message, outcome, requests=len(requests))
            yield from self._canaries().seen_in(outcome)
        else:
            yield from self._verdicts.on_sending(name, message)
            yield from self._verdicts.on_requests({name: message}, requests)
            yield from self._verdicts.on_outcome(name, message, outcome)

    def _sent(self) -> dict[str, Trial]:
        trials = {name: self.trial(name) for name in self._corpus}
        return {name: trial for name, trial in trials.items() if isinstance(trial.outcome, Receipt)}

    def _list_of(self, messages: Mapping[str, Message], rehearsal: Rehearsal) -> Iterator[str]:
        outcomes = rehearsal.send_many(messages)
        if len(outcomes) != len(messages):
            yield f"{len(messages)} messages have {len(outcomes)} outcomes"
        for (name, message), outcome in zip(messages.items(), outcomes, strict=False):
            yield from self._verdicts.on_outcome(name, message, outcome)
        yield from self._verdicts.on_requests(messages, rehearsal.requests)

    def _keys(self, name: str) -> set[str | None]:
        return {each.idempotency_key for request in self.trial(name).requests for each in self._service.decode(request)}

    def _instead(self, response: HttpResponse, request: HttpRequest) -> HttpResponse:
        """Answer requests that send with `response`, others (for a token, say) as ever."""
        return response if self._service.sends(request) else self._service.answer(request)

    def _canaries(self) -> Canaries:
        return Canaries.of(self._service.known, self.trial("text").requests)


def _always(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    return response


def _said(request: HttpRequest) -> tuple[object, ...]:
    return request.method, request.url, request.headers, request.body
