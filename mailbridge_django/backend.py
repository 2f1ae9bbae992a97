"""`EmailBackend`: Django's mail by mailbridge."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Mapping
from contextlib import aclosing
from itertools import chain
from typing import Any

import django
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from mailbridge import MailError, Message, MessageInvalid, Receipt
from mailbridge_django.configuration import by_mailers, invalid, options_of
from mailbridge_django.echo import is_echo
from mailbridge_django.posting import Posting, Told, handed_over
from mailbridge_django.registry import mailer_for
from mailbridge_django.telling import atell, tell

_ANEW = frozenset({"dsn", "transport"})
"""Whoever gives one of these says anew where to send."""


class EmailBackend(BaseEmailBackend):  # type: ignore[misc]  # Django has no types
    """Sends Django's messages through a Mailer, which outlives the backend and keeps the connections.

    Args:
        fail_silently: count failures to send instead of raising them. What is wrong with a message itself
            (MessageInvalid, a ValueError) is raised all the same, as by Django's SMTP backend.
        alias: the mailer's name. Without MAILERS it is looked up in `MAILBRIDGE["MAILERS"]`.
        options: `dsn`, or `transport` and its fields; further `hooks` (dotted paths), `plugins`, `insecure`,
            `mailers`, `unsupported`, `message_id_domain`, as `Mailer` and `Plugins` know them. Without any,
            those of `MAILBRIDGE["MAILERS"]` hold.

    Raises InvalidMailer (ImproperlyConfigured before Django 6.1) for options that cannot be used.
    """

    def __init__(
        self,
        fail_silently: bool = False,
        *,
        alias: str | None = None,
        _ignore_unknown_kwargs: Iterable[str] | None = None,  # so Django 6.1 names arguments of get_connection()
        **options: Any,
    ) -> None:
        super().__init__(**({"alias": alias} if django.VERSION >= (6, 1) else {}))
        self.fail_silently = fail_silently
        self.alias = alias
        self.mailer = mailer_for(self._options(options, _ignore_unknown_kwargs or ()), alias)
        self._open = False

    def _options(self, given: dict[str, Any], for_once: Iterable[str]) -> Mapping[str, Any]:
        for name in ("username", "password"):  # Django before 6.1 always gives both
            if name in given and given[name] is None:
                del given[name]
        configured = not given.keys().isdisjoint(_ANEW) or by_mailers()
        once = given.keys() & set(for_once) if configured else given.keys()
        if once and once.isdisjoint(_ANEW):
            raise invalid(
                f"{', '.join(map(repr, sorted(once)))} cannot be given for one connection; "
                "the dsn of the mailer says where and as whom to send.",
                self.alias,
            )
        if configured:
            return given
        found = dict(options_of(self.alias or "default"))
        self.fail_silently = bool(found.pop("fail_silently", False)) or self.fail_silently
        return found

    # --- connections

    def open(self) -> bool | None:
        """Have the Mailer connect to a server that it is not connected to; the connection stays the Mailer's.

        Returns True, False if this backend was open already, None if it failed silently. Transports without
        connections are not asked: a key that may only send would fail.
        """
        if self._open:
            return False
        try:
            self.mailer.connect()
        except MailError:
            if not self.fail_silently:
                raise
            return None
        self._open = True
        return True

    def close(self) -> None:
        """End what `open` began. The Mailer keeps its connections for the next message."""
        self._open = False

    # --- sending

    def send_messages(self, email_messages: Iterable[EmailMessage]) -> int:
        """Send messages; return how many a server (or a queue) took responsibility for, for one recipient at least.

        A message without recipients is not sent and not counted, nor is what a log handler sends about a record
        of mailbridge's own. After a failure no further message is begun; those on their way are finished, and
        then the first failure is raised, unless `fail_silently`. Raises MailError.
        """
        if is_echo():
            return 0
        postings = self._postings(email_messages)
        first = next(postings, None)
        if first is None:
            return 0
        second = next(postings, None)
        if second is None:
            return self._send_one(first)
        return self._send_many(chain((first, second), postings))

    async def asend_messages(self, email_messages: Iterable[EmailMessage]) -> int:
        """Like `send_messages`, awaiting."""
        run = _Run(self.fail_silently)
        async with aclosing(self.mailer.asend_many(self._aread(self._postings(email_messages), run))) as outcomes:
            async for outcome in outcomes:
                await self._atell(run.finish(outcome))
        return run.result()

    def _postings(self, messages: Iterable[EmailMessage]) -> Iterator[Posting]:
        return (Posting(each, self.alias) for each in messages or () if each.recipients())

    def _send_one(self, posting: Posting) -> int:
        run = _Run(self.fail_silently)
        mail = self._read(posting, run)
        try:
            outcome: Receipt | MailError = self.mailer.send(mail)
        except MailError as error:
            outcome = error
        self._tell(run.finish(outcome))
        return run.result()

    def _send_many(self, postings: Iterable[Posting]) -> int:
        run = _Run(self.fail_silently)

        def mails() -> Generator[Message]:
            for posting in postings:
                if run.stopped:
                    return
                yield self._read(posting, run)

        for outcome in self.mailer.send_many(mails()):
            self._tell(run.finish(outcome))
        return run.result()

    async def _aread(self, postings: Iterable[Posting], run: _Run) -> AsyncGenerator[Message]:
        for posting in postings:
            if run.stopped:
                return
            await self._atell([posting.before()])
            try:
                mail = posting.convert(self.mailer)
            except (ValueError, MailError) as error:
                await self._atell(posting.refused(error))
                raise
            run.begin(posting)
            yield mail

    def _read(self, posting: Posting, run: _Run) -> Message:
        self._tell([posting.before()])
        try:
            mail = posting.convert(self.mailer)
        except (ValueError, MailError) as error:
            self._tell(posting.refused(error))
            raise
        run.begin(posting)
        return mail

    def _tell(self, told: Iterable[Told]) -> None:
        for each in told:
            tell(type(self), each)

    async def _atell(self, told: Iterable[Told]) -> None:
        for each in told:
            await atell(type(self), each)


class _Run:
    """What is on its way in one call, and what came of it."""

    def __init__(self, fail_silently: bool) -> None:
        self._fail_silently = fail_silently
        self._waiting: deque[Posting] = deque()
        self._sent = 0
        self._failure: MailError | None = None

    @property
    def stopped(self) -> bool:
        """Whether no further message shall be begun."""
        return self._failure is not None

    def begin(self, posting: Posting) -> None:
        """Note a message that the Mailer gets now; outcomes come in the same order."""
        self._waiting.append(posting)

    def finish(self, outcome: Receipt | MailError) -> Iterator[Told]:
        """Note the outcome of the oldest one; return the signals to send."""
        if not isinstance(outcome, MailError):
            self._sent += handed_over(outcome)
        elif self._failure is None and not (self._fail_silently and not isinstance(outcome, MessageInvalid)):
            self._failure = outcome
        return self._waiting.popleft().after(outcome)

    def result(self) -> int:
        """Return how many were sent; raise the first failure."""
        if self._failure is not None:
            raise self._failure
        return self._sent
