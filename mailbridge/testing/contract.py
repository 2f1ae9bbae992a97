"""`TransportContract`: what every transport over HTTP has to hold to, ours and a third party's alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mailbridge.errors import MailError, MessageInvalid, Unsupported
from mailbridge.flow.http import HttpRequest
from mailbridge.message import features
from mailbridge.message.copies import copies, is_merge
from mailbridge.message.message import Message
from mailbridge.plugins import Plugins
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Outcome
from mailbridge.sending.http import HttpTransport
from mailbridge.testing.corpus import ORDINARY, TEMPLATE, corpus
from mailbridge.testing.decoded import Decoded
from mailbridge.testing.differences import differences
from mailbridge.testing.faults import faulty_answers
from mailbridge.testing.rehearsal import Answer, Rehearsal, stamped
from mailbridge.testing.secrecy import Canaries

__all__ = ["Check", "TransportContract"]

Judge = Callable[[HttpRequest], Iterable[str]]
Decode = Callable[[HttpRequest], Sequence[Decoded]]

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
        template: an id that a template of this service may have.
        unable: ordinary messages, by name, that the service cannot send, with the reason. One that is sent
            is a fault.
        provider_ids: whether the service's answers hold an id of the message.
        plugins: where the DSN's scheme is found, if it is not installed.
    """

    def __init__(
        self,
        target: str | Callable[[], HttpTransport],
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
        self._target = target
        self._answer = answer
        self._decode = decode
        self._judge = judge
        self._tolerated = dict(tolerated or {})
        self._unable = frozenset(unable or ())
        self._occurred: set[str] = set()
        self._template = template
        self._corpus = corpus(template)
        self._provider_ids = provider_ids
        self._plugins = plugins or Plugins()
        self._trials: dict[str, Trial] = {}

    def transport(self) -> HttpTransport:
        """Make a new transport."""
        made = self._target() if callable(self._target) else self._plugins.build(self._target)
        if not isinstance(made, HttpTransport):
            raise TypeError(f"{made} is no HttpTransport, and the contract is about requests and responses.")
        return made

    def checks(self) -> list[Check]:
        """Return every part of the contract, the messages of the corpus one by one."""
        return [
            *(Check(name, lambda name=name: self.message(name)) for name in self._corpus),  # type: ignore[misc]
            Check("features", self.features),
            Check("batches", self.batches),
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
        message, trial = self._corpus[name], self.trial(name)
        lacking = message.features - self.transport().features - features.ADVISORY
        if isinstance(trial.outcome, MailError):
            yield from self._refused(name, trial, lacking)
            return
        if name in self._unable:
            yield "it is sent, though the service is said to be unable to"
        if lacking:
            yield f"it was sent though the record does not declare {_listed(lacking)}"
        yield from self._judged(trial.requests)
        yield from self._compared({name: message}, trial.requests)
        yield from self._received(name, message, trial.outcome)

    def features(self) -> Iterator[str]:
        """Look for a message that shows each declared feature, and for one that is refused for each other."""
        declared = self.transport().features
        if unknown := declared - features.ALL:
            yield f"the record declares {_listed(unknown)}, which mailbridge does not know"
        sent = {name for name in self._corpus if isinstance(self.trial(name).outcome, Receipt)}
        shown = frozenset[str]().union(*(self._corpus[name].features for name in sent))
        if missing := declared - shown - _NOT_IN_THE_CORPUS:
            yield f"the record declares {_listed(missing)}, but no message that uses it is sent"
        if undeclared := shown - declared - features.ADVISORY:
            yield f"messages with {_listed(undeclared)} are sent, which the record does not declare"

    def batches(self) -> Iterator[str]:
        """Send everything that can be sent as one list, and a list of many like messages."""
        sendable = {name: self._corpus[name] for name in self._corpus if isinstance(self.trial(name).outcome, Receipt)}
        yield from self._batch(sendable, self._rehearsal())
        room = self.transport().room
        count = 2 * min(room.messages or 50, 50) + 1
        shared = 0
        for like in (_like_messages(count), _like_templates(count, self._template)):
            rehearsal = self._rehearsal()
            if not shared and next(iter(like.values())).features <= self.transport().features:
                yield from self._batch(like, rehearsal)
                shared += len(like) - len(rehearsal.requests)
        if room.messages > 1 and not shared:
            yield f"the record says {room.messages} messages a call, but none of {count} like ones share one"

    def repetitions(self) -> Iterator[str]:
        """Send the same message twice: a repeated try has to say the same."""
        for name, trial in self._sent():
            again = self._rehearsal()
            again.send(name, self._corpus[name])
            if [_said(each) for each in again.requests] != [_said(each) for each in trial.requests]:
                yield f"{name}: a second try makes another request"
        keys = [self._keys(name) for name in ("text", "html") if "idempotency_key" in self.transport().features]
        if keys and len({key for each in keys for key in each}) < len(keys):
            yield "two messages have the same idempotency key"

    def options(self) -> Iterator[str]:
        """Give options to another provider, and a wrong one to this."""
        transport = self.transport()
        plain = self._corpus["text"]
        others = self._rehearsal().send("text", plain.replace(provider_options={"another-provider": {"x": 1}}))
        if isinstance(others, MailError):
            yield f"options for another provider are refused: {others}"
        if "provider_options" in transport.features:
            wrong = self._rehearsal().send("text", plain.replace(provider_options={transport.name: {"no such": 1}}))
            if not isinstance(wrong, MessageInvalid) or transport.name not in wrong.field:
                yield f"an option that does not exist is not refused as such: {wrong!r}"

    def errors(self) -> Iterator[str]:
        """Have the service answer with errors and with nonsense."""
        message = self._corpus["text"]
        for fault in faulty_answers(self._canaries().samples):
            rehearsal = self._rehearsal(lambda request, fault=fault: self._instead(request, fault.response))  # type: ignore[misc]
            try:
                outcome = rehearsal.send("text", message)
            except Exception as error:  # noqa: BLE001 - that is the fault to be found
                yield f"{fault.name}: {type(error).__name__} comes out instead of a MailError: {error}"
                continue
            yield from (f"{fault.name}: {found}" for found in fault.judged(outcome))
            yield from (f"{fault.name}: {found}" for found in self._canaries().seen_in(outcome))

    def verify(self) -> Iterator[str]:
        """Verify, with good credentials and with others."""
        rehearsal = self._rehearsal()
        found = rehearsal.verify()
        if isinstance(found, MailError):
            yield f"good credentials are refused: {found}"
        if any(self._decode(request) for request in rehearsal.requests):
            yield "it sends a message"
        yield from self._judged(rehearsal.requests)
        for fault in faulty_answers(self._canaries().samples):
            if fault.response.status in (401, 403, 429):
                refused = self._rehearsal(lambda request, fault=fault: fault.response).verify()  # type: ignore[misc]
                if not isinstance(refused, MailError):
                    yield f"{fault.name} is taken for good credentials"
                yield from (f"{fault.name}: {seen}" for seen in self._canaries().seen_in(refused))

    def secrets(self) -> Iterator[str]:
        """Look for the credentials wherever they must not be."""
        canaries = self._canaries()
        if not canaries.samples:
            yield "the target has no secrets to look for; give credentials of the right shape"
        yield from canaries.seen_in(self.transport())
        for name, trial in self._sent():
            for one in (trial.outcome, *trial.requests):
                yield from (f"{name}: {found}" for found in canaries.seen_in(one))

    def tolerated(self) -> Iterator[str]:
        """Look whether everything that is tolerated occurs."""
        for name in self._corpus:
            list(self.message(name))
        yield from (f"{place} is tolerated, but does not occur" for place in self._tolerated.keys() - self._occurred)

    # --- how

    def trial(self, name: str) -> Trial:
        """Return what came of one message of the corpus."""
        if name not in self._trials:
            rehearsal = self._rehearsal()
            self._trials[name] = Trial(rehearsal.send(name, self._corpus[name]), rehearsal.requests)
        return self._trials[name]

    def _rehearsal(self, answer: Answer | None = None) -> Rehearsal:
        return Rehearsal(self.transport(), answer or self._answer)

    def _sent(self) -> Iterator[tuple[str, Trial]]:
        for name in self._corpus:
            if isinstance((trial := self.trial(name)).outcome, Receipt):
                yield name, trial

    def _refused(self, name: str, trial: Trial, lacking: frozenset[str]) -> Iterator[str]:
        error = trial.outcome
        if name in ORDINARY - self._unable:
            yield f"every service can do this, but it is refused: {error!r}"
        if not isinstance(error, MessageInvalid):
            yield f"it fails though all is well: {error!r}"
            return
        if trial.requests:
            yield f"it is refused only after a request was made: {error!r}"
        if lacking and not (isinstance(error, Unsupported) and error.feature in lacking):
            yield f"the record lacks {_listed(lacking)}, but it is refused for something else: {error!r}"
        named = error.feature if isinstance(error, Unsupported) else error.field
        known = features.ALL if isinstance(error, Unsupported) else Message._fields()
        if named.partition(".")[0].partition("[")[0] not in known:
            yield f"the refusal names {named!r}, which is no {'feature' if known is features.ALL else 'field'}: {error}"
        yield from self._canaries().seen_in(error)

    def _judged(self, requests: Iterable[HttpRequest]) -> Iterator[str]:
        for request in requests:
            yield from (f"{request!r}: {violation}" for violation in self._judge(request))

    def _compared(self, messages: Mapping[str, Message], requests: Iterable[HttpRequest]) -> Iterator[str]:
        wanted = [(name, each) for name, message in messages.items() for each in _travelling(name, message)]
        found = [decoded for request in requests for decoded in self._decode(request)]
        if len(found) != len(wanted):
            yield f"{len(wanted)} messages (or private copies) were to be sent, and {len(found)} are in the requests"
            return
        declared = self.transport().features
        for (name, message), decoded in zip(wanted, found, strict=True):
            for place, sentence in differences(message, decoded, declared):
                if not self._is_tolerated(place):
                    yield sentence if len(messages) == 1 else f"{name}: {sentence}"

    def _is_tolerated(self, place: str) -> bool:
        for tolerated in self._tolerated:
            if place == tolerated or place.startswith(f"{tolerated}."):
                self._occurred.add(tolerated)
                return True
        return False

    def _received(self, name: str, message: Message, outcome: Outcome) -> Iterator[str]:
        if isinstance(outcome, MailError):
            yield f"{name} fails though all is well: {outcome!r}"
            return
        wanted = {each.addr_spec for each in message.recipients}
        if outcome.recipients.keys() != wanted:
            yield f"the receipt has {_listed(outcome.recipients)} instead of {_listed(wanted)}"
        if not outcome.complete:
            yield f"not every recipient is accepted though all is well: {dict(outcome.recipients)}"
        if self._provider_ids and not outcome.provider_id:
            yield "the receipt has no id of the provider"
        if message.raw is None:
            kept = outcome.message_id == stamped(name, message).message_id
            if "message_id" in self.transport().features and not kept:
                yield f"the receipt has the Message-ID {outcome.message_id!r} instead of the one that was sent"
            if "message_id" not in self.transport().features and kept:
                yield "the receipt has our Message-ID, which the record does not promise to keep"

    def _batch(self, messages: Mapping[str, Message], rehearsal: Rehearsal) -> Iterator[str]:
        outcomes = rehearsal.send_many(messages)
        if len(outcomes) != len(messages):
            yield f"{len(messages)} messages have {len(outcomes)} outcomes"
        for (name, message), outcome in zip(messages.items(), outcomes, strict=False):
            yield from self._received(name, message, outcome)
        yield from self._judged(rehearsal.requests)
        yield from self._compared(messages, rehearsal.requests)

    def _keys(self, name: str) -> list[str | None]:
        return [each.idempotency_key for request in self.trial(name).requests for each in self._decode(request)]

    def _instead(self, request: HttpRequest, response: Any) -> Any:
        """Answer requests that send with `response`, others (for a token, say) as ever."""
        return response if self._decode(request) else self._answer(request)

    def _canaries(self) -> Canaries:
        return Canaries.of(self.transport(), self.trial("text").requests)


class Trial:
    """What came of one message: the outcome, and the requests that were made."""

    def __init__(self, outcome: Outcome, requests: Sequence[HttpRequest]) -> None:
        self.outcome = outcome
        self.requests = requests


def _travelling(name: str, message: Message) -> list[Message]:
    """Return what is on its way in the end: the message, or the private copies that it stands for."""
    message = stamped(name, message)
    return copies(message) if is_merge(message) else [message]


def _like_messages(count: int) -> dict[str, Message]:
    """Return messages that differ only in whom they are to and in what they say of him."""
    plain = corpus()["text"]
    return {f"like-{n}": plain.replace(to=[(f"Recipient {n}", f"r{n}@example.org")]) for n in range(count)}


def _like_templates(count: int, template: str) -> dict[str, Message]:
    """Return messages that differ likewise, for services that take only their own templates in batches."""
    return {
        f"like-{n}": Message(
            from_="app@example.com", to=f"r{n}@example.org", template=template, merge_global={"name": f"Recipient {n}"}
        )
        for n in range(count)
    }


def _said(request: HttpRequest) -> tuple[Any, ...]:
    return request.method, request.url, request.headers, request.body


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"
