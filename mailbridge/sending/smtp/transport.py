"""`SmtpTransport`: messages over SMTP or LMTP, on pooled connections."""

from __future__ import annotations

from mailbridge.errors import AuthFailed, MailError
from mailbridge.flow.operations import Close, Flow, Lease, Release
from mailbridge.message import features
from mailbridge.message.mime import render
from mailbridge.receipt import Receipt
from mailbridge.sending.attempt import attempted
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.smtp.batch import Batch
from mailbridge.sending.smtp.job import Job
from mailbridge.sending.transport import Transport, Verification
from mailbridge.smtp.chunking import run_window
from mailbridge.smtp.exchange import transact
from mailbridge.smtp.opening import open_session
from mailbridge.smtp.pipeline import SLOW, cut_off, finish, run_pipeline
from mailbridge.smtp.server import Server
from mailbridge.smtp.session import Session
from mailbridge.smtp.transaction import Transaction
from mailbridge.transcript import Transcript


class SmtpTransport(Transport):
    """Deliver over SMTP (RFC 5321) or LMTP (RFC 2033).

    Args:
        server: whom to talk to.
        connections: how many connections may be open at once; `asend_many` uses all of them.
        max_messages: messages before a connection is replaced; 0 means any number.
        max_age: seconds before a connection is replaced.
        max_idle: seconds after which an idle connection is asked (NOOP) before it is trusted.
        chunking: use BDAT (RFC 3030) where the server offers it.
        preset: the name that receipts give this transport, when it is a provider's SMTP door.
    """

    name = "smtp"
    features = features.SMTP

    def __init__(
        self,
        server: Server,
        *,
        connections: int = 5,
        max_messages: int = 0,
        max_age: float = 3600.0,
        max_idle: float = 10.0,
        chunking: bool = True,
        preset: str = "",
    ) -> None:
        self.server = server
        self.connections = self.lanes = connections
        self.max_messages = max_messages
        self.max_age = max_age
        self.max_idle = max_idle
        self._streams: set[Batch] = set()
        self._hopeless: MailError | None = None
        self.chunking = chunking
        self._provider = preset or ("lmtp" if server.lmtp else "smtp")
        self._shown = f"{self._provider}://{server.address}"
        self._key = ("smtp", server.key)
        self.reach = "machine" if server.is_local else "others"

    def __str__(self) -> str:
        return self._shown

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Send one message; raise a MailError when no recipient was accepted."""
        return attempted(self, delivery, self._send(delivery))

    def _send(self, delivery: Delivery) -> Flow[Receipt]:
        job = Job(delivery)
        transaction: Transaction | None = None
        while True:
            try:
                session = yield from self._lease(delivery.transcript)
            except MailError as error:
                job.fail(error)
                break
            try:
                transaction = job.begin_plainly(session) or (yield from job.begin(session))
            except MailError as error:
                job.fail(error)
                yield from self._release(session)
                break
            yield from transact(session, transaction, self.server.timeouts, chunking=self.chunking)
            session.used = session.clock()
            yield from self._release(session)
            if cut_off(session, transaction):
                job.resent += 1
            elif job.settle(transaction):
                break
        if job.error is None:
            return self._receipt(job)
        try:
            raise job.error
        finally:
            # The traceback holds this frame; if it led to the error, the message would stay in memory
            # until the next garbage collection.
            del job, transaction

    def send_many(self) -> Flow[None]:
        """Send what is pulled over one connection, pipelined; emit each outcome in order."""
        batch = Batch(self._shown, self._receipt, self._full)
        if not self._streams:
            self._hopeless = None
        self._streams.add(batch)
        try:
            while (delivery := (yield from batch.waiting())) is not None:
                if self._hopeless is not None:
                    yield from batch.fail(self._hopeless)
                    continue
                try:
                    session = yield from self._lease(delivery.transcript)
                except MailError as error:
                    # A refused password must not be tried a thousand times, nor once a lane: accounts get locked.
                    if error.trips_breaker == "long":
                        self._hopeless = error.with_traceback(None)
                    yield from batch.fail(error)
                    continue
                yield from self._run(session, batch)
                yield from self._release(session)
        finally:
            self._streams.discard(batch)

    def _run(self, session: Session, batch: Batch) -> Flow[None]:
        timeouts = self.server.timeouts
        extensions = session.extensions
        if not extensions.pipelining or session.transcript is not None:
            return self._in_turn(session, batch)
        if extensions.chunking and self.chunking and session.windowed and not session.lmtp:
            return run_window(session, batch, timeouts)
        return run_pipeline(session, batch, timeouts)

    def _in_turn(self, session: Session, batch: Batch) -> Flow[None]:
        now = session.clock()
        while session.usable and (transaction := (yield from batch.next(session))) is not None:
            transaction.begun = session.clock()
            if transaction.fresh and transaction.begun - now > SLOW:  # the connection may be worn by now
                batch.again(transaction)
                session.messages -= 1
                return
            yield from transact(session, transaction, self.server.timeouts, chunking=self.chunking)
            session.used = transaction.ended = now = session.clock()
            yield from finish(session, batch, transaction)

    def rehearse(self, delivery: Delivery) -> Flow[bytes | None]:
        """Render the message as for a server with every extension, and let hooks see it."""
        mime = render(delivery.message, eight_bit=True, utf8=True)
        if delivery.hooks is not None and delivery.hooks.has_prepare:
            yield from delivery.hooks.prepare(mime, delivery.message)
        return bytes(mime)

    def connect(self) -> Flow[None]:
        """Connect, encrypt and log in for the next message; or see that an idle connection lives."""
        yield from self._release((yield from self._lease(None)))

    def verify(self) -> Flow[Verification]:
        """Connect, encrypt and log in on a fresh connection; say what the server offers."""
        session = yield from self._open(None)
        yield from session.quit()
        encrypted = "encrypted" if session.stream.encrypted else "not encrypted"
        login = f", logged in as {self.server.user}" if self.server.user else ""
        return Verification(
            transport=self._shown,
            text=f"{self.server.address} answers, {encrypted}{login}.",
            details={
                "greeting": session.greeting,
                "extensions": dict(session.extensions.keywords),
                "transcript": list(session.lines),
            },
        )

    # --- connections

    def _lease(self, transcript: Transcript | None) -> Flow[Session]:
        """Return a session that lives: an idle one where possible, else a new one."""
        timeouts = self.server.timeouts
        while True:
            session: Session | None = yield Lease(self._key, limit=self.connections, timeout=timeouts.command)
            if session is None:
                break
            if (yield from self._lives(session)):
                session.reused = True
                session.transcript = transcript
                return session
            yield from session.quit()
            yield Release(self._key, None)
        try:
            return (yield from self._open(transcript))
        except MailError:
            yield Release(self._key, None)
            raise

    def _lives(self, session: Session) -> Flow[bool]:
        if session.stream.stale:
            session.closing = True  # it said goodbye, or something that nobody asked for
            return False
        now = session.clock()
        if now - session.opened > self.max_age:
            return False
        # Whether it is alive is not worth more time than a new connection would be.
        return now - session.used <= self.max_idle or (yield from session.alive(self.server.timeouts.connect))

    def _open(self, transcript: Transcript | None) -> Flow[Session]:
        try:
            return (yield from open_session(self.server, transcript=transcript))
        except AuthFailed as error:
            if not self.server.has_token or error.code != 535:
                raise
        # A refused token may merely have expired (RFC 6750 section 3.1): one fresh one, once.
        return (yield from open_session(self.server, transcript=transcript, fresh_token=True))

    def _full(self, session: Session) -> bool:
        return 0 < self.max_messages <= session.messages

    def _release(self, session: Session) -> Flow[None]:
        session.transcript = None
        kept = session.usable and not self._full(session)
        if not kept and session.usable:
            yield from session.quit()
        elif not kept:
            yield Close(session.stream)
        yield Release(self._key, session if kept else None)

    def _receipt(self, job: Job) -> Receipt:
        delivery = job.delivery
        return Receipt(
            message_id=delivery.message.message_id or "",
            recipients=job.rows,
            provider=self._provider,
            transport=self._shown,
            attempts=delivery.attempts,
        )
