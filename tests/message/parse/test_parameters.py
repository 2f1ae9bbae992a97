"""Header values with parameters."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.parameters import described


@pytest.mark.parametrize(
    ("header", "value", "parameters"),
    [
        ("text/plain", "text/plain", {}),
        (" Text/Plain ; Charset=UTF-8 ; ", "text/plain", {"charset": "UTF-8"}),
        ('attachment; filename="a; \\"b\\".txt"', "attachment", {"filename": 'a; "b".txt'}),
        ("attachment; filename*=utf-8''%C3%BC.txt", "attachment", {"filename": "ü.txt"}),
        ("attachment; filename*=iso-8859-1'de'%FC.txt", "attachment", {"filename": "ü.txt"}),
        ("attachment; filename=u.txt; filename*=utf-8''%C3%BC.txt", "attachment", {"filename": "ü.txt"}),
        ("attachment; filename*=utf-8''%C3%BC.txt; filename=u.txt", "attachment", {"filename": "ü.txt"}),
        ('a; n*0="long "; n*1="name"', "a", {"n": "long name"}),
        ("a; n*1*=%C3%9F; n*0*=utf-8''%C3; n*2=.txt", "a", None),
        ("a; n*1*=%BC; n*0*=utf-8''%C3; n*2=.txt", "a", {"n": "ü.txt"}),
        ('a; name="=?utf-8?q?=C3=BC?="', "a", {"name": "ü"}),
        ('a; name="ü"', "a", {"name": "ü"}),
        ("a; b=", "a", {"b": ""}),
    ],
)
def test_parameters_are_read(header: str, value: str, parameters: dict[str, str] | None) -> None:
    if parameters is None:
        with pytest.raises(Loss):
            described(header)
    else:
        assert described(header) == (value, parameters)


@pytest.mark.parametrize(
    "header",
    [
        "",
        ";a=b",
        "a; b",
        "a; b=c; B=d",
        "a; b=c (comment)",
        "a; b*1=x",
        "a; b*0=x; b*0=y",
        "a; b*0=x; b*2=y",
        "a; b*=x",
        "a; b*=klingon''x",
        "a; b*=utf-8''%FF",
        "a; b*0=x; b*1*=y",
        'a; b="c',
        "a b",
        "a; b=c d",
        "a; b*=''%C3%BC",
    ],
)
def test_anything_else_is_a_loss(header: str) -> None:
    with pytest.raises(Loss):
        described(header)


@given(st.text(st.sampled_from("ab;*='\"\\ %0123ü()")))
def test_any_text_is_read_or_a_loss(header: str) -> None:
    try:
        described(header)
    except Loss:
        return


@pytest.mark.parametrize("unit", [";", '"', ";a=", "a", "\\", ";a*0=b", " ", '";'])
def test_reading_takes_linear_time(unit: str) -> None:
    begin = time.thread_time()
    for start in ("", "a", 'a; b="'):
        try:
            described(start + unit * (200_000 // len(unit)))
        except Loss:
            continue
    assert time.thread_time() - begin < 1.0
