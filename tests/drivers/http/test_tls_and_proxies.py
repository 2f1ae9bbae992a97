"""Encryption and proxies: who is trusted, and what a proxy that fails means."""

from __future__ import annotations

import ssl

import pytest
from support.addresses import Address
from support.http_engines import Engine, options, post
from support.http_peer import HttpAction, HttpPeer, answer, drop, head, raw, stall, tunnel

from mailbridge.drivers import tls
from mailbridge.drivers.http.exchange import context_for
from mailbridge.errors import ConfigError, ConnectFailed, MailError, OutcomeUnknown, TimedOut, TlsMisconfigured

KEY = "key-canary-5Tz"


def test_a_server_with_a_certificate_of_the_named_authority_is_trusted(engine: Engine) -> None:
    with HttpPeer([answer(202)], tls=True) as peer:
        assert engine.exchange(post(peer.url), options(ca_file=peer.ca_file)).status == 202


@pytest.mark.catalogue("H1")
@pytest.mark.parametrize("certificate", ["expired", "wrong_host", "self_signed"])
def test_a_server_with_a_bad_certificate_gets_nothing(engine: Engine, certificate: str) -> None:
    with HttpPeer([], tls=True, certificate=certificate) as peer:  # type: ignore[arg-type]
        with pytest.raises(TlsMisconfigured, match=r"The certificate of 127\.0\.0\.1 is not trusted: \w+"):
            engine.exchange(post(peer.url), options(ca_file=peer.ca_file))
        assert peer.requests == []


def test_verification_can_be_switched_off(engine: Engine) -> None:
    with HttpPeer([answer(202)], tls=True, certificate="self_signed") as peer:
        assert engine.exchange(post(peer.url), options(verify=False)).status == 202


def test_a_server_without_tls_is_recognised(engine: Engine) -> None:
    with HttpPeer([], connect=[raw(b"HTTP/1.1 400 Bad Request\r\n\r\n") + drop()]) as peer:
        with pytest.raises(TlsMisconfigured) as caught:
            engine.exchange(post(peer.url.replace("http:", "https:")), options(ca_file=peer.ca_file))
    assert "base_url" in str(caught.value)
    assert "starttls" not in str(caught.value)


def test_a_handshake_that_stalls_times_out(engine: Engine) -> None:
    with HttpPeer([], connect=[stall()], tls=True) as peer, pytest.raises(TimedOut, match="did not answer"):
        engine.exchange(post(peer.url), options(ca_file=peer.ca_file, connect=0.3))


def test_a_handshake_that_breaks_off_is_a_failed_connection(engine: Engine) -> None:
    with HttpPeer([], connect=[drop()], tls=True) as peer, pytest.raises(ConnectFailed) as caught:
        engine.exchange(post(peer.url), options(ca_file=peer.ca_file))
    assert caught.value.retryable


def test_contexts_for_http_are_not_those_of_smtp() -> None:
    given = options()
    assert context_for(given) is context_for(options())
    assert context_for(given) is not tls.context(given.tls)
    assert context_for(given).minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_proxy_makes_a_tunnel_and_learns_nothing(engine: Engine) -> None:
    with HttpPeer([answer(202)], tls=True) as peer, HttpPeer([tunnel()]) as proxy:
        given = options(ca_file=peer.ca_file, proxy=f"http://ann:s3cret@{proxy.address}")
        assert engine.exchange(post(peer.url, b"{}", ("Authorization", KEY)), given).status == 202
        asked = proxy.requests[0]
        assert (asked.method, asked.target) == ("CONNECT", peer.address)
        assert asked.header("proxy-authorization") == "Basic YW5uOnMzY3JldA=="
        assert asked.header("authorization") is None
        assert peer.requests[0].header("proxy-authorization") is None


def test_the_way_to_the_proxy_may_be_encrypted_too(engine: Engine) -> None:
    with HttpPeer([answer(202)], tls=True) as peer, HttpPeer([tunnel()], tls=True) as proxy:
        given = options(ca_file=peer.ca_file, proxy=proxy.url)
        assert engine.exchange(post(peer.url, b"{}", ("Authorization", KEY)), given).status == 202
        assert [request.method for request in proxy.requests] == ["CONNECT"]


def test_a_proxy_passes_plain_requests_on(engine: Engine) -> None:
    with HttpPeer([answer(202)]) as proxy:
        given = options(proxy=f"http://ann:s3cret@{proxy.address}")
        assert engine.exchange(post("http://api.test/send"), given).status == 202
        assert proxy.requests[0].target == "http://api.test/send"
        assert proxy.requests[0].header("proxy-authorization") == "Basic YW5uOnMzY3JldA=="


@pytest.mark.catalogue("H28")
@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (answer(407), ConfigError),
        (answer(403), ConfigError),
        (answer(502), ConnectFailed),
        (answer(503), ConnectFailed),
        (stall(), TimedOut),
        (drop(), ConnectFailed),
        (head(200) + drop(), ConnectFailed),
    ],
    ids=["407", "403", "502", "503", "hangs", "closes", "tunnel-closes"],
)
def test_a_proxy_that_fails_has_sent_nothing(engine: Engine, action: HttpAction, kind: type[MailError]) -> None:
    with HttpPeer([action]) as proxy:
        with pytest.raises(kind) as caught:
            engine.exchange(
                post("https://api.test/send", b"{}", ("Authorization", KEY)),
                options(proxy=f"http://ann:s3cret@{proxy.address}", read=0.3, connect=0.3),
            )
        assert [request.method for request in proxy.requests] == ["CONNECT"]
    assert not isinstance(caught.value, OutcomeUnknown)
    assert "s3cret" not in str(caught.value)


@pytest.mark.catalogue("H28")
@pytest.mark.parametrize("url", ["https://api.test/", "http://api.test/"])
def test_who_cannot_be_reached_is_the_proxy(engine: Engine, url: str, closed_port: Address) -> None:
    with pytest.raises(ConnectFailed, match=r"No connection to the proxy 127\.0\.0\.1"):
        engine.exchange(post(url), options(proxy=f"http://ann:s3cret@{closed_port}"))
    with pytest.raises(ConfigError, match=r"no host named proxy\.invalid") as caught:
        engine.exchange(post(url), options(proxy="http://ann:s3cret@proxy.invalid:3128"))
    assert "s3cret" not in repr(vars(caught.value))


@pytest.mark.catalogue("H28")
def test_a_proxy_that_is_not_there_is_a_failed_connection(engine: Engine, closed_port: Address) -> None:
    with pytest.raises(ConnectFailed):
        engine.exchange(post("https://api.test/"), options(proxy=f"http://{closed_port}"))


def test_what_is_lost_behind_a_tunnel_may_have_been_accepted(engine: Engine) -> None:
    with HttpPeer([drop()], tls=True) as peer, HttpPeer([tunnel()]) as proxy, pytest.raises(OutcomeUnknown):
        engine.exchange(post(peer.url), options(ca_file=peer.ca_file, proxy=f"http://{proxy.address}"))


@pytest.mark.catalogue("H29")
@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"])
def test_the_proxies_of_the_environment_are_not_asked(
    engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch, closed_port: Address
) -> None:
    monkeypatch.setenv(name, f"http://{closed_port}")
    with HttpPeer([answer(202)]) as peer:
        assert engine.exchange(post(peer.url)).status == 202
