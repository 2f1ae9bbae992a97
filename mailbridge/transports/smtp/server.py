"""From settings to the server they describe."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailbridge.extend import Secret, SmtpServer, SmtpTimeouts
from mailbridge.transports.smtp.submission import SubmissionSettings, TlsMode


def server(
    settings: SubmissionSettings,
    *,
    host: str,
    port: int,
    tls: TlsMode,
    lmtp: bool = False,
    user: str = "",
    auth: tuple[str, ...] = (),
    token: Callable[..., Any] | None = None,
) -> SmtpServer:
    """Return the server at `host` and `port`; `user`, `auth` and `token` stand in where the settings name none."""
    return SmtpServer(
        host,
        port,
        lmtp=lmtp,
        tls=tls,
        tls_verify=settings.tls_verify,
        tls_host=settings.tls_host,
        ca_file=_text(settings.ca_file),
        client_cert=_text(settings.client_cert),
        client_key=_text(settings.client_key),
        user=settings.user or user,
        password=settings.password,
        token=token if settings.token is None else _source(settings.token),
        auth=tuple(settings.auth) or auth,
        allow_insecure_auth=settings.allow_insecure_auth,
        local_hostname=settings.local_hostname,
        source_address=settings.source_address,
        timeouts=SmtpTimeouts(
            connect=settings.connect_timeout,
            greeting=settings.greeting_timeout,
            command=settings.timeout,
            final=settings.final_timeout,
        ),
        nonce=_nonce,
    )


def pooling(settings: SubmissionSettings) -> dict[str, Any]:
    """Return the arguments of `SmtpTransport` that say how connections are used."""
    return {
        "connections": settings.connections,
        "max_messages": settings.max_messages,
        "max_age": settings.max_age,
        "max_idle": settings.max_idle,
        "chunking": settings.chunking,
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _nonce() -> str:
    return secrets.token_urlsafe(18)


def _source(token: Secret | Callable[..., Any] | None) -> Callable[..., Any] | None:
    """Return what gives the token when somebody logs in."""
    if not isinstance(token, Secret):
        return token

    def fixed(*, refresh: bool) -> str:
        return token.reveal()

    return fixed
