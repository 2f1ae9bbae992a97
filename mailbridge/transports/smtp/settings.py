"""The settings of the SMTP transport."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import SmtpServer
from mailbridge.transports.smtp.submission import STARTTLS_PORTS, SubmissionSettings


class SmtpSettings(SubmissionSettings):
    """Which server to talk to, and how; times are in seconds, or have a unit (`2m`)."""

    scheme_field = "protocol"

    protocol: Literal["smtp", "smtps", "lmtp"] = Field("smtp", description="smtps is smtp with tls=implicit")
    host: str = Field("localhost", min_length=1, description="the server's name or address")
    port: int = Field(0, ge=0, le=65535, description="587; 465 when tls is implicit; 24 for lmtp")
    path: str = Field("", description="the Unix socket of an LMTP server, in place of host and port")

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
        if self.path and {"host", "port"} & self.model_fields_set:
            raise ValueError("a path is a Unix socket, in place of host and port: write lmtp:///run/lmtp, or no path")
        if self.port == 465 and self.tls == "starttls":
            raise ValueError("port 465 expects TLS from the first byte: use tls=implicit, or port 587 for starttls")
        implicit = self.tls == "implicit" or self.protocol == "smtps"
        if self.port in STARTTLS_PORTS and implicit:
            raise ValueError(f"port {self.port} speaks STARTTLS: use smtp:// with tls=starttls, or port 465")
        if self.protocol == "smtps" and self.tls not in ("auto", "implicit"):
            raise ValueError(f"smtps:// means tls=implicit, not tls={self.tls}; use smtp:// for other modes")
        return self
