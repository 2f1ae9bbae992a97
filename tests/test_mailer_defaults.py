"""Messages that a mailer makes: with its defaults, where the caller names nobody."""

from __future__ import annotations

import pytest

from mailbridge import Address, ConfigError, Mailer, Message, MessageInvalid
from mailbridge.settings import Settings

SHOP = Address("shop@example.com", "Shop")


def mailer(**options: object) -> Mailer:
    return Mailer("memory://", default_from=SHOP, **options)  # type: ignore[arg-type]


def test_who_names_no_author_gets_the_default() -> None:
    assert mailer().message(to="ann@example.org", text="Hi") == Message(from_=SHOP, to="ann@example.org", text="Hi")


def test_who_names_an_author_keeps_it() -> None:
    made = mailer().message(from_="other@example.com", to="ann@example.org")
    assert made.from_ == Address("other@example.com")


def test_none_stands_for_the_default() -> None:
    assert mailer().message(from_=None, to="ann@example.org").from_ == SHOP  # type: ignore[typeddict-item]


def test_answers_go_to_the_default_unless_the_message_says_where() -> None:
    one = mailer(default_reply_to=["help@example.com", "desk@example.com"])
    assert [each.addr_spec for each in one.message(to="ann@example.org").reply_to] == [
        "help@example.com",
        "desk@example.com",
    ]
    assert one.message(to="ann@example.org", reply_to="x@example.com").reply_to == (Address("x@example.com"),)


def test_without_a_default_the_author_is_missed_with_the_way_out() -> None:
    with pytest.raises(MessageInvalid, match=r"from_ is missing.*default_from") as caught:
        Mailer("memory://").message(to="ann@example.org")
    assert caught.value.field == "from_"


def test_a_default_that_is_no_address_is_refused_when_the_mailer_is_made() -> None:
    for name in ("default_from", "default_reply_to"):
        with pytest.raises(ConfigError, match=name):
            Mailer("memory://", **{name: "nobody"})  # type: ignore[arg-type]


def test_the_settings_give_the_defaults() -> None:
    settings = Settings.load(
        environment=False, dsn="memory://", default_from="Shop <shop@example.com>", default_reply_to="help@example.com"
    )
    made = Mailer.from_settings(settings).message(to="ann@example.org")
    assert (made.from_, made.reply_to) == (SHOP, (Address("help@example.com"),))


def test_what_is_made_so_is_sent_like_any_other() -> None:
    one = mailer()
    assert one.send(one.message(to="ann@example.org", text="Hi")).accepted == ("ann@example.org",)
    with pytest.raises(ConfigError, match="bulk"):
        one.send(one.message(to="ann@example.org", text="Hi", via="bulk"))
