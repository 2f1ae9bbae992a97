"""Messages: what is stored, what is refused, and by which name."""

from __future__ import annotations

import copy
import inspect
import pickle
import time
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.fields import Fields
from mailbridge.message.message import Message
from mailbridge.message.reading import READERS
from mailbridge.message.template import Template

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def message(**fields: Any) -> Message:
    """Make a message of which only `fields` matter."""
    return Message(**{"from_": "app@example.com", "to": "ann@example.org", **fields})


def refused(**fields: Any) -> MessageInvalid:
    """Return the refusal of a message."""
    with pytest.raises(MessageInvalid) as refusal:
        message(**fields)
    assert refusal.value.phase == "build"
    return refusal.value


class TestPeople:
    def test_addresses_are_read_wherever_they_stand(self) -> None:
        told = Message(
            from_="App <app@example.com>",
            to=["ann@example.org", ("Bob", "bob@example.org")],
            cc=Address("cat@example.org"),
            bcc=iter(["dan@example.org"]),
            reply_to="help@example.com",
            sender="mailer@example.com",
        )
        assert told.from_ == Address("app@example.com", "App")
        assert told.to == (Address("ann@example.org"), Address("bob@example.org", "Bob"))
        assert (told.cc, told.bcc) == ((Address("cat@example.org"),), (Address("dan@example.org"),))
        assert (told.reply_to, told.sender) == ((Address("help@example.com"),), Address("mailer@example.com"))

    def test_several_authors_need_a_sender(self) -> None:
        authors = ["a@example.com", "b@example.com"]
        assert refused(from_=authors).field == "sender"
        told = message(from_=authors, sender="a@example.com")
        assert told.from_ == Address("a@example.com")
        assert told.from_all == tuple(map(Address, authors))
        assert message().from_all == (Address("app@example.com"),)

    @pytest.mark.parametrize("author", [None, [], ""])
    def test_an_author_there_must_be(self, author: Any) -> None:
        assert refused(from_=author).field == "from_"

    @pytest.mark.parametrize("people", [{"to": []}, {"to": None}, {"to": ()}, {"to": [], "cc": [], "bcc": []}])
    def test_a_recipient_there_must_be(self, people: dict[str, Any]) -> None:
        refusal = refused(**people)
        assert refusal.field == "to"
        assert "give at least one in to, cc or bcc" in str(refusal)

    @pytest.mark.parametrize("field", ["from_", "to", "cc", "bcc", "reply_to", "sender", "envelope_sender"])
    def test_a_bad_address_is_refused_by_the_name_of_its_field(self, field: str) -> None:
        for bad in ("nobody", "a@b, c@d", "", 5):
            refusal = refused(**{field: bad})
            assert refusal.field == field
            assert str(refusal).startswith(f"{field}: ")

    @pytest.mark.parametrize("field", ["to", "cc", "bcc"])
    def test_one_of_the_three_is_enough(self, field: str) -> None:
        assert Message(from_="a@b.c", **{field: "x@y.z"}).recipients == (Address("x@y.z"),)  # type: ignore[misc]

    def test_ten_thousand_recipients_are_one_message(self) -> None:
        assert len(message(to=[f"u{n}@example.org" for n in range(10_000)]).recipients) == 10_000


