"""Replies: from octets to codes and text."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.smtp.reply import MAX_LINE, MAX_REPLY, Reply, ReplyParser

text = st.text(st.characters(codec="utf-8", exclude_categories=("C",), exclude_characters="\r\n"), max_size=60)
replies = st.builds(
    lambda code, lines: Reply(code, "", tuple(lines)),
    st.integers(200, 559),
    st.lists(text.filter(lambda line: not line[:1].isdigit() and line.isprintable()), min_size=1, max_size=5),
)


def wire(reply: Reply) -> bytes:
    last = len(reply.lines) - 1
    lines = [f"{reply.code}{' ' if number == last else '-'}{line}\r\n" for number, line in enumerate(reply.lines)]
    return "".join(lines).encode()


def parsed(*segments: bytes) -> tuple[list[Reply], bool]:
    parser = ReplyParser()
    found = [reply for segment in segments for reply in parser.feed(segment)]
    return found, parser.broken is not None


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"250 ok\r\n", Reply(250, "", ("ok",))),
        (b"250\r\n", Reply(250, "", ("",))),
        (b"250 \r\n", Reply(250, "", ("",))),
        (b"250-\r\n250\r\n", Reply(250, "", ("", ""))),
        (b"550 5.1.1 no such user\r\n", Reply(550, "5.1.1", ("no such user",))),
        (b"550-5.1.1 no\r\n550 5.1.1 such user\r\n", Reply(550, "5.1.1", ("no", "such user"))),
        (b"250 2.0.0\r\n", Reply(250, "2.0.0", ("",))),
        (b"250 5.1.1 not ours\r\n", Reply(250, "", ("5.1.1 not ours",))),
        (b"220 10.0.0.1 ready\r\n", Reply(220, "", ("10.0.0.1 ready",))),
        ("250 ahoj, příteli\r\n".encode(), Reply(250, "", ("ahoj, příteli",))),
        (b"250 caf\xe9\r\n", Reply(250, "", ("caf\\xe9",))),
        (b"250 a\tb\r\n", Reply(250, "", ("a\\tb",))),
    ],
)
def test_a_reply_is_read(said: bytes, reply: Reply) -> None:
    assert parsed(said) == ([reply], False)
    assert parsed(said, said) == ([reply, reply], False), "a reply that was heard before is the same reply"


@pytest.mark.parametrize(
    "said",
    [
        b"abc\r\n", b"25 ok\r\n", b"2500 ok\r\n", b"150 wait\r\n", b"650 what\r\n", b"250_ok\r\n", b"\r\n",
        b" 250 ok\r\n",
        b"250-a\r\n251 b\r\n", b"250-a\r\n\r\n", b"250 ok\n", b"250 a\nb\r\n", b"250 a\rb\r\n", b"250 a\0b\r\n",
        b"250 \x1b[31m\r\n", b"250 \x7f\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"\x15\x03\x01\x00\x02\x02\x16\r\n",
        "\uff12\uff15\uff10 ok\r\n".encode(), b"+OK ready\r\n", b"* OK IMAP\r\n",
    ],
)  # fmt: skip
def test_what_is_no_reply_ends_it_all(said: bytes) -> None:
    parser = ReplyParser()
    assert parser.feed(b"250 before\r\n" + said) == [Reply(250, "", ("before",))]
    assert parser.broken is not None
    assert parser.mid_reply
    assert parser.broken.text.isprintable()
    assert parser.feed(b"250 after\r\n" * 3) == [], "what comes after cannot be told apart any more"


def test_an_unfinished_reply_is_known_as_one() -> None:
    parser = ReplyParser()
    assert not parser.mid_reply
    for segment in (b"2", b"50-so\r\n", b"250"):
        assert parser.feed(segment) == []
        assert parser.mid_reply
    assert parser.feed(b" far\r\n") == [Reply(250, "", ("so", "far"))]
    assert not parser.mid_reply


def test_a_line_may_be_long_but_not_endless() -> None:
    fits = b"250 " + b"x" * (MAX_LINE - 4) + b"\r\n"
    assert not parsed(fits)[1]
    assert parsed(fits[:4] + b"x" + fits[4:])[1]
    assert parsed(b"250 " + b"x" * MAX_LINE)[1], "noticed before the end of the line comes"


def test_a_reply_may_have_many_lines_but_not_without_end() -> None:
    line = b"250-" + b"x" * 996
    assert not parsed((line + b"\r\n") * 65 + b"250 end\r\n")[1]
    assert parsed((line + b"\r\n") * (MAX_REPLY // 1000 + 2))[1]
    assert parsed(b"250-\r\n" * MAX_REPLY)[1]


@pytest.mark.catalogue("F38")
@pytest.mark.parametrize("block", [b"250-more\r\n" * 6000, b"x" * 65536, b"250 " + b"y" * 65000, b"250-\r\n" * 10_000])
def test_a_flood_costs_no_memory(block: bytes) -> None:
    parser = ReplyParser()
    parser.feed(block)
    tracemalloc.start()
    for _ in range(200):
        parser.feed(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parser.broken is not None
    assert peak < 1_000_000


def test_every_reply_that_is_remembered_is_forgotten_again() -> None:
    from mailbridge.smtp import reply

    parser = ReplyParser()
    for number in range(5000):
        parser.feed(b"250 number %d\r\n" % number)
    assert len(reply._cache) <= reply._CACHE_LIMIT


@given(st.lists(replies, max_size=6), st.data())
def test_segments_make_no_difference(said: list[Reply], data: st.DataObject) -> None:
    whole = b"".join(map(wire, said))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=10)))
    segments = [whole[a:b] for a, b in itertools.pairwise([0, *cuts, len(whole)])]
    once, broken = parsed(whole)
    assert not broken
    assert [(reply.code, reply.lines) for reply in once] == [(reply.code, reply.lines) for reply in said]
    assert parsed(*segments) == (once, False)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_garbage_is_survived(segments: list[bytes]) -> None:
    parser = ReplyParser()
    for segment in segments:
        for reply in parser.feed(segment):
            assert 200 <= reply.code <= 599
            assert str(reply).isprintable()
        assert len(parser._rest) <= MAX_LINE + 200
    assert parsed(*segments)[0] == parsed(b"".join(segments))[0]


@given(st.lists(st.sampled_from([b"2", b"5", b"0", b"-", b" ", b"\r", b"\n", b"\r\n", b"x", b"250", b"250-", b"\0"])))
def test_garbage_that_looks_like_replies_is_survived_alike_in_any_segments(parts: list[bytes]) -> None:
    one_by_one, whole = parsed(*parts), parsed(b"".join(parts))
    shorter = min(len(one_by_one[0]), len(whole[0]))
    assert one_by_one[0][:shorter] == whole[0][:shorter]


@pytest.mark.parametrize(
    ("code", "positive", "transient"),
    [(200, True, False), (250, True, False), (252, True, False), (334, False, False), (354, False, False),
     (421, False, True), (450, False, True), (550, False, False)],
)  # fmt: skip
def test_codes_mean_what_they_mean(code: int, positive: bool, transient: bool) -> None:
    reply = Reply(code, "", ("x",))
    assert (reply.positive, reply.transient) == (positive, transient)


def test_a_reply_reads_as_it_was_said() -> None:
    reply = Reply(550, "5.1.1", ("no such", "user"))
    assert str(reply) == "550 5.1.1 no such user"
    assert reply.text == "no such user"
    assert str(reply.without(["such"])) == "550 5.1.1 no ******** user"
