"""Addresses: what is accepted, what is refused, what comes out."""

from __future__ import annotations

import copy
import pickle
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address, address, addresses

ATEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-"
atoms = st.text(ATEXT, min_size=1, max_size=12)
locals_ = st.lists(atoms, min_size=1, max_size=3).map(".".join).filter(lambda local: "=?" not in local)
labels = st.from_regex(r"[a-zA-Z]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True).filter(
    lambda label: label[2:4] != "--"
)
domains = st.lists(labels, min_size=1, max_size=4).map(".".join)
specs = st.builds("{}@{}".format, locals_, domains)
names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)


class Person:
    """A user model that knows its address."""

    def __init__(self, spec: str | Address) -> None:
        self.spec = spec

    def __mail_address__(self) -> str | Address:
        return self.spec


class TestAccepted:
    @given(specs)
    def test_a_plain_address_comes_out_as_it_went_in(self, spec: str) -> None:
        read = Address.parse(spec)
        assert (read.addr_spec, read.name) == (spec, "")
        assert f"{read.local}@{read.domain}" == spec

    @given(specs)
    def test_the_wire_has_a_lower_case_domain_and_the_local_part_as_spelt(self, spec: str) -> None:
        read = Address(spec)
        assert read.wire == f"{read.local}@{read.domain.lower()}"
        assert read.ascii_domain == read.domain.lower()
        assert not read.needs_utf8

    @given(specs)
    def test_both_ways_of_reading_agree(self, spec: str) -> None:
        quick, slow = Address.parse(spec), Address(spec, "Ann")
        assert (quick.wire, quick.key) == (slow.wire, slow.key)

    @pytest.mark.parametrize(
        ("spec", "wire", "key"),
        [
            ("Ann@Example.ORG", "Ann@example.org", "ann@example.org"),
            ("ann@bücher.de", "ann@xn--bcher-kva.de", "ann@xn--bcher-kva.de"),
            ("ann@BÜCHER.de", "ann@xn--bcher-kva.de", "ann@xn--bcher-kva.de"),
            ("ann@bu\u0308cher.de", "ann@xn--bcher-kva.de", "ann@xn--bcher-kva.de"),
            ("ann@straße.de", "ann@xn--strae-oqa.de", "ann@xn--strae-oqa.de"),
            ("ann@ΟΔΟΣ.gr", "ann@xn--pxavbq.gr", "ann@xn--pxavbq.gr"),
            ("ann@XN--BCHER-KVA.de", "ann@xn--bcher-kva.de", "ann@xn--bcher-kva.de"),
            ("jürgen@example.org", "jürgen@example.org", "jürgen@example.org"),
            ("JÜRGEN@example.org", "JÜRGEN@example.org", "jürgen@example.org"),
            ("ju\u0308rgen@example.org", "ju\u0308rgen@example.org", "jürgen@example.org"),
            ('"john..doe"@docomo.ne.jp', '"john..doe"@docomo.ne.jp', "john..doe@docomo.ne.jp"),
            ('"John.Doe"@example.org', '"John.Doe"@example.org', "john.doe@example.org"),
            ("root@localhost", "root@localhost", "root@localhost"),
            ("user+tag@example.org", "user+tag@example.org", "user+tag@example.org"),
            ("a@b--c.example", "a@b--c.example", "a@b--c.example"),
            ("a@1.example", "a@1.example", "a@1.example"),
            ("a@example.x1", "a@example.x1", "a@example.x1"),
            (f"{'l' * 64}@example.org", f"{'l' * 64}@example.org", f"{'l' * 64}@example.org"),
        ],
    )
    def test_wire_and_key_are_the_canonical_forms(self, spec: str, wire: str, key: str) -> None:
        read = Address(spec)
        assert (read.addr_spec, read.wire, read.key) == (spec, wire, key)

    def test_only_a_local_part_outside_ascii_needs_smtputf8(self) -> None:
        assert Address("jürgen@example.org").needs_utf8
        assert not Address("ann@bücher.de").needs_utf8

    def test_the_longest_address_is_accepted_and_one_octet_more_is_not(self) -> None:
        domain = f"{'a' * 63}.{'b' * 63}.{'c' * 57}.ab"
        assert len(Address(f"{'l' * 64}@{domain}").wire) == 253
        with pytest.raises(MessageInvalid, match="longer than 254"):
            Address(f"{'l' * 64}@a.{domain}")

    def test_the_limit_counts_what_goes_over_the_wire(self) -> None:
        domain = "ü." * 25 + "de"
        assert len(Address(f"a@{domain}").wire) == 204
        with pytest.raises(MessageInvalid, match="longer than 254"):
            Address(f"{'l' * 64}@{domain}")

    def test_a_string_of_a_subclass_is_kept_as_a_plain_string(self) -> None:
        class Safe(str):
            pass

        assert type(Address.parse(Safe("safe@example.org")).addr_spec) is str
        assert type(addresses(Safe("safe2@example.org"), "to")[0].addr_spec) is str
        assert type(Address(Safe("safe3@example.org"), Safe("Ann")).name) is str


