"""The server's side of AUTH, against the examples of the RFCs."""

from __future__ import annotations

import base64

import pytest
from support import authentication
from support.authentication import Exchange, decode, exchange


def outcome(mechanism: Exchange, *responses: bytes | None) -> tuple[list[bytes], str]:
    """Play the client and return the challenges and the user let in."""
    challenges: list[bytes] = []
    for response in responses:
        try:
            challenges.append(mechanism.send(response))
        except StopIteration as finished:
            return challenges, finished.value
    raise AssertionError(f"the mechanism wants more after {challenges}")


def test_scram_sha_256_speaks_the_dialogue_of_rfc_7677(monkeypatch: pytest.MonkeyPatch) -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    monkeypatch.setattr(authentication.secrets, "token_bytes", lambda size: salt)
    monkeypatch.setattr(authentication.secrets, "token_hex", lambda size: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
    nonce = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    proof = b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    scram = exchange("SCRAM-SHA-256", "user", "pencil")
    assert outcome(scram, b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", b"c=biws,r=" + nonce + b",p=" + proof, b"") == (
        [
            b"r=" + nonce + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
        "user",
    )


def test_scram_sha_256_refuses_a_wrong_proof() -> None:
    scram = exchange("SCRAM-SHA-256", "user", "pencil")
    assert outcome(scram, b"n,,n=user,r=abc", b"c=biws,r=abc,p=AAAA")[1] == ""


@pytest.mark.parametrize(
    ("mechanism", "right"),
    [
        ("XOAUTH2", b"user=ann\x01auth=Bearer t0ken\x01\x01"),
        ("OAUTHBEARER", b"n,a=ann,\x01host=x.test\x01port=587\x01auth=Bearer t0ken\x01\x01"),
    ],
)
def test_a_token_is_taken_and_another_is_explained_first(mechanism: str, right: bytes) -> None:
    assert outcome(exchange(mechanism, "ann", "t0ken"), right) == ([], "ann")
    challenges, user = outcome(exchange(mechanism, "ann", "t0ken"), right.replace(b"t0ken", b"old"), b"")
    assert user == ""
    assert b"401" in challenges[0]


def test_base64_is_read_strictly() -> None:
    assert decode("=") == b""
    with pytest.raises(ValueError, match=r"(?i)base64"):
        decode("not base64!")