class TestEnvelope:
    def test_it_is_made_of_the_headers_and_each_mailbox_comes_once(self) -> None:
        told = message(to=["ann@example.org", "bob@example.org"], cc="Ann@Example.org", bcc=["cat@example.org"])
        assert told.envelope == Envelope("app@example.com", ["ann@example.org", "bob@example.org", "cat@example.org"])
        assert told.envelope is told.envelope

    @pytest.mark.parametrize(
        ("fields", "sender"),
        [
            ({}, "app@example.com"),
            ({"sender": "mailer@example.com"}, "mailer@example.com"),
            ({"sender": "mailer@example.com", "envelope_sender": "bounces@example.com"}, "bounces@example.com"),
        ],
    )
    def test_bounces_go_to_the_first_that_is_given(self, fields: dict[str, Any], sender: str) -> None:
        assert message(**fields).envelope.sender == Address(sender)

    def test_bounces_may_go_nowhere(self) -> None:
        assert message(envelope_sender="<>").envelope.sender is None

    def test_one_that_is_given_holds(self) -> None:
        given = Envelope(None, "other@example.org", notify="NEVER")
        assert message(envelope=given).envelope is given
        assert Message(from_="a@b.c", envelope=given).recipients == (Address("other@example.org"),)
        assert refused(envelope=("a@b.c", "x@y.z")).field == "envelope"

    @pytest.mark.catalogue("A7")
    @pytest.mark.parametrize("field", ["from_", "sender", "envelope_sender", "to", "cc", "bcc"])
    def test_a_command_cannot_be_smuggled_through_any_address(self, field: str) -> None:
        assert refused(**{field: "a@b>\r\nRCPT TO:<e@x"}).field == field


