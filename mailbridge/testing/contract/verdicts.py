"""`Verdicts`: what is wrong with an outcome, with requests, with a receipt, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mailbridge.errors import MailError, MessageInvalid, Unsupported
from mailbridge.flow.http import HttpRequest
from mailbridge.message import features
from mailbridge.message.copies import copies, is_merge
from mailbridge.message.message import Message
from mailbridge.sending.delivery import Outcome
from mailbridge.testing.contract.differences import differences
from mailbridge.testing.contract.messages import ORDINARY
from mailbridge.testing.contract.rehearsal import stamped
from mailbridge.testing.contract.service import Service

__all__ = ["Verdicts", "listed", "travelling"]


class Verdicts:
    """Judges what a transport did, by what it says of itself."""

    def __init__(
        self, service: Service, *, tolerated: Iterable[str], unable: Iterable[str], provider_ids: bool
    ) -> None:
        self._service = service
        self._tolerated = frozenset(tolerated)
        self._unable = frozenset(unable)
        self._provider_ids = provider_ids
        self._occurred: set[str] = set()

    def on_refusal(self, name: str, message: Message, error: MailError, *, requests: int) -> Iterator[str]:
        """Judge the refusal of a message of the corpus, after so many requests."""
        if name in ORDINARY - self._unable:
            yield f"every service can do this, but it is refused: {error!r}"
        if not isinstance(error, MessageInvalid):
            yield f"it fails though all is well: {error!r}"
            return
        if requests:
            yield f"it is refused only after a request was made: {error!r}"
        lacking = self._lacking(message)
        if lacking and not (isinstance(error, Unsupported) and error.feature in lacking):
            yield f"the record lacks {listed(lacking)}, but it is refused for something else: {error!r}"
        yield from _on_name(error)

    def on_sending(self, name: str, message: Message) -> Iterator[str]:
        """Say why a message should not have been sent at all."""
        if name in self._unable:
            yield "it is sent, though the service is said to be unable to"
        if lacking := self._lacking(message):
            yield f"it is sent, though the record does not declare {listed(lacking)}"

    def on_requests(self, messages: Mapping[str, Message], requests: Iterable[HttpRequest]) -> Iterator[str]:
        """Judge requests by the API's description, and by whether they say what the messages say."""
        requests = list(requests)
        for request in requests:
            yield from (f"{request!r}: {violation}" for violation in self._service.judge(request))
        yield from self.on_content(messages, requests)

    def on_content(self, messages: Mapping[str, Message], requests: Iterable[HttpRequest]) -> Iterator[str]:
        """Judge requests by whether they say what the messages say."""
        wanted = [(name, each) for name, message in messages.items() for each in travelling(name, message)]
        found = [decoded for request in requests for decoded in self._service.decode(request)]
        if len(found) != len(wanted):
            yield f"{len(wanted)} messages (or private copies) were to be sent, and {len(found)} are in the requests"
            return
        for (name, message), decoded in zip(wanted, found, strict=True):
            for place, sentence in differences(message, decoded, self._service.features):
                if not self._is_tolerated(place):
                    yield sentence if len(messages) == 1 else f"{name}: {sentence}"

    def on_outcome(self, name: str, message: Message, outcome: Outcome) -> Iterator[str]:
        """Judge the receipt of a message that the service took."""
        if isinstance(outcome, MailError):
            yield f"{name} fails though all is well: {outcome!r}"
            return
        wanted = {each.addr_spec for each in message.recipients}
        if outcome.recipients.keys() != wanted:
            yield f"the receipt has {listed(outcome.recipients)} instead of {listed(wanted)}"
        if not outcome.complete:
            yield f"not every recipient is accepted though all is well: {dict(outcome.recipients)}"
        if self._provider_ids and not outcome.provider_id:
            yield "the receipt has no id of the provider"
        if message.raw is None:
            yield from self._on_message_id(stamped(name, message).message_id, outcome.message_id)

    def never_tolerated(self) -> Iterator[str]:
        """Say what is tolerated, but was not among the differences so far."""
        yield from (f"{place} is tolerated, but does not occur" for place in sorted(self._tolerated - self._occurred))

    def _on_message_id(self, ours: str | None, found: str) -> Iterator[str]:
        if "message_id" in self._service.features:
            if found != ours:
                yield f"the receipt has the Message-ID {found!r} instead of the one that was sent"
        elif found == ours:
            yield "the receipt has our Message-ID, which the record does not promise to keep"

    def _lacking(self, message: Message) -> frozenset[str]:
        return message.features - self._service.features - features.ADVISORY

    def _is_tolerated(self, place: str) -> bool:
        """Whether a difference at this place, or at all places below its first part, is tolerated; note that it was."""
        for tolerated in self._tolerated:
            if place == tolerated or place.startswith(f"{tolerated}."):
                self._occurred.add(tolerated)
                return True
        return False


def travelling(name: str, message: Message) -> list[Message]:
    """Return what is on its way in the end: the message, or the private copies that it stands for."""
    message = stamped(name, message)
    return list(copies(message)) if is_merge(message) else [message]


def listed(names: Iterable[str]) -> str:
    """Return names in one string."""
    return ", ".join(sorted(names)) or "nobody"


def _on_name(error: MessageInvalid) -> Iterator[str]:
    """Judge whether a refusal names something that exists."""
    if isinstance(error, Unsupported):
        named, known, kind = error.feature, features.ALL, "feature"
    else:
        named, known, kind = error.field.partition(".")[0].partition("[")[0], frozenset(Message._fields()), "field"
    if named not in known:
        yield f"the refusal names {named!r}, which is no {kind}: {error}"
