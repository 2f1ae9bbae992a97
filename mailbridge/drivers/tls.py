"""TLS contexts, made once for each way to verify (making one costs about 28 ms), and TLS failures explained."""

from __future__ import annotations

import os
import ssl

from mailbridge.errors import ConfigError, ConnectFailed, TlsFailed, TlsMisconfigured
from mailbridge.flow.operations import TlsOptions

_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}

_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
)
_OLD_TLS = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "VERSION_TOO_LOW", "WRONG_SSL_VERSION")


def context(options: TlsOptions, use: str = "") -> ssl.SSLContext:
    """Return the shared context for these options, one for each use. Raises ConfigError for unreadable files."""
    # OpenSSL reads the two variables whenever it loads what the system trusts.
    key = (use, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), *options.key)
    found = _contexts.get(key)
    if found is None:
        found = _contexts[key] = _make(options)
    return found


def _make(options: TlsOptions) -> ssl.SSLContext:
    try:
        made = ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"ca_file {options.ca_file!r} cannot be used: {error}.", phase="tls") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_3 if options.minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    if not options.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif options.ca_file is None and not made.cert_store_stats()["x509_ca"] and not _system_directory():
        # A Python built apart from the system (pyenv, some containers) finds no certificates at all.
        import certifi

        made.load_verify_locations(certifi.where())
    if options.client_cert is not None:
        try:
            made.load_cert_chain(options.client_cert, options.client_key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"client_cert {options.client_cert!r} cannot be used: {error}.", phase="tls") from error
    return made


def _system_directory() -> bool:
    path = ssl.get_default_verify_paths().capath
    return bool(path and os.path.isdir(path) and os.listdir(path))


def explained(error: Exception, host: str) -> ConnectFailed:
    """Return the typed error for a handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsMisconfigured(
            f"The certificate of {host} is not trusted: {error.verify_message.rstrip('.')}.",
            phase="tls",
            hints=[
                "Use the host name that the certificate is for, or name your own authority with ca_file; "
                "do not switch verification off."
            ],
        )
    reason = str(getattr(error, "reason", "") or "")
    if reason in _NOT_TLS:
        return TlsMisconfigured(
            f"{host} does not speak TLS on this port ({reason}).",
            phase="tls",
            hints=["Set tls=starttls for ports 587, 25 and 2525, or use port 465 for tls=implicit."],
        )
    if reason in _OLD_TLS:
        return TlsMisconfigured(
            f"{host} speaks only a TLS version that is no longer safe ({reason}).",
            phase="tls",
            hints=["The server must offer TLS 1.2 or later."],
        )
    why = reason or str(error) or type(error).__name__
    return TlsFailed(f"The TLS handshake with {host} failed: {why}.", phase="tls")
