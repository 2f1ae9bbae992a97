"""Header fields are folded, encoded where they must be, and nothing but themselves."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.message.address import Address
from mailbridge.message.mime import fields

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=300)
PLAIN = st.text(" abc=?.,<>@", max_size=300)


def read(field: str, name: str) -> str:
    return str(email.message_from_string(f"{field}\r\n", policy=email.policy.default)[name])


class TestText:
    @given(TEXTS | PLAIN)
    def test_comes_back_as_it_was(self, value: str) -> None:
        assert read(fields.text("Subject", value), "Subject") == value

    @given(TEXTS | PLAIN, st.integers(1, 76))
    def test_comes_back_whatever_the_length_of_the_name(self, value: str, size: int) -> None:
        assert read(fields.text("X" * size, value), "X" * size) == value

    @given(TEXTS | PLAIN)
    def test_lines_are_short_where_they_can_be(self, value: str) -> None:
        for line in fields.text("Subject", value).split("\r\n"):
            assert len(line) <= 78 or " " not in line.removeprefix("Subject: ").strip(" ")

    @given(TEXTS | PLAIN)
    def test_no_line_is_empty_or_only_white_space(self, value: str) -> None:
        first, *rest, end = fields.text("Subject", value).split("\r\n")
        assert first.startswith("Subject: ")
        assert end == ""
        assert all(line.strip(" ") for line in rest)

    def test_plain_text_is_left_alone(self) -> None:
        assert fields.text("Subject", "Order 17 confirmed") == "Subject: Order 17 confirmed\r\n"

    def test_only_what_must_be_is_encoded(self) -> None:
        assert fields.text("List-Id", "Müller <list.example.com>") == (
            "List-Id: =?utf-8?q?M=C3=BCller?= <list.example.com>\r\n"
        )

    def test_a_long_word_gets_a_line_of_its_own(self) -> None:
        value = f"see {'x' * 200} there"
        assert fields.text("Subject", value) == f"Subject: see\r\n {'x' * 200}\r\n there\r\n"

    def test_a_word_too_long_for_any_line_is_encoded(self) -> None:
        field = fields.text("Subject", "x" * 2000)
        assert max(map(len, field.split("\r\n"))) <= 76
        assert read(field, "Subject") == "x" * 2000

    @pytest.mark.catalogue("A1")
    @pytest.mark.parametrize(
        "value",
        [
            pytest.param("=?UTF-8?Q?x=0ABcc:_evil@x.y?=", id="A1-quoted"),
            pytest.param("=?utf-8?b?eA0KQmNjOiBlQHg=?=", id="A1-base64"),
            pytest.param("Re: =?utf-8?b?eA0KQmNjOiBlQHg=?= =?", id="A1-in-text"),
            pytest.param("a=?utf-8?q?b?=c", id="A1-in-a-word"),
        ],
    )
    def test_what_looks_encoded_is_encoded_itself(self, value: str) -> None:
        field = fields.text("Subject", value)
        assert value not in field
        assert read(field, "Subject") == value


class TestAddresses:
    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("", "ann@example.org"),
            ("Ann Lee", "Ann Lee <ann@example.org>"),
            ("Lee, Ann", '"Lee, Ann" <ann@example.org>'),
            ("Ann Q. Lee", '"Ann Q. Lee" <ann@example.org>'),
            ('Ann "Ace"', r'"Ann \"Ace\"" <ann@example.org>'),
            ("Zoë", "=?utf-8?q?Zo=C3=AB?= <ann@example.org>"),
            ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <ann@example.org>"),
        ],
    )
    def test_a_name_is_plain_quoted_or_encoded(self, name: str, written: str) -> None:
        assert fields.mailboxes("To", (Address("ann@example.org", name),)) == f"To: {written}\r\n"
        assert fields.mailbox("To", Address("ann@example.org", name)) == f"To: {written}\r\n"

    @pytest.mark.catalogue("A6")
    @pytest.mark.parametrize(
        "name", ["Zoë, Grün", "Lee, Ann", "", "日本 太郎", "x" * 200, "word " * 40 + "end", "é, " * 80 + "é"]
    )
    def test_forty_recipients_come_back_as_forty(self, name: str) -> None:
        intended = [Address(f"user{n}@example.org", name and f"{name} {n}") for n in range(40)]
        field = fields.mailboxes("To", tuple(intended))
        header = email.message_from_string(f"{field}\r\n", policy=email.policy.default)["To"]
        assert [each.addr_spec for each in header.addresses] == [each.addr_spec for each in intended]
        assert [each.display_name.replace(" ", "") for each in header.addresses] == [
            each.name.replace(" ", "") for each in intended
        ]
        assert max(map(len, re.sub(r"x{200}", "", field).split("\r\n"))) <= 76

    def test_lists_are_folded_between_mailboxes(self) -> None:
        field = fields.mailboxes("Cc", tuple(Address(f"user{n}@example.org", "Ann Lee") for n in range(4)))
        assert field == (
            "Cc: Ann Lee <user0@example.org>, Ann Lee <user1@example.org>,\r\n"
            " Ann Lee <user2@example.org>, Ann Lee <user3@example.org>\r\n"
        )

    def test_a_domain_in_another_script_is_written_in_a_labels(self) -> None:
        assert fields.mailboxes("To", (Address("ann@bücher.example"),)) == "To: ann@xn--bcher-kva.example\r\n"

    def test_a_local_part_in_another_script_needs_smtputf8(self) -> None:
        address = Address("用户@example.org", "Ann")
        with pytest.raises(Unsupported, match="SMTPUTF8") as caught:
            fields.mailboxes("Reply-To", (address,))
        assert (caught.value.feature, caught.value.field) == ("smtputf8", "reply_to")
        assert fields.mailboxes("To", (address,), utf8=True) == "To: Ann <用户@example.org>\r\n"


class TestDate:
    @given(st.datetimes(datetime(1000, 1, 1)), st.integers(-1439, 1439))
    def test_comes_back_to_the_second(self, moment: datetime, minutes: int) -> None:
        moment = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        read = email.message_from_string(fields.date(moment) + "\r\n", policy=email.policy.default)["Date"]
        assert read.datetime == moment.replace(microsecond=0)
        assert read.datetime.utcoffset() == moment.utcoffset()

    def test_is_written_as_the_rfc_has_it(self) -> None:
        assert fields.date(datetime(2026, 11, 1, 7, 5, 9, 999, UTC)) == "Date: Sun, 01 Nov 2026 07:05:09 +0000\r\n"

    def test_the_same_moment_elsewhere_is_written_as_there(self) -> None:
        here = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
        there = here.astimezone(timezone(timedelta(hours=5, minutes=45)))
        assert fields.date(here) == "Date: Sun, 01 Nov 2026 23:30:00 +0000\r\n"
        assert fields.date(there) == "Date: Mon, 02 Nov 2026 05:15:00 +0545\r\n"

    def test_a_time_without_zone_is_refused(self) -> None:
        with pytest.raises(MessageInvalid) as caught:
            fields.date(datetime(2026, 1, 1))
        assert caught.value.field == "date"


class TestTokens:
    def test_are_folded_between_each_other(self) -> None:
        ids = [f"<{n}{'x' * 40}@example.com>" for n in range(3)]
        assert fields.tokens("References", ids) == "References: " + "\r\n ".join(ids) + "\r\n"

    def test_have_separators_but_the_last(self) -> None:
        assert fields.tokens("List-Unsubscribe", ["<a:b>", "<c:d>"], ",") == "List-Unsubscribe: <a:b>, <c:d>\r\n"

    def test_longer_than_a_line_are_refused(self) -> None:
        with pytest.raises(MessageInvalid, match="longer than a line") as caught:
            fields.tokens("List-Unsubscribe", [f"<https://example.com/{'x' * 1000}>"], ",")
        assert caught.value.field == "list_unsubscribe"
        with pytest.raises(MessageInvalid, match="Message-ID"):
            fields.identifier("Message-ID", f"<{'x' * 985}@a>")

    @pytest.mark.parametrize("size", [970, 975, 980, 985])
    def test_at_the_limit_fit_or_are_refused(self, size: int) -> None:
        try:
            field = fields.identifier("Message-ID", f"<{'x' * size}@a>")
        except MessageInvalid:
            assert size + len("Message-ID: <@a>") > 998
        else:
            assert len(field.removesuffix("\r\n")) <= 998


@pytest.mark.catalogue("A1", "A5")
class TestBlock:
    @pytest.mark.parametrize(
        "written",
        [
            pytest.param(["X: a\r\nBcc: evil@example.com\r\n"], id="A1-second-field"),
            pytest.param(["X: a\nBcc: b\r\n"], id="A1-bare-lf"),
            pytest.param(["X: a\rBcc: b\r\n"], id="A1-bare-cr"),
            pytest.param(["X: a\r\n\r\nbody\r\n"], id="A5-end-of-header"),
            pytest.param(["X: a\r\n\r\n"], id="A5-empty-line"),
            pytest.param(["X: a\x00b\r\n"], id="A1-nul"),
            pytest.param(["X: a\x0bb\r\n"], id="A1-vertical-tab"),
            pytest.param(["X: a\x1cb\r\n"], id="A1-file-separator"),
            pytest.param(["X: a\x7f\r\n"], id="A1-del"),
            pytest.param(["X: a\r\n\tb\r\n"], id="A1-tab"),
            pytest.param(["X: a"], id="A5-no-end"),
            pytest.param(["X: a\r\n", "Y: b\r\n c\r\nZ: d\r\n"], id="A5-one-more"),
        ],
    )
    def test_refuses_what_could_be_read_otherwise(self, written: list[str]) -> None:
        with pytest.raises(MessageInvalid, match="none of its fields"):
            fields.block(written)

    def test_joins_fields_folded_or_not(self) -> None:
        assert fields.block(["A: b\r\n", "C: d\r\n e\r\n"]) == b"A: b\r\nC: d\r\n e\r\n"
