"""Messages as JSON, back and forth."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.message.reading import READERS
from mailbridge.message.stored import VERSION, from_dict, from_json, to_dict, to_json
from mailbridge.message.template import Template

LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
WORD = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
TEXT = st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=6,
)
SPECS = st.builds("{}@{}.example".format, WORD, WORD | st.just("bücher"))
PEOPLE = st.lists(st.builds(Address, SPECS, LINE), max_size=3)
MOMENTS = st.datetimes(
    datetime(1900, 1, 2),
    datetime(2200, 1, 1),
    timezones=st.just(UTC) | st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-720, 840)),
)
IDS = st.builds("<{}@{}>".format, WORD, WORD)
SCALARS = LINE | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
HEADERS = st.lists(st.tuples(WORD.map("X-{}".format), LINE), max_size=3)
METADATA = st.dictionaries(WORD, SCALARS, max_size=3)
FILES = st.builds(Attachment, st.binary(max_size=40), st.none() | WORD.map("{}.png".format), inline=st.booleans())
FORMS = st.builds(Alternative, TEXT | st.binary(max_size=20), WORD.map("text/{}".format))
ENVELOPES = st.builds(
    Envelope,
    st.none() | SPECS,
    st.lists(SPECS, min_size=1, max_size=3),
    notify=st.sampled_from([(), ("NEVER",), ("DELAY", "FAILURE")]),
    ret=st.sampled_from([None, "FULL", "HDRS"]),
    envid=st.none() | WORD,
)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "cc": PEOPLE,
    "bcc": PEOPLE,
    "reply_to": PEOPLE,
    "subject": LINE,
    "text": TEXT,
    "html": TEXT,
    "amp": TEXT,
    "calendar": TEXT,
    "alternatives": st.lists(FORMS, max_size=2),
    "attachments": st.lists(FILES, max_size=2, unique=True),
    "headers": HEADERS,
    "envelope": ENVELOPES,
    "envelope_sender": SPECS | st.just("<>"),
    "message_id": IDS,
    "date": MOMENTS,
    "in_reply_to": IDS,
    "references": st.lists(IDS, max_size=3),
    "list_unsubscribe": st.just(["https://example.com/u?a=b&c=%20", "mailto:u@example.com"]),
    "tags": st.lists(WORD, max_size=2),
    "metadata": METADATA,
    "track_opens": st.booleans(),
    "track_clicks": st.booleans(),
    "priority": st.sampled_from(["high", "normal", "low"]),
    "send_at": MOMENTS,
    "idempotency_key": WORD,
    "via": WORD,
    "sensitive": st.booleans(),
    "template": st.builds(Template, WORD, st.none() | WORD),
    "merge_global": st.dictionaries(TEXT, JSON, max_size=2),
    "merge_data": st.dictionaries(SPECS, st.dictionaries(TEXT, JSON, max_size=2), max_size=2),
    "merge_headers": st.dictionaries(SPECS, HEADERS, max_size=2),
    "merge_metadata": st.dictionaries(SPECS, METADATA, max_size=2),
    "stream": WORD,
    "provider_options": st.dictionaries(WORD, JSON, max_size=2),
    "on_partial": st.sampled_from(["receipt", "abort"]),
    "require_tls": st.booleans(),
}
MESSAGES = st.fixed_dictionaries(
    {"to": st.lists(st.builds(Address, SPECS, LINE), min_size=1, max_size=3)}, optional=FIELDS
).flatmap(lambda fields: st.builds(lambda author: Message(from_=author, **fields), st.builds(Address, SPECS, LINE)))


class TestRoundTrip:
    @settings(max_examples=200, deadline=None)
    @given(MESSAGES)
    def test_nothing_is_lost(self, message: Message) -> None:
        again = from_json(to_json(message))
        assert again == message
        assert again.__dict__.keys() >= {name for name in message.__dict__ if name[0] != "_"} - {"method"}
        assert to_json(again) == to_json(message)
        assert from_dict(to_dict(message)) == message

    @settings(max_examples=100, deadline=None)
    @given(MESSAGES)
    def test_pickles_and_copies_lose_nothing_either(self, message: Message) -> None:
        assert message.features is not None
        for again in (pickle.loads(pickle.dumps(message)), copy.copy(message), copy.deepcopy(message)):  # noqa: S301
            assert again == message
            assert again.features == message.features

    def test_the_strategy_above_leaves_only_these_out(self) -> None:
        assert set(READERS) - set(FIELDS) == {"from_", "to", "sender", "raw", "method", "list_unsubscribe_post"}

    @pytest.mark.parametrize(
        "fields",
        [
            {"from_": ["a@b.c", "Zoë <d@e.f>"], "sender": "S <s@b.c>"},
            {"raw": b"Subject: \xff\0\r\n\r\nx"},
            {"calendar": "METHOD:CANCEL\n", "method": "CANCEL"},
            {"list_unsubscribe": "https://x/y", "list_unsubscribe_post": True},
            {"attachments": [Attachment(bytes(range(256)), "a.bin"), Attachment("ü", "ü.txt", disposition="inline")]},
            {"to": [Address("x@y.z", '=?utf-8?q?a?= "b" \\ <c>, d')]},
        ],
        ids=lambda fields: next(iter(fields)),
    )
    def test_what_it_leaves_out_survives_too(self, fields: dict[str, Any]) -> None:
        message = Message(**{"from_": "a@b.c", "to": "x@y.z", **fields})
        assert from_json(to_json(message)) == message

    def test_an_envelope_that_was_computed_is_not_stored(self) -> None:
        message = Message(from_="a@b.c", to="x@y.z")
        assert message.envelope.recipients
        assert set(to_dict(message)) == {"version", "from", "to"}

    def test_the_encoded_form_of_a_file_is_not_stored(self) -> None:
        file = Attachment(b"x", "a.txt")
        file.__dict__["_encoded"] = [b"eA==\r\n"]
        assert set(to_dict(Message(from_="a@b.c", to="x@y.z", attachments=file))["attachments"][0]) == {
            "filename",
            "content_type",
            "base64",
        }


class TestWrittenByHand:
    def test_from_and_a_recipient_are_enough(self) -> None:
        assert from_json('{"from": "a@b.c", "to": "x@y.z"}') == Message(from_="a@b.c", to="x@y.z")

    def test_the_example_in_the_documentation_is_a_message(self) -> None:
        from mailbridge.message import stored

        example = (stored.__doc__ or "").partition("    {\n")[2].partition("\n    }")[0]
        message = from_json("{" + example + "}")
        assert (message.from_.name, len(message.to), message.attachments[0].content[:4]) == ("App", 2, b"%PDF")

    def test_everything_may_be_null(self) -> None:
        data = dict.fromkeys([name for name in READERS if name != "from_"])
        assert from_dict({**data, "from": "a@b.c", "to": ["x@y.z"]}) == Message(from_="a@b.c", to="x@y.z")

    def test_files_are_given_as_text_or_base64(self) -> None:
        files = [
            {"filename": "a.txt", "text": "ü"},
            {"filename": "a.bin", "base64": "AP8="},
            {"base64": "", "inline": True},
        ]
        message = from_dict({"from": "a@b.c", "to": "x@y.z", "attachments": files})
        assert [each.content for each in message.attachments] == [b"\xc3\xbc", b"\0\xff", b""]
        assert message.attachments[2].inline

    def test_a_moment_has_an_offset(self) -> None:
        message = from_dict(
            {"from": "a@b.c", "to": "x@y.z", "send_at": "2026-11-21T09:30:00+01:00", "date": "2026-11-21T09:30Z"}
        )
        assert message.send_at == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
        assert message.date == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

    def test_a_template_may_be_its_id(self) -> None:
        assert from_dict({"from": "a@b.c", "to": "x@y.z", "template": 7}).template == Template(7)

    def test_headers_may_be_an_object(self) -> None:
        assert from_dict({"from": "a@b.c", "to": "x@y.z", "headers": {"X-A": ["1", "2"]}}).headers == (
            ("X-A", "1"),
            ("X-A", "2"),
        )

    def test_raw_may_be_text(self) -> None:
        assert (
            from_dict({"from": "a@b.c", "to": "x@y.z", "raw": {"text": "Subject: ü\n\n"}}).raw
            == "Subject: ü\n\n".encode()
        )


@pytest.mark.catalogue("A19")
class TestFiles:
    def test_a_path_is_read_below_the_folder_that_the_caller_allows(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(b"1;2")
        data = {
            "from": "a@b.c",
            "to": "x@y.z",
            "attachments": [{"path": "a.csv"}, {"path": "a.csv", "filename": "b.txt"}],
        }
        one, two = from_dict(data, root=tmp_path).attachments
        assert (one.filename, one.content, one.content_type) == ("a.csv", b"1;2", "text/csv")
        assert two.filename == "b.txt"

    def test_without_a_folder_no_path_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(b"1;2")
        with pytest.raises(MessageInvalid, match="path is not allowed here"):
            from_dict({"from": "a@b.c", "to": "x@y.z", "attachments": [{"path": str(tmp_path / "a.csv")}]})

    @pytest.mark.parametrize("path", ["/etc/passwd", "../x", "http://169.254.169.254/", "file:///etc/passwd"])
    def test_a_path_leads_nowhere_else(self, tmp_path: Path, path: str) -> None:
        with pytest.raises(MessageInvalid, match="cannot be attached"):
            from_dict({"from": "a@b.c", "to": "x@y.z", "attachments": [{"path": path}]}, root=tmp_path)


class TestRefused:
    @pytest.mark.parametrize(
        "text", ["", "x", "[]", "5", "null", '"x"', '{"from":', "[" * 100_000, b"\xff", "1" * 5000, '{"a": NaN}']
    )
    def test_what_is_no_object_is_no_message(self, text: str | bytes) -> None:
        with pytest.raises(MessageInvalid, match=r"not JSON|JSON object|unknown member"):
            from_json(text)

    @pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
    def test_an_unknown_version_is_named(self, version: object) -> None:
        with pytest.raises(MessageInvalid, match=rf"{version!r}; this mailbridge reads version {VERSION}") as refusal:
            from_dict({"version": version, "from": "a@b.c", "to": "x@y.z"})
        assert refusal.value.field == "version"

    @pytest.mark.parametrize(
        ("member", "value", "field"),
        [
            ("subjekt", "x", "subjekt"),
            ("also_from", ["x@y.z"], "also_from"),
            ("from_", "x@y.z", "from_"),
            ("_envelope", {}, "_envelope"),
            ("attachments", [{"text": "x", "size": 1}], "attachments.size"),
            ("attachments", [{}], "attachments"),
            ("attachments", [{"text": "x", "base64": "eA=="}], "attachments"),
            ("attachments", [{"text": 5}], "attachments"),
            ("attachments", [{"base64": "e"}], "attachments.base64"),
            ("attachments", [{"base64": "eA==\n"}], "attachments.base64"),
            ("attachments", [{"base64": "ü"}], "attachments.base64"),
            ("attachments", [{"text": "x", "inline": "yes"}], "attachments.inline"),
            ("attachments", [{"text": "x", "disposition": "form-data"}], "attachments.disposition"),
            ("attachments", {"text": "x"}, "attachments"),
            ("attachments", ["x"], "attachments"),
            ("alternatives", [{"text": "x"}], "alternatives.content_type"),
            ("alternatives", [{"content_type": "text/x", "path": "x"}], "alternatives.path"),
            ("alternatives", [["x", "text/x"]], "alternatives"),
            ("envelope", {"recipients": ["x@y.z"]}, "envelope.sender"),
            ("envelope", {"sender": None}, "envelope.recipients"),
            ("envelope", {"sender": None, "recipients": ["x@y.z"], "size": 1}, "envelope.size"),
            ("envelope", ["a@b.c"], "envelope"),
            ("template", {"version": "1"}, "template.id"),
            ("template", {"id": "1", "x": 1}, "template.x"),
            ("date", "yesterday", "date"),
            ("date", 1700000000, "date"),
            ("send_at", "2026-11-21T09:30:00", "send_at"),
            ("raw", "x", "raw"),
            ("raw", {"text": "\ud800"}, "raw"),
            ("raw", {"path": "x"}, "raw.path"),
        ],
    )
    def test_a_wrong_member_is_named(self, member: str, value: object, field: str) -> None:
        data = {"from": "a@b.c", "to": "x@y.z", member: value}
        with pytest.raises(MessageInvalid) as refusal:
            from_dict({key: each for key, each in data.items() if not (key == "from" and member == "from_")})
        assert refusal.value.field == field
        assert field.rpartition(".")[2] in str(refusal.value)

    @settings(max_examples=300)
    @given(st.dictionaries(st.sampled_from(["version", "from", *READERS, "x"]), JSON | st.just("a@b.c"), max_size=5))
    def test_any_json_is_a_message_or_refused(self, data: dict[str, Any]) -> None:
        try:
            message = from_json(json.dumps({"from": "a@b.c", "to": "x@y.z", **data}))
        except MessageInvalid:
            return
        assert from_json(to_json(message)) == message

    @pytest.mark.catalogue("A17")
    def test_a_number_of_a_million_digits_is_refused(self) -> None:
        with pytest.raises(MessageInvalid, match="not JSON"):
            from_json(f'{{"from": {"1" * 1_000_000}}}')
