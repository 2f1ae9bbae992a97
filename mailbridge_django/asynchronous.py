"""Django's mail functions, awaiting. Django has none of its own.

By mailbridge they never block the event loop; by any other backend (locmem in tests, one derived from ours that
has a `send_messages` of its own) they run in a thread. Each call connects anew, unless the Mailer is held open:
by `keep_connections` while a project is served, or by `async with mailer("default"): …`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from mailbridge_django.backend import EmailBackend
from mailbridge_django.connections import connection


async def asend_messages(messages: Iterable[EmailMessage], *, using: str | None = None) -> int:
    """Send messages by the mailer `using`; return how many were handed over. Raises MailError."""
    backend = connection(using)
    if _awaits(backend):
        awaited: int = await backend.asend_messages(messages)
        return awaited
    sent = await sync_to_async(backend.send_messages, thread_sensitive=False)(list(messages))
    return sent or 0


def _awaits(backend: Any) -> bool:
    """Say whether awaiting does what sending does: a derived class may have changed one of them only."""
    kind = type(backend)
    return isinstance(backend, EmailBackend) and (
        kind.asend_messages is not EmailBackend.asend_messages or kind.send_messages is EmailBackend.send_messages
    )


async def asend_mail(
    subject: str,
    message: str,
    from_email: str | None,
    recipient_list: Iterable[str],
    *,
    html_message: str | None = None,
    using: str | None = None,
) -> int:
    """Send one message, as `django.core.mail.send_mail` does; return 1, or 0 if nobody got it.

    Raises MailError.
    """
    made = EmailMultiAlternatives(subject, message, from_email, list(recipient_list))
    return await _asend(made, html_message, using)


async def asend_mass_mail(
    datatuple: Iterable[tuple[str, str, str | None, Iterable[str]]], *, using: str | None = None
) -> int:
    """Send many messages over shared connections, as `django.core.mail.send_mass_mail` does."""
    rows = (EmailMessage(subject, text, sender, list(to)) for subject, text, sender, to in datatuple)
    return await asend_messages(rows, using=using)


async def amail_admins(subject: str, message: str, *, html_message: str | None = None, using: str | None = None) -> int:
    """Send a message to the ADMINS."""
    return await _asend_server_message(settings.ADMINS, subject, message, html_message, using)


async def amail_managers(
    subject: str, message: str, *, html_message: str | None = None, using: str | None = None
) -> int:
    """Send a message to the MANAGERS."""
    return await _asend_server_message(settings.MANAGERS, subject, message, html_message, using)


async def _asend_server_message(
    people: Iterable[Any], subject: str, message: str, html_message: str | None, using: str | None
) -> int:
    recipients = [each if isinstance(each, str) else each[1] for each in people]  # pairs before Django 6.0
    prefixed = f"{settings.EMAIL_SUBJECT_PREFIX}{subject}"
    return await _asend(
        EmailMultiAlternatives(prefixed, message, settings.SERVER_EMAIL, recipients), html_message, using
    )


async def _asend(made: EmailMultiAlternatives, html_message: str | None, using: str | None) -> int:
    if html_message:
        made.attach_alternative(html_message, "text/html")
    return await asend_messages([made], using=using) if made.recipients() else 0
