"""DSNs are read by a strict grammar; what is malformed is told with place and remedy, without its secrets."""

from __future__ import annotations

import time
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError, MailError

CANARY = "c4n4ry"


def reveal(dsn: Dsn) -> tuple[object, ...]:
    user, password = (None if secret is None else secret.reveal() for secret in (dsn.user, dsn.password))
    return dsn.scheme, user, password, dsn.host, dsn.port, dsn.path, dict(dsn.options)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "smtp://ann:s3cret@mail.example.com:587/in?tls=off&a=b",
            ("smtp", "ann", "s3cret", "mail.example.com", 587, "/in", {"tls": "off", "a": "b"}),
        ),
        ("SMTP://Mail.Example.com", ("smtp", None, None, "Mail.Example.com", None, "", {})),
        ("smtp://u:p%40ss%2F%3F%23%25@h", ("smtp", "u", "p@ss/?#%", "h", None, "", {})),
        ("smtp://u:with:colons@h", ("smtp", "u", "with:colons", "h", None, "", {})),
        ("smtp://%F0%9F%94%91:%C3%A4@h", ("smtp", "🔑", "ä", "h", None, "", {})),
        ("smtp://ann@h", ("smtp", "ann", None, "h", None, "", {})),
        ("smtp://ann:@h", ("smtp", "ann", "", "h", None, "", {})),
        ("smtp://:pw@h", ("smtp", None, "pw", "h", None, "", {})),
        ("smtp://[::1]:25", ("smtp", None, None, "::1", 25, "", {})),
        ("smtp://[fe80::1%25eth0]", ("smtp", None, None, "fe80::1%eth0", None, "", {})),
        ("smtp://bücher.example", ("smtp", None, None, "bücher.example", None, "", {})),
        ("lmtp:///var/run/dovecot/lmtp", ("lmtp", None, None, "", None, "/var/run/dovecot/lmtp", {})),
        ("lmtp:///my%20socket", ("lmtp", None, None, "", None, "/my socket", {})),
        ("sendgrid://KEY@default", ("sendgrid", "KEY", None, "default", None, "", {})),
        ("ses+api://KEY@default", ("ses+api", "KEY", None, "default", None, "", {})),
        ("memory://", ("memory", None, None, "", None, "", {})),
        ("memory:///", ("memory", None, None, "", None, "", {})),
        ("memory://?limit=3", ("memory", None, None, "", None, "", {"limit": "3"})),
        ("x://h?to=dev+test@example.com", ("x", None, None, "h", None, "", {"to": "dev+test@example.com"})),
        ("x://h?empty=&more=a=b", ("x", None, None, "h", None, "", {"empty": "", "more": "a=b"})),
        ("  smtp://h\n", ("smtp", None, None, "h", None, "", {})),
        ("smtp://u:p,w(1)@h", ("smtp", "u", "p,w(1)", "h", None, "", {})),
        ("smtp://u:p,w:(%2F%2F@h", ("smtp", "u", "p,w:(//", "h", None, "", {})),
        ("x://h?hooks=a%2Chttps://b", ("x", None, None, "h", None, "", {"hooks": "a,https://b"})),
        ("x://h?auth=PLAIN,LOGIN", ("x", None, None, "h", None, "", {"auth": "PLAIN,LOGIN"})),
    ],
)
def test_the_url_of_a_transport_is_taken_apart(text: str, parts: tuple[object, ...]) -> None:
    assert reveal(Dsn.parse(text)) == parts


def test_policies_nest_and_take_arguments_anywhere() -> None:
    dsn = Dsn.parse("failover( retry(attempts=5, smtp://a),smtp://b , cooldown = 60 )")
    assert (dsn.scheme, dict(dsn.options)) == ("failover", {"cooldown": "60"})
    retry, spare = dsn.inner
    assert (retry.scheme, dict(retry.options), retry.inner[0].host) == ("retry", {"attempts": "5"}, "a")
    assert spare.host == "b"


def test_an_argument_may_contain_spaces_slashes_and_encoded_delimiters() -> None:
    dsn = Dsn.parse("guard(smtp://a, allow=a@example.com b@example.com, rate=10/s, subject=a%2Cb%29)")
    assert dict(dsn.options) == {"allow": "a@example.com b@example.com", "rate": "10/s", "subject": "a,b)"}


def test_inside_a_policy_a_url_keeps_its_encoded_delimiters() -> None:
    (inner,) = Dsn.parse("retry(smtp://u:p%2Cw%281%29@h)").inner
    assert inner.password is not None
    assert inner.password.reveal() == "p,w(1)"


def outcome(text: str) -> Dsn | MailError:
    """Return what becomes of a text; an error of another kind is a failure."""
    try:
        return Dsn.parse(text)
    except MailError as error:
        return error


