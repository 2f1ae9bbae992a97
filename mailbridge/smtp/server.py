"""`Server`: which SMTP or LMTP server to talk to, and how."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from mailbridge.errors import ConfigError
from mailbridge.flow.operations import Flow, TlsOptions
from mailbridge.secret import Secret
from mailbridge.smtp.auth import Credentials
from mailbridge.smtp.timeouts import Timeouts
from mailbridge.smtp.tokens import asked

TlsMode = Literal["auto", "starttls", "implicit", "off"]

DEFAULT_TIMEOUTS = Timeouts()
_LOOPBACK = ("localhost", "::1")
_LOOPBACK_ADDRESS = re.compile(r"127(\.[0-9]{1,3}){3}")  # an address: "127.evil.example" is somebody's name


class Server:
    """An SMTP or LMTP server: address, TLS, credentials, limits.

    Args:
        host: name, address, or path of a Unix socket.
        tls: `starttls` and `implicit` insist; `off` never encrypts; `auto` is `implicit` on port 465,
            `off` on loopback and Unix sockets, `starttls` everywhere else.
        token: a callable that returns an OAuth 2 access token, called as `token(refresh=False)`, and
            as `token(refresh=True)` once after the server refused it. It may be a coroutine function, or
            return a flow.
        auth: the AUTH mechanisms allowed, best first; empty means all.
        timeouts: how long to wait for what.
        nonce: returns unpredictable text without commas, for SCRAM.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        lmtp: bool = False,
        tls: TlsMode = "auto",
        tls_verify: bool = True,
        tls_host: str = "",
        ca_file: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        user: str = "",
        password: Secret | None = None,
        token: Callable[..., Any] | None = None,
        auth: tuple[str, ...] = (),
        allow_insecure_auth: bool = False,
        local_hostname: str = "",
        source_address: str | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        nonce: Callable[[], str],
    ) -> None:
        self.host = host
        self.port = port
        self.lmtp = lmtp
        self.tls = tls
        self.tls_options = TlsOptions(
            tls_host or host, verify=tls_verify, ca_file=ca_file, client_cert=client_cert, client_key=client_key
        )
        self.user = user
        self.password = password
        self.token = token
        self.auth = auth
        self.allow_insecure_auth = allow_insecure_auth
        self.local_hostname = local_hostname
        self.source_address = source_address
        self.timeouts = timeouts
        self._nonce = nonce
        for name, value in (("host", host), ("tls_host", tls_host), ("local_hostname", local_hostname)):
            _check_name(name, value)

    @property
    def is_socket(self) -> bool:
        """Whether `host` is the path of a Unix socket."""
        return self.host.startswith("/")

    @property
    def is_local(self) -> bool:
        """Whether what is said stays on this machine."""
        return self.is_socket or self.host in _LOOPBACK or _LOOPBACK_ADDRESS.fullmatch(self.host) is not None

    @property
    def address(self) -> str:
        """Host and port as a person writes them."""
        if self.is_socket:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def tls_mode(self) -> Literal["starttls", "implicit", "off"]:
        """What `auto` means here."""
        if self.tls != "auto":
            return self.tls
        if self.port == 465:
            return "implicit"
        return "off" if self.is_local else "starttls"

    @property
    def has_token(self) -> bool:
        """Whether we log in by an OAuth 2 token."""
        return self.token is not None

    @property
    def key(self) -> tuple[object, ...]:
        """What two servers must share in order to share connections: credentials included."""
        return (
            self.host,
            self.port,
            self.lmtp,
            self.tls_mode,
            self.tls_options.host,
            self.tls_options.key,
            self.user,
            self.password,
            self.token,
            self.auth,
            self.source_address,
            self.local_hostname,
        )

    def credentials(self, *, refresh: bool = False) -> Flow[Credentials]:
        """Return what to log in with; asks the token source, which may block or await.

        `refresh` asks it for a fresh token. Raises AuthFailed when it has none.
        """
        token = None if self.token is None else (yield from asked(self.token, refresh))
        return Credentials(
            self.user,
            password=self.password,
            token=token,
            nonce=self._nonce,
            host=self.host,
            port=self.port,
        )


def _check_name(setting: str, value: str) -> None:
    """Refuse what could end a protocol line, or could not stand in one."""
    if not value.isprintable() or " " in value or (setting == "local_hostname" and not value.isascii()):
        raise ConfigError(f"{setting} {value!a} is no name of a host.", hints=[f"Correct {setting}."])
