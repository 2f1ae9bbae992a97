"""One transaction at a time: the caller wants the answer before the next message."""

from __future__ import annotations

from collections.abc import Sequence

from mailbridge.errors import ConnectFailed, OutcomeUnknown, ProtocolError, TimedOut
from mailbridge.flow.operations import Flow
from mailbridge.smtp.reply import Reply
from mailbridge.smtp.session import Session
from mailbridge.smtp.stuffing import DOT, stuffed
from mailbridge.smtp.timeouts import Timeouts
from mailbridge.smtp.transaction import Transaction

DATA = b"DATA\r\n"
RSET = b"RSET\r\n"
SMALL = 1 << 20  # octets; content up to here may travel before we know that anybody receives it


def transact(session: Session, transaction: Transaction, timeouts: Timeouts, *, chunking: bool = True) -> Flow[None]:
    """Carry out one addressed transaction and note in it what became of it; raise nothing."""
    if session.dirty:
        yield from reset(session, timeouts)
    extensions = session.extensions
    if not extensions.pipelining:
        yield from _one_by_one(session, transaction, timeouts)
    elif chunking and _may_chunk(session, transaction):
        yield from _with_bdat(session, transaction, timeouts)
    else:
        yield from _pipelined(session, transaction, timeouts)
    if transaction.error is not None:
        told(session, transaction)
        yield from reset(session, timeouts)


def _may_chunk(session: Session, transaction: Transaction) -> bool:
    """Whether the content may travel with its envelope in a BDAT (RFC 3030)."""
    return (
        session.extensions.chunking
        and not session.lmtp
        and not transaction.abort_on_partial
        and transaction.mime.size <= SMALL
    )


def _with_bdat(session: Session, transaction: Transaction, timeouts: Timeouts) -> Flow[None]:
    """Everything in one write: one round trip."""
    mime = transaction.mime
    said = transaction.commands + b"BDAT %d LAST\r\n" % mime.size
    due = transaction.count + 1
    replies = yield from _say(session, transaction, said, due, timeouts.final, content=mime.chunks())
    transaction.take_chunk(session, replies)


def _pipelined(session: Session, transaction: Transaction, timeouts: Timeouts) -> Flow[None]:
    """MAIL, the RCPTs and DATA in one write, the content in a second: two round trips."""
    count = transaction.count
    together = not transaction.abort_on_partial
    said = transaction.commands + DATA if together else transaction.commands
    replies = yield from _say(session, transaction, said, count + together, timeouts.command)
    transaction.take_envelope(session, replies[:count])
    if together:
        yield from _data_answered(session, transaction, replies[count:], timeouts)
    elif transaction.error is None:
        yield from _ask_data(session, transaction, timeouts)


def _one_by_one(session: Session, transaction: Transaction, timeouts: Timeouts) -> Flow[None]:
    """Each command waits for its reply: for servers without PIPELINING."""
    replies: list[Reply] = []
    for command in transaction.commands.splitlines(keepends=True):
        answer = yield from _say(session, transaction, command, 1, timeouts.command)
        replies += answer
        if not answer or not replies[0].positive or not session.sound:
            break
    transaction.take_envelope(session, replies)
    if transaction.error is None:
        yield from _ask_data(session, transaction, timeouts)


def _ask_data(session: Session, transaction: Transaction, timeouts: Timeouts) -> Flow[None]:
    replies = yield from _say(session, transaction, DATA, 1, timeouts.command)
    yield from _data_answered(session, transaction, replies, timeouts)


def _data_answered(
    session: Session, transaction: Transaction, replies: Sequence[Reply], timeouts: Timeouts
) -> Flow[None]:
    waits = transaction.take_data(session, replies)
    if waits and transaction.error is None and not session.sound:
        transaction.cut(session)
    elif waits and transaction.error is None:
        content = (*stuffed(transaction.mime.chunks()), DOT)
        finals = transaction.finals(session)
        replies = yield from _say(session, transaction, b"", finals, timeouts.final, content=content)
        transaction.take_final(session, replies)
    elif waits:
        yield from leave_data(session, transaction, timeouts)


def leave_data(session: Session, transaction: Transaction, timeouts: Timeouts) -> Flow[None]:
    """End the content that nobody will receive: a server may say 354 after refusing everybody (RFC 2920 3.1)."""
    if session.lmtp:  # there 354 cannot be without recipients (RFC 2033 section 4.2), and so there is no reply
        session.closing = True
    if transaction.accepted or not transaction.rows:  # whoever the server has in mind must not get an empty message
        session.closing = True
    if session.usable:
        yield from session.exchange((DOT,), 1, timeouts.command)


def told(session: Session, transaction: Transaction) -> None:
    """Give the error of a failed transaction its dialogue, and mark what the connection is still good for."""
    error = transaction.error
    if error is None:
        return
    error.transcript = error.transcript or transaction.transcript(session)
    if isinstance(error, (ConnectFailed, TimedOut, ProtocolError, OutcomeUnknown)):
        session.closing = True


def reset(session: Session, timeouts: Timeouts) -> Flow[None]:
    """End a refused transaction so that the connection can be used again; a failure here changes no result."""
    if session.usable:
        replies = yield from session.exchange((RSET,), 1, timeouts.command)
        session.closing = session.closing or not (replies and replies[0].positive)
        session.dirty = False


def _say(
    session: Session,
    transaction: Transaction,
    commands: bytes,
    count: int,
    timeout: float,
    *,
    content: Sequence[bytes] = (),
) -> Flow[list[Reply]]:
    """Write commands and content, read `count` replies; keep both for the error or the transcript."""
    transaction.dialogue.append(commands)
    data = (commands, *content) if commands else content
    exchange = session.exchange(data, count, timeout, transaction.dialogue)
    return exchange if session.transcript is None else _noted(session, transaction, commands, content, exchange)


def _noted(
    session: Session, transaction: Transaction, commands: bytes, content: Sequence[bytes], exchange: Flow[list[Reply]]
) -> Flow[list[Reply]]:
    """Carry out the exchange and write it down in the session's transcript."""
    for command in commands.decode("utf-8", "replace").splitlines():
        session.note("C", command)
    if content:
        session.note("*", f"the message: {transaction.mime.size} octets")
    replies: list[Reply] = yield from exchange
    for reply in replies:
        session.note_reply(reply)
    return replies
