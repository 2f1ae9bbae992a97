"""HTTP as values, and the operation that exchanges one for the other.

    response = yield from Http(HttpRequest.json("POST", url, payload), options)

A request that may have reached the server and got no answer is an OutcomeUnknown; one that certainly
did not is a ConnectFailed, TimedOut or ConfigError. What the server answered, whatever its status,
is an `HttpResponse`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from json import dumps, loads
from typing import Any, Literal, NoReturn
from urllib.parse import urlencode

from mailbridge.flow.multipart import FormFile, form_data
from mailbridge.flow.operations import Op, TlsOptions

__all__ = ["Http", "HttpOptions", "HttpRequest", "HttpResponse", "encoded_json"]

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_MISSING: Any = object()


class HttpRequest:
    """One request: method, absolute URL, headers as pairs, and the body.

    >>> HttpRequest.json("POST", "https://api.example.com/send", {"to": "ann@example.org"}).body
    b'{"to":"ann@example.org"}'
    """

    __slots__ = ("body", "headers", "method", "url")

    def __init__(self, method: Method, url: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        self.method = method
        self.url = url
        self.headers = tuple(headers)
        self.body = body

    @classmethod
    def json(cls, method: Method, url: str, payload: object, headers: Iterable[tuple[str, str]] = ()) -> HttpRequest:
        """Return a request whose body is `payload` as JSON in UTF-8. Raises ValueError for NaN and infinities."""
        return cls(method, url, (*headers, ("Content-Type", "application/json")), encoded_json(payload))

    @classmethod
    def form(
        cls, method: Method, url: str, fields: Iterable[tuple[str, str]], headers: Iterable[tuple[str, str]] = ()
    ) -> HttpRequest:
        """Return a request whose body is an HTML form, `application/x-www-form-urlencoded`."""
        kind = ("Content-Type", "application/x-www-form-urlencoded")
        return cls(method, url, (*headers, kind), urlencode(list(fields)).encode())

    @classmethod
    def multipart(
        cls,
        method: Method,
        url: str,
        fields: Iterable[tuple[str, str]],
        files: Iterable[FormFile] = (),
        headers: Iterable[tuple[str, str]] = (),
    ) -> HttpRequest:
        """Return a request whose body is a form with files, `multipart/form-data`.

        Raises ValueError for a line break in a name.
        """
        content_type, body = form_data(fields, files)
        return cls(method, url, (*headers, ("Content-Type", content_type)), body)

    def with_headers(self, *headers: tuple[str, str]) -> HttpRequest:
        """Return the same request with further headers; they replace those of the same name."""
        names = {name.lower() for name, _ in headers}
        kept = (pair for pair in self.headers if pair[0].lower() not in names)
        return HttpRequest(self.method, self.url, (*kept, *headers), self.body)

    def header(self, name: str) -> str | None:
        """Return the first header of this name, in any case."""
        return _first(self.headers, name)

    def __repr__(self) -> str:
        """Show neither headers nor body: they hold the credentials and somebody's mail."""
        return f"HttpRequest({self.method} {self.url.partition('?')[0]}, <{len(self.body)} bytes>)"


class HttpResponse:
    """One answer: status, headers as pairs, the decoded body.

    Args:
        complete: whether the body came to its end. It did not when the connection was lost, the deadline
            passed, or it is longer than anything an API has to say (1 MiB).
    """

    __slots__ = ("_data", "body", "complete", "headers", "status")

    def __init__(
        self, status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"", *, complete: bool = True
    ) -> None:
        self.status = status
        self.headers = tuple(headers)
        self.body = body
        self.complete = complete
        self._data: Any = _MISSING

    @property
    def successful(self) -> bool:
        """Whether the status is one of 2xx."""
        return 200 <= self.status < 300

    @property
    def data(self) -> Any:
        """The body read as JSON, or None if it is none (also where it holds NaN, or is nested absurdly)."""
        if self._data is _MISSING:
            try:
                self._data = loads(self.body.decode("utf-8-sig"), parse_constant=_refuse)
            except (ValueError, RecursionError):
                self._data = None
        return self._data

    def get(self, *path: str | int, default: Any = None) -> Any:
        """Return what the JSON body has at `path`, or `default` where the path leads nowhere.

        >>> HttpResponse(200, body=b'{"data": [{"id": "x"}]}').get("data", 0, "id")
        'x'
        """
        return dig(self.data, *path, default=default)

    @property
    def text(self) -> str:
        """The body as text, with what is no UTF-8 replaced."""
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str | None:
        """Return the first header of this name, in any case."""
        return _first(self.headers, name)

    def headers_named(self, name: str) -> Iterator[str]:
        """Yield every header of this name, in any case."""
        return (value for key, value in self.headers if key.lower() == name.lower())

    def __repr__(self) -> str:
        return f"HttpResponse({self.status}, <{len(self.body)} bytes>{'' if self.complete else ', cut short'})"


class HttpOptions:
    """How to reach a server: its certificates, a proxy, and times in seconds.

    Requests with equal options to one server share its connections, at most `connections` at once.

    Args:
        connect: for the connection, TLS included.
        read, write: for the next octets to come, or to go.
        total: for the whole exchange; nobody keeps us longer by answering drop by drop.
        pool: for a connection to become free.
        proxy: `http://user:password@proxy.example.com:3128`; the environment is not asked.
    """

    __slots__ = ("connect", "connections", "key", "pool", "proxy", "read", "tls", "total", "write")

    def __init__(
        self,
        *,
        tls: TlsOptions,
        connections: int = 10,
        connect: float = 10.0,
        read: float = 30.0,
        write: float = 30.0,
        total: float = 120.0,
        pool: float = 30.0,
        proxy: str | None = None,
    ) -> None:
        self.tls = tls
        self.connections = connections
        self.connect = connect
        self.read = read
        self.write = write
        self.total = total
        self.pool = pool
        self.proxy = proxy
        self.key = (tls.key, connections, proxy)


class Http(Op[HttpResponse]):
    """Exchange one request for its response; redirects are not followed.

    Raises ConfigError (unknown host, refused proxy), ConnectFailed, TlsFailed or TimedOut while nothing
    was sent; OutcomeUnknown once something was.
    """

    __slots__ = ("options", "request")

    def __init__(self, request: HttpRequest, options: HttpOptions) -> None:
        self.request = request
        self.options = options


def encoded_json(payload: object) -> bytes:
    """Return compact JSON in UTF-8. Raises ValueError for NaN and infinities, which JSON cannot say."""
    return dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def dig(data: Any, *path: str | int, default: Any = None) -> Any:
    """Return what decoded JSON has at `path`, or `default` where the path leads nowhere."""
    for step in path:
        if isinstance(data, Mapping) if isinstance(step, str) else isinstance(data, list):
            try:
                data = data[step]
            except (KeyError, IndexError):
                return default
        else:
            return default
    return data


def _first(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
