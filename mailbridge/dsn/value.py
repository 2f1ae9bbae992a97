"""`Dsn`: a transport, or a policy around transports, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mailbridge.dsn.flaws import flaw_in_host, flaw_in_text
from mailbridge.dsn.options import Options
from mailbridge.errors import ConfigError
from mailbridge.message.value import Value
from mailbridge.redaction import MASK
from mailbridge.secret import Secret, Unpicklable

_SCHEME = re.compile(r"[a-z][a-z0-9+._-]*\Z")
_OPTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_RESERVED = re.compile(rb"[^A-Za-z0-9._~-]")
_RESERVED_BUT_SLASH = re.compile(rb"[^A-Za-z0-9._~/:-]")


class Dsn(Unpicklable, Value):
    """A transport, or a policy around transports; prints without its secrets.

    `Dsn.parse(text)` reads one, `reveal()` writes it back in full. The user name is a `Secret` too:
    many providers put their key there.

    Args:
        scheme: which transport or policy, lower case.
        user: user name, or the key of a provider.
        password: its password.
        host: host name or address, without brackets; empty, or `default`, for the transport's own.
        port: 1 to 65535, or None for the transport's own.
        path: empty, or begins with a slash (the socket of `lmtp:///run/lmtp`).
        options: what stands after the question mark, or the named arguments of a policy.
        inner: the transports of a policy; a policy has no user, host, port or path.

    >>> dsn = Dsn.parse("retry(smtp://ann:s3cret@mail.example.com:587, attempts=5)")
    >>> dsn.scheme, dsn.inner[0].host, dsn.options["attempts"]
    ('retry', 'mail.example.com', '5')
    >>> print(dsn)
    retry(smtp://********@mail.example.com:587, attempts=5)
    """

    scheme: str
    user: Secret | None = None
    password: Secret | None = None
    host: str = ""
    port: int | None = None
    path: str = ""
    options: Options = Options()
    inner: tuple[Dsn, ...] = ()

    def __init__(
        self,
        scheme: str,
        *,
        user: str | Secret | None = None,
        password: str | Secret | None = None,
        host: str = "",
        port: int | None = None,
        path: str = "",
        options: Mapping[str, str] | None = None,
        inner: Iterable[Dsn] = (),
    ) -> None:
        if user == "" and password is not None:
            user = None  # a URL cannot tell them apart
        self._set(
            scheme=scheme,
            user=None if user is None else Secret(user),
            password=None if password is None else Secret(password),
            host=host,
            port=port,
            path="" if path == "/" else path,
            options=Options(options or {}),
            inner=tuple(inner),
        )
        user = password = None  # a traceback may show the variables of this frame
        if flaws := _flaws(self):
            options = None
            raise ConfigError(f"A DSN cannot be made of these parts: the {'; the '.join(flaws)}.")

    @classmethod
    def parse(cls, text: str | Secret) -> Dsn:
        """Read a DSN; raise ConfigError that says what is wrong, where, and how to mend it."""
        from mailbridge.dsn.grammar import parsed

        found = parsed(text.reveal() if isinstance(text, Secret) else text)
        if isinstance(found, ConfigError):
            text = ""  # a traceback may show the variables of this frame
            raise found
        return found

    def reveal(self) -> str:
        """Write the DSN in full, secrets included; `Dsn.parse` reads it back."""
        if self.inner:
            return self._policy([inner.reveal() for inner in self.inner], self.options)
        credentials = "" if self.user is None else _encoded(self.user.reveal())
        if self.password is not None:
            credentials += ":" + _encoded(self.password.reveal())
        return self._url(credentials, self.options)

    def __str__(self) -> str:
        if self.inner:
            return self._policy([str(inner) for inner in self.inner], self.options.masked())
        return self._url(MASK, self.options.masked())

    def __repr__(self) -> str:
        return f"Dsn({str(self)!r})"

    def _policy(self, inner: list[str], options: Mapping[str, str]) -> str:
        return f"{self.scheme}({', '.join(inner + _assignments(options))})"

    def _url(self, credentials: str, options: Mapping[str, str]) -> str:
        at = "" if self.user is None and self.password is None else credentials + "@"
        # RFC 6874 section 2: the % before an IPv6 zone is itself percent-encoded.
        host = f"[{self.host.replace('%', '%25')}]" if ":" in self.host else _encoded(self.host)
        port = "" if self.port is None else f":{self.port}"
        query = "&".join(_assignments(options))
        return f"{self.scheme}://{at}{host}{port}{_encoded(self.path, _RESERVED_BUT_SLASH)}{query and '?' + query}"


def _assignments(options: Mapping[str, str]) -> list[str]:
    return [
        f"{name}={value if value == MASK else _encoded(value, _RESERVED_BUT_SLASH)}" for name, value in options.items()
    ]


def _encoded(text: str, reserved: re.Pattern[bytes] = _RESERVED) -> str:
    return reserved.sub(lambda found: b"%%%02X" % found[0][0], text.encode()).decode()


def _flaws(dsn: Dsn) -> list[str]:
    """Say what no DSN may have, whatever its transport; the grammar refuses the same with positions."""
    texts = {"path": dsn.path, **{f"option {name!r}": value for name, value in dsn.options.items()}}
    texts |= {part: secret.reveal() for part in ("user", "password") if (secret := getattr(dsn, part)) is not None}
    flaws = [f"{part} {flaw}" for part, text in texts.items() if (flaw := flaw_in_text(text))]
    if not _SCHEME.match(dsn.scheme):
        flaws.append("scheme must begin with a letter and be lower-case letters, digits and + - . _")
    if flaw := flaw_in_host(dsn.host):
        flaws.append(f"host {flaw}")
    if dsn.port is not None and not 1 <= dsn.port <= 65535:
        flaws.append("port must be a number from 1 to 65535")
    if dsn.path and not dsn.path.startswith("/"):
        flaws.append("path must begin with a slash")
    if bad := [name for name in dsn.options if not _OPTION_NAME.match(name)]:
        flaws.append(f"option name {bad[0]!r} must begin with a letter and be letters, digits and - . _")
    if dsn.inner and (dsn.user or dsn.password or dsn.host or dsn.port or dsn.path):
        flaws.append("policy has a user, host, port or path of its own, which only its transports can have")
    return flaws
