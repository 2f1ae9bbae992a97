"""A provider's transport on a stage: messages go in, requests come out, answers are made up.

    stage = Stage("postmark://…@default", lambda request: reply({"MessageID": "1"}))
    receipt = stage.send(message)
    assert stage.requests[0].url == "https://api.postmarkapp.com/email"

Unlike `mailbridge.testing.Rehearsal` it adds neither Message-ID nor Date, so that bodies are compared whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import MailError
from mailbridge.extend import Delivery, Http, HttpRequest, HttpResponse, HttpTransport, Message, Outcome
from mailbridge.plugins import Plugins
from mailbridge.sending.unsupported import Unsupporting


def reply(body: object, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> HttpResponse:
    """Return an answer in JSON."""
    return HttpResponse(status, [("Content-Type", "application/json"), *headers], json.dumps(body).encode())


class Stage:
    """Runs the transport that a DSN names without a network; `respond` makes the answer to a request."""

    def __init__(self, dsn: str, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        transport = Plugins().build(dsn)
        assert isinstance(transport, HttpTransport)
        self.transport = transport
        self.requests: list[HttpRequest] = []
        self._respond = respond
        self._driver = ScriptedDriver({Http: self._exchanged})

    @property
    def bodies(self) -> list[Any]:
        """The bodies of the requests, decoded."""
        return [json.loads(request.body) for request in self.requests]

    @property
    def paths(self) -> list[str]:
        """Method and address of the requests."""
        return [f"{request.method} {request.url.removeprefix(self.transport.base_url)}" for request in self.requests]

    def send(self, message: Message) -> Outcome:
        """Send one message; return its receipt or its error."""
        try:
            return self._driver.run(self.transport.send(self._delivery(message)))
        except MailError as error:
            return error

    def send_many(self, messages: Iterable[Message]) -> list[Outcome]:
        """Send several."""
        return self._driver.send_many(self.transport.send_many(), list(map(self._delivery, messages)))

    def verify(self) -> Any:
        """Return what `verify` found, or its error."""
        try:
            return self._driver.run(self.transport.verify())
        except MailError as error:
            return error

    def _delivery(self, message: Message) -> Delivery:
        return Delivery(Unsupporting().fitted(message, self.transport))

    def _exchanged(self, op: Http) -> HttpResponse:
        self.requests.append(op.request)
        return self._respond(op.request)
