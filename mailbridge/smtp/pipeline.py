"""Many messages on one connection, one round trip each (RFC 2920).

The content of one message travels in the same write as MAIL, RCPT and DATA of the next, so that the
server's answers to both come back together:

    C: <content of 1> . MAIL 2 RCPT 2 DATA
    S: 250 (1 accepted)  250  250  354
    C: <content of 2> . MAIL 3 …

While the server works on that, the message after is prepared. A refusal in the middle concerns one
message only; each keeps its own replies.
"""

from __future__ import annotations

from typing import Protocol

from mailbridge.errors import ConnectFailed, TimedOut
from mailbridge.flow.operations import Flow, Ready, Write
from mailbridge.smtp.exchange import DATA, RSET, leave_data, told, transact
from mailbridge.smtp.reply import Reply
from mailbridge.smtp.session import Session
from mailbridge.smtp.stuffing import DOT, stuffed
from mailbridge.smtp.timeouts import Timeouts
from mailbridge.smtp.transaction import Transaction

SLOW = 0.05  # seconds; a source slower than this must not keep the server waiting for content


class Feed(Protocol):
    """Where transactions come from and where they go when they are over.

    `slow` says that the source took its time for the last message: nothing is taken ahead then, so that
    no message waits with us for the next one.
    """

    slow: bool

    def next(self, session: Session) -> Flow[Transaction | None]:
        """Return the next transaction, addressed for this session, or None to end."""

    def done(self, transaction: Transaction) -> Flow[None]:
        """Take a transaction that is over, for good or ill."""

    def again(self, transaction: Transaction) -> None:
        """Take back a transaction that was not begun, or that a dying connection cut off harmlessly.

        `transaction.resent` says how often that was its own doing, perhaps.
        """


def run_pipeline(session: Session, feed: Feed, timeouts: Timeouts) -> Flow[None]:
    """Carry out what `feed` gives until it gives None, the session cannot go on, or the feed is slow."""
    waiting: Transaction | None = None  # the server waits for its content
    following: Transaction | None = None  # to be addressed behind that content
    ended = False
    ready = yield from Ready()
    now = session.clock()
    while True:
        if waiting is None and following is None and not ended:
            following = yield from feed.next(session)
            ended = following is None
            pulled = session.clock()
            if following is not None and following.fresh:
                feed.slow = pulled - now > SLOW
                if feed.slow:  # the connection may be worn by now: it is asked before it is used
                    feed.again(following)
                    session.messages -= 1
                    return
            now = pulled
        if waiting is None and following is None:
            return
        if waiting is None and following is not None and following.abort_on_partial:
            yield from alone(session, feed, following, timeouts)
            following = None
            if not session.usable:
                return
            now = session.clock()
            continue
        content = [] if waiting is None else stuffed(waiting.mime.chunks())
        finals = count = 0 if waiting is None else waiting.finals(session)
        # DATA must not be said before it is known that everybody was accepted, if that is a condition.
        begins = None if following is None or following.abort_on_partial else following
        resets = begins is not None and session.dirty
        envelope = b""
        if begins is not None:
            envelope = (RSET if resets else b"") + begins.commands + DATA
            count += begins.count + 1 + resets
            begins.begun = now
        content.append(envelope if waiting is None else DOT + envelope)
        try:
            yield Write(session.stream, content, timeouts.command if waiting is None else timeouts.final)
        except (ConnectFailed, TimedOut) as error:
            session.broke(error)
        upcoming = None if begins is not None else following
        if begins is not None and not feed.slow and not ended and ready():  # prepared while the server works
            upcoming = yield from feed.next(session)
            ended = upcoming is None
            if upcoming is not None and upcoming.fresh:
                feed.slow = session.clock() - now > SLOW
        replies = yield from session.collect(count)
        if len(replies) > count:
            session.unasked(replies[count:])
        session.used = now = session.clock()
        waited = waiting is not None
        if waiting is not None:
            waiting.take_final(session, replies[:finals], behind=len(envelope))
            waiting.ended = now
            yield from feed.done(waiting) if waiting.error is None else finish(session, feed, waiting)
            waiting = None
        if begins is not None:
            said = replies[finals + resets : count]
            if waited and not said and (session.hung_up or len(replies) < finals):
                feed.again(begins)  # the message before it broke the connection
            elif (yield from _begun(session, begins, said, timeouts)):
                waiting = begins
                session.dirty = False
            else:
                begins.ended = now
                session.dirty = True
                yield from finish(session, feed, begins)
        following = upcoming
        if not session.usable:
            if following is not None:
                feed.again(following)
                following = None
            if waiting is None:
                return
            ended = True
            if not session.sound:
                waiting.cut(session)
                waiting.ended = now
                yield from finish(session, feed, waiting)
                return


def _begun(session: Session, transaction: Transaction, said: list[Reply], timeouts: Timeouts) -> Flow[bool]:
    """Read the replies to an envelope and DATA; return whether the content may follow."""
    addressed = transaction.count
    transaction.dialogue = [transaction.commands, DATA, *said]
    transaction.take_envelope(session, said[:addressed])
    waits = transaction.take_data(session, said[addressed:])
    if transaction.error is not None and waits:
        yield from leave_data(session, transaction, timeouts)
    return transaction.error is None


def alone(session: Session, feed: Feed, transaction: Transaction, timeouts: Timeouts) -> Flow[None]:
    """Carry out a transaction with nothing else in flight; its content travels once everybody is known."""
    transaction.begun = session.clock()
    yield from transact(session, transaction, timeouts, chunking=False)
    session.used = transaction.ended = session.clock()
    yield from finish(session, feed, transaction)


def finish(session: Session, feed: Feed, transaction: Transaction) -> Flow[None]:
    """Hand over a transaction that is over, or take it to a fresh connection if only this one failed it."""
    told(session, transaction)
    if cut_off(session, transaction):
        transaction.resent += 1
        feed.again(transaction)
    else:
        yield from feed.done(transaction)


def cut_off(session: Session, transaction: Transaction) -> bool:
    """Whether the connection ended under a message that had not been handed over, and another may do better.

    Servers close connections after some messages or some idle time, by 421 or without a word, and
    some once they know the recipients. That costs the message nothing but a new connection, once.
    A fresh connection that ends before the server has accepted anybody says something about the server.
    """
    error = transaction.error
    if error is None or transaction.resent or not (error.code == 421 or isinstance(error, ConnectFailed)):
        return False
    return session.reused or session.answered > 0 or error.phase == "data"
