"""A mail matches when it fulfils every criterion, and what can never match is refused at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast
from unittest.mock import ANY

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mails import mail, message

from mailbridge.message.address import Address
from mailbridge.message.attachment import Attachment
from mailbridge.message.template import Template
from mailbridge.receipt import Receipt
from mailbridge.testing import Match, SentMail
from mailbridge.testing.criteria.wanted import assigned

PDF = Attachment(b"%PDF", "report.pdf")
MAIL = SentMail(
    message(
        from_="App <app@example.com>",
        to=["Ann <Ann@Example.org>", "bob@example.org"],
        cc="zoe@bücher.example",
        bcc="eve@example.org",
        subject="Your report",
        text="Hello Ann,\nthe report is attached.\n",
        html="<p>Hello <b>Ann</b> &amp; Bob</p>",
        headers={"X-Batch": "7"},
        reply_to="help@example.com",
        tags=["report", "monthly"],
        metadata={"user": 7, "plan": "pro"},
        template=Template("t-1", 3),
        attachments=[PDF, Attachment("a;b", "data.csv")],
    ),
    mailer="bulk",
    transport="smtp://mail.example.com:587",
)


class Named:
    """A user model."""

    def __mail_address__(self) -> str:
        return "ann@example.org"


def criteria(**given: Any) -> Any:
    return pytest.param(given, id=", ".join(f"{name}={shown(value)}" for name, value in given.items()))


def shown(value: Any) -> str:
    """Return what stands for a value in the name of a test: the same in every process."""
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))


class TestFulfilled:
    @pytest.mark.parametrize(
        "given",
        [
            criteria(),
            criteria(to="ann@example.org"),
            criteria(to="ANN@EXAMPLE.ORG"),
            criteria(to="Ann <ann@example.org>"),
            criteria(to=("Ann", "ann@example.org")),
            criteria(to=Address("ann@example.org")),
            criteria(to=Named()),
            criteria(to=re.compile(r"^bob@")),
            criteria(to=re.compile("^Ann <")),
            criteria(to=lambda each: each.domain == "Example.org"),
            criteria(to=ANY),
            criteria(to=["bob@example.org", "ann@example.org"]),
            criteria(to={"bob@example.org", "ann@example.org"}),
            criteria(to=("bob@example.org", "ann@example.org")),
            criteria(to=[re.compile("example"), "ann@example.org"]),
            criteria(cc="zoe@xn--bcher-kva.example"),
            criteria(bcc="eve@example.org", from_="app@example.com"),
            criteria(from_=["App <app@example.com>"]),
            criteria(subject="Your report"),
            criteria(subject=re.compile("report$")),
            criteria(subject=str.isprintable),
            criteria(subject=lambda subject: subject.endswith("report")),
            criteria(subject=ANY),
            criteria(text="the report"),
            criteria(text="Hello Ann,\r\nthe"),
            criteria(text=re.compile("(?m)^the .*d\\.$")),
            criteria(html="<b>Ann</b>"),
            criteria(html="Hello Ann & Bob"),
            criteria(html=ANY),
            criteria(header={"x-batch": "7", "Reply-To": "help@example.com"}),
            criteria(header={"X-None": None, "X-Batch": re.compile(r"^\d$")}),
            criteria(tag="report"),
            criteria(tag=["monthly", "report"]),
            criteria(tag=re.compile("^month")),
            criteria(metadata={"user": 7}),
            criteria(metadata={"plan": re.compile("^p"), "user": lambda user: user > 5, "other": None}),
            criteria(template="t-1"),
            criteria(template=Template("t-1", 3)),
            criteria(backend="bulk"),
            criteria(backend="smtp"),
            criteria(backend="smtp://mail.example.com:587"),
            criteria(attachment="report.pdf"),
            criteria(attachment=re.compile("csv$")),
            criteria(attachment=PDF),
            criteria(attachment=lambda file: file.content == b"a;b"),
            criteria(attachment=["data.csv", PDF]),
            criteria(where=lambda sent: len(sent.attachments) == 2),
        ],
    )
    def test_it_matches(self, given: dict[str, Any]) -> None:
        assert Match(**given).differences(MAIL) == []
        assert Match(**given).matches(MAIL)

    @pytest.mark.parametrize(
        "given",
        [
            criteria(html=None),
            criteria(text=None, html=None),
            criteria(template=None),
            criteria(to=[], cc="ann@example.org"),
        ],
    )
    def test_none_is_what_is_wanted_where_there_is_none(self, given: dict[str, Any]) -> None:
        bare = mail(to=None, cc="ann@example.org")
        assert Match(**given).matches(bare)
        assert not Match(**given).matches(MAIL)

    def test_a_callable_may_be_a_method_which_compares_itself(self) -> None:
        seen: list[str] = []
        assert not Match(subject=seen.append).matches(MAIL)
        assert seen == ["Your report"]

    def test_the_number_of_a_template_is_its_id(self) -> None:
        assert Match(template=cast("Any", 42)).matches(mail(template=42))

    def test_the_transport_is_known_by_the_receipt_too(self) -> None:
        receipt = Receipt(message_id="<1@example.com>", recipients={}, provider="sendgrid")
        assert Match(backend="sendgrid").matches(SentMail(message(), transport="https://api", receipt=receipt))


class TestNotFulfilled:
    @pytest.mark.parametrize(
        "given",
        [
            criteria(to="ann@example.com"),
            criteria(to="Anna <ann@example.org>"),
            criteria(to=["ann@example.org"]),
            criteria(to=["ann@example.org", "bob@example.org", "zoe@example.org"]),
            criteria(to=["ann@example.org", "ann@example.org"]),
            criteria(to=[re.compile("bob"), re.compile("bob")]),
            criteria(to=[]),
            criteria(to=re.compile("^zoe")),
            criteria(subject="report"),
            criteria(subject="your report"),
            criteria(subject=re.compile("^report")),
            criteria(subject=lambda subject: False),
            criteria(text="The report"),
            criteria(text=None),
            criteria(html="Hello <i>"),
            criteria(header={"X-Batch": "8"}),
            criteria(header={"X-Batch": None}),
            criteria(header={"X-None": ANY}),
            criteria(tag="weekly"),
            criteria(tag=["report"]),
            criteria(metadata={"user": "7"}),
            criteria(metadata={"other": ANY}),
            criteria(template="t-2"),
            criteria(template=Template("t-1")),
            criteria(backend="default"),
            criteria(attachment="report"),
            criteria(attachment=Attachment(b"other", "report.pdf")),
            criteria(attachment=["report.pdf"]),
            criteria(attachment=[]),
            criteria(where=lambda sent: False),
            criteria(to="ann@example.org", subject="Other"),
        ],
    )
    def test_it_does_not_match(self, given: dict[str, Any]) -> None:
        assert not Match(**given).matches(MAIL)

    def test_absent_forms_are_no_business_of_a_callable(self) -> None:
        def asked(html: str) -> bool:
            raise NotImplementedError

        assert not Match(html=asked).matches(mail(text="x"))
        assert not Match(html=ANY).matches(mail(text="x"))

    def test_a_callable_may_assert(self) -> None:
        def short(subject: str) -> bool:
            assert len(subject) < 5
            return True

        assert not Match(subject=short).matches(MAIL)
        assert Match(subject=short).matches(mail(subject="Hi"))

    def test_where_may_assert(self) -> None:
        def two(sent: SentMail) -> bool:
            assert len(sent.links) == 2, "two links, please"
            return True

        [finding] = Match(where=two).differences(MAIL)
        assert finding.note.startswith("two links, please")

    def test_where_that_breaks_is_not_a_mail_that_differs(self) -> None:
        with pytest.raises(TypeError) as caught:
            Match(where=lambda sent: "x" in sent.amp).matches(MAIL)
        [note] = caught.value.__notes__
        assert note.startswith("raised by where=<<lambda> in test_matching.py:")
        assert note.endswith(f"which was asked about {MAIL!r}")


class TestRefused:
    @pytest.mark.parametrize(
        ("keyword", "instead"),
        [
            ("subjct", "did you mean 'subject'?"),
            ("recipients", "did you mean 'to'?"),
            ("body", "did you mean 'text'?"),
            ("tags", "did you mean 'tag'?"),
            ("headers", "did you mean 'header'?"),
            ("sender", "did you mean 'from_'?"),
            ("timeot", "did you mean 'timeout'?"),
            ("zzz", "there are to, cc, bcc, from_, subject, text, html, header, tag, metadata, template, backend,"),
        ],
    )
    def test_unknown_keywords_name_the_nearest(self, keyword: str, instead: str) -> None:
        with pytest.raises(TypeError, match=re.escape(f"a mail is not matched by {keyword!r}; {instead}")):
            Match(**cast("Any", {keyword: "x"}))

    @pytest.mark.parametrize(
        ("given", "error", "said"),
        [
            ({"to": "ann"}, ValueError, "to: 'ann' is not an address"),
            ({"to": ["ann@example.org", "a b@c"]}, ValueError, "give a pattern: re.compile"),
            ({"to": None}, TypeError, "to=None: give [] for nobody."),
            ({"to": 7}, TypeError, "to=7: give a str"),
            ({"subject": 7}, TypeError, "subject=7: give a str, a compiled pattern, a callable, or an object"),
            ({"text": b"x"}, TypeError, "text=b'x': give a str"),
            ({"html": object()}, TypeError, "html=<object object"),
            ({"header": "X"}, TypeError, "header='X': give a mapping"),
            ({"header": {"X-Batch": 7}}, TypeError, "header['X-Batch']=7: give a str"),
            ({"metadata": ["user"]}, TypeError, "metadata=['user']: give a mapping"),
            ({"tag": 7}, TypeError, "tag=7: give a str"),
            ({"attachment": b"x"}, TypeError, "attachment=b'x': give a str"),
            ({"where": "x"}, TypeError, "where='x': give a callable"),
        ],
    )
    def test_what_nothing_can_match_is_refused(self, given: Any, error: type[Exception], said: str) -> None:
        with pytest.raises(error, match=re.escape(said)):
            Match(**given)


class TestMatch:
    def test_it_selects_in_order(self) -> None:
        mails = [mail(subject=subject) for subject in ("a", "b", "a")]
        assert Match(subject="a").select(mails) == [mails[0], mails[2]]

    def test_it_shows_what_is_asked(self) -> None:
        assert repr(Match(to="ann@example.org", subject=re.compile("x"))) == (
            "Match(to='ann@example.org', subject=re.compile('x'))"
        )

    def test_findings_come_in_the_order_of_reports(self) -> None:
        match = Match(where=lambda sent: True, header={"X-A": None, "X-B": "7"}, to="ann@example.org")
        assert [each.place for each in match.findings(MAIL)] == ["to", "header['X-A']", "header['X-B']", "where"]


LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)
BODY = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WORD = st.from_regex(r"[a-zA-Z][a-z0-9]{0,8}", fullmatch=True)
PEOPLE = st.lists(st.builds(Address, st.builds("{}@{}.example".format, WORD, WORD), LINE), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(to=PEOPLE, cc=PEOPLE, subject=LINE, text=BODY, html=BODY, tags=st.lists(WORD, unique=True), user=LINE)
def test_what_a_message_says_of_itself_always_matches(
    to: list[Address], cc: list[Address], subject: str, text: str, html: str, tags: list[str], user: str
) -> None:
    made = message(to=to, cc=cc, subject=subject, text=text, html=html, tags=tags, metadata={"user": user})
    match = Match(
        to=list(made.to),
        cc=made.cc[0],
        from_=made.from_,
        subject=made.subject,
        text=text,
        html=html,
        tag=list(made.tags),
        metadata=made.metadata,
        header={"From": str(made.from_)},
    )
    assert match.differences(SentMail(made)) == []


NAMED = st.lists(
    st.builds(Address, st.builds("{}@{}.example".format, WORD, WORD), WORD | st.just("Jö, K.")), min_size=1
)


@settings(max_examples=40, deadline=None)
@given(to=NAMED, subject=st.text("aä b=?", max_size=30).map(str.strip), text=st.text("aä\nb", max_size=60))
def test_it_still_matches_after_a_journey_by_wire(to: list[Address], subject: str, text: str) -> None:
    sent = mail(to=to, subject=subject, text=text)
    caught = SentMail.from_bytes(sent.raw, sender="app@example.com", recipients=[each.addr_spec for each in to])
    assert Match(to=to, subject=subject, text=text).differences(caught) == []


@given(st.lists(st.integers(0, 5), max_size=5), st.lists(st.integers(0, 5), max_size=5))
def test_assignment_finds_a_place_for_as_many_as_possible(wanted: list[int], found: list[int]) -> None:
    agree: Callable[[int, int], bool] = lambda want, each: (want + each) % 2 == 0  # noqa: E731
    pairs = assigned(wanted, found, agree)
    best = sum(
        min(sum(each % 2 == side for each in wanted), sum(each % 2 == side for each in found)) for side in (0, 1)
    )
    assert len(pairs) == len(set(pairs.values())) == best
    assert all(agree(wanted[want], found[place]) for want, place in pairs.items())
