"""What a refusal means: by status, by code, and in which words it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MailError,
    OutcomeUnknown,
    RateLimited,
    RecipientRefused,
    ServerError,
)
from mailbridge.flow.http import HttpResponse
from mailbridge.sending.http.refusal import Complaint, complaint, refused

NOW = 0.0


def refusal(status: int, body: bytes = b"", *headers: tuple[str, str], **codes: type[MailError]) -> MailError:
    response = HttpResponse(status, headers, body)
    return refused(response, complaint(response), transport="acme://us", codes=codes, now=NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(400, ContentRefused, id="H9-400"),
        pytest.param(401, AuthFailed, id="H10-401"),
        pytest.param(402, ConfigError, id="H12-402"),
        pytest.param(403, AuthFailed, id="H11-403"),
        pytest.param(404, ConfigError, id="H13-404"),
        pytest.param(405, ConfigError, id="H13-405"),
        pytest.param(407, ConfigError, id="H28-407"),
        pytest.param(408, ServerError, id="H15-408"),
        pytest.param(409, ContentRefused, id="H16-409"),
        pytest.param(410, ConfigError, id="H13-410"),
        pytest.param(413, ContentRefused, id="H9-413"),
        pytest.param(415, ContentRefused, id="H9-415"),
        pytest.param(418, ContentRefused, id="418"),
        pytest.param(422, ContentRefused, id="H9-422"),
        pytest.param(425, ServerError, id="H15-425"),
        pytest.param(429, RateLimited, id="H19-429"),
        pytest.param(500, OutcomeUnknown, id="H20-500"),
        pytest.param(502, OutcomeUnknown, id="H20-502"),
        pytest.param(503, ServerError, id="H21-503"),
        pytest.param(504, OutcomeUnknown, id="H20-504"),
        pytest.param(520, OutcomeUnknown, id="H20-520"),
        pytest.param(301, ConfigError, id="H8-301"),
        pytest.param(302, ConfigError, id="H8-302"),
        pytest.param(307, ConfigError, id="H8-307"),
        pytest.param(308, ConfigError, id="H8-308"),
        pytest.param(100, OutcomeUnknown, id="100"),
        pytest.param(999, OutcomeUnknown, id="999"),
    ],
)
def test_a_status_has_a_meaning(status: int, kind: type[MailError]) -> None:
    error = refusal(status, b'{"message": "no, really"}')
    assert type(error) is kind
    assert (error.code, error.phase, error.transport) == (status, "response", "acme://us")
    assert f"HTTP {status}" in error.text
    assert error.text.startswith("acme://us ")


@given(st.integers(100, 999), st.binary(max_size=200), st.sampled_from(["application/json", "text/html", ""]))
def test_every_answer_has_a_meaning(status: int, body: bytes, kind: str) -> None:
    error = refusal(status, body, ("Content-Type", kind))
    assert isinstance(error, MailError)
    assert "\n" not in error.text
    assert len(error.text) < 1500
    assert error.text.isprintable() or not error.text.isascii()


def test_the_providers_code_goes_before_the_status() -> None:
    body = b'{"message": "inactive", "code": "suppressed"}'
    error = refusal(403, body, suppressed=RecipientRefused)
    assert type(error) is RecipientRefused
    assert error.provider_code == "suppressed"
    assert error.hints == ()


@pytest.mark.catalogue("H17", "H21")
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_is_passed_on(status: int) -> None:
    assert refusal(status, b"", ("Retry-After", "120")).retry_after == 120.0


@pytest.mark.catalogue("H19")
def test_without_a_wait_there_is_none() -> None:
    error = refusal(429)
    assert (error.retry_after, error.retryable) == (None, True)


@pytest.mark.catalogue("H8")
def test_a_redirect_says_where_to_but_not_what_the_address_held() -> None:
    error = refusal(302, b"", ("Location", "https://login.test/x?token=s3cret"))
    assert "https://login.test/x" in error.text
    assert "s3cret" not in str(error)
    assert "base_url" in str(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "m", "code": "c"}, Complaint("m", "c")),
        ({"message": "m", "name": "n"}, Complaint("m", "n")),
        ({"message": "m", "code": 7}, Complaint("m", "7")),
        ({"error": "m"}, Complaint("m")),
        ({"error": "m", "code": "c"}, Complaint("m", "c")),
        ({"error": {"message": "m", "code": "c"}}, Complaint("m", "c")),
        ({"errors": ["m", "o"]}, Complaint("m")),
        ({"errors": [{"message": "m", "code": "c", "field": "f"}]}, Complaint("m", "c", "f")),
        ({"errors": []}, Complaint()),
        ({"errors": {"from": ["m"]}}, Complaint()),
        ({"message": None}, Complaint()),
        ([], Complaint()),
        (None, Complaint()),
    ],
)
def test_the_usual_shapes_of_an_error_body_are_read(body: Any, said: Complaint) -> None:
    assert complaint(HttpResponse(400, body=json.dumps(body).encode())) == said


def test_the_field_and_the_code_are_told() -> None:
    body = b'{"errors": [{"message": "is not an address.", "code": "invalid", "field": "to.0"}]}'
    assert refusal(400, body).text == "acme://us refused the message: is not an address (HTTP 400, invalid, to.0)."


@pytest.mark.parametrize(("status", "code"), [(401, ""), (401, "bad_key"), (500, "bad_key")])
def test_refused_credentials_come_with_advice_however_they_are_told(status: int, code: str) -> None:
    body = json.dumps({"message": "no", "code": code}).encode()
    assert "config check --verify" in str(refusal(status, body, bad_key=AuthFailed))


def test_a_code_that_means_something_else_takes_the_advice_of_its_status_away() -> None:
    error = refusal(401, b'{"message": "no", "code": "no_credits"}', no_credits=ConfigError)
    assert not error.hints


def test_a_web_page_is_not_repeated() -> None:
    error = refusal(502, b"<html><body>nginx</body></html>", ("Content-Type", "text/html"))
    assert "web page" in error.text
    assert "nginx" not in error.text


def test_a_long_text_is_cut_and_control_characters_are_shown() -> None:
    error = refusal(400, json.dumps({"message": "a\r\nb\x1b[31m" + "x" * 10_000}).encode())
    assert len(error.text) < 700
    assert "\x1b" not in error.text
    assert "\n" not in error.text
