"""A Dsn is a value that writes itself in full on demand only."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.dsn import Dsn, Options
from mailbridge.errors import ConfigError
from mailbridge.secret import Secret

CANARY = "c4n4ry"
DSN = Dsn.parse(f"failover(smtp://{CANARY}:{CANARY}@h?api_key={CANARY}, smtp://b, signing_key={CANARY}, cooldown=5)")

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
NAME = st.sampled_from(["a", "smtp", "ses+api", "x-1.y_z"])
OPTIONS = st.dictionaries(st.sampled_from(["a", "_b", "api_key", "C-d.e"]), TEXT, max_size=3)
HOST = st.one_of(
    st.sampled_from(["", "default", "h", ".", "fe80::1%eth0"]),
    st.text("aZ9.-_~äµ", max_size=12),
    st.ip_addresses(v=6).map(str),
)
URL = st.builds(
    Dsn,
    NAME,
    user=st.none() | TEXT,
    password=st.none() | TEXT,
    host=HOST,
    port=st.none() | st.integers(1, 65535),
    path=st.just("") | TEXT.map("/{}".format),
    options=OPTIONS,
)
ANY = st.recursive(
    URL, lambda dsns: st.builds(Dsn, NAME, inner=st.lists(dsns, min_size=1, max_size=3), options=OPTIONS)
)


@given(ANY)
def test_what_is_written_in_full_is_read_back_as_the_same(dsn: Dsn) -> None:
    assert Dsn.parse(dsn.reveal()) == dsn


@given(ANY)
def test_what_is_printed_can_be_read_too(dsn: Dsn) -> None:
    again = Dsn.parse(str(dsn).replace("********@", "x@").replace("********", "x"))
    assert (again.scheme, again.host, again.port, again.path) == (dsn.scheme, dsn.host, dsn.port, dsn.path)
    assert list(again.options) == list(dsn.options)


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize(
    "shown",
    [
        str(DSN),
        repr(DSN),
        f"{DSN}",
        f"{DSN.inner[0]!s:>80}",
        repr(vars(DSN)),
        repr(vars(DSN.inner[0])),
        repr(DSN.options),
        str(DSN.inner[0].options),
        repr(copy.deepcopy(DSN)),
    ],
)
def test_no_way_to_print_a_dsn_shows_its_secrets(shown: str) -> None:
    assert CANARY not in shown
    assert "********" in shown


def test_what_is_no_secret_is_printed() -> None:
    assert str(DSN) == "failover(smtp://********@h?api_key=********, smtp://b, signing_key=********, cooldown=5)"


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize("value", [DSN, DSN.inner[0], DSN.options, Dsn("memory")])
def test_a_dsn_is_not_pickled(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(value)


def test_equal_dsns_are_equal_keys() -> None:
    text = "retry(smtp://ann:pw@h:25/x?a=b)"
    assert {Dsn.parse(text): 1}[Dsn.parse(text)] == 1
    assert Dsn.parse(text) != Dsn.parse(text.replace("pw", "pv"))
    assert Options({"a": "b"}) == {"a": "b"}


def test_a_secret_can_be_parsed_without_revealing_it_first() -> None:
    assert Dsn.parse(Secret("smtp://ann@h")).host == "h"


@pytest.mark.parametrize(
    ("scheme", "parts", "what"),
    [
        ("SMTP", {}, "lower-case"),
        ("", {}, "begin with a letter"),
        ("smtp", {"host": "a b"}, "no host name has"),
        ("smtp", {"host": "a\r\nX y"}, "no host name has"),
        ("smtp", {"host": "::g"}, "IPv6"),
        ("smtp", {"host": "::1%a b"}, "zone"),
        ("smtp", {"port": 0}, "1 to 65535"),
        ("smtp", {"path": "x"}, "slash"),
        ("smtp", {"user": "a\n"}, "user contains a control"),
        ("smtp", {"password": "\ud800"}, "surrogate"),
        ("smtp", {"options": {"a b": "c"}}, "option name 'a b'"),
        ("smtp", {"options": {"a": "\x85"}}, "option 'a' contains"),
        ("retry", {"inner": [Dsn("smtp")], "host": "h"}, "of its own"),
    ],
)
def test_parts_that_no_dsn_can_have_are_refused(scheme: str, parts: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Dsn(scheme, **parts)


def test_a_dsn_is_frozen() -> None:
    with pytest.raises(AttributeError):
        DSN.host = "x"
