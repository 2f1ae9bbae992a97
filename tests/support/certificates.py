"""Certificates for the servers that tests start: one good, and one for each way to be wrong."""

from __future__ import annotations

import atexit
import datetime
import functools
import ipaddress
import shutil
import ssl
import tempfile
import warnings
from pathlib import Path
from typing import Literal, NamedTuple

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Kind = Literal["good", "expired", "wrong_host", "self_signed"]

HERE = ("localhost", "127.0.0.1", "::1")


class KeyPair(NamedTuple):
    """A certificate (with its chain) and its key, as PEM files."""

    cert_file: str
    key_file: str


class Certificates(NamedTuple):
    """Files of one throw-away authority: trust `ca_file`, and only `good` is acceptable for localhost."""

    ca_file: str
    good: KeyPair
    expired: KeyPair
    wrong_host: KeyPair
    self_signed: KeyPair
    client: KeyPair

    def server_context(
        self, kind: Kind = "good", *, version: ssl.TLSVersion | None = None, client_certificate: bool = False
    ) -> ssl.SSLContext:
        """Return what a server needs; `version` is the only protocol version it speaks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*getattr(self, kind))
        if version is not None:
            _restrict(context, version)
        if client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return a context that trusts the authority, for clients that are not under test."""
        return ssl.create_default_context(cafile=self.ca_file)


def _restrict(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    if version < ssl.TLSVersion.TLSv1_2:
        # OpenSSL 3 refuses to speak them at its default security level.
        context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "ssl.TLSVersion.TLSv1", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.minimum_version = version


@functools.cache
def certificates() -> Certificates:
    """Issue them, once a process; the files go when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="mailbridge-certificates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    def store(name: str, cert: bytes, key: bytes) -> KeyPair:
        pair = KeyPair(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
        Path(pair.cert_file).write_bytes(cert)
        Path(pair.key_file).write_bytes(key)
        return pair

    def issue(name: str, *identities: str, until: datetime.datetime | None = None) -> KeyPair:
        since = until - datetime.timedelta(days=90) if until else None
        leaf = authority.issue_cert(*identities, not_before=since, not_after=until)
        return store(name, b"".join(blob.bytes() for blob in leaf.cert_chain_pems), leaf.private_key_pem.bytes())

    return Certificates(
        ca_file=str(folder / "ca.pem"),
        good=issue("good", *HERE),
        expired=issue("expired", *HERE, until=_now() - datetime.timedelta(days=1)),
        wrong_host=issue("wrong_host", "elsewhere.test"),
        self_signed=store("self_signed", *_self_signed()),
        client=issue("client", "ann@client.test"),
    )


def _self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - datetime.timedelta(days=1))
        .not_valid_after(_now() + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, *private),
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