class TestDisplayNames:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Ann <ann@example.org>", "Ann"),
            ("  Ann   <ann@example.org>  ", "Ann"),
            ("Ann B. O'Neil-Smith <ann@example.org>", "Ann B. O'Neil-Smith"),
            ("Müller & Söhne GmbH <ann@example.org>", "Müller & Söhne GmbH"),
            ('"Smith, Ann" <ann@example.org>', "Smith, Ann"),
            (r'"Ann \"the\\a\" Smith" <ann@example.org>', r'Ann "the\a" Smith'),
            ('"" <ann@example.org>', ""),
            ("<ann@example.org>", ""),
            ("👩‍👩‍👧 <ann@example.org>", "👩‍👩‍👧"),
        ],
    )
    def test_a_name_is_read_as_a_person_writes_it(self, text: str, name: str) -> None:
        read = Address.parse(text)
        assert (read.name, read.addr_spec) == (name, "ann@example.org")

    @pytest.mark.catalogue("A1")
    @pytest.mark.parametrize("word", ["=?UTF-8?Q?x=0ABcc:_evil@x.y?=", "=?utf-8?b?eA0KQmNjOiBlQHg=?="])
    def test_what_looks_like_an_encoded_word_is_text(self, word: str) -> None:
        named = Address("ann@example.org", word)
        assert named.name == word
        assert Address.parse(str(named)) == named
        assert str(named).startswith('"')

    @given(specs, names)
    @example("a@b.c", " ")
    @example("a@b.c", '"')
    @example("a@b.c", "\\")
    @example("a@b.c", "a  b")
    @example("a@b.c", "a, b")
    @example("a@b.c", "a\u00a0b\u3000")
    def test_the_written_form_reads_back_as_an_equal_address(self, spec: str, name: str) -> None:
        written = Address(spec, name)
        assert Address.parse(str(written)) == written

    def test_equality_is_of_spelling_and_name(self) -> None:
        assert Address("a@b.c", "Ann") != Address("a@b.c")
        assert Address("a@b.c") != Address("A@b.c")
        assert len({Address("a@b.c"), Address.parse("a@b.c")}) == 1
        assert Address("a@b.c") != "a@b.c"


