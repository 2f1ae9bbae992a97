"""Whether credentials turn up where they must not."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

from mailbridge.errors import MailError
from mailbridge.flow.http import HttpRequest
from mailbridge.receipt import Receipt

__all__ = ["Canaries"]

_LONG_ENOUGH = 6
_CREDENTIALS = ("authorization", "x-api-key", "api-key", "x-postmark-server-token", "x-smtp2go-api-key")


class Canaries:
    """Secrets that were given to a transport, in the forms in which they could be seen."""

    def __init__(self, samples: Iterable[str]) -> None:
        self.samples = tuple(dict.fromkeys(each for each in samples if len(each) >= _LONG_ENOUGH))

    @classmethod
    def of(cls, transport: Any, requests: Iterable[HttpRequest]) -> Canaries:
        """Return the secrets of a transport's settings, and what its requests make of them."""
        sent = [value for request in requests for name, value in request.headers if name.lower() in _CREDENTIALS]
        return cls([*transport.settings.secrets, *(value.split(" ")[-1] for value in sent)])

    def seen_in(self, thing: object) -> Iterator[str]:
        """Say where in the ways to look at a thing a secret can be read."""
        for way, text in _looks(thing).items():
            for secret in self.samples:
                if secret in text:
                    yield f"a secret can be read in {way} of {type(thing).__name__}"
        if isinstance(thing, MailError) and not _survives(thing):
            yield f"{type(thing).__name__} does not survive pickling"


def _looks(thing: object) -> dict[str, str]:
    looks = {"repr": repr(thing), "str": str(thing)}
    if isinstance(thing, MailError):
        looks["the traceback"] = "".join(traceback.format_exception(thing))
        looks["the hints"] = " ".join(thing.hints)
        looks["the attributes"] = repr(thing.__dict__)
    if isinstance(thing, Receipt):
        looks["to_dict"] = f"{thing.to_dict()}"
        looks["raw"] = f"{thing.raw}"
    return looks


def _survives(error: MailError) -> bool:
    try:
        twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever an attribute objects to
        return False
    return (type(twin), str(twin), twin.__dict__.keys()) == (type(error), str(error), error.__dict__.keys())
