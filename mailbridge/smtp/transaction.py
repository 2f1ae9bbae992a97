"""`Transaction`: one message to some recipients over SMTP, and what the replies mean for each of them.

It is the bookkeeping that the three ways to talk share: one at a time (`exchange`), the pipeline of
DATA (`pipeline`) and the window of BDAT (`chunking`). No I/O here.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from mailbridge.errors import (
    ConnectFailed,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    Phase,
    ProtocolError,
    Unsupported,
)
from mailbridge.message.address import Address
from mailbridge.message.envelope import Envelope
from mailbridge.message.mime import Mime
from mailbridge.receipt import RecipientStatus, Status
from mailbridge.smtp.classify import nobody, recipient_row, refusal
from mailbridge.smtp.extensions import Extensions
from mailbridge.smtp.reply import Reply
from mailbridge.smtp.session import Session


class Transaction:
    """One message to some of its recipients: the commands, the rows so far, the error if there is one.

    `job` is whatever the caller wants to find again; `begun` and `ended` are readings of the monotonic
    clock; `resent` says how often the message was carried over to another connection already.
    """

    __slots__ = (
        "abort_on_partial",
        "begun",
        "commands",
        "count",
        "dialogue",
        "ended",
        "envelope",
        "error",
        "final",
        "fresh",
        "job",
        "mime",
        "pending",
        "require_tls",
        "resent",
        "rows",
        "whole",
    )

    def __init__(
        self,
        envelope: Envelope,
        mime: Mime,
        *,
        pending: Sequence[Address] | None = None,
        require_tls: bool = False,
        abort_on_partial: bool = False,
        job: Any = None,
        resent: int = 0,
    ) -> None:
        self.envelope = envelope
        self.mime = mime
        self.pending: Sequence[Address] = envelope.recipients if pending is None else pending
        self.require_tls = require_tls
        self.abort_on_partial = abort_on_partial
        self.job = job
        self.resent = resent
        self.begun = self.ended = 0.0
        self.fresh = True  # the caller's source was just asked for it
        self.commands = b""  # MAIL and the RCPTs
        self.count = 0  # how many commands that is
        self.rows: dict[str, RecipientStatus] = {}
        self.error: MailError | None = None
        self.final: Reply | None = None
        self.whole = False  # every recipient was accepted
        self.dialogue: list[bytes | Reply] = []

    # --- what we say

    def address(self, session: Session) -> bytes:
        """Write MAIL and the RCPTs for this server. Raises Unsupported, MessageInvalid before anything is said."""
        extensions = session.extensions
        envelope, mime = self.envelope, self.mime
        sender = envelope.sender
        parameters = ""
        if extensions.says_size:
            size = mime.size
            if extensions.size is not None and size > extensions.size:
                raise _too_big(size, extensions.size)
            parameters = f" SIZE={size}"
        if mime.eight_bit and extensions.eight_bit:
            parameters += " BODY=8BITMIME"
        asks_dsn = envelope.asks_dsn
        notify = f" NOTIFY={','.join(envelope.notify)}" if asks_dsn and envelope.notify else ""
        rcpt = "".join([f"RCPT TO:<{to.wire}>{notify}\r\n" for to in self.pending])
        mail = "" if sender is None else sender.wire
        utf8 = mime.utf8 or not (mail.isascii() and rcpt.isascii())
        if utf8 or self.require_tls or asks_dsn:
            parameters += self._rare_parameters(session, utf8)
        self.count = 1 + len(self.pending)
        self.commands = commands = f"MAIL FROM:<{mail}>{parameters}\r\n{rcpt}".encode()
        return commands

    def _rare_parameters(self, session: Session, utf8: bool) -> str:
        extensions, envelope = session.extensions, self.envelope
        line = ""
        if utf8:
            _need(extensions, "SMTPUTF8", "smtputf8", "an address with a non-ASCII local part")
            line += " SMTPUTF8"
        if self.require_tls:
            _need(extensions, "REQUIRETLS", "require_tls", "require_tls (RFC 8689)")
            line += " REQUIRETLS"
        if envelope.notify or envelope.ret or envelope.envid:
            _need(extensions, "DSN", "dsn", "a delivery status notification (RFC 3461)")
            line += f" RET={envelope.ret}" if envelope.ret else ""
            line += f" ENVID={_xtext(envelope.envid)}" if envelope.envid else ""
        return line

    # --- what the server says

    def take_envelope(
        self, session: Session, replies: Sequence[Reply], *, content_sent: bool = False, behind: int = 0
    ) -> None:
        """Read the replies to MAIL and the RCPTs; fewer than asked for means that the connection ended.

        `content_sent` says that the content was written with them (BDAT), and `behind` how many octets
        after it.
        """
        if len(replies) == self.count and max(replies).code < 300:  # the rule: everybody accepted (codes compare first)
            rows = self.rows
            for recipient, reply in zip(self.pending, replies[1:], strict=True):
                rows[recipient.addr_spec] = recipient_row(reply)
            self.whole = True
            return
        session.closing = session.closing or not all(map(_sensible, replies))
        if replies and not replies[0].positive:
            self.error = refusal(replies[0], "mail")
        elif said_goodbye(session, replies):
            assert session.last is not None  # noqa: S101
            self.error = refusal(session.last, "rcpt" if replies else "mail")
        elif len(replies) < self.count:
            self._refused_so_far(replies[1:])
            unsent = session.failure.unsent if session.failure else 0
            self._lost(session, handed_over=content_sent and unsent <= behind, phase="rcpt" if replies else "mail")
        elif strange := next((reply for reply in replies if 300 <= reply.code < 400), None):
            self._nonsense(strange, "rcpt", handed_over=content_sent)
        else:
            for recipient, reply in zip(self.pending, replies[1:], strict=True):
                self.rows[recipient.addr_spec] = recipient_row(reply)
            self._anybody()

    def take_chunk(self, session: Session, replies: Sequence[Reply], *, behind: int = 0) -> None:
        """Read the replies to MAIL, the RCPTs and BDAT LAST, which were written together."""
        count = self.count
        self.take_envelope(session, replies[:count], content_sent=True, behind=behind)
        if self.error is None:
            self.take_final(session, replies[count:], behind=behind)
        elif any(reply.positive for reply in replies[1:count]) and replies[count:] and replies[count].positive:
            # MAIL refused, yet RCPT and content taken: an older transaction has swallowed them.
            self._nonsense(replies[0], "final", handed_over=True)
            session.closing = True

    def _refused_so_far(self, replies: Sequence[Reply]) -> None:
        """Keep the refusals that were said before the connection ended; who was accepted is in doubt."""
        for recipient, reply in zip(self.pending, replies, strict=False):
            if not reply.positive:
                self.rows[recipient.addr_spec] = recipient_row(reply)

    def _nonsense(self, reply: Reply, phase: Phase, *, handed_over: bool) -> None:
        """Note a reply that cannot be one to what was said."""
        if handed_over:
            self.error = self._doubt(f"the server answered {reply}")
        else:
            self.error = ProtocolError(
                f"The server gave an answer that cannot be: {reply}. The connection was closed.",
                phase=phase,
                code=reply.code,
            )

    def _anybody(self) -> None:
        accepted = self.accepted
        if not accepted:
            self.error = nobody(self.rows)
        elif self.abort_on_partial and len(accepted) < len(self.pending):
            self.error = nobody({a: row for a, row in self.rows.items() if row.status is not Status.ACCEPTED})
            self.error.text = f"Not sent, because on_partial is abort and not everybody was accepted. {self.error.text}"

    def take_data(self, session: Session, replies: Sequence[Reply]) -> bool:
        """Read the reply to DATA; return whether the server now waits for content."""
        if not replies:
            if self.error is None and session.hung_up and session.last is not None:
                self.error = refusal(session.last, "data")
            elif self.error is None:
                self._lost(session, handed_over=False, phase="data")
            return False
        reply = replies[0]
        if reply.code == 354:
            return True
        if reply.code == 421 or reply.code < 400:
            session.closing = True
        if self.error is None and reply.code < 400:
            self._nonsense(reply, "data", handed_over=False)
        elif self.error is None:
            self.error = refusal(reply, "data")
        return False

    def cut(self, session: Session) -> None:
        """End before the content, because the connection cannot be trusted any more."""
        session.failure = session.failure or session.parser.broken or ProtocolError("The server said more than asked.")
        self._lost(session, handed_over=False, phase="data")

    def finals(self, session: Session) -> int:
        """How many replies the content gets: over LMTP one for each accepted recipient (RFC 2033)."""
        return len(self.accepted) if session.lmtp else 1

    def take_final(self, session: Session, replies: Sequence[Reply], *, behind: int = 0) -> None:
        """Read the replies to the content; `behind` octets were written after it in the same exchange."""
        if replies:
            session.answered += 1
        if self.whole and len(replies) == 1 and not session.lmtp and replies[0].code < 300:  # the rule again
            self.final = replies[0]
            self.rows = dict.fromkeys(self.rows, recipient_row(replies[0]))
            return
        session.closing = session.closing or not all(map(_sensible, replies))
        if session.lmtp and replies:
            self._take_each(session, replies)
            return
        if not replies:
            unsent = session.failure.unsent if session.failure else 0
            self._lost(session, handed_over=unsent <= behind, phase="data")
            return
        reply = self.final = replies[0]
        if 300 <= reply.code < 400:
            self._nonsense(reply, "final", handed_over=True)
        elif reply.positive:
            row = recipient_row(reply)
            for address, before in self.rows.items():
                if before.status is Status.ACCEPTED:
                    self.rows[address] = row
        else:
            self.error = refusal(reply, "final")

    def _take_each(self, session: Session, replies: Sequence[Reply]) -> None:
        """Read LMTP's replies, one for each accepted recipient; who got none before the end is in doubt."""
        self.final = replies[-1]
        accepted = self.accepted
        for address, answer in zip(accepted, replies, strict=False):
            self.rows[address] = recipient_row(answer)
        missing = accepted[len(replies) :]
        if len(self.accepted) > len(missing):
            self.rows.update(dict.fromkeys(missing, RecipientStatus(Status.UNKNOWN)))
        elif missing:
            self._lost(session, handed_over=True, phase="final")
        else:
            self.error = nobody(self.rows, phase="final")

    def _lost(self, session: Session, *, handed_over: bool, phase: Phase) -> None:
        """Note the end of the connection: before the point of no return a failure, after it a doubt."""
        failure = session.failure or ConnectFailed("The server closed the connection.")
        session.failure = failure
        if handed_over:
            why = failure.text.rstrip(".")
            self.error = self._doubt(f"no answer came: {why[:1].lower()}{why[1:]}")
        else:
            self.error = copy(failure)  # others that the same end concerns need attempts and transcript of their own
            self.error.phase = phase
        self.error.__cause__ = failure

    def _doubt(self, why: str) -> OutcomeUnknown:
        concerned = self.accepted or [to.addr_spec for to in self.pending if to.addr_spec not in self.rows]
        return OutcomeUnknown(
            f"The message was handed over, but {why}. "
            "It may have been accepted; sending it again could make a second copy.",
            phase="final",
            recipients=self.rows | {address: RecipientStatus(Status.UNKNOWN) for address in concerned},
        )

    # --- what became of it

    @property
    def code(self) -> int | None:
        """The code of the answer to the content."""
        return self.final.code if self.final is not None else None

    @property
    def accepted(self) -> list[str]:
        """The addresses that the server has accepted so far."""
        return [address for address, row in self.rows.items() if row.status is Status.ACCEPTED]

    @property
    def put_off(self) -> list[Address]:
        """Whom to try in another transaction at once: 452 behind accepted ones (RFC 5321 section 4.5.3.1.10)."""
        if self.error is not None or self.whole:
            return []
        return [to for to in self.pending if self.rows[to.addr_spec].code == 452]

    def transcript(self, session: Session) -> tuple[str, ...]:
        """The dialogue, for an error."""
        said = list(session.lines)
        for part in self.dialogue:
            if isinstance(part, bytes):
                said += [f"C: {line}" for line in part.decode("utf-8", "replace").splitlines()]
            else:
                said.append(f"S: {part}")
        return tuple(said)


def _sensible(reply: Reply) -> bool:
    """Whether the server may be asked again after this: not after 421, nor after 3xx where it means nothing."""
    return reply.code != 421 and not 300 <= reply.code < 400


def said_goodbye(session: Session, replies: Sequence[Reply]) -> bool:
    """Whether 421 was the last word of the server, within these replies or (they are none) before them."""
    return session.hung_up and (not replies or replies[-1] is session.last)


def _need(extensions: Extensions, keyword: str, feature: str, what: str) -> None:
    if keyword not in extensions.keywords:
        raise Unsupported(
            f"The server does not offer {keyword}, which {what} needs; nothing was sent.",
            feature=feature,
            field=feature,
        )


def _too_big(size: int, limit: int) -> MessageInvalid:
    return MessageInvalid(
        f"The message has {size} octets, the server takes at most {limit}; nothing was sent.",
        field="size",
        hints=["Make the message smaller, or link to the file instead of attaching it."],
    )


def _xtext(text: str) -> str:
    """Encode for an ESMTP parameter (RFC 3461 section 4)."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else "".join(f"+{b:02X}" for b in c.encode()) for c in text)
