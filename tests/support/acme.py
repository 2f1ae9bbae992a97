"""Acme: a provider that does not exist, as small as one can be, and its API as a function.

    api = Acme(batch=3, bad={"4"})
    outcomes = send_many(acme(batch=3), deliveries, ScriptedDriver({Http: api}))
    assert api.accepted == [...]

The API takes a call as a whole or refuses it as a whole (422) for the sake of one bad message in it, but
refuses single recipients inside a call that it takes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from mailbridge.extend import (
    Http,
    HttpRequest,
    HttpResponse,
    HttpSettings,
    HttpTransport,
    Message,
    Outcome,
    Plugin,
    Receipt,
    RecipientStatus,
    Secret,
    Status,
    features,
)

KEY = "acme-key-canary-8Wq"


class AcmeSettings(HttpSettings):
    api_key: Secret = Secret(KEY)
    region: str = "us"


class AcmeTransport(HttpTransport):
    """One request for one message, another for several, each of them told apart in the answer."""

    plugin = Plugin(
        name="acme",
        schemes=("acme",),
        settings="support.acme:AcmeSettings",
        transport="support.acme:AcmeTransport",
        features=features.ALL - {"smtputf8"},
        limits={"recipients": 50},
    )
    regions: ClassVar = {"us": "https://us.acme.test", "eu": "https://eu.acme.test"}
    sharing = ("from_", "html")
    codes: ClassVar = {}

    def build(self, message: Message) -> HttpRequest:
        return self._request("/send", self._said(message), (message,))

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        return self._request("/batch", {"messages": [self._said(message) for message in messages]}, messages)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        return self._receipt(response.data, message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        return self.outcomes(self._receipt, response.data["results"], messages)

    def joins(self, message: Message) -> bool:
        return "alone" not in message.tags

    def check(self) -> HttpRequest:
        return HttpRequest("GET", self.url("/me"), self._headers())

    def _request(self, path: str, payload: Any, messages: Sequence[Message]) -> HttpRequest:
        return HttpRequest.json("POST", self.url(path), payload, [*self._headers(), ("Key", self.key(messages))])

    def _headers(self) -> list[tuple[str, str]]:
        return [("Authorization", f"Bearer {self.settings.api_key.reveal()}")]

    def _said(self, message: Message) -> dict[str, Any]:
        return {
            "to": [each.addr_spec for each in message.envelope.recipients],
            "subject": message.subject,
            "text": message.text,
            "data": message.merge_global,
        }

    def _receipt(self, answer: Any, message: Message) -> Receipt:
        rows = {each: RecipientStatus(Status.REFUSED, 550, "5.1.1", "nobody") for each in answer["rejected"]}
        return self.receipt(message, rows, provider_ids=[answer["id"]])


def acme(*, batch: int = 1, batch_recipients: int = 0, batch_bytes: int = 0, **settings: Any) -> AcmeTransport:
    """Return a transport with these limits."""
    numbers = {"recipients": 50, "batch": batch, "batch_recipients": batch_recipients, "batch_bytes": batch_bytes}
    limits = {name: number for name, number in numbers.items() if number}
    kind = type("AcmeTransport", (AcmeTransport,), {"plugin": AcmeTransport.plugin._copy(limits=limits)})
    return kind(AcmeSettings(**settings))  # type: ignore[no-any-return]


class Acme:
    """The API: refuses a whole call for a message with a bad subject, and single recipients by address.

    Args:
        bad: subjects.
        nobody: addresses.
        before: answers for the first calls, in order, instead of its own; None is its own.
    """

    def __init__(self, *, bad: Collection[str] = (), nobody: Collection[str] = (), before: Sequence[Any] = ()) -> None:
        self.bad = bad
        self.nobody = nobody
        self.calls: list[list[dict[str, Any]]] = []
        self.requests: list[HttpRequest] = []
        self.accepted: list[tuple[str, tuple[str, ...]]] = []
        self.keys: list[str | None] = []
        self._before = list(before)

    def __call__(self, op: Http) -> HttpResponse | BaseException:
        request = op.request
        self.requests.append(request)
        said = json.loads(request.body)
        messages = said.get("messages", [said])
        self.calls.append(messages)
        self.keys.append(request.header("Key"))
        if self._before and (answer := self._before.pop(0)) is not None:
            return answer  # type: ignore[no-any-return]
        if any(each["subject"] in self.bad for each in messages):
            return HttpResponse(422, body=b'{"message": "bad content", "code": "bad"}')
        results = [self._taken(each) for each in messages]
        payload = {"results": results} if "messages" in said else results[0]
        return HttpResponse(200, body=json.dumps(payload).encode())

    def _taken(self, message: dict[str, Any]) -> dict[str, Any]:
        rejected = [each for each in message["to"] if each in self.nobody]
        self.accepted.append((message["subject"], tuple(each for each in message["to"] if each not in rejected)))
        return {"id": f"id-{message['subject']}", "rejected": rejected}
