"""What is looked at stands in the address."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from mailbridge.preview.view import IMAGES, SCHEMES, TABS, WIDTHS, View

SAMPLES, LOCALES = ["long", "with & blanks"], ["de", "pt_BR"]
VIEWS = st.builds(
    View,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    *(
        st.sampled_from(list(choices))
        for choices in (["", *SAMPLES], ["", *LOCALES], ["", *TABS], WIDTHS, SCHEMES, IMAGES)
    ),
)


@given(VIEWS)
def test_an_address_says_all_of_it(view: View) -> None:
    address = urlsplit(view.address)
    template = unquote(address.path).removeprefix("/template/")
    assert View.asked(template, dict(parse_qsl(address.query)), SAMPLES, LOCALES) == view


def test_the_usual_view_has_a_plain_address() -> None:
    assert View("a/b").address == "/template/a/b"
    assert View("a/b", tab="text").output == "/output/a/b?tab=text"


def test_what_an_address_makes_up_is_what_is_usual() -> None:
    assert View.asked("x", {"sample": "no", "tab": "<script>", "width": ""}, SAMPLES, LOCALES) == View("x")
