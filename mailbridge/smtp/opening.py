"""Opening an SMTP connection: greeting, EHLO, STARTTLS, AUTH."""

from __future__ import annotations

from mailbridge.errors import AuthFailed, ConfigError, MailError, ProtocolError, TimedOut, TlsMisconfigured
from mailbridge.flow.operations import Clock, Close, Connect, Flow, StartTls, TlsOptions
from mailbridge.redaction import MASK
from mailbridge.smtp import auth
from mailbridge.smtp.classify import refusal
from mailbridge.smtp.extensions import Extensions
from mailbridge.smtp.reply import Reply
from mailbridge.smtp.server import Server
from mailbridge.smtp.session import Session
from mailbridge.transcript import Transcript

_PROBE_TIMEOUT = 0.8  # seconds; nobody should wait for an explanation for much longer than for the answer


def open_session(server: Server, *, transcript: Transcript | None = None, fresh_token: bool = False) -> Flow[Session]:
    """Connect, say EHLO, encrypt and authenticate as `server` says; return a session ready for MAIL.

    `fresh_token` asks the token source for another token than the last.

    Raises ConfigError, ConnectFailed, TlsFailed, TimedOut, AuthFailed, ServerError. A connection that
    could not be made ready is closed.
    """
    mode = server.tls_mode
    clock = yield from Clock()
    begun = clock()
    stream = yield from Connect(
        server.host,
        server.port,
        timeout=server.timeouts.connect,
        tls=server.tls_options if mode == "implicit" else None,
        source_address=server.source_address,
    )
    session = Session(stream, clock, lmtp=server.lmtp, opened=begun, quit_timeout=server.timeouts.quit)
    session.transcript = transcript
    try:
        session.note("*", f"connected to {server.address}" + (", encrypted" if stream.encrypted else ""))
        yield from _greeting(session, server)
        yield from _hello(session, server)
        if mode == "starttls":
            yield from _starttls(session, server, server.tls_options)
        if server.user or server.has_token:
            yield from _authenticate(session, server, fresh_token=fresh_token)
        if not session.usable:
            raise session.failure or ProtocolError("The server said more than it was asked.", phase="connect")
    except MailError as error:
        error.transcript = error.transcript or tuple(session.lines)
        yield from Close(stream)
        raise
    return session


def _greeting(session: Session, server: Server) -> Flow[None]:
    try:
        reply = yield from session.command(b"", server.timeouts.greeting)
    except ProtocolError as error:
        raise ConfigError(
            f"{server.address} does not answer as an SMTP server: {error.text}",
            phase="connect",
            hints=["Check host and port."],
        ) from error
    except MailError as error:
        error.phase = "connect"
        if not session.stream.encrypted and (yield from _speaks_tls(server)):
            raise TlsMisconfigured(
                f"{server.address} sends no greeting but answers to TLS: this port expects TLS from the first byte.",
                phase="tls",
                hints=["Set tls=implicit (or use smtps://), or use the STARTTLS port, usually 587."],
            ) from error
        what = "sent no greeting in time" if isinstance(error, TimedOut) else "closed the connection without a greeting"
        error.text = f"{server.address} {what}."
        raise
    session.greeting = reply.text
    if reply.code != 220:
        raise refusal(reply, "connect")


def _speaks_tls(server: Server) -> Flow[bool]:
    """Ask the silent port once whether it is a TLS port: the commonest mix-up, and worth an exact answer."""
    timeout = min(_PROBE_TIMEOUT, server.timeouts.greeting)
    anyone = TlsOptions(server.tls_options.host, verify=False)
    try:
        probe = yield from Connect(server.host, server.port, timeout=timeout, tls=anyone)
    except MailError:
        return False
    yield from Close(probe)
    return True


def _hello(session: Session, server: Server) -> Flow[None]:
    verb = "LHLO" if session.lmtp else "EHLO"
    name = server.local_hostname or session.stream.local_name
    reply = yield from session.command(f"{verb} {name}\r\n".encode("ascii"), server.timeouts.command)
    if reply.code in (500, 502) and not session.lmtp:
        reply = yield from session.command(f"HELO {name}\r\n".encode("ascii"), server.timeouts.command)
        session.extensions = Extensions()
    elif reply.positive:
        session.extensions = Extensions.parse(reply)
    if not reply.positive:
        raise refusal(reply, "connect")


def _starttls(session: Session, server: Server, options: TlsOptions) -> Flow[None]:
    if not session.extensions.starttls:
        raise TlsMisconfigured(
            f"{server.address} does not offer STARTTLS; nothing was sent.",
            phase="tls",
            hints=["Use the port that offers it (587), tls=implicit for port 465, or tls=off for a server you trust."],
        )
    reply = yield from session.command(b"STARTTLS\r\n", server.timeouts.command)
    if reply.code != 220:
        raise refusal(reply, "tls")
    if not session.usable:
        # Bytes glued to the reply were sent by whoever sits in the middle (CVE-2011-0411).
        raise ProtocolError("The server sent more than its answer to STARTTLS; the connection was closed.", phase="tls")
    yield StartTls(session.stream, options, timeout=server.timeouts.command)
    session.note("*", "encrypted")
    session.extensions = Extensions()
    yield from _hello(session, server)


def _authenticate(session: Session, server: Server, *, fresh_token: bool) -> Flow[None]:
    if not (session.stream.encrypted or server.allow_insecure_auth or server.is_local):
        raise ConfigError(
            f"Credentials are not sent in clear text to {server.address}.",
            phase="auth",
            hints=["Set tls=starttls or tls=implicit; allow_insecure_auth=true if you must."],
        )
    credentials = yield from server.credentials(refresh=fresh_token)
    name = auth.choose(session.extensions.auth, token=credentials.token is not None, allowed=server.auth)
    reply = yield from _converse(session, name, credentials, server.timeouts.command)
    if reply.code != 235:
        error = refusal(reply, "auth")
        if reply.code in (504, 534, 538):
            error.text = f"The server does not accept the mechanism {name} here: {reply}."
        raise error


def _converse(session: Session, name: str, credentials: auth.Credentials, timeout: float) -> Flow[Reply]:
    mechanism = auth.MECHANISMS[name](credentials)
    initial = credentials.say(next(mechanism), initial=True)
    command = auth.Veiled(b"AUTH " + name.encode())
    shown = f"AUTH {name} {MASK}"
    # So long a command has to wait for the challenge (RFC 4954 section 4).
    at_once = name in auth.SPEAKS_FIRST and len(command) + len(initial) + 3 <= auth.MAX_COMMAND
    if at_once:
        command = auth.Veiled(command + b" " + initial)
    reply = yield from _say(session, command, credentials, timeout, shown=shown)
    if name in auth.SPEAKS_FIRST and not at_once and reply.code == 334:
        reply = yield from _say(session, initial, credentials, timeout)
    for challenges in range(auth.MAX_ROUNDS):
        if reply.code == 235 and challenges < auth.CHALLENGES.get(name, 0):
            raise AuthFailed(f"The server let us in by {name} before it had proved who it is.", phase="auth")
        if reply.code != 334:
            return reply
        try:
            response = credentials.say(mechanism.send(auth.challenge(reply.text)))
        except StopIteration:
            break
        reply = yield from _say(session, response, credentials, timeout)
    raise AuthFailed(f"The server keeps asking during AUTH {name}; gave up.", phase="auth")


def _say(
    session: Session, text: auth.Veiled, credentials: auth.Credentials, timeout: float, *, shown: str = MASK
) -> Flow[Reply]:
    return (yield from session.command(auth.Veiled(text + b"\r\n"), timeout, shown=shown, veil=credentials.veil))
