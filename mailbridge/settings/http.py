"""`HttpSettings`: what every provider's API can be told, besides its credentials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator, model_validator

from mailbridge.secret import Secret
from mailbridge.settings.seconds import Seconds
from mailbridge.settings.transport import TransportSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class HttpSettings(TransportSettings):
    """How to reach an API; times are in seconds, or have a unit (`2m`)."""

    insecure_values: ClassVar[Mapping[str, object]] = {"tls_verify": False}

    base_url: str = Field("", description="the address of the API, if not the provider's own")
    proxy: Secret | None = Field(None, description="an HTTP proxy, http://user:password@host:port")
    ca_file: Path | None = Field(None, description="certificates to trust in place of the system's")
    tls_verify: bool = Field(True, description="check the server's certificate")
    connections: int = Field(10, ge=1, le=1000, description="how many connections may be open at once")
    connect_timeout: Seconds = Field(10.0, gt=0, description="for the connection, TLS included")
    timeout: Seconds = Field(30.0, gt=0, description="for the next octets to come, or to go")
    deadline: Seconds = Field(120.0, gt=0, description="for a whole exchange")
    max_recipients: int = Field(0, ge=0, description="recipients of one message; 0: as the provider documents")
    max_bytes: int = Field(0, ge=0, description="octets of one call; 0: as the provider documents")
    max_batch: int = Field(0, ge=0, description="messages in one call; 0: as the provider documents, 1: no batches")

    check_limits: bool = Field(True, description="refuse tags, metadata and so on beyond what the provider documents")

    @property
    def insecure(self) -> tuple[str, ...]:
        """The fields that give up protection: an API reached without TLS, except on this machine, is one."""
        url = urlsplit(self.base_url)
        plain = url.scheme == "http" and url.hostname not in LOOPBACK
        return (*super().insecure, *(("base_url",) if plain else ()))

    @field_validator("base_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if value:
            url = urlsplit(value)
            if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment or url.username:
                raise ValueError("must be an address such as https://api.example.com/v3, without key or query")
        return value.rstrip("/")

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, value: Any) -> Any:
        if value is not None:
            url = urlsplit(value.reveal())
            if url.scheme not in ("http", "https") or not url.hostname:
                raise ValueError("must be an address such as http://proxy.example.com:3128")
        return value

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.deadline < self.timeout:
            raise ValueError("deadline is shorter than timeout, which it bounds")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no error may show, whoever repeats them; the proxy's password for itself as well."""
        found = [value.reveal() for value in self.__dict__.values() if isinstance(value, Secret)]
        if self.proxy is not None and (password := urlsplit(self.proxy.reveal()).password):
            found.append(unquote(password))
        return tuple(found)
