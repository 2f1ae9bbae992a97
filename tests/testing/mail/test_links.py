"""Links are found in whatever a mail is made of, and by the words that lead to them."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.mails import mail

from mailbridge.testing import Link, NotInMail
from mailbridge.testing.mail.links import links_of_html, links_of_text
from mailbridge.testing.mail.page import Page

HTML = """
<!doctype html><head><title>Not shown</title><link href="/style.css"></head><body>
<p>Dear Ann,</p>
<p><a class=btn href="https://example.com/reset?a=1&amp;b=2">Reset <b>your</b>
   password</a></p>
<p>or <a href="https://example.com/help"><img src="cid:1" alt="Help"></a>,
<a href='mailto:help@example.com' title="Write to us"></a> <a name=here>here</a></p>
<!--[if mso]><a href="https://example.com/word">Word</a><![endif]-->
</body>
"""


class TestHtml:
    def test_every_href_is_there_in_order_and_unescaped(self) -> None:
        assert mail(html=HTML).links == [
            "https://example.com/reset?a=1&b=2", "https://example.com/help", "mailto:help@example.com",
        ]  # fmt: skip

    def test_a_link_knows_its_words(self) -> None:
        assert [link.text for link in links_of_html(HTML)] == ["Reset your password", "Help", "Write to us"]

    def test_links_that_are_not_closed_end_where_the_next_begins(self) -> None:
        assert Page("<a href=1>one<a href=2>two").links == [("1", "one"), ("2", "two")]

    def test_areas_of_a_picture_are_links(self) -> None:
        assert Page("<map><area href=1 alt=North><area href=2></map>").links == [("1", "North"), ("2", "")]

    def test_of_an_attribute_given_twice_the_first_holds(self) -> None:
        assert Page("<a href=1 href=2>x</a>").links == [("1", "x")]

    def test_the_same_url_in_two_places_is_there_twice(self) -> None:
        assert mail(html="<a href=/x>a</a><a href=/x>b</a>").links == ["/x", "/x"]

    @settings(deadline=None)
    @given(st.text("<>![]/a hrefimg='\"&;-=#x", max_size=80) | st.text(max_size=40))
    @example("<![foo[ <a href=x>y")
    @example("<!doctype [<!ELEMENT")
    @example("<a href='&#x110000;'>&#0;</a><![CDATA[")
    @example("<script><a href=x>")
    def test_no_html_is_too_broken(self, html: str) -> None:
        page = Page(html)
        assert all(url for url, _ in page.links)
        assert isinstance(page.text, str)

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.text("abc/?=", min_size=1), st.text("xyz", min_size=1)), max_size=4))
    def test_what_is_written_is_found(self, links: list[tuple[str, str]]) -> None:
        html = "".join(f'<p>… <a href="{url}">{text}</a>' for url, text in links)
        assert Page(html).links == links


class TestText:
    @pytest.mark.parametrize(
        ("text", "urls"),
        [
            ("See https://example.com/a.", ["https://example.com/a"]),
            ("(https://example.com/a)", ["https://example.com/a"]),
            ("https://example.com/a_(b)", ["https://example.com/a_(b)"]),
            ("<https://example.com/?a=1&b=2>", ["https://example.com/?a=1&b=2"]),
            ("HTTP://EXAMPLE.COM and https://example.com/b, then", ["HTTP://EXAMPLE.COM", "https://example.com/b"]),
            ("ftp://example.com, example.com, mailto:a@example.com", []),
            ("“https://example.com/a”!", ["https://example.com/a"]),
        ],
    )
    def test_urls_are_found_without_the_punctuation_around(self, text: str, urls: list[str]) -> None:
        assert links_of_text(text) == urls

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Reset your password: https://example.com/1", "Reset your password:"),
            ("Reset your password:\n\n  https://example.com/1", "Reset your password:"),
            ("https://example.com/1", ""),
        ],
    )
    def test_its_words_are_those_of_the_line_or_of_the_line_before(self, text: str, words: str) -> None:
        assert links_of_text(text)[0].text == words

    @settings(deadline=None)
    @given(st.text("htps:/.()[]{},!x \n", max_size=60))
    def test_no_text_is_too_odd(self, text: str) -> None:
        assert all(link in text and link.startswith("http") for link in links_of_text(text))


class TestLink:
    def test_it_is_found_by_its_words_or_a_pattern(self) -> None:
        sent = mail(html=HTML)
        assert sent.link("Reset") == "https://example.com/reset?a=1&b=2"
        assert sent.link(re.compile("(?i)reset YOUR")) == sent.link("Reset")
        assert sent.link(re.compile("/help$")).text == "Help"

    def test_it_is_found_in_plain_text_too(self) -> None:
        assert mail(text="Reset your password:\nhttps://example.com/1\n\nBye").link("Reset") == "https://example.com/1"

    def test_the_html_is_looked_at_first(self) -> None:
        both = mail(html="<a href=https://example.com/h>Reset</a>", text="Reset: https://example.com/t")
        assert both.link("Reset") == "https://example.com/h"
        assert both.links == ["https://example.com/h", "https://example.com/t"]

    def test_the_only_one_needs_no_words(self) -> None:
        assert mail(text="https://example.com/1").link() == "https://example.com/1"

    def test_the_same_url_twice_is_one_link(self) -> None:
        assert mail(html="<a href=/1>Reset</a> <a href=/1>or Reset here</a>").link("Reset").text == "Reset"

    def test_none_names_those_there_are(self) -> None:
        with pytest.raises(NotInMail) as caught:
            mail(html="<a href=/1>Help</a>", text="Bye: https://example.com/").link("Reset")
        assert str(caught.value) == (
            "The mail has no link 'Reset'; its links are:\n  'Help'  /1\n  'Bye:'  https://example.com/"
        )

    def test_two_are_not_one(self) -> None:
        with pytest.raises(NotInMail, match="The mail has 2 links 'Reset'"):
            mail(html="<a href=/1>Reset</a> <a href=/2>Reset</a>").link("Reset")

    def test_a_mail_without_links_says_so(self) -> None:
        with pytest.raises(NotInMail, match=r"has no link 'x'; its links are:\n  \(none\)"):
            mail(text="Hi").link("x")

    def test_of_a_sensitive_mail_only_the_server_is_shown(self) -> None:
        with pytest.raises(NotInMail) as caught:
            mail(html="<a href=https://example.com/reset?token=s3cret>Go</a>", sensitive=True).link("Reset")
        assert caught.value.found == ("'Go'  https://example.com/… (hidden, for the message is sensitive)",)

    def test_it_is_a_string_that_survives_pickling(self) -> None:
        link = pickle.loads(pickle.dumps(Link("https://example.com", "Go")))  # noqa: S301
        assert (link, link.text) == ("https://example.com", "Go")


class TestShown:
    def test_what_a_reader_sees_is_one_line_for_each_block(self) -> None:
        assert mail(html=HTML).shown == "Dear Ann,\nReset your password\nor Help, here"

    def test_white_space_is_as_browsers_have_it(self) -> None:
        assert Page("<p>a\n  b&nbsp;c</p>d<br>e<td>f<td>g").text == "a b c\nd\ne f g"

    def test_without_html_it_is_the_text(self) -> None:
        assert mail(text="Hi\n").shown == "Hi\n"

    def test_styles_and_scripts_are_not_seen(self) -> None:
        assert Page("<head><title>x</title>a<style>b</style><script>c</script><template>d<p>e</template>f").text == "af"
