"""Our Signature Version 4 against Amazon's example and against botocore's, octet for octet."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.aws import Key, signature

from mailbridge.extend import HttpRequest
from mailbridge.transports.ses.signature import Credentials, Signer

MOMENT = 1_440_938_160.0  # 2015-08-30 12:36:00 UTC

words = st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=60)


def test_amazons_own_example() -> None:
    # The case get-vanilla of Amazon's test suite for Signature Version 4.
    request = HttpRequest("GET", "https://example.amazonaws.com/")
    known = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    signed = Signer("us-east-1", "service").signed(request, known, MOMENT)
    assert signed.header("authorization") == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )
    assert signed.header("x-amz-date") == "20150830T123600Z"


@settings(deadline=None)  # the first example loads botocore
@given(
    secret=words,
    token=st.just("") | words,
    parts=st.lists(st.text("abc~-_%+=:@", min_size=1, max_size=8), max_size=3),
    port=st.sampled_from(["", ":443", ":80", ":8105"]),
    scheme=st.sampled_from(["https", "http"]),
    body=st.binary(max_size=200),
    region=st.sampled_from(["us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1"]),
    now=st.integers(0, 4_000_000_000),
)
def test_every_signature_is_botocores(
    secret: str, token: str, parts: list[str], port: str, scheme: str, body: bytes, region: str, now: int
) -> None:
    url = "/".join([f"{scheme}://Email.example.com{port}", "v2", *parts])
    request = HttpRequest("POST", url, [("Content-Type", "application/json")], body)
    signed = Signer(region).signed(request, Credentials("AKIDEXAMPLE", secret, token), float(now))
    assert signed.header("authorization") == signature(signed, Key(secret, token), region)


def test_the_key_of_a_day_is_made_once_and_anew_for_another_day_or_secret() -> None:
    signer, fresh = Signer("eu-west-1"), lambda: Signer("eu-west-1")
    request = HttpRequest("GET", "https://email.eu-west-1.amazonaws.com/v2/email/account")
    ann, bob = Credentials("AKIDEXAMPLE", "one"), Credentials("AKIDEXAMPLE", "two")
    for who, now in ((ann, MOMENT), (ann, MOMENT + 1), (bob, MOMENT), (ann, MOMENT + 86_400), (ann, MOMENT)):
        assert signer.signed(request, who, now).headers == fresh().signed(request, who, now).headers


def test_credentials_do_not_show_their_secret() -> None:
    assert repr(Credentials("AKIAIOSFODNN7EXAMPLE", "c4n4ry", "c4n4ry")) == "Credentials(…MPLE)"


def test_what_was_signed_before_is_signed_anew_and_not_twice() -> None:
    request = HttpRequest("GET", "https://email.eu-west-1.amazonaws.com/v2/email/account")
    once = Signer("eu-west-1").signed(request, Credentials("AKIDEXAMPLE", "one"), MOMENT)
    twice = Signer("eu-west-1").signed(once, Credentials("AKIDEXAMPLE", "one"), MOMENT)
    assert sorted(twice.headers) == sorted(once.headers)


@pytest.mark.parametrize("path", ["", "/"])
def test_the_root_is_a_slash(path: str) -> None:
    signed = Signer("eu-west-1").signed(
        HttpRequest("GET", f"https://example.com{path}"), Credentials("AKIDEXAMPLE", "one"), MOMENT
    )
    assert signed.header("authorization") == signature(signed, Key("one"), "eu-west-1")
