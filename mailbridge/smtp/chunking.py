"""Many messages on one connection, several in flight (RFC 3030).

BDAT needs no permission to send content, so a message is one write and its replies may come whenever
they come: `WINDOW` messages share a round trip. When the connection dies, up to that many have been
handed over without an answer.

    C: MAIL 1 RCPT 1 BDAT 1 LAST <content of 1> RSET MAIL 2 RCPT 2 BDAT 2 LAST <content of 2> …
    S:                                          250 250 250 (1 accepted) 250 250 250 250 (2 accepted) …

The RSET is what makes that safe. Had all recipients of a message been refused, its transaction would
still be open when the next MAIL arrives: the server would refuse that MAIL (503) and yet take the
RCPT and the content behind it, under the wrong sender.
"""

from __future__ import annotations

from collections import deque

from mailbridge.errors import ConnectFailed, TimedOut
from mailbridge.flow.operations import Flow, Ready, Write
from mailbridge.smtp.exchange import RSET, SMALL
from mailbridge.smtp.pipeline import SLOW, Feed, alone, finish
from mailbridge.smtp.reply import Reply
from mailbridge.smtp.session import Session
from mailbridge.smtp.timeouts import Timeouts
from mailbridge.smtp.transaction import Transaction

WINDOW = 12  # messages in flight
WINDOW_OCTETS = 1 << 20  # octets in flight, so that a dying connection leaves few doubts


def run_window(session: Session, feed: Feed, timeouts: Timeouts) -> Flow[None]:
    """Carry out what `feed` gives until it gives None, the session cannot go on, or the feed is slow."""
    flying: deque[tuple[Transaction, int]] = deque()  # with the octets of each
    octets = 0
    replies: list[Reply] = []
    held: Transaction | None = None  # goes alone, once nothing else is in flight
    slow = feed.slow
    ended = rested = False
    ready = yield from Ready()
    now = session.clock()
    while True:
        if not flying:
            session.unasked(replies)
            replies = []
        out: list[bytes] = []
        limit = 1 if slow else WINDOW
        while not (ended or held) and session.usable and len(flying) < limit and octets < WINDOW_OCTETS:
            if flying and not ready():
                break
            transaction = yield from feed.next(session)
            if transaction is None:
                ended = True
                break
            pulled = session.clock()
            if transaction.fresh:
                slow = feed.slow = pulled - now > SLOW
                rested = slow and not flying  # the connection may be worn by now: it is asked before it is used
                limit = 1 if slow else WINDOW
            now = pulled
            if rested or _goes_alone(transaction):
                held = transaction
                break
            transaction.begun = now
            size = _write(transaction, out)
            octets += size
            flying.append((transaction, size))
        if not flying and held is not None and session.usable and not rested:
            yield from alone(session, feed, held, timeouts)
            held = None
            now = session.clock()
            continue
        if not flying:
            break
        # Even with nothing to say: the next answer is due within the time from the last.
        try:
            yield Write(session.stream, out, timeouts.command if session.closing else timeouts.final)
        except (ConnectFailed, TimedOut) as error:
            session.broke(error)
        replies += yield from session.collect(_due(flying[0][0]) - len(replies))
        session.used = now = session.clock()
        ragged = False
        while flying and (len(replies) >= _due(flying[0][0]) or session.failure is not None):
            transaction, size = flying.popleft()
            octets -= size
            said, replies = replies[: _due(transaction)], replies[_due(transaction) :]
            transaction.ended = now
            if not said and _unread(session, octets, ragged=ragged):
                feed.again(transaction)
                continue
            ragged = len(said) < _due(transaction)
            _read(session, transaction, said, behind=octets)
            # Exim takes each content that nobody receives for a blunder, and hangs up at the tenth or so:
            # once a message was refused to everybody, the others wait to be asked for their content.
            session.windowed = session.windowed and bool(transaction.accepted)
            ended = ended or not session.windowed
            yield from finish(session, feed, transaction)
    if held is not None:
        feed.again(held)
        session.messages -= 1


def _unread(session: Session, behind: int, *, ragged: bool) -> bool:
    """Whether a message without any reply certainly was not taken.

    After 421 a server reads no further; and what the connection broke off before is not all there. The
    oldest message under which a connection broke (`ragged` is false then) does not get off so lightly.
    """
    return session.hung_up or (ragged and session.failure is not None and session.failure.unsent > behind)


def _goes_alone(transaction: Transaction) -> bool:
    """Whether the content must not travel before the recipients are known: a condition, or too much to waste."""
    return transaction.abort_on_partial or transaction.mime.size > SMALL


def _due(transaction: Transaction) -> int:
    """How many replies it gets: RSET, MAIL, the RCPTs, BDAT."""
    return transaction.count + 2


def _write(transaction: Transaction, out: list[bytes]) -> int:
    mime = transaction.mime
    last = b"BDAT %d LAST\r\n" % mime.size
    head = RSET + transaction.commands + last
    transaction.dialogue = [head]
    out.append(head)
    out += mime.chunks()
    return len(head) + mime.size


def _read(session: Session, transaction: Transaction, said: list[Reply], *, behind: int) -> None:
    transaction.dialogue += said
    if said and not said[0].positive:
        session.closing = True  # RSET refused: what an older transaction left may still be there
    transaction.take_chunk(session, said[1:], behind=behind)
    session.dirty = transaction.error is not None
