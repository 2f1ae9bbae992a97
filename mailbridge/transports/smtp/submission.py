"""The settings that every SMTP transport has, whichever server it talks to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from mailbridge.extend import Seconds, Secret, TransportSettings

Mechanism = Literal["SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"]
TlsMode = Literal["auto", "starttls", "implicit", "off"]

STARTTLS_PORTS = (25, 587, 2525)
"""Ports on which nobody expects TLS from the first byte."""


class SubmissionSettings(TransportSettings):
    """How to talk to a server; times are in seconds, or have a unit (`2m`)."""

    insecure_values: ClassVar[Mapping[str, object]] = {"tls": "off", "tls_verify": False, "allow_insecure_auth": True}

    user: str = Field("", description="user name for AUTH")
    password: Secret | None = Field(None, description="password for AUTH")
    token: Secret | Callable[..., Any] | None = Field(
        None, description="OAuth 2 access token for AUTH, in place of a password; in Python a function that returns one"
    )
    auth: tuple[Mechanism, ...] = Field((), description="the AUTH mechanisms allowed, best first; all by default")
    allow_insecure_auth: bool = Field(False, description="send credentials without encryption")
    tls: TlsMode = Field("auto", description="auto: implicit on port 465, off on loopback, starttls elsewhere")
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
