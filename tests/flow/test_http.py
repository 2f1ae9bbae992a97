"""Requests and responses as values: JSON, forms, headers, and bodies that are none of what they should be."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.flow.http import HttpOptions, HttpRequest, HttpResponse, dig, encoded_json
from mailbridge.flow.operations import TlsOptions

TEXT = st.text(st.characters(codec="utf-8"))
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", min_size=1)
PAIRS = st.lists(st.tuples(NAMES, TEXT))


@given(JSON)
def test_what_is_sent_as_json_is_read_as_it_was(payload: Any) -> None:
    request = HttpRequest.json("POST", "https://api.test/", payload)
    assert json.loads(request.body.decode("utf-8")) == payload
    assert HttpResponse(200, body=request.body).data == payload
    assert request.header("content-type") == "application/json"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_not_sent(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encoded_json({"n": number})


@given(st.lists(st.tuples(TEXT, TEXT)))
def test_a_form_is_read_as_it_was(fields: list[tuple[str, str]]) -> None:
    request = HttpRequest.form("POST", "https://api.test/", fields)
    assert parse_qsl(request.body.decode("ascii"), keep_blank_values=True) == fields
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"


@given(PAIRS, PAIRS)
def test_further_headers_replace_those_of_the_same_name_in_any_case(
    first: list[tuple[str, str]], further: list[tuple[str, str]]
) -> None:
    request = HttpRequest("GET", "https://api.test/", first)
    changed = request.with_headers(*further)
    assert changed.headers[len(changed.headers) - len(further) :] == tuple(further)
    kept = [pair for pair in first if pair[0].lower() not in {name.lower() for name, _ in further}]
    assert list(changed.headers[: len(kept)]) == kept
    assert request.headers == tuple(first)


@given(PAIRS, NAMES)
def test_a_header_is_found_in_any_case(pairs: list[tuple[str, str]], name: str) -> None:
    wanted = [value for key, value in pairs if key.lower() == name.lower()]
    response = HttpResponse(200, pairs)
    assert list(response.headers_named(name.swapcase())) == wanted
    assert response.header(name.upper()) == (wanted[0] if wanted else None)


@pytest.mark.catalogue("H32")
@pytest.mark.parametrize(
    "body",
    [
        b'{"n": NaN}',
        b'{"n": -Infinity}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 1_000_000,
        b'{"a": "\xff\xfe"}',
        b'{"n": ' + b"9" * 5_000 + b"}",
        b"{",
        b"",
        b"<html></html>",
        b'{"a": 1} trailing',
    ],
    ids=[
        "nan",
        "infinity",
        "deep-list",
        "deep-object",
        "deeper",
        "utf-8",
        "long-number",
        "cut",
        "empty",
        "html",
        "more",
    ],
)
def test_a_body_that_is_no_json_has_no_data(body: bytes) -> None:
    response = HttpResponse(200, body=body)
    assert response.data is None
    assert response.get("a", 0, default="none") == "none"
    assert isinstance(response.text, str)


@pytest.mark.catalogue("H32")
def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert HttpResponse(200, body=b'{"id": "a", "id": "b"}').data == {"id": "b"}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert HttpResponse(200, body=b'\xef\xbb\xbf{"id": "a"}').get("id") == "a"


@given(st.binary())
def test_no_body_makes_reading_fail(body: bytes) -> None:
    response = HttpResponse(200, body=body)
    response.get("a", 0)
    assert isinstance(response.text, str)


@given(JSON, st.lists(TEXT | st.integers(-3, 3), max_size=5))
def test_a_path_leads_somewhere_or_to_the_default(data: Any, path: list[str | int]) -> None:
    def by_hand(value: Any) -> Any:
        for step in path:
            if isinstance(step, str) and isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
                value = value[step]
            else:
                return "default"
        return value

    assert dig(data, *path, default="default") == by_hand(data)


@pytest.mark.parametrize("status", range(100, 600, 7))
def test_success_is_two_hundred_and_something(status: int) -> None:
    assert HttpResponse(status).successful is (status // 100 == 2)


def test_neither_keys_nor_mail_stand_in_a_representation() -> None:
    request = HttpRequest.json("POST", "https://api.test/send?key=s3cret", {"to": "ann"}, [("Authorization", "s3cret")])
    assert repr(request) == "HttpRequest(POST https://api.test/send, <12 bytes>)"
    assert repr(HttpResponse(202, [("X-Key", "s3cret")], b"s3cret", complete=False)) == (
        "HttpResponse(202, <6 bytes>, cut short)"
    )


def test_options_share_connections_when_they_lead_there_the_same_way() -> None:
    def key(ca_file: str | None = None, **given: Any) -> object:
        return HttpOptions(tls=TlsOptions("", ca_file=ca_file), **given).key

    assert key(read=1.0) == key(read=2.0)
    assert len({key(), key("/ca.pem"), key(proxy="http://p"), key(connections=3)}) == 4
