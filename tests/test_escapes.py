"""Control characters, written out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.escapes import visible

HOSTILE = [
    pytest.param("a\nb", r"a\nb", id="A40-line-feed"),
    pytest.param("a\r\nb\tc", r"a\r\nb\tc", id="A40-cr-lf-tab"),
    pytest.param("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07", id="A40-ansi-escape"),
    pytest.param("\x9b31m\x85", r"\x9b31m\x85", id="A40-c1"),
    pytest.param("\x7f\x00", r"\x7f\x00", id="A40-del-nul"),
    pytest.param("invoice\u202etxt.exe", r"invoice\u202etxt.exe", id="A40-bidirectional-override"),
    pytest.param("a\u2028b\u2029c", r"a\u2028b\u2029c", id="A40-line-separators"),
    pytest.param("\ud800", r"\ud800", id="A40-lone-surrogate"),
]


@pytest.mark.catalogue("A40")
@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_control_characters_are_written_out(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["plain", "Grüße, 世界", "👩\u200d👩\u200d👧", "\u0645\u06cc\u200c\u062e\u0648", "\\x1b"]
)
def test_text_stays_as_it_is(text):
    assert visible(text) == text


def test_what_shall_be_kept_is_kept():
    assert visible("a\n\tb\r\x1b", keep="\n\t") == "a\n\tb\\r\\x1b"


@given(st.text())
def test_the_result_is_one_line_that_any_terminal_prints_and_any_file_takes(text):
    shown = visible(text)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in shown)
