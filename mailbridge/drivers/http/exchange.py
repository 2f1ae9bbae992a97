"""Between our values and httpx's, for both colours: requests, failures explained, bodies within bounds."""

from __future__ import annotations

import ssl
import zlib
from typing import Any
from urllib.parse import urlsplit

from mailbridge.drivers import tls
from mailbridge.drivers.http.engine import engine
from mailbridge.errors import ConfigError, ConnectFailed, MailError, OutcomeUnknown, TimedOut
from mailbridge.flow.http import Http, HttpOptions, HttpRequest, HttpResponse
from mailbridge.flow.operations import TlsOptions

LONGEST = 1 << 20
"""Octets of a decoded body that are kept: no API of a mail provider has more to say about a send."""

USER_AGENT = ("User-Agent", "mailbridge")


def prepared(request: HttpRequest, options: HttpOptions) -> Any:
    """Return the request as httpx has it, with the times for each step."""
    headers = [USER_AGENT, *request.headers] if request.header("user-agent") is None else request.headers
    times = {"connect": options.connect, "read": options.read, "write": options.write, "pool": options.pool}
    return engine.Request(
        request.method,
        request.url,
        headers=[("Accept", "application/json"), *headers],
        content=request.body,
        extensions={"timeout": times},
    )


def context_for(options: HttpOptions) -> ssl.SSLContext:
    """Return the TLS context, shared by all connections with the same settings."""
    return tls.context(options.tls)


def explained(error: Exception, op: Http) -> MailError:
    """Return the typed error for an exchange that failed, by what can have reached the server until then."""
    host = urlsplit(op.request.url).hostname or ""
    if _after_all_sent(error):
        return lost(error, host, op.options)
    if isinstance(error, engine.PoolTimeout):
        return TimedOut(
            f"All {op.options.connections} connections to {host} stayed in use for {op.options.pool:g} s.",
            phase="connect",
            hints=["Allow more with `connections`, or send fewer messages at once."],
        )
    if isinstance(error, engine.ConnectTimeout):
        return TimedOut(f"{host} did not answer within {op.options.connect:g} s.", phase="connect")
    if isinstance(error, engine.ProxyError):
        return _proxy_error(str(error))
    if isinstance(error, engine.ConnectError):
        return _unreachable(error, host, op.options.tls)
    if isinstance(error, (engine.UnsupportedProtocol, engine.InvalidURL)):
        return ConfigError(f"The URL {op.request.url.partition('?')[0]} cannot be used: {error}.", phase="connect")
    if isinstance(error, engine.LocalProtocolError):
        return ConfigError(f"The request to {host} cannot be sent: {error}.", phase="send")
    return lost(error, host, op.options)


def lost(error: Exception | None, host: str, options: HttpOptions) -> OutcomeUnknown:
    """Return the error for a request that went out and got no answer."""
    if error is None:
        why = f"no answer within {options.total:g} s"
    elif isinstance(error, engine.TimeoutException):
        why = f"no answer within {options.read:g} s"
    else:
        why = str(error) or type(error).__name__
    return OutcomeUnknown(
        f"The request went to {host}, but no answer came ({why}). The message may have been accepted; "
        "sending it again could make a second copy.",
        phase="send",
    )


def _after_all_sent(error: Exception) -> bool:
    """Whether an error that says "not connected" came from a connection that stood.

    httpx-aiohttp translates each ClientConnectionError into a ConnectTimeout or ConnectError, also "the
    server disconnected", which comes after the request (seen in 0.1.8).
    """
    cause = error.__cause__
    names = {kind.__name__ for kind in type(cause).__mro__ if kind.__module__.startswith("aiohttp.")}
    return "ClientConnectionError" in names and names.isdisjoint(_NOT_CONNECTED)


_NOT_CONNECTED = frozenset({"ClientConnectorError", "ConnectionTimeoutError", "ClientProxyConnectionError"})


def _proxy_error(said: str) -> MailError:
    """Tell a proxy that does not know us (407) from one that cannot reach the server."""
    if said.startswith("407"):
        return ConfigError(
            f"The proxy refuses us: {said}.", phase="connect", code=407, hints=["Give it user and password in `proxy`."]
        )
    return ConnectFailed(f"The proxy could not make the connection: {said}.", phase="connect")


def _unreachable(error: Exception, host: str, options: TlsOptions) -> MailError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return tls.explained(cause, host)
        if isinstance(cause, OSError) and (named := _name_error(cause, host)) is not None:
            return named
        cause = cause.__cause__ or cause.__context__
    return ConnectFailed(f"No connection to {host}: {str(error) or 'refused'}.", phase="connect")


def _name_error(error: OSError, host: str) -> MailError | None:
    from socket import gaierror

    from mailbridge.drivers.names import name_error

    return name_error(error, host) if isinstance(error, gaierror) else None


class Body:
    """The body of a response as it arrives: decoded, and cut at `LONGEST`."""

    __slots__ = ("_chunks", "_decode", "_encoding", "_left", "_pairs", "_status", "complete")

    def __init__(self, response: Any) -> None:
        self._status = response.status_code
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        self._decode = _decoder(encoding)
        self._encoding = encoding
        self._chunks: list[bytes] = []
        self._left = LONGEST
        self.complete = False

    def add(self, chunk: bytes) -> bool:
        """Take what arrived; say whether more is wanted."""
        try:
            if self._decode is not None:
                chunk = self._decode.decompress(chunk, self._left + 1)
        except zlib.error:
            return False
        self._chunks.append(chunk[: self._left])
        self._left -= len(chunk)
        return self._left >= 0

    def ended(self) -> None:
        """Note that the body came to its end, if what was compressed did so too."""
        self.complete = self._left >= 0 and (self._decode is None or self._decode.eof)

    def response(self) -> HttpResponse:
        """Return what there is."""
        return HttpResponse(self._status, self._pairs, b"".join(self._chunks), complete=self.complete)


def _decoder(encoding: str) -> Any:
    """Return what undoes a content encoding that we did not ask for, or None where there is none."""
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    return None
