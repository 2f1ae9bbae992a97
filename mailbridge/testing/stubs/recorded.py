"""`Recorded`: a request as it arrived at a stand-in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mailbridge.flow.http import HttpRequest
from mailbridge.redaction import MASK, mask
from mailbridge.testing.stubs.forms import Form, form_of

if TYPE_CHECKING:
    from mailbridge.testing.sent import SentMail

__all__ = ["Headers", "Recorded"]

_SECRET = re.compile(r"auth|(?<!idempotency-)key|token|secret|cookie", re.IGNORECASE).search


class Headers(Mapping[str, str]):
    """Headers by name, in any case of letters; the first of each name. Credentials are masked where they are shown."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)

    def __getitem__(self, name: str) -> str:
        for key, value in self.pairs:
            if key.lower() == name.lower():
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.pairs))

    def __len__(self) -> int:
        return len(dict(self.pairs))

    def __repr__(self) -> str:
        shown = (f"{name}: {MASK if _SECRET(name) else mask(value)}" for name, value in self.pairs)
        return f"<{', '.join(shown)}>"


class Recorded:
    """One request that a stand-in got.

    Attributes:
        method: `POST` and the like.
        path: the path, without the query.
        query: what stands after the question mark.
        headers: by name, in any case of letters; `repr` masks credentials.
        body: the octets.
        status: what was answered; 0 if the connection was dropped.
        sent: the mails in it.
    """

    def __init__(self, request: HttpRequest) -> None:
        url = urlsplit(request.url)
        self.method = request.method
        self.path = url.path
        self.query = url.query
        self.headers = Headers(request.headers)
        self.body = request.body
        self.status = 0
        self.sent: tuple[SentMail, ...] = ()
        self._request = request

    @property
    def json(self) -> Any:
        """The body read as JSON. Raises ValueError if it is none."""
        return json.loads(self.body)

    @property
    def form(self) -> Form:
        """The body read as a form, with or without files. Raises ValueError if it is none."""
        return form_of(self._request)

    def __repr__(self) -> str:
        answer = self.status or "no answer"
        return f"<{self.method} {self.path} -> {answer}; {len(self.body)} octets; {self.headers!r}>"
