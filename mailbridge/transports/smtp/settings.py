"""The settings of the SMTP transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import Seconds, Secret, SmtpServer, TransportSettings

Mechanism = Literal["SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"]


class SmtpSettings(TransportSettings):
    """Which server to talk to, and how; times are in seconds, or have a unit (`2m`)."""

    scheme_field = "protocol"
    insecure_values: ClassVar[Mapping[str, object]] = {"tls": "off", "tls_verify": False, "allow_insecure_auth": True}

    protocol: Literal["smtp", "smtps", "lmtp"] = Field("smtp", description="smtps is smtp with tls=implicit")
    host: str = Field("localhost", min_length=1, description="the server's name or address")
    port: int = Field(0, ge=0, le=65535, description="587; 465 when tls is implicit; 24 for lmtp")
    path: str = Field("", description="the Unix socket of an LMTP server, in place of host and port")
    user: str = Field("", description="user name for AUTH")
    password: Secret | None = Field(None, description="password for AUTH")
    token: Secret | Callable[..., Any] | None = Field(
        None, description="OAuth 2 access token for AUTH, in place of a password; in Python a function that returns one"
    )
    auth: tuple[Mechanism, ...] = Field((), description="the AUTH mechanisms allowed, best first; all by default")
    allow_insecure_auth: bool = Field(False, description="send credentials without encryption")
    tls: Literal["auto", "starttls", "implicit", "off"] = Field(
        "auto", description="auto: implicit on port 465, off on loopback, starttls elsewhere"
    )
    tls_verify: bool = Field(True, description="check the server's certificate")
    tls_host: str = Field("", description="the name that the certificate must have, if not host")
    ca_file: Path | None = Field(None, description="certificates to trust in place of the system's")
    client_cert: Path | None = Field(None, description="our own certificate, for servers that ask for one")
    client_key: Path | None = Field(None, description="its key, if not in the same file")
    local_hostname: str = Field("", pattern=r"^[A-Za-z0-9.:\[\]-]*$", description="our name in EHLO")
    source_address: str | None = Field(None, description="the local address to connect from")
    connect_timeout: Seconds = Field(10.0, gt=0, description="for the connection, all addresses together")
    greeting_timeout: Seconds = Field(30.0, gt=0, description="for the server's greeting")
    timeout: Seconds = Field(60.0, gt=0, description="for the answer to a command")
    final_timeout: Seconds = Field(600.0, gt=0, description="for the answer to a message")
    connections: int = Field(5, ge=1, le=1000, description="how many connections may be open at once")
    max_messages: int = Field(0, ge=0, description="messages before a connection is replaced; 0: any number")
    max_age: Seconds = Field(3600.0, gt=0, description="the age at which a connection is replaced")
    max_idle: Seconds = Field(10.0, ge=0, description="how long an idle connection is used without asking it (NOOP)")
    chunking: bool = Field(True, description="use BDAT where the server offers it")

    @property
    def insecure(self) -> tuple[str, ...]:
        """The fields that give up protection; `tls=off` does not on this machine, where `auto` means the same."""
        local = SmtpServer(self.path or self.host, self.port, nonce=str).is_local
        return tuple(name for name in super().insecure if not (local and name == "tls"))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.password is not None and self.token is not None:
            raise ValueError("password and token exclude each other; give the one that the server wants")
        if (self.password is not None or self.token is not None) and not self.user:
            raise ValueError("a password or token needs a user")
        if self.user and self.password is None and self.token is None:
            raise ValueError("a user needs a password (or a token)")
        if self.port == 465 and self.tls == "starttls":
            raise ValueError("port 465 expects TLS from the first byte: use tls=implicit, or port 587 for starttls")
        implicit = self.tls == "implicit" or self.protocol == "smtps"
        if self.port in (25, 587, 2525) and implicit:
            raise ValueError(f"port {self.port} speaks STARTTLS: use smtp:// with tls=starttls, or port 465")
        if self.protocol == "smtps" and self.tls not in ("auto", "implicit"):
            raise ValueError(f"smtps:// means tls=implicit, not tls={self.tls}; use smtp:// for other modes")
        return self
