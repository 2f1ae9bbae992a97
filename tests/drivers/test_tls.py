"""TLS contexts and what a failed handshake means."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from support.certificates import Certificates

from mailbridge.drivers import tls
from mailbridge.errors import ConfigError, TlsFailed, TlsMisconfigured
from mailbridge.flow.operations import TlsOptions


def test_certificates_are_verified_by_default() -> None:
    context = tls.context(TlsOptions("mail.test"))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] or context.get_ca_certs() is not None


def test_a_context_is_made_once_for_each_way_to_verify() -> None:
    assert tls.context(TlsOptions("a.test")) is tls.context(TlsOptions("b.test"))
    assert tls.context(TlsOptions("a.test")) is not tls.context(TlsOptions("a.test", verify=False))
    assert tls.context(TlsOptions("a.test")) is not tls.context(TlsOptions("a.test", minimum="1.3"))


def test_what_the_system_trusts_may_change_while_the_program_runs(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tls.context(TlsOptions("mail.test"))
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca_file)
    with_ours = tls.context(TlsOptions("mail.test")).get_ca_certs(binary_form=True)
    (ours,) = tls.context(TlsOptions("mail.test", ca_file=certificates.ca_file)).get_ca_certs(binary_form=True)
    assert ours in with_ours
    monkeypatch.undo()
    assert tls.context(TlsOptions("mail.test")) is before


def test_verification_is_left_out_only_when_asked_to() -> None:
    context = tls.context(TlsOptions("mail.test", verify=False))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_an_authority_of_our_own_is_the_only_one_trusted(certificates: Certificates) -> None:
    context = tls.context(TlsOptions("mail.test", ca_file=certificates.ca_file))
    assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_ca_file_that_cannot_be_used_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match="ca_file"):
        tls.context(TlsOptions("mail.test", ca_file=str(path)))


def test_a_client_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="client_cert"):
        tls.context(TlsOptions("mail.test", client_cert=str(tmp_path / "none.pem")))


def test_a_client_certificate_is_loaded(certificates: Certificates) -> None:
    options = TlsOptions(
        "mail.test", client_cert=certificates.client.cert_file, client_key=certificates.client.key_file
    )
    assert isinstance(tls.context(options), ssl.SSLContext)


def failed(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


@pytest.mark.catalogue("F6", "F7", "F8")
@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (failed("WRONG_VERSION_NUMBER"), TlsMisconfigured, "does not speak TLS"),
        (failed("UNSUPPORTED_PROTOCOL"), TlsMisconfigured, "no longer safe"),
        (failed("TLSV1_ALERT_PROTOCOL_VERSION"), TlsMisconfigured, "no longer safe"),
        (failed("SSLV3_ALERT_HANDSHAKE_FAILURE"), TlsFailed, "SSLV3_ALERT_HANDSHAKE_FAILURE"),
        (ConnectionResetError(), TlsFailed, "ConnectionResetError"),
        (OSError(5, "Input/output error"), TlsFailed, "Input/output error"),
        (ssl.SSLEOFError(8, "EOF occurred"), TlsFailed, "EOF occurred"),
    ],
)
def test_a_failed_handshake_is_explained(error: Exception, kind: type[TlsFailed], words: str) -> None:
    explained = tls.explained(error, "mail.test")
    assert type(explained) is kind
    assert words in explained.text
    assert "mail.test" in explained.text
    assert explained.phase == "tls"