class TestRefused:
    @pytest.mark.parametrize(
        "local",
        [
            "=?utf-8?q?ann=40evil.example=3E=00?=",
            "=?utf-8?b?YQ==?=",
            "a=?",
            '"a..=?x?q?b?="',
            "ü=?utf-8?q?a?=",
            "=?" * 30,
        ],
    )
    def test_an_encoded_word_in_a_local_part_is_refused_with_its_field(self, local: str) -> None:
        """RFC 2047 section 5 forbids it there, and who decodes it all the same reads another address."""
        for read in (Address, Address.parse):
            with pytest.raises(MessageInvalid, match=r"encoded word.*RFC 2047") as caught:
                read(f"{local}@example.org")
        with pytest.raises(MessageInvalid, match=r"^cc: .*encoded word") as caught:
            address(f"Ann <{local}@example.org>", "cc")
        assert caught.value.field == "cc"

    @pytest.mark.parametrize("spec", ["bounce+ann=example.org@example.com", "?=@example.com", "a=b?c@example.com"])
    def test_its_characters_alone_are_accepted(self, spec: str) -> None:
        assert Address.parse(spec).wire == Address(spec).wire == spec

    @pytest.mark.catalogue("A15")
    @pytest.mark.parametrize(
        "text",
        [
            "alice@example.org)bob@evil.com",
            '"a@evil x"@int.dom',
            '"a@evil"@int.dom',
            "a@b@c",
            "(c)u@x",
            "u(c)@x",
            "u@(c)x",
            "<a@b>,<c@d>",
            "a@b, c@d",
            "a@b; c@d",
            "a@b c@d",
            "@a:u@x",
            "<@a,@b:u@x>",
            "u@[127.0.0.1]",
            "u@[IPv6:::1]",
            "u@127.0.0.1",
            "u@x\0.com",
            f"{'l' * 65}@example.org",
            f"{'ü' * 33}@example.org",
            "friends: a@b, c@d;",
            "undisclosed-recipients:;",
            "Ann <a@b.c> trailing",
            "Ann <a@b.c>>",
            "Ann <<a@b.c>",
            "Smith, Ann <a@b.c>",
            "Ann (Sales) <a@b.c>",
            "ann@evil.example <a@b.c>",
            '"Ann <a@b.c>',
            '"Ann" Smith <a@b.c>',
            "Ann <>",
            "<>",
            "",
            " ",
            "@",
            "a@",
            "@b",
            "ann",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "a@.b",
            "a@b.",
            "a@b..c",
            "a@-b.c",
            "a@b-.c",
            "a@b_c.d",
            f"a@{'b' * 64}.c",
            "a@b.c:25",
            "a@b/c",
            "a@b.c\\",
            "a b@c.d",
            "a@b c.d",
            "a@b\u3002c",
            "a@b\uff0ecom",
            "a@\u2100.com",
            "a@xn--bcher-kva.bücher.xn--zz",
            "a@☃.net",
        ],
        ids=lambda text: f"A15-{text[:24]!a}",
    )
    def test_what_is_not_exactly_one_address_is_refused(self, text: str) -> None:
        with pytest.raises(MessageInvalid):
            Address.parse(text)

    @pytest.mark.catalogue("A8")
    @pytest.mark.parametrize(
        "spec",
        ['"x> NOTIFY=NEVER"@e.f', '"john smith"@e.f', '"a<b"@e.f', '"a\\ b"@e.f', '"a\\"b"@e.f', '""@e.f', '"a,b"@e.f'],
    )
    def test_a_quoted_local_part_must_not_hide_anything(self, spec: str) -> None:
        with pytest.raises(MessageInvalid, match="not an address"):
            Address(spec)

    @pytest.mark.catalogue("A7")
    @pytest.mark.parametrize(
        "spec", ["a@b>\r\nRCPT TO:<e@x", "a@b\r\nRCPT TO:<e@x>", "a@b\n", "\na@b", "a@b\r", "a\n@b"]
    )
    def test_a_command_cannot_follow_an_address(self, spec: str) -> None:
        for read in (Address, Address.parse, lambda text: Address.parse(f"Ann <{text}>")):
            with pytest.raises(MessageInvalid):
                read(spec)

    @pytest.mark.catalogue("A16")
    @pytest.mark.parametrize(
        "character",
        [
            "\u200b",
            "\u200c",
            "\u200d",
            "\u2060",
            "\ufeff",
            "\u00ad",
            "\u202e",
            "\u2066",
            "\u200e",
            "\u034f",
            "\u115f",
            "\u1160",
            "\u17b4",
            "\u180b",
            "\u2800",
            "\u3164",
            "\ufe0f",
            "\uffa0",
            "\U000e0061",
            "\U000e0100",
            "\u00a0",
            "\u2028",
            "\ud800",
            "\x7f",
            "\x85",
        ],
        ids=lambda character: f"A16-U+{ord(character):04X}",
    )
    def test_invisible_characters_are_refused_in_both_parts(self, character: str) -> None:
        for spec in (f"u@exa{character}mple.com", f"u{character}x@example.com"):
            with pytest.raises(MessageInvalid, match="invisible or control"):
                Address(spec)

    @pytest.mark.catalogue("A16")
    def test_a_homograph_has_another_key(self) -> None:
        cyrillic = Address("u@\u0430pple.com")
        assert cyrillic.wire == "u@xn--pple-43d.com"
        assert cyrillic.key != Address("u@apple.com").key

    @pytest.mark.catalogue("A2")
    @pytest.mark.parametrize(
        "character",
        ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\x7f", "\t"],
        ids=lambda character: f"A2-{character!a}",
    )
    def test_a_name_is_one_line(self, character: str) -> None:
        for name in (f"Ann{character}Bcc: e@x", f"Ann{character}"):
            with pytest.raises(MessageInvalid, match="name contains the control character") as refusal:
                Address("a@b.c", name)
            assert refusal.value.field == "name"

    def test_a_lone_surrogate_in_a_name_is_refused(self) -> None:
        with pytest.raises(MessageInvalid, match=r"lone surrogate U\+DC80"):
            Address("a@b.c", "A\udc80")

    @pytest.mark.parametrize("value", [None, 5, b"a@b.c", ["a@b.c"], object()])
    def test_what_is_not_text_is_refused(self, value: object) -> None:
        with pytest.raises(MessageInvalid, match="must be text"):
            Address.parse(value)  # type: ignore[arg-type]
        with pytest.raises(MessageInvalid, match="must be text"):
            Address(value)  # type: ignore[arg-type]

    @given(st.text(max_size=60))
    def test_any_text_is_an_address_or_refused(self, text: str) -> None:
        try:
            read = Address.parse(text)
        except MessageInvalid:
            return
        assert read.addr_spec in text
        assert read.addr_spec.isprintable()
        assert " " not in read.wire

    @pytest.mark.parametrize("spec", ["a..b@c.d", "a@127.0.0.1", "a@b, c@d", "a@☃.net"])
    def test_the_refusal_quotes_the_address_and_tells_the_cause(self, spec: str) -> None:
        with pytest.raises(MessageInvalid, match="not an address") as refusal:
            Address(spec)
        assert ascii(spec) in str(refusal.value)


