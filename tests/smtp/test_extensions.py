"""What an EHLO reply offers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.smtp.extensions import Extensions
from mailbridge.smtp.reply import Reply


def offered(*lines: str) -> Extensions:
    return Extensions.parse(Reply(250, "", ("mx.example greets you", *lines)))


def test_nothing_is_offered_by_default() -> None:
    for nothing in (Extensions(), offered()):
        assert not any([nothing.pipelining, nothing.eight_bit, nothing.chunking, nothing.starttls, nothing.dsn])
        assert not any([nothing.smtputf8, nothing.says_size])
        assert nothing.size is None
        assert nothing.auth == ()


def test_what_is_offered_is_known() -> None:
    much = offered(
        "PIPELINING",
        "8bitmime",
        "Size 1000",
        "STARTTLS",
        "SMTPUTF8",
        "CHUNKING",
        "DSN",
        "REQUIRETLS",
        "AUTH PLAIN login",
    )
    assert all([much.pipelining, much.eight_bit, much.chunking, much.starttls, much.dsn])
    assert much.smtputf8
    assert much.says_size
    assert "REQUIRETLS" in much.keywords
    assert much.size == 1000
    assert much.auth == ("PLAIN", "LOGIN")


def test_the_name_of_the_server_is_no_extension() -> None:
    assert not Extensions.parse(Reply(250, "", ("PIPELINING",))).pipelining


@pytest.mark.parametrize("line", ["SIZE", "SIZE 0", "SIZE ", "SIZE many", "SIZE -1", "SIZE ²", "SIZE " + "9" * 5000])
def test_a_size_that_is_no_number_is_no_limit(line: str) -> None:
    assert offered(line).says_size
    assert offered(line).size is None


@pytest.mark.parametrize(
    "lines", [("AUTH PLAIN LOGIN",), ("AUTH=PLAIN LOGIN",), ("AUTH PLAIN", "AUTH=LOGIN"), ("AUTH PLAIN", "AUTH LOGIN")]
)
def test_auth_may_be_offered_in_the_old_way(lines: tuple[str, ...]) -> None:
    assert offered(*lines).auth == ("PLAIN", "LOGIN")


@given(st.lists(st.text(max_size=40), max_size=20))
def test_any_lines_can_be_read(lines: list[str]) -> None:
    assert isinstance(offered(*lines).keywords, dict)
