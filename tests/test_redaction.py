"""What is masked, and what is left readable."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mailbridge
from mailbridge import errors
from mailbridge.redaction import MASK, mask

CANARY = "c4n4ry-p@ss"
ERRORS = frozenset(errors.__all__)


@pytest.mark.parametrize(
    "text",
    [
        "no connection to smtp://ann:c4n4ry-p%40ss@mail.example.com:587",
        "failover(smtp://c4n4ry-p@ss@a, smtp://b)",
        "C: AUTH PLAIN c4n4ry-p@ss",
        "AUTH CRAM-MD5\tc4n4ry-p@ss",
        "Authorization: Bearer c4n4ry-p@ss",
        "{'authorization': 'c4n4ry-p@ss'}",
        '"Authorization": "Zoho-oauthtoken c4n4ry-p@ss"',
        "X-API-Key: c4n4ry-p@ss",
        "password=c4n4ry-p@ss&x=1",
        '{"client_secret": "c4n4ry-p@ss"}',
        "refresh_token = c4n4ry-p@ss",
    ],
)
@pytest.mark.catalogue("A30")
def test_a_secret_is_masked_whatever_form_it_has(text: str) -> None:
    assert "c4n4ry" not in mask(text)
    assert MASK in mask(text)


def test_a_signature_of_aws_is_masked() -> None:
    said = f"AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/ses/aws4_request, Signature={'c4' * 32} is no good"
    assert mask(said) == said.replace("c4" * 32, MASK)


@pytest.mark.parametrize(
    "text",
    [
        "250-AUTH LOGIN PLAIN",
        "250 AUTH SCRAM-SHA-256 CRAM-MD5 XOAUTH2 OAUTHBEARER",
        "550 5.1.1 <bob@example.org>: no such user",
        "smtp://mail.example.com:587",
        "mail to ann@example.com was refused",
        "The password was refused.",
        "504 5.5.4 AUTH mechanism not supported",
        "503 5.5.1 Error: AUTH not available",
        "Log in again: mailbridge auth login gmail.",
        "Signature expired: 20261122T000000Z is now earlier than 20261122T001000Z (20261122T001500Z - 5 min.)",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert mask(text) == text


def sentences() -> Iterator[tuple[str, str]]:
    """Find what mailbridge says in errors: the first argument of whatever is named like an error."""
    for file in sorted(Path(mailbridge.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ERRORS and call.args:
                words = [each.value for each in ast.walk(call.args[0]) if isinstance(each, ast.Constant)]
                yield f"{file.name}:{call.lineno}", "WORD".join(each for each in words if isinstance(each, str))


def test_no_sentence_of_our_own_is_taken_for_a_secret() -> None:
    found = dict(sentences())
    assert len(found) > 100
    assert {place: said for place, said in found.items() if mask(said) != said} == {}


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask(mask(text)) == mask(text)