MALFORMED = [
    ("", 1, "empty", "smtp://"),
    ("   ", 1, "empty", "smtp://"),
    ("mail.example.com:587", 1, "no scheme", "smtp://host"),
    (f"ann:{CANARY}@mail.example.com", 1, "no scheme", "smtp://host"),
    ("smtp:/h", 1, "no scheme", "smtp://host"),
    (f"smtp://ann:{CANARY}@x@h", 20, "more than one @", "%40"),
    (f"smtp://ann@example.com:{CANARY}@h", 30, "more than one @", "%40"),
    (f"smtp://ann:a/{CANARY}@h", 20, "@ follows the first slash", "Percent-encode"),
    (f"smtp://ann:{CANARY}#x@h", 18, "a #", "Percent-encode"),
    (f"smtp://ann:{CANARY} x@h", 18, "a space", "Percent-encode"),
    (f"smtp://ann:{CANARY}?x@h", 12, "number from 1 to 65535", "Percent-encode"),
    (f"smtp://ann:{CANARY}%zz@h", 18, "two hexadecimal digits", "Percent-encode"),
    (f"smtp://ann:{CANARY}%ff@h", 12, "not UTF-8", "Percent-encode"),
    (f"smtp://ann:{CANARY}%00@h", 12, "control character", "Remove"),
    ("smtp://h:0", 10, "number from 1 to 65535", ""),
    ("smtp://h:65536", 10, "number from 1 to 65535", ""),
    ("smtp://h:٢٥", 10, "number from 1 to 65535", ""),
    (f"smtp://h:{'9' * 5000}", 10, "number from 1 to 65535", ""),
    ("smtp://h:", 10, "number from 1 to 65535", ""),
    ("smtp://::1:25", 8, "IPv6 address needs brackets", "Percent-encode"),
    ("smtp://[::1", 8, "IPv6 address needs brackets", ""),
    ("smtp://[::1]x", 8, "IPv6 address needs brackets", ""),
    ("smtp://[::g]", 8, "not an IPv6 address", ""),
    ("smtp://[host]", 8, "brackets", "without them"),
    ("smtp://h*st", 8, "no host name has", ""),
    ("smtp://h?verify", 10, "name=value", ""),
    ("smtp://h?a=1&&b=2", 14, "name=value", ""),
    ("smtp://h?=1", 10, "name=value", ""),
    ("smtp://h?a=1&a=2", 14, "given twice", "Keep one"),
    ("smtp://a, smtp://b", 10, "a space", "failover(smtp://a, smtp://b)"),
    ("smtp://a,smtp://b", 10, "another transport", "failover(smtp://a, smtp://b)"),
    ("smtp://a:25;smtp://b:25", 13, "another transport", "failover(smtp://a, smtp://b)"),
    (f"smtp://u:{CANARY}@a|ses+api://u:{CANARY}@b", 19, "another transport", "failover(smtp://a, smtp://b)"),
    ("smtp://a,retry(guard(smtp://b))", 10, "another transport", "failover(smtp://a, smtp://b)"),
    ("file:///out/a,file:///out/b", 15, "another transport", "%2C"),
    ("console://?raw=true,smtp://b", 21, "another transport", "failover(smtp://a, smtp://b)"),
    ("failover(smtp://a;smtp://b)", 19, "another transport", "failover(smtp://a, smtp://b)"),
    ("retry()", 7, "no scheme", ""),
    ("retry(attempts=5)", 7, "holds no transport", "retry(smtp://host)"),
    ("retry(smtp://a", 15, "parenthesis of retry( is missing", ""),
    ("retry(smtp://a,", 16, "no scheme", ""),
    ("retry(smtp://a,)", 16, "no scheme", ""),
    ("retry(smtp://a smtp://b)", 16, "comma or the closing parenthesis", "comma between the transports"),
    ("retry(smtp://a) x", 16, "follows the last parenthesis", "failover(smtp://a, smtp://b)"),
    ("retry(smtp://a, attempts=1, attempts=2)", 29, "given twice", "Keep one"),
    (f"retry(smtp://u:{CANARY}(@h)", 22, "a ( in a URL", "Percent-encode"),
    (f"retry(smtp://u:{CANARY})@h)", 16, "number from 1 to 65535", "Percent-encode"),
    ("retry(primary)", 7, "no scheme", ""),
    ("a(" * 17 + "smtp://h" + ")" * 17, 35, "nested more than 16 deep", ""),
]


@pytest.mark.parametrize(("text", "character", "what", "fix"), MALFORMED)
def test_a_malformed_dsn_is_told_with_place_and_remedy(text: str, character: int, what: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Dsn.parse(text)
    said = str(caught.value)
    assert what in said
    assert fix in said
    assert f"at character {character}:" in said


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize("text", [text for text, *_ in MALFORMED if CANARY in text])
def test_no_error_about_a_malformed_dsn_shows_its_password(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Dsn.parse(text)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "/mailbridge/" in frame.filename]
    assert ours
    seen = repr(caught.value) + str(caught.value) + "".join(str(frame.locals) for frame in ours)
    assert CANARY not in seen
    assert caught.value.__context__ is None


@pytest.mark.catalogue("A10")
@pytest.mark.parametrize(
    "part", ["smtp://a%0D%0AX:%20y", "smtp://u%0A@h", "smtp://h/%0D", "smtp://h?tag=a%0D%0AX:%20y"]
)
def test_no_part_smuggles_a_line_break_into_a_protocol(part: str) -> None:
    with pytest.raises(ConfigError, match="control character or a line break"):
        Dsn.parse(part)


@given(st.text(alphabet=st.one_of(st.sampled_from("smtp:/@?&=%,()[]# \n0aZ.%"), st.characters()), max_size=80))
def test_whatever_the_text_it_is_read_or_refused_with_a_typed_error(text: str) -> None:
    found = outcome(text)
    assert isinstance(found, (Dsn, ConfigError))
    assert isinstance(found, ConfigError) or Dsn.parse(found.reveal()) == found


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "(", "a(", "@", "%", "%41", ",", "&a=b", "?", "://", "smtp://", "x=", " ", "a=1,", "[", ":", "\ud800"],
)
@pytest.mark.parametrize("head", ["", "smtp://", "smtp://h?", "retry(", "retry(smtp://h, "])
def test_a_megabyte_of_garbage_is_read_in_linear_time(head: str, piece: str) -> None:
    text = head + piece * (2**20 // len(piece))
    began = time.process_time()
    assert len(str(outcome(text))) < 1000 or text.startswith("smtp://")
    # About 0.1 s; what is quadratic takes an hour.
    assert time.process_time() - began < 20
