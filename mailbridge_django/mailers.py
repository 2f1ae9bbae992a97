"""`mailer`: the Mailer behind an alias, for code that wants mailbridge's own interface."""

from __future__ import annotations

from mailbridge import Mailer
from mailbridge_django.backend import EmailBackend
from mailbridge_django.connections import connection
from mailbridge_django.outbox import DjangoTransport


def mailer(using: str | None = None) -> Mailer:
    """Return the Mailer of an alias: the one that Django's own functions send by.

    Ask for it where you send, not at import: inside Django's tests it fills `mail.outbox`. Where the
    alias has a backend that is none of ours, its messages go there. Raises ImproperlyConfigured.
    """
    backend = connection(using)
    if isinstance(backend, EmailBackend):
        return backend.mailer
    return Mailer(DjangoTransport(backend))