class TestHeaderText:
    CHARACTERS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\x7f")

    @pytest.mark.catalogue("A2")
    @pytest.mark.parametrize("character", CHARACTERS, ids=lambda character: f"A2-{character!a}")
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("subject", "{}"),
            ("tags", ["{}"]),
            ("metadata", {"name": "{}"}),
            ("metadata", {"{}": "value"}),
            ("headers", {"X-A": "{}"}),
            ("headers", [("X-A", "{}")]),
            ("headers", {"X-A": ["fine", "{}"]}),
            ("merge_headers", {"ann@example.org": {"X-A": "{}"}}),
            ("merge_metadata", {"ann@example.org": {"name": "{}"}}),
            ("list_unsubscribe", "https://x.example/{}"),
            ("message_id", "<{}@x>"),
            ("in_reply_to", "<a@{}>"),
            ("references", ["<a@b>", "<{}@x>"]),
            ("idempotency_key", "{}"),
            ("via", "{}"),
            ("stream", "{}"),
            ("template", "{}"),
            ("method", "{}"),
            ("from_", ("x{}", "a@b.c")),
            ("reply_to", "Ann{} <a@b.c>"),
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_nothing_that_ends_a_line_comes_in(self, field: str, value: Any, character: str) -> None:
        for text in (f"x{character}Bcc: e@x", f"x{character}"):
            assert refused(**{field: _filled(value, text)}).field.startswith(field)

    @pytest.mark.catalogue("A1")
    def test_words_that_look_encoded_are_text(self) -> None:
        word = "=?utf-8?b?eA0KQmNjOiBlQHg=?="
        told = message(subject=word, headers={"X-A": word}, tags=[word])
        assert (told.subject, told.headers, told.tags) == (word, (("X-A", word),), (word,))

    @pytest.mark.catalogue("A17")
    def test_a_subject_of_a_megabyte_is_refused_at_once(self) -> None:
        for unit in ("x", "\u00e4", '"', "=?utf-8?q?"):
            begin = time.thread_time()
            assert refused(subject=unit * (1_000_000 // len(unit))).field == "subject"
            assert time.thread_time() - begin < 0.1

    def test_a_surrogate_is_refused_in_every_text(self) -> None:
        for field in ("subject", "text", "html", "amp", "calendar", "via", "stream"):
            assert refused(**{field: "\udc80"}).field == field
        assert refused(merge_data={"a@b.c": {"x": "\udc80"}}).field.startswith("merge_data")
        assert refused(alternatives=[("\udc80", "text/x")]).field.startswith("alternatives")


def _filled(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return value.replace("{}", text)
    if isinstance(value, dict):
        return {_filled(name, text): _filled(each, text) for name, each in value.items()}
    return type(value)(_filled(each, text) for each in value)


class TestHeaders:
    def test_a_mapping_and_pairs_are_both_read_and_repeat(self) -> None:
        pairs = (("X-A", "1"), ("X-B", "2"), ("X-B", "3"))
        assert message(headers={"X-A": "1", "X-B": ["2", "3"]}).headers == pairs
        assert message(headers=pairs).headers == message(headers=map(list, pairs)).headers == pairs

    @pytest.mark.catalogue("A3")
    @pytest.mark.parametrize(
        "name", ["X-Foo: a\r\nBcc", "X-Foo:", "X Foo", "", "X-Fö", "Bcc", "From", "DKIM-Signature"]
    )
    def test_a_name_that_may_not_be_set_is_refused(self, name: str) -> None:
        assert refused(headers={name: "x"}).field == "headers"
        assert refused(headers=[(name, "x")]).field == "headers"
        assert refused(merge_headers={"a@b.c": {name: "x"}}).field == "merge_headers"

    @pytest.mark.parametrize(
        "value", ["X-A: 1", 5, [("X-A",)], [5], ["ab"], {"X-A": None}, {"X-A": 1}, [("X-A", "1", "2")]]
    )
    def test_what_is_no_list_of_headers_is_refused(self, value: Any) -> None:
        assert refused(headers=value).field.startswith("headers")

    @pytest.mark.catalogue("A39")
    def test_bcc_is_in_the_envelope_and_in_no_header(self) -> None:
        told = message(bcc="secret@example.org")
        assert Address("secret@example.org") in told.recipients
        assert told.to + told.cc == (Address("ann@example.org"),)
        assert not told.headers
        assert "Message(bcc=…)" in str(refused(headers={"bCC": "secret@example.org"}))

    @pytest.mark.catalogue("A39")
    def test_a_rendered_message_loses_its_bcc(self) -> None:
        raw = b"To: ann@example.org\r\nBcc: secret@example.org,\r\n\tother@example.org\r\nX-A: 1\r\n\r\nBcc: text\r\n"
        assert message(raw=raw).raw == b"To: ann@example.org\r\nX-A: 1\r\n\r\nBcc: text\r\n"
        assert message().replace(raw=raw).raw == message(raw=raw).raw


class TestContent:
    def test_a_message_may_say_nothing(self) -> None:
        assert (message().text, message().subject) == (None, "")

    def test_an_empty_text_is_a_text(self) -> None:
        assert message(text="").text == ""

    def test_alternatives_may_be_pairs(self) -> None:
        told = message(alternatives=[("# Hi", "text/markdown"), Alternative(b"x", "image/x"), [b"y", "image/y"]])
        assert told.alternatives == (
            Alternative("# Hi", "text/markdown"),
            Alternative(b"x", "image/x"),
            Alternative(b"y", "image/y"),
        )

    @pytest.mark.parametrize(
        "value", ["x", 5, ["x"], [("x",)], [("x", "text/x", 1)], [(5, "text/x")], [("x", "message/rfc822")]]
    )
    def test_what_is_no_alternative_is_refused(self, value: Any) -> None:
        assert refused(alternatives=value).field.startswith("alternatives")

    def test_one_attachment_may_stand_alone(self) -> None:
        file = Attachment(b"x", "a.txt")
        assert message(attachments=file).attachments == message(attachments=[file]).attachments == (file,)

    @pytest.mark.catalogue("A19")
    @pytest.mark.parametrize(
        "value",
        ["/etc/passwd", ["/etc/passwd"], Path("/etc/passwd"), "http://169.254.169.254/", [("a.txt", b"x")], 5, b"x"],
    )
    def test_nothing_but_an_attachment_is_attached(self, value: Any) -> None:
        refusal = refused(attachments=value)
        assert refusal.field == "attachments"
        assert "root:" not in str(refusal)

    def test_a_content_id_means_one_file(self) -> None:
        one, same, other = (Attachment(content, "a.gif", inline=True, content_id="x") for content in (b"1", b"1", b"2"))
        assert len(message(html="<img>", attachments=[one, same]).attachments) == 2
        assert refused(html="<img>", attachments=[one, other]).field == "attachments"

    @pytest.mark.parametrize(
        "fields",
        [
            {"text": "x"},
            {"html": "x"},
            {"amp": "x"},
            {"calendar": "x"},
            {"alternatives": [("x", "text/x")]},
            {"attachments": [Attachment(b"x")]},
            {"headers": {"X-A": "1"}},
            {"template": "x"},
        ],
        ids=str,
    )
    def test_beside_raw_there_is_no_content(self, fields: dict[str, Any]) -> None:
        assert refused(raw=b"Subject: x\r\n\r\n", **fields).field == next(iter(fields))

    @pytest.mark.parametrize("value", [b"", "Subject: x", 5])
    def test_raw_is_the_bytes_of_something(self, value: Any) -> None:
        assert refused(raw=value).field == "raw"


class TestCalendar:
    def test_the_method_is_read_from_the_calendar_or_is_a_request(self) -> None:
        assert message(calendar="BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n").method == "CANCEL"
        assert message(calendar="BEGIN:VCALENDAR\nmethod:reply\n").method == "REPLY"
        assert message(calendar="BEGIN:VCALENDAR\n").method == "REQUEST"
        assert message(calendar="x", method="publish").method == "PUBLISH"

    def test_both_must_agree(self) -> None:
        assert refused(calendar="METHOD:CANCEL", method="REQUEST").field == "method"
        assert refused(method="REQUEST").field == "method"

    def test_another_calendar_brings_its_own_method(self) -> None:
        invited = message(calendar="METHOD:REQUEST")
        assert invited.replace(calendar="METHOD:CANCEL").method == "CANCEL"
        assert invited.replace(method="X-OTHER", calendar="x").method == "X-OTHER"
        assert invited.replace(calendar=None).method is None


class TestIdentity:
    def test_ids_get_their_brackets(self) -> None:
        told = message(message_id="1@example.com", in_reply_to="<2@example.com>", references=["3@x.y", "<4@x.y>"])
        assert (told.message_id, told.in_reply_to) == ("<1@example.com>", "<2@example.com>")
        assert told.references == ("<3@x.y>", "<4@x.y>")
        assert message(references="<3@x.y>").references == ("<3@x.y>",)

    @pytest.mark.parametrize(
        "value",
        ["", "<>", "a", "<a@b", "a@b>", "<a@b> <c@d>", "a b@c", "<<a@b>>", "a@b@c", "ü@x", f"{'x' * 900}@y", 5, b"a@b"],
    )
    def test_what_is_no_id_is_refused(self, value: Any) -> None:
        assert refused(message_id=value).field == "message_id"
        assert refused(references=[value]).field == "references"

    def test_a_thread_of_thousands_is_refused(self) -> None:
        assert refused(references=[f"<{n}@example.org>" for n in range(2000)]).field == "references"

    @pytest.mark.parametrize("field", ["date", "send_at"])
    def test_a_moment_has_a_fixed_offset(self, field: str) -> None:
        berlin = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        kept = getattr(message(**{field: berlin}), field)
        assert kept == berlin
        assert repr(kept.tzinfo) == "datetime.timezone(datetime.timedelta(seconds=7200))"
        assert getattr(message(**{field: NOON}), field).tzinfo is UTC

    def test_an_offset_of_seconds_becomes_utc(self) -> None:
        old = datetime(2026, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28)))
        assert message(date=old).date == old
        assert message(date=old).date.tzinfo is UTC  # type: ignore[union-attr]

    @pytest.mark.parametrize("field", ["date", "send_at"])
    @pytest.mark.parametrize(
        "value", [datetime(2026, 1, 1), NOON.date(), 0, "2026-01-01T00:00:00Z", NOON.replace(year=1899)]
    )
    def test_what_is_no_moment_is_refused(self, field: str, value: Any) -> None:
        assert refused(**{field: value}).field == field


class TestControl:
    def test_data_is_kept_and_frozen(self) -> None:
        told = message(
            tags=["a", "b", "a"], metadata={"order": 1, "vip": True, "name": "Zoë"}, provider_options={"x": {"y": [1]}}
        )
        assert told.tags == ("a", "b")
        assert told.metadata == {"order": 1, "vip": True, "name": "Zoë"}
        with pytest.raises(TypeError, match="frozen"):
            told.metadata["x"] = "y"
        assert told.provider_options == {"x": {"y": (1,)}}
        assert message(tags="one").tags == ("one",)

    def test_what_differs_by_recipient_is_kept_by_the_canonical_address(self) -> None:
        told = message(
            to=["Ann@Bücher.de"],
            merge_data={"ann@BÜCHER.de": {"name": "Ann"}},
            merge_headers={Address("ann@bücher.de"): {"List-Unsubscribe": "<https://x/ann>"}},
            merge_metadata={("Ann", "ann@xn--bcher-kva.de"): {"id": 7}},
        )
        key = told.recipients[0].key
        assert told.merge_data[key] == {"name": "Ann"}
        assert told.merge_headers[key] == (("List-Unsubscribe", "<https://x/ann>"),)
        assert told.merge_metadata[key] == {"id": 7}

    def test_two_spellings_of_one_recipient_are_refused(self) -> None:
        twice = {"ann@example.org": {}, "Ann@Example.org": {}}
        for field in ("merge_data", "merge_headers", "merge_metadata"):
            assert "two spellings" in str(refused(**{field: twice}))

    def test_a_template_may_be_its_id(self) -> None:
        assert message(template="welcome").template == Template("welcome")
        assert message(template=17).template == Template("17") == Template(17)
        assert message(template=Template("welcome", version=2)).template == Template("welcome", "2")
        assert refused(template="").field == "template.id"

    def test_one_click_needs_something_to_post_to(self) -> None:
        both = ["mailto:u@example.com", "HTTPS://example.com/u?x=1"]
        assert message(list_unsubscribe=both, list_unsubscribe_post=True).list_unsubscribe == tuple(both)
        for links in (None, "mailto:u@example.com", "http://example.com/u"):
            assert refused(list_unsubscribe=links, list_unsubscribe_post=True).field == "list_unsubscribe_post"
        assert (
            message(list_unsubscribe="mailto:u@example.com", list_unsubscribe_post=False).list_unsubscribe_post is False
        )

    @pytest.mark.parametrize(
        "link", ["", "javascript:x", "ftp://x", "https://x/a b", "<https://x>", "https://x/>,<y", "//x", "https:"]
    )
    def test_a_link_to_unsubscribe_is_a_url(self, link: str) -> None:
        assert refused(list_unsubscribe=[link]).field == "list_unsubscribe"

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("priority", ["urgent", 1, ""]),
            ("on_partial", ["raise", True]),
            ("sensitive", ["yes", 1, 0]),
            ("track_opens", ["no", 1]),
            ("track_clicks", [1]),
            ("require_tls", [1]),
            ("list_unsubscribe_post", ["One-Click"]),
            ("tags", [[""], [" "], [5], 5, {"a": 1}, ["x" * 256], b"x"]),
            (
                "metadata",
                [{"a": None}, {"a": [1]}, {"": "x"}, {5: "x"}, {"a": float("nan")}, {"a": "x" * 20_000}, "x", [1]],
            ),
            ("merge_global", ["x", [1], {"x": object()}]),
            ("merge_data", ["x", [1], {"nobody": {}}, {"a@b.c": "x"}, {"a@b.c": [1]}]),
            ("merge_headers", ["x", {"a@b.c": "x"}, {"nobody": {}}]),
            ("merge_metadata", ["x", {"a@b.c": {"x": [1]}}]),
            ("provider_options", ["x", {"sendgrid": object()}]),
            ("idempotency_key", ["", "a b", "ü", "x" * 256, 5]),
            ("via", ["", 5]),
            ("stream", ["", 5]),
            ("template", [{}, 1.5, []]),
            ("text", [5, b"x", ["x"]]),
            ("subject", [5, b"x"]),
        ],
    )
    def test_a_wrong_kind_is_refused_by_name(self, field: str, values: list[Any]) -> None:
        for value in values:
            assert refused(**{field: value}).field.startswith(field)

    def test_an_unknown_field_is_a_type_error(self) -> None:
        with pytest.raises(TypeError, match="no field 'subjekt'"):
            message(subjekt="x")
        with pytest.raises(TypeError, match="no field 'subjekt'"):
            message().replace(subjekt="x")  # type: ignore[call-arg]

    @pytest.mark.parametrize(
        ("name", "meant"),
        [("from", "from_"), ("reply-to", "reply_to"), ("subjekt", "subject"), ("body", "text"), ("From", "from_")],
    )
    def test_the_field_that_was_meant_is_named(self, name: str, meant: str) -> None:
        with pytest.raises(TypeError, match=f"no field '{name}'; did you mean '{meant}'"):
            message(**{name: "x"})

    def test_a_header_that_is_no_text_is_called_so(self) -> None:
        assert "headers[X-Number] must be text (str), not int" in str(refused(headers={"X-Number": 5}))


