"""Whatever people write in a mail, a reader sees the same by Flask-Mail and by ours."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.utils import getaddresses
from typing import Any

import flask_mail as theirs
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mailbridge_flask.flask_mail as ours

# What Flask-Mail gets right. Names with punctuation, control characters and so on are for test_differential.
LETTERS = "abcXYZ0189 äßÉøżдщ中文字한글العربية☃😀-_'!"
WORD = st.text(LETTERS, min_size=1, max_size=8)
LINE = st.lists(WORD, max_size=12).map(" ".join)
NAME = st.lists(WORD, min_size=1, max_size=2).map(" ".join)
BODY = st.text(LETTERS + '\n\t.<>&=?,;:()[]{}"\\/@#%^*+|~`', max_size=300)
SPEC = st.from_regex(r"[a-z]{1,10}(\.[a-z]{1,10})?@[a-z]{1,10}\.(example|org)", fullmatch=True)
PERSON = SPEC | st.tuples(NAME, SPEC)
PEOPLE = st.lists(PERSON, max_size=3, unique_by=lambda one: one if isinstance(one, str) else one[1])
FILE = st.tuples(NAME.map(lambda name: name + ".bin"), st.binary(max_size=100))


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    made = Flask("random")
    theirs.Mail(made)
    with made.app_context():
        yield made


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    subject=LINE,
    sender=PERSON,
    recipients=PEOPLE.filter(bool),
    cc=PEOPLE,
    reply_to=st.none() | PERSON,
    body=BODY.filter(str.strip),
    html=st.none() | BODY.filter(str.strip),
    files=st.lists(FILE, max_size=2),
    date=st.integers(0, 2**31),
)
def test_a_reader_sees_the_same(app: Flask, files: list[tuple[str, bytes]], **fields: Any) -> None:
    seen = []
    for module in (theirs, ours):
        message = module.Message(**fields)
        for name, content in files:
            message.attach(name, "application/octet-stream", content)
        octets = message.as_bytes()
        seen.append(read(octets))
    assert seen[0] == seen[1]
    assert decoded(email.message_from_bytes(octets)["subject"] or "") == fields["subject"]


def read(octets: bytes) -> dict[str, Any]:
    message = email.message_from_bytes(octets)
    found: dict[str, Any] = {name: people(message, name) for name in ("from", "to", "cc", "reply-to")}
    found["subject"] = spaceless(message.get("subject", ""))
    found["date"] = email.utils.parsedate_to_datetime(message["date"]).timestamp()
    found["parts"] = [part_of(part) for part in message.walk() if not part.is_multipart()]
    return found


def people(message: Any, name: str) -> list[tuple[str, str]]:
    return sorted((spaceless(title), spec) for title, spec in getaddresses([message.get(name, "")]) if spec)


def spaceless(text: str) -> str:
    """Leave out spaces: where Flask-Mail folds between encoded words, it puts one in."""
    return "".join(decoded(text).split())


def decoded(text: str) -> str:
    return str(make_header(decode_header(text.replace("\r\n", ""))))


def part_of(part: Any) -> tuple[Any, ...]:
    content = part.get_payload(decode=True)
    if part.get_content_maintype() == "text":
        content = content.decode("utf-8").replace("\r\n", "\n").rstrip("\n")
    return part.get_content_type(), part.get_filename(), content
