"""Between our values and httpx's, for both colours: requests, and what its failures mean."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from functools import lru_cache
from socket import gaierror
from typing import Any
from urllib.parse import urlsplit

from mailbridge.drivers import tls
from mailbridge.drivers.http.engine import engine
from mailbridge.drivers.http.progress import Progress
from mailbridge.drivers.names import name_error
from mailbridge.errors import (
    ConfigError,
    ConnectFailed,
    MailError,
    OutcomeUnknown,
    ProtocolError,
    TimedOut,
    TlsMisconfigured,
)
from mailbridge.flow.http import Http, HttpOptions, HttpRequest

_OURS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", "mailbridge"),
)
"""Headers for requests that do not bring their own. Answers are short: to compress them gains nothing."""

_NO_TLS = ("Check base_url: its scheme, host and port.",)
_VALUE = re.compile(r"[\t\x20-\x7e]*").fullmatch

_NO_WAY = ("Check base_url and proxy, and that this machine may reach them: a firewall may want a proxy.",)

FAILURES = (engine.HTTPError, engine.InvalidURL, TimeoutError)
"""What an exchange may end with, besides our own errors."""

_BEFORE = (
    engine.ConnectError,
    engine.ConnectTimeout,
    engine.InvalidURL,
    engine.LocalProtocolError,
    engine.PoolTimeout,
    engine.ProxyError,
    engine.UnsupportedProtocol,
)
"""Failures that come before anything is sent, by their class alone."""


def prepared(request: HttpRequest, options: HttpOptions) -> Any:
    """Return the request as httpx has it, with the times for each step. Raises ConfigError, httpx's InvalidURL.

    Host and Content-Length are written here, which spares httpx half of its work on a request.
    """
    names = set()
    for name, value in request.headers:
        if _VALUE(value) is None:
            raise _not_a_header(name, host_of(request))
        names.add(name.lower())
    url = _url(request.url)
    headers = [("Host", url.netloc.decode("ascii")), *(pair for pair in _OURS if pair[0].lower() not in names)]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(request.body))))
    times = {"connect": options.connect, "read": options.read, "write": options.write, "pool": options.pool}
    return engine.Request(
        request.method,
        url,
        headers=[*headers, *request.headers],
        stream=engine.ByteStream(request.body),
        extensions={"timeout": times},
    )


@lru_cache(256)
def _url(address: str) -> Any:
    """Return an address as httpx has it; an API has few, and reading one takes as long as a tenth of an exchange."""
    return engine.URL(address)


def _not_a_header(name: str, host: str) -> ConfigError:
    return ConfigError(
        f"The request to {host} cannot be sent: its header {name} holds characters beyond ASCII, or a line break.",
        phase="build",
        hints=["A key that was copied from a document may have brought dashes, quotes or spaces of its own."],
    )


def context_for(options: HttpOptions) -> ssl.SSLContext:
    """Return the TLS context, shared by all connections with the same settings.

    Not with SMTP's: httpcore has a context offer "http/1.1", at which a mail server may take offence.
    """
    return tls.context(options.tls, use="http")


def host_of(request: HttpRequest) -> str:
    """Return the host that a request goes to."""
    return urlsplit(request.url).hostname or ""


def busy(options: HttpOptions, host: str) -> TimedOut:
    """Return the error for connections that all stayed in use."""
    return TimedOut(
        f"All {options.connections} connections to {host} stayed in use for {options.pool:g} s.",
        phase="connect",
        hints=["Allow more with `connections`, or send fewer messages at once."],
    )


def explained(error: Exception, op: Http, progress: Progress) -> MailError:
    """Return the typed error for an exchange that failed, by what can have reached the server until then."""
    options, host = op.options, host_of(op.request)
    if progress.sent or not (progress.witnessed or isinstance(error, _BEFORE)):
        return _lost(error, host, options, progress)
    if isinstance(error, engine.PoolTimeout):
        return busy(options, host)
    if isinstance(error, engine.TimeoutException | TimeoutError):
        waited = options.total if progress.over else options.connect
        whom = "The proxy" if options.proxy else host
        return TimedOut(f"{whom} did not answer within {waited:g} s.", phase="connect", hints=_NO_WAY)
    if isinstance(error, engine.ProxyError):
        return _proxy_error(str(error))
    if isinstance(error, engine.UnsupportedProtocol | engine.InvalidURL):
        return ConfigError(f"The URL {op.request.url.partition('?')[0]} cannot be used: {error}.", phase="connect")
    if isinstance(error, engine.LocalProtocolError):
        return ConfigError(f"The request to {host} cannot be sent: {error}.", phase="build")
    return _unreachable(error, host, urlsplit(options.proxy or "").hostname)


def _lost(error: Exception, host: str, options: HttpOptions, progress: Progress) -> OutcomeUnknown:
    """Return the error for a request that went out and got no answer."""
    if isinstance(error, engine.TimeoutException | TimeoutError):
        why = f"nothing within {options.total if progress.over else options.read:g} s"
    else:
        why = str(error).rstrip(".") or type(error).__name__
    return OutcomeUnknown(
        f"The request went to {host}, but no answer came ({why}). The message may have been accepted; "
        "sending it again could make a second copy.",
        phase="send",
    )


def _proxy_error(said: str) -> MailError:
    """Tell a proxy that does not know us, or does not let us, from one that cannot reach the server."""
    code = int(said[:3]) if said[:3].isdigit() else None
    if code == 407:
        return ConfigError(
            f"The proxy refuses us: {said}.",
            phase="connect",
            code=code,
            hints=["Give it user and password in `proxy`."],
        )
    if code is not None and 400 <= code < 500 and code not in (408, 425, 429):
        return ConfigError(
            f"The proxy does not connect us: {said}.", phase="connect", code=code, hints=["Allow the API's host there."]
        )
    return ConnectFailed(f"The proxy could not make the connection: {said}.", phase="connect", code=code)


def _unreachable(error: Exception, host: str, proxy: str | None) -> MailError:
    """Return the error for a connection that was not made, or lost at once, by the cause that says why.

    Names are looked up and connections made on the way to the `proxy`, if there is one; TLS is spoken with the host.
    """
    causes = list(_causes(error))
    for cause in reversed(causes):  # the innermost says most: aiohttp's own certificate errors say nothing
        if isinstance(cause, ProtocolError):
            return TlsMisconfigured(f"{host} does not speak TLS on this port.", phase="tls", hints=_NO_TLS)
        if isinstance(cause, ssl.SSLError):
            return _tls_error(cause, host)
        if isinstance(cause, gaierror):
            return name_error(cause, proxy or host)
    what = "No connection to" if isinstance(error, engine.ConnectError) else "The connection was lost at once to"
    whom = f"the proxy {proxy}" if proxy else host
    why = str(error).rstrip(".") or type(causes[-1]).__name__
    return ConnectFailed(f"{what} {whom}: {why}.", phase="connect", hints=_NO_WAY)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _tls_error(error: ssl.SSLError, host: str) -> ConnectFailed:
    found = tls.explained(error, host)
    if isinstance(found, TlsMisconfigured) and not isinstance(error, ssl.SSLCertVerificationError):
        found.hints = _NO_TLS  # those of `tls` speak of SMTP's ports
    return found
