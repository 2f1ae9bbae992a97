"""`Dialogue`: the server's side of SMTP, ESMTP and LMTP, correct unless the script says otherwise.

For each step the script is asked first. Whatever is answered, by script or by rule, the state follows
the reply that was actually written: a scripted `354` really opens the body, a scripted `250-PIPELINING`
really is an offer. So a script never has to keep the peer's state in order.

Replies wait in a buffer until the client's input is used up, as real servers do for a pipelining
client, and leave in one segment then.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from support.authentication import Exchange, decode, encode, exchange, refusal
from support.script import End, Ended

if TYPE_CHECKING:
    from support.session import Session, Step

_PATH = re.compile(rb"(?i)^(FROM|TO): ?<([^<>\r\n]*)>(?: (.*))?$")
_LAST_IN_GROUP = {"EHLO", "HELO", "LHLO", "DATA", "STARTTLS", "AUTH", "NOOP", "QUIT", "VRFY", "EXPN"}
"""RFC 2920 section 3.1 (and 3207 section 4.2 for STARTTLS, 4954 for AUTH)."""

_MAIL_NEEDS = {"SIZE": "SIZE", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN"}
_MAIL_NEEDS |= {"AUTH": "AUTH", "REQUIRETLS": "REQUIRETLS"}
_RCPT_NEEDS = {"NOTIFY": "DSN", "ORCPT": "DSN"}


class Dialogue:
    """The conversation of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.options = session.peer.options
        self._greeted = False
        self._auth: Exchange | None = None
        self._chunks = bytearray()
        self._said = b""

    async def hold(self) -> None:
        """Converse until somebody ends it, which raises `Ended`."""
        if self.options.tls == "implicit":
            await self._handshake()
        await self._step("CONNECT")
        while True:
            await self._command(await self.session.line())

    async def _command(self, line: bytes) -> None:
        from support.session import Command

        session = self.session
        word, _, rest = line.partition(b" ")
        verb = word.decode("latin-1").upper()
        argument = rest.decode("latin-1")
        if self._auth is not None:
            verb, argument = "RESPONSE", line.decode("latin-1")
        session.commands.append(Command(verb, argument, line, session.wire.encrypted))
        self._judge(verb, line)
        if verb == "BDAT":
            await self._bdat(argument)  # its chunk comes before its answer
            return
        code = await self._step(verb, argument)
        if (after := self._after(verb)) and (following := after(argument, code)) is not None:
            await following

    def _after(self, verb: str) -> Callable[[str, int | None], Awaitable[None] | None] | None:
        return getattr(self, f"_after_{verb.lower()}", None)

    def _judge(self, verb: str, line: bytes) -> None:
        session = self.session
        if session.buffer and verb != "BDAT":
            if "PIPELINING" not in session.offered:
                session.violated(f"more was sent before the answer to {line!r}, and PIPELINING was not offered")
            elif verb in _LAST_IN_GROUP:
                session.violated(f"{verb} was not the last command of its group")
        if verb == "MAIL" and session.sender is not None:
            # The next recipients would join the last: RFC 5321 section 4.1.4; for BDAT, RFC 3030 section 2.
            session.violated("MAIL within a transaction: one that failed must be ended by RSET")
        if any(octet < 32 or octet == 127 for octet in line):
            session.violated(f"control characters in {line!r}")
        if not line.isascii() and "SMTPUTF8" not in session.offered:
            session.violated(f"non-ASCII bytes in {line!r}, and SMTPUTF8 was not offered")

    async def _step(self, verb: str, argument: str | bytes = "") -> int | None:
        """Let the script act, or be correct; return the code of the first reply, if it was one."""
        from support.session import Step

        session = self.session
        step = Step(session, verb, argument)
        action = session.peer.chooser.choose(step)
        session.take_said()
        try:
            if action is None:
                await self.proceed(step)
            else:
                await action.perform(session, step)
        finally:
            self._said = session.take_said()
        return _code(self._said)

    async def proceed(self, step: Step) -> None:
        """Answer this step as a correct server would."""
        verb = "final" if step.verb == "." else step.verb.lower()
        answer: Callable[[str], str | None] | None = getattr(self, f"_on_{verb}", None)
        if answer is None:
            self.session.say(b"502 5.5.1 command not implemented\r\n")
        elif text := answer(step.argument if step.verb != "." else ""):
            self.session.say(text.encode("latin-1") + b"\r\n")

    # --- opening -----------------------------------------------------------------------------

    def _on_connect(self, argument: str) -> str:
        return f"220 {self.options.name} {'LMTP' if self.options.lmtp else 'ESMTP'} ready"

    def _on_ehlo(self, argument: str) -> str:
        if self.options.lmtp:
            return "500 5.5.1 this is LMTP, say LHLO"
        return self._hello(argument)

    def _on_lhlo(self, argument: str) -> str:
        if not self.options.lmtp:
            return "500 5.5.1 this is not LMTP"
        return self._hello(argument)

    def _hello(self, argument: str) -> str:
        if not argument:
            return "501 5.5.4 a name is missing"
        lines = [f"{self.options.name} greets {argument}", *self._extensions()]
        return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])

    def _on_helo(self, argument: str) -> str:
        return f"250 {self.options.name}" if argument else "501 5.5.4 a name is missing"

    def _extensions(self) -> Iterator[str]:
        encrypted = self.session.wire.encrypted
        yield from self.options.extensions
        if self.options.tls == "starttls" and not encrypted:
            yield "STARTTLS"
        if self.options.auth and (encrypted or self.options.tls == "off"):
            yield f"AUTH {' '.join(self.options.mechanisms)}"

    def _after_ehlo(self, argument: str, code: int | None) -> None:
        if code == 250:
            self._greeted = True
            self._reset()
            self.session.offered = _offer(self._said)

    _after_lhlo = _after_ehlo

    def _after_helo(self, argument: str, code: int | None) -> None:
        if code == 250:
            self._greeted = True
            self._reset()
            self.session.offered = {}

    def _on_starttls(self, argument: str) -> str:
        if "STARTTLS" not in self.session.offered:
            return "502 5.5.1 not offered"
        return "220 2.0.0 go ahead"

    async def _after_starttls(self, argument: str, code: int | None) -> None:
        if code == 220:
            await self.session.flush()
            # RFC 3207 section 5: what came before the handshake cannot be trusted.
            self.session.buffer.clear()
            await self._handshake()
            self._greeted = False
            self._reset()
            self.session.offered = {}

    async def _handshake(self) -> None:
        session = self.session
        if not await session.wire.first_bytes():
            raise Ended(End.EOF)
        await self._step("TLS")
        await session.flush()
        await session.wire.start_tls(self.options.tls_context())
        session.tls_version = (session.wire.tls and session.wire.tls.version()) or ""

    def _on_tls(self, argument: str) -> None:
        """Say nothing: the handshake follows."""

    # --- AUTH --------------------------------------------------------------------------------

    def _on_auth(self, argument: str) -> str:
        mechanism, _, initial = argument.partition(" ")
        if "AUTH" not in self.session.offered:
            return "503 5.5.1 AUTH is not offered"
        if mechanism.upper() not in self.options.mechanisms or not self.options.auth:
            return "504 5.5.4 unknown mechanism"
        self._auth = exchange(mechanism.upper(), *self.options.auth)
        try:
            return self._advance(None if not initial else decode(initial))
        except ValueError:
            self._auth = None
            return "501 5.5.2 not base64"

    def _on_response(self, argument: str) -> str:
        if argument == "*":
            self._auth = None
            return "501 5.7.0 cancelled"
        try:
            return self._advance(decode(argument))
        except ValueError:
            self._auth = None
            return "501 5.5.2 not base64"

    def _advance(self, response: bytes | None) -> str:
        """Hand the client's response to the mechanism; None starts it without an initial one."""
        assert self._auth is not None
        try:
            return f"334 {encode(self._auth.send(response))}"
        except StopIteration as finished:
            self._auth = None
            if finished.value:
                self.session.user = finished.value
                return "235 2.7.0 welcome"
            return "535 5.7.8 credentials refused"

    def _after_auth(self, argument: str, code: int | None) -> None:
        if code != 334:
            self._auth = None
        elif self._auth is None:
            self._auth = refusal()
            next(self._auth)
        if code == 235 and self.session.user is None:
            self.session.user = "(by script)"

    _after_response = _after_auth

    # --- the transaction ---------------------------------------------------------------------

    def _reset(self) -> None:
        session = self.session
        session.sender = None
        session.mail_parameters = {}
        session.recipients = {}
        self._chunks.clear()

    def _on_mail(self, argument: str) -> str:
        session = self.session
        path = _PATH.match(argument.encode("latin-1"))
        if not self._greeted:
            return "503 5.5.1 say EHLO first"
        if self.options.auth and session.user is None and self.options.require_auth:
            return "530 5.7.0 authentication required"
        if session.sender is not None:
            return "503 5.5.1 one transaction at a time"
        if not path or path[1].upper() != b"FROM":
            return "501 5.5.4 syntax: MAIL FROM:<address>"
        parameters = _parameters(path[3])
        if unknown := self._unoffered(parameters, _MAIL_NEEDS):
            return f"555 5.5.4 {unknown} is not offered"
        limit = int(session.offered.get("SIZE") or 0)
        if limit and int(parameters.get("SIZE") or 0) > limit:
            return "552 5.3.4 message too big"
        if not path[2].isascii() and "SMTPUTF8" not in parameters:
            return "553 5.6.7 SMTPUTF8 is needed"
        return "250 2.1.0 sender ok"

    def _after_mail(self, argument: str, code: int | None) -> None:
        path = _PATH.match(argument.encode("latin-1"))
        if code is not None and 200 <= code < 300 and path:
            self._reset()
            self.session.sender = path[2].decode("utf-8", "surrogateescape")
            self.session.mail_parameters = _parameters(path[3])

    def _on_rcpt(self, argument: str) -> str:
        session = self.session
        path = _PATH.match(argument.encode("latin-1"))
        if session.sender is None:
            return "503 5.5.1 say MAIL first"
        if not path or path[1].upper() != b"TO" or not path[2]:
            return "501 5.5.4 syntax: RCPT TO:<address>"
        if unknown := self._unoffered(_parameters(path[3]), _RCPT_NEEDS):
            return f"555 5.5.4 {unknown} is not offered"
        if not path[2].isascii() and "SMTPUTF8" not in session.mail_parameters:
            return "553 5.6.7 SMTPUTF8 is needed"
        return "250 2.1.5 recipient ok"

    def _after_rcpt(self, argument: str, code: int | None) -> None:
        path = _PATH.match(argument.encode("latin-1"))
        if code is not None and 200 <= code < 300 and path:
            self.session.recipients[path[2].decode("utf-8", "surrogateescape")] = _parameters(path[3])

    def _unoffered(self, parameters: dict[str, str], needs: dict[str, str]) -> str:
        return next((name for name in parameters if needs.get(name, name) not in self.session.offered), "")

    def _on_data(self, argument: str) -> str:
        if not self.session.recipients:
            return "503 5.5.1 no valid recipients" if self.session.sender is None else "554 5.5.1 no valid recipients"
        return "354 end with <CRLF>.<CRLF>"

    async def _after_data(self, argument: str, code: int | None) -> None:
        if code is None or not 300 <= code < 400:
            return
        session = self.session
        await session.flush()
        await self._step("BODY")
        raw = await self._stuffed_body()
        await self._submitted(raw, _unstuffed(raw), chunked=False)

    def _on_body(self, argument: str) -> None:
        """Say nothing: the body follows."""

    async def _stuffed_body(self) -> bytes:
        buffer = self.session.buffer
        seen = 0
        while True:
            if buffer.startswith(b".\r\n"):
                raw, end = b"", 3
                break
            if (found := buffer.find(b"\r\n.\r\n", seen)) >= 0:
                raw, end = bytes(buffer[: found + 2]), found + 5
                break
            seen = max(0, len(buffer) - 4)
            await self.session.fill()
        del buffer[:end]
        return raw

    def _on_bdat(self, argument: str) -> str:
        return "250 2.0.0 chunk taken" if self.session.recipients else "503 5.5.1 no valid recipients"

    async def _bdat(self, argument: str) -> None:
        size, last = _chunk(argument)
        session = self.session
        await self._step("BODY")
        while len(session.buffer) < size:
            await session.fill()
        self._chunks += session.buffer[:size]
        del session.buffer[:size]
        if session.buffer and "PIPELINING" not in session.offered:
            session.violated("more was sent before the answer to a BDAT, and PIPELINING was not offered")
        if last and session.recipients:
            raw = bytes(self._chunks)
            self._chunks.clear()
            await self._submitted(raw, raw, chunked=True)
        elif (code := await self._step("BDAT", argument)) is None or code >= 300:
            self._chunks.clear()

    async def _submitted(self, raw: bytes, data: bytes, *, chunked: bool) -> None:
        from support.session import Submission

        session = self.session
        self._judge_body(raw, chunked=chunked)
        submission = Submission(session, raw, data, chunked=chunked)
        session.messages.append(submission)
        session.peer.messages.append(submission)
        for argument in submission.recipients if self.options.lmtp else (data,):
            try:
                await self._step(".", argument)
            finally:
                if (code := _code(self._said)) is not None:
                    submission.codes.append(code)
        self._reset()

    def _judge_body(self, raw: bytes, *, chunked: bool) -> None:
        session = self.session
        if "BINARYMIME" in session.mail_parameters.get("BODY", ""):
            return
        lines = raw.split(b"\r\n")
        if any(b"\r" in line or b"\n" in line for line in lines):
            session.violated("bare CR or LF in a body")
        if max(map(len, lines)) > 998 + (not chunked):
            session.violated("a line of more than 998 bytes in a body")
        declared = session.mail_parameters.keys() & {"BODY", "SMTPUTF8"}
        if not raw.isascii() and not declared:
            session.violated("8-bit bytes in a body that was not declared so")

    def _on_final(self, argument: str) -> str:
        session = self.session
        limit = int(session.offered.get("SIZE") or 0)
        if limit and len(session.messages[-1].data) > limit:
            return "552 5.3.4 message too big"
        return f"250 2.0.0 queued as {session.number}-{len(session.messages)}"

    def _on_rset(self, argument: str) -> str:
        return "250 2.0.0 forgotten"

    def _after_rset(self, argument: str, code: int | None) -> None:
        if code == 250:
            self._reset()

    # --- the rest ----------------------------------------------------------------------------

    def _on_noop(self, argument: str) -> str:
        return "250 2.0.0 ok"

    def _on_vrfy(self, argument: str) -> str:
        return "252 2.1.5 send and see"

    def _on_quit(self, argument: str) -> str:
        return "221 2.0.0 bye"

    async def _after_quit(self, argument: str, code: int | None) -> None:
        await self.session.flush()
        self.session.wire.say_goodbye()
        raise Ended(End.QUIT)


def _code(said: bytes) -> int | None:
    return int(said[:3]) if said[:3].isdigit() and len(said) >= 3 else None


def _offer(said: bytes) -> dict[str, str]:
    """Read the extensions out of the EHLO reply that was really sent."""
    lines = said.decode("latin-1").split("\r\n")[1:]
    words = [line[4:].partition(" ") for line in lines if line[:4] in ("250-", "250 ")]
    return {name.upper(): value for name, _, value in words}


def _parameters(text: bytes | None) -> dict[str, str]:
    words = [word.partition("=") for word in (text or b"").decode("utf-8", "surrogateescape").split()]
    return {name.upper(): value for name, _, value in words}


def _chunk(argument: str) -> tuple[int, bool]:
    size, _, last = argument.partition(" ")
    return (int(size) if size.isdigit() else 0), last.upper() == "LAST"


def _unstuffed(raw: bytes) -> bytes:
    return raw.removeprefix(b".").replace(b"\r\n.", b"\r\n")
