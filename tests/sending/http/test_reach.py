"""What the settings say of reaching an API arrives at the operation."""

from __future__ import annotations

from pathlib import Path

from mailbridge.sending.http.reach import http_options
from mailbridge.settings.http import HttpSettings


def test_every_setting_is_used() -> None:
    options = http_options(
        HttpSettings(
            proxy="http://ann:secret@proxy.example.com:3128",
            ca_file=Path("/ca.pem"),
            tls_verify=False,
            connections=3,
            connect_timeout=1,
            timeout="2s",
            deadline="1m",
        )
    )
    assert (options.connect, options.read, options.write, options.pool, options.total) == (1, 2, 2, 2, 60)
    assert (options.connections, options.proxy) == (3, "http://ann:secret@proxy.example.com:3128")
    assert (options.tls.verify, options.tls.ca_file) == (False, "/ca.pem")


def test_the_defaults_check_certificates_and_use_no_proxy() -> None:
    options = http_options(HttpSettings())
    assert (options.tls.verify, options.tls.ca_file, options.proxy) == (True, None, None)