class TestReplace:
    def test_only_what_changes_changes(self) -> None:
        before = message(subject="a", text="b")
        after = before.replace(subject="c", to=["bob@example.org"])
        assert (after.subject, after.text) == ("c", "b")
        assert after.recipients == (Address("bob@example.org"),)
        assert (before.subject, before.recipients) == ("a", (Address("ann@example.org"),))

    def test_what_was_computed_is_computed_anew(self) -> None:
        before = message(html="<p>")
        assert (before.envelope.sender, before.features) == (Address("app@example.com"), {"html"})
        after = before.replace(from_="new@example.com", html=None)
        assert (after.envelope.sender, after.features) == (Address("new@example.com"), frozenset())
        assert before._copy(to=(Address("x@y.z"),)).recipients == (Address("x@y.z"),)

    def test_none_gives_the_default_back(self) -> None:
        assert message(subject="a", tags=["x"]).replace(subject=None, tags=None) == message()
        assert (
            message(list_unsubscribe="https://x/y", list_unsubscribe_post=True).replace(list_unsubscribe=None)
            == message()
        )

    def test_one_author_in_place_of_several(self) -> None:
        several = message(from_=["a@b.c", "d@e.f"], sender="a@b.c")
        assert several.replace(from_="x@y.z").from_all == (Address("x@y.z"),)

    @pytest.mark.parametrize(
        "changes", [{"to": []}, {"from_": None}, {"subject": "a\nb"}, {"raw": b"x"}, {"method": "X"}], ids=str
    )
    def test_the_result_is_checked(self, changes: dict[str, Any]) -> None:
        with pytest.raises(MessageInvalid):
            message(text="x").replace(**changes)

    def test_what_does_not_change_is_not_read_again(self) -> None:
        class Once:
            """An address that can be asked once."""

            asked = 0

            def __mail_address__(self) -> str:
                self.asked += 1
                return "ann@example.org"

        once = Once()
        message(to=once).replace(subject="x").replace(text="y")
        assert once.asked == 1