@pytest.mark.catalogue("A17")
class TestLinearTime:
    @pytest.mark.parametrize(
        "text",
        [
            "a:b:" * 10_000 + ";" * 10_000,
            '"' * 100_000,
            "a" * 1_000_000,
            "a@" * 500_000,
            "a." * 500_000 + "@b.c",
            "<" * 1_000_000,
            "(" * 1_000_000,
            " " * 1_000_000,
            f"a@{'b.' * 500_000}c",
            f'"{chr(92) * 1_000_000}" <a@b.c>',
            f"{'ü' * 1_000_000}@b.c",
            f"a@{'ü.' * 500_000}c",
        ],
        ids=lambda text: f"A17-{text[:6]!a}",
    )
    def test_a_megabyte_is_refused_at_once(self, text: str) -> None:
        for read in (Address.parse, Address):
            begin = time.thread_time()
            with pytest.raises(MessageInvalid):
                read(text)
            assert time.thread_time() - begin < 0.1

    @pytest.mark.parametrize("unit", [" ", '"', "\\", "a", "a.", "a-", "-", "a ", '\\"', "ü", "(", "<", "@", "."])
    def test_nothing_within_the_limits_is_slow(self, unit: str) -> None:
        text = unit * (2200 // len(unit))
        for tried in (text, f"{text}!", f"{text}(", f'"{text}" <a@b.c>', f"{text} <a@b.c>", f"a@{text}"):
            begin = time.thread_time()
            with pytest.raises(MessageInvalid):
                Address.parse(f"{tried}\n")
            assert time.thread_time() - begin < 0.1

    def test_a_refusal_of_a_long_text_is_short(self) -> None:
        with pytest.raises(MessageInvalid) as refusal:
            Address.parse("x" * 100_000)
        assert len(str(refusal.value)) < 250


class TestAddressLike:
    @pytest.mark.parametrize(
        "value",
        [
            "Ann <ann@example.org>",
            Address("ann@example.org", "Ann"),
            ("Ann", "ann@example.org"),
            Person("Ann <ann@example.org>"),
            Person(Address("ann@example.org", "Ann")),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_each_way_of_naming_a_mailbox_counts_alone_and_in_a_list(self, value: object) -> None:
        ann = Address("ann@example.org", "Ann")
        assert address(value, "to") == ann  # type: ignore[arg-type]
        assert addresses(value, "to") == (ann,)  # type: ignore[arg-type]
        assert addresses([value, value], "to") == (ann, ann)  # type: ignore[list-item]
        assert addresses(iter([value]), "to") == (ann,)  # type: ignore[arg-type]
        assert addresses((value, value, value), "to") == (ann, ann, ann)  # type: ignore[arg-type]

    def test_a_tuple_of_two_addresses_is_two_addresses(self) -> None:
        assert len(addresses(("a@b.c", "d@e.f"), "to")) == 2

    def test_a_name_in_a_pair_is_text_and_not_parsed(self) -> None:
        assert address(('"Smith" <x>', "a@b.c"), "to").name == '"Smith" <x>'

    @pytest.mark.parametrize("value", [5, None, b"a@b.c", [5], [None], ["a@b.c", b"x"], ("a",), [["a@b.c"]], {"a": 1}])
    def test_anything_else_is_refused_by_the_name_of_its_field(self, value: object) -> None:
        with pytest.raises(MessageInvalid, match=r"^cc: ") as refusal:
            addresses(value, "cc")  # type: ignore[arg-type]
        assert refusal.value.field == "cc"

    def test_an_error_of_the_caller_s_own_iterable_is_passed_on(self) -> None:
        def broken() -> object:
            yield "a@b.c"
            raise TypeError("mine")

        with pytest.raises(TypeError, match="mine"):
            addresses(broken(), "to")  # type: ignore[arg-type]


class TestValue:
    @given(specs, names)
    def test_pickle_and_copies_are_equal(self, spec: str, name: str) -> None:
        one = Address(spec, name)
        for other in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):  # noqa: S301
            assert other == one
            assert hash(other) == hash(one)
            assert (other.wire, other.key) == (one.wire, one.key)

    def test_it_is_frozen(self) -> None:
        with pytest.raises(AttributeError, match="frozen"):
            Address("a@b.c").name = "Ann"

    def test_its_repr_is_how_it_is_made(self) -> None:
        assert repr(Address("a@b.c", "Ann")) == "Address('a@b.c', 'Ann')"
        assert repr(Address("a@b.c")) == "Address('a@b.c')"
