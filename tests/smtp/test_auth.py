"""AUTH mechanisms, without a wire."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.authentication import MECHANISMS as SERVERS
from support.authentication import exchange

from mailbridge.errors import AuthFailed
from mailbridge.secret import Secret
from mailbridge.smtp import auth
from mailbridge.smtp.auth import Credentials, Veiled, choose
from mailbridge.smtp.reply import Reply

words = st.text(st.characters(exclude_characters="\0\1", exclude_categories=("Cs",)), min_size=1, max_size=20)


def credentials(user: str = "ann", password: str = "s3cret", *, token: str = "") -> Credentials:
    return Credentials(
        user,
        password=None if token else Secret(password),
        token=Secret(token) if token else None,
        nonce=lambda: "n0nce",
        host="mail.test",
        port=587,
    )


def converse(name: str, who: Credentials, user: str, password: str) -> str:
    """Let our mechanism talk to the tests' server and return whom that let in."""
    server = exchange(name, user, password)
    ours = auth.MECHANISMS[name](who)
    said: bytes | None = next(ours)
    if name not in auth.SPEAKS_FIRST:
        said = None
    try:
        while True:
            said = ours.send(server.send(said))
    except StopIteration as end:
        return str(end.value)


@pytest.mark.parametrize("name", SERVERS)
def test_the_right_password_lets_us_in(name: str) -> None:
    who = credentials(token="s3cret") if name in auth.WITH_TOKEN else credentials()
    assert converse(name, who, "ann", "s3cret") == "ann"


@pytest.mark.parametrize("name", [name for name in SERVERS if name != "SCRAM-SHA-256"])
def test_a_wrong_password_does_not(name: str) -> None:
    who = credentials(token="wrong") if name in auth.WITH_TOKEN else credentials(password="wrong")
    assert converse(name, who, "ann", "s3cret") == ""


def test_a_wrong_password_proves_nothing_by_scram() -> None:
    assert converse("SCRAM-SHA-256", credentials(password="wrong"), "ann", "s3cret") == ""


@given(words, words, st.sampled_from(["PLAIN", "LOGIN", "CRAM-MD5"]))
def test_any_user_and_password_arrive_as_they_are(user: str, password: str, name: str) -> None:
    assert converse(name, credentials(user, password), user, password) == user


def test_scram_says_what_the_rfc_has_it_say() -> None:
    """The example of RFC 7677 section 3."""
    who = Credentials("user", password=Secret("pencil"), nonce=lambda: "rOprNGfwEbeRWgbNEkqO")
    ours = auth.scram_sha_256(who)
    assert next(ours) == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert ours.send(challenge) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert ours.send(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == b""


def test_cram_says_what_the_rfc_has_it_say() -> None:
    """The example of RFC 2195 section 2."""
    ours = auth.cram_md5(credentials("tim", "tanstaaftanstaaf"))
    next(ours)
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert ours.send(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_a_user_name_cannot_end_its_field() -> None:
    first = next(auth.scram_sha_256(credentials("a=b,c")))
    assert first == b"n,,n=a=3Db=2Cc,r=n0nce"
    assert next(auth.oauthbearer(credentials("a,b", token="t"))).startswith(b"n,a=a=2Cb,\1host=mail.test\1port=587\1")


@pytest.mark.parametrize(
    ("offered", "token", "allowed", "chosen"),
    [
        (["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"], False, [], "SCRAM-SHA-256"),
        (["PLAIN", "LOGIN", "CRAM-MD5"], False, [], "CRAM-MD5"),
        (["LOGIN", "PLAIN"], False, [], "PLAIN"),
        (["LOGIN"], False, [], "LOGIN"),
        (["PLAIN", "LOGIN"], False, ["login"], "LOGIN"),
        (["PLAIN", "SCRAM-SHA-256"], False, ["PLAIN", "SCRAM-SHA-256"], "PLAIN"),
        (["XOAUTH2", "OAUTHBEARER", "PLAIN"], True, [], "OAUTHBEARER"),
        (["XOAUTH2", "PLAIN"], True, [], "XOAUTH2"),
        (["XOAUTH2", "PLAIN"], False, [], "PLAIN"),
    ],
)
def test_the_strongest_in_common_is_chosen(offered: list[str], token: bool, allowed: list[str], chosen: str) -> None:
    assert choose(offered, token=token, allowed=allowed) == chosen


@pytest.mark.parametrize(
    ("offered", "token", "allowed"),
    [([], False, []), (["PLAIN"], True, []), (["XOAUTH2"], False, []), (["PLAIN"], False, ["LOGIN"])],
)
def test_nothing_in_common_is_told(offered: list[str], token: bool, allowed: list[str]) -> None:
    with pytest.raises(AuthFailed) as caught:
        choose(offered, token=token, allowed=allowed)
    assert caught.value.hints
    for name in offered:
        assert name in caught.value.text


@pytest.mark.catalogue("A30")
def test_what_travels_does_not_print() -> None:
    said = credentials().say(b"\0ann\0s3cret", initial=True)
    assert bytes(said) == b64encode(b"\0ann\0s3cret")
    for shown in (repr(said), str(said), f"{said}", repr([said]), repr({"data": (said,)})):
        assert "AGFubgBzM2NyZXQ=" not in shown
        assert "s3cret" not in shown
    assert isinstance(said, Veiled)


@pytest.mark.parametrize(("initial", "said"), [(True, b"="), (False, b"")])
def test_an_empty_response_is_told_from_none(initial: bool, said: bytes) -> None:
    """RFC 4954 section 4: `=` stands for an empty initial response, and for nothing else."""
    assert credentials().say(b"", initial=initial) == said


@pytest.mark.catalogue("A30")
def test_a_reply_that_repeats_what_was_said_is_masked() -> None:
    who = credentials(password="s3cret")
    said = bytes(who.say(b"\0ann\0s3cret")).decode()
    reply = Reply(535, "5.7.8", (f"{said} is wrong", "so is s3cret", b64encode(b"s3cret").decode()))
    assert who.veil(reply).lines == ("******** is wrong", "so is ********", "********")


def test_a_very_short_password_does_not_mask_everything_else() -> None:
    assert credentials(password="e").veil(Reply(535, "", ("wrong user",))).lines == ("wrong user",)