def test_a_stamped_copy_has_an_id_and_a_date_and_the_rest() -> None:
    before = message(html="<p>")
    after = before.stamped("<1@x>", NOON)
    assert after == before.replace(message_id="1@x", date=NOON)
    assert (before.features, after.features) == ({"html"}, {"html", "message_id", "date"})
    assert after.envelope == before.envelope


class TestValue:
    FULL: ClassVar[dict[str, Any]] = {
        "html": "<p>",
        "calendar": "METHOD:CANCEL",
        "alternatives": [("x", "text/x")],
        "date": NOON,
        "send_at": NOON,
        "attachments": [Attachment(b"x", "a.gif", inline=True)],
        "headers": {"X-A": "1"},
        "metadata": {"a": 1},
        "merge_data": {"ann@example.org": {"a": [1]}},
        "envelope": Envelope(None, "x@y.z"),
        "template": "t",
    }

    def test_pickles_and_copies_are_equal(self) -> None:
        one = message(**self.FULL)
        assert one.features
        for other in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one), one.replace()):  # noqa: S301
            assert other == one
            assert hash(other) == hash(one)
            assert not [name for name in other.__dict__ if name.startswith("_")]

    def test_a_given_envelope_that_says_the_same_is_the_same(self) -> None:
        assert message() == message(envelope=message().envelope)

    def test_it_is_frozen(self) -> None:
        with pytest.raises(AttributeError, match=r"use \.replace\(subject=…\)"):
            message().subject = "x"

    def test_only_what_is_given_is_stored(self) -> None:
        assert set(message(subject="x", text=None).__dict__) == {"from_", "to", "subject"}

    def test_its_repr_tells_who_but_not_what(self) -> None:
        said = repr(message(subject="Hello", text="secret" * 3, html="<secret>", raw=None, sensitive=False))
        assert said == (
            "Message(from_=Address('app@example.com'), to=(Address('ann@example.org'),), subject='Hello', text=<18>, "
            "html=<8>, sensitive=False)"
        )
        assert "Reset" not in repr(message(subject="Reset 123", sensitive=True))
        assert "secret" not in repr(message(alternatives=[("secret", "text/x")]))

    def test_every_argument_has_a_reader_a_type_and_a_default(self) -> None:
        fields = set(Message._fields()) - {"also_from"}
        assert fields == set(READERS) == set(Fields.__annotations__) == set(inspect.signature(Message).parameters)
        assert all(name in (Message.__doc__ or "") for name in fields)

    def test_its_signature_is_for_people(self) -> None:
        parameters = inspect.signature(Message).parameters
        assert parameters["subject"].default is None
        assert parameters["from_"].default is inspect.Parameter.empty
        assert {each.kind for each in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


class TestDoors:
    """The other ways in, and the way out; what each does is tested beside `message.parse` and `message.stored`."""

    EML = b"From: app@example.com\r\nTo: ann@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"

    def test_json_and_back_is_the_same_message(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes(b"A")
        one = message(subject="Grüße", date=NOON, attachments=[Attachment(b"\xff\0", "a.bin")], raw=None)
        assert Message.from_json(one.to_json()) == one
        by_path = '{"from": "a@b.c", "to": "x@y.z", "attachments": [{"path": "a.txt"}]}'
        assert Message.from_json(by_path.encode(), root=tmp_path).attachments[0].content == b"A"
        with pytest.raises(MessageInvalid, match=r"path is not allowed here"):
            Message.from_json(by_path)

    def test_bytes_of_others_become_a_message(self) -> None:
        assert Message.from_bytes(self.EML) == message(subject="Hi", text="Hello\n")
        envelope = Envelope("a@b.c", "x@y.z")
        kept = Message.from_bytes(self.EML, envelope=envelope, keep_raw=True)
        assert (kept.raw, kept.envelope) == (self.EML, envelope)

    def test_so_do_objects_of_the_standard_library(self) -> None:
        parsed = message_from_bytes(self.EML, policy=policy.default)
        assert Message.from_email(parsed) == message(subject="Hi", text="Hello\n")
        envelope = Envelope("a@b.c", "x@y.z")
        kept = Message.from_email(parsed, envelope=envelope, keep_raw=True)
        assert (kept.raw, kept.envelope) == (self.EML, envelope)
