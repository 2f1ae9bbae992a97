"""One provider of each shape of answer, and what it answers when all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from support.http_peer import HttpAction, HttpPeer, Request, answer
from support.trial import PASSWORD


class Shape(NamedTuple):
    """A provider: the DSN of a test's server, and its answer to a request that it accepts."""

    name: str
    user: str
    taken: Callable[[Request], HttpAction]
    keyed: bool = False

    def dsn(self, peer: HttpPeer | str, **options: Any) -> str:
        """Return a DSN that leads to a peer, with short times."""
        url = peer if isinstance(peer, str) else peer.url
        given = {"base_url": url, "timeout": 0.4, "connect_timeout": 0.4, "deadline": 0.8} | options
        return f"{self.name}://{self.user}@default?" + "&".join(f"{name}={value}" for name, value in given.items())

    def __str__(self) -> str:
        return self.name


def _sendgrid(request: Request) -> HttpAction:
    return answer(202, b"", {"X-Message-Id": "id-1"})


def _postmark(request: Request) -> HttpAction:
    def one(number: int) -> dict[str, Any]:
        return {"ErrorCode": 0, "Message": "OK", "MessageID": f"id-{number}", "To": "x"}

    many = request.path.endswith("/batch")
    return answer(200, [one(n) for n, _ in enumerate(request.json, 1)] if many else one(1))


def _mandrill(request: Request) -> HttpAction:
    to = [each["email"] for each in request.json["message"]["to"]]
    return answer(200, [{"email": email, "status": "sent", "_id": f"id-{n}"} for n, email in enumerate(to, 1)])


def _mailgun(request: Request) -> HttpAction:
    return answer(200, {"id": "<id-1@mg.example.com>", "message": "Queued. Thank you."})


def _resend(request: Request) -> HttpAction:
    many = request.path.endswith("/batch")
    return answer(200, {"data": [{"id": f"id-{n}"} for n, _ in enumerate(request.json, 1)]} if many else {"id": "id-1"})


SHAPES = [
    Shape("sendgrid", f"SG.{PASSWORD}", _sendgrid),  # 202, no body, the id in a header
    Shape("postmark", PASSWORD, _postmark),  # an object; for a batch a list of them
    Shape("mandrill", PASSWORD, _mandrill),  # a list by recipient
    Shape("mailgun", PASSWORD, _mailgun),  # a form is sent, an object comes
    Shape("resend", f"re_{PASSWORD}", _resend, keyed=True),  # keys; for a batch a list inside an object
]
"""SendGrid, Postmark, Mandrill, Mailgun, Resend."""

BATCHES = [shape for shape in SHAPES if shape.name in ("postmark", "resend")]
"""Those that tell the messages of a call apart by their order."""
