"""The mailer: what it is made of, what it fills in, which transport it takes."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.colour import Colour
from support.members import FakeTransport, message

from mailbridge import (
    Address,
    ConfigError,
    Dsn,
    Mailer,
    Message,
    MessageInvalid,
    Plugins,
    RateLimited,
    Receipt,
    Secret,
    Settings,
)

CANARY = "c4n4ry"


class TestArguments:
    @pytest.mark.parametrize(
        "target",
        [
            pytest.param("memory://?limit=7", id="text"),
            pytest.param(Dsn.parse("memory://?limit=7"), id="a Dsn"),
            pytest.param(Secret("memory://?limit=7"), id="a Secret"),
            pytest.param({"transport": "memory", "limit": 7}, id="a mapping"),
        ],
    )
    def test_a_transport_may_be_named_in_several_ways(self, target: Any) -> None:
        transport: Any = Mailer(target).transport()
        assert transport.settings.limit == 7

    def test_a_transport_may_be_given(self) -> None:
        transport = FakeTransport()
        assert Mailer(transport).transport() is transport

    def test_everything_that_is_wrong_with_the_targets_is_said_at_once(self) -> None:
        with pytest.raises(ConfigError) as caught:
            Mailer("smpt://h", mailers={"bulk": "smtp://h?timout=3", "more": {"transport": "smtp", "hots": "h"}})
        said = str(caught.value)
        assert all(each in said for each in ("'smpt'", "did you mean smtp?", "timout", "mailers.more.hots"))

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"default_from": "nobody"}, "default_from: 'nobody'"),
            ({"default_reply_to": ["a@example.com", "b@@example.com"]}, "default_reply_to: 'b@@example.com'"),
            ({"message_id_domain": "two words"}, "message_id_domain: 'two words'"),
            ({"message_id_domain": "a@b"}, "message_id_domain: 'a@b'"),
            ({"message_id_domain": "x\r\nBcc: eve@example.net"}, "message_id_domain: 'x\\r\\nBcc"),
            ({"unsupported": "rase"}, "unsupported must be"),
            ({"mailers": {"bulk": 7}}, "mailers.bulk must be a DSN or a table, not int"),
        ],
    )
    def test_an_argument_that_cannot_be_used_is_named(self, options: Any, said: str) -> None:
        with pytest.raises(ConfigError, match=re.escape(said)):
            Mailer("null://", **options)

    def test_its_repr_shows_the_transports_and_no_secret(self) -> None:
        mailer = Mailer(f"smtp://ann:{CANARY}@mail.example.com", mailers={"bulk": "null://"})
        assert repr(mailer) == "Mailer(default=smtp://mail.example.com:587, bulk=null://)"


class TestSettings:
    def test_everything_that_is_wrong_anywhere_is_said_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MAILBRIDGE_DEFAULT_FORM", "shop@example.com")
        monkeypatch.setenv("MAILBRIDGE_MAILERS__NEWS__DSN", "smpt://mail.example.com")
        (tmp_path / ".env").write_text("MAILBRIDGE_DEFAULT_FROM=nobody\n")
        (tmp_path / "mailbridge.toml").write_text(
            """
            dsn = "smtp://mail.example.com?timout=3"
            [mailers]
            twice = {dsn = "smtp://ann:x@mail.example.com", password = "y"}
            torn = "smtp://a@b@c"
            lonely = {password = "x"}
            files = {transport = "file"}
            """
        )
        with pytest.raises(ConfigError) as caught:
            Mailer.from_settings()
        said = caught.value.text
        assert said.startswith("The settings cannot be used: 8 problems:")
        for each in (
            "unknown setting MAILBRIDGE_DEFAULT_FORM; did you mean MAILBRIDGE_DEFAULT_FROM?",
            "MAILBRIDGE_DEFAULT_FROM (in ",
            "mailers.news: There is no transport 'smpt'; did you mean smtp?",
            "timout is unknown; did you mean timeout?",
            "The setting password is given in the DSN",
            "mailers.torn (in ",
            "set mailers.lonely.dsn or mailers.lonely.transport too",
            "mailers.files.path is missing",
        ):
            assert each in said

    def test_what_is_wrong_with_all_mailers_is_said_at_once(self) -> None:
        settings = Settings.load(
            {"dsn": "smpt://h", "mailers": {"bulk": "smtp://h?timout=3", "plain": "null://"}}, environment=False
        )
        with pytest.raises(ConfigError) as caught:
            Mailer.from_settings(settings)
        assert "mailers.default: There is no transport 'smpt'" in str(caught.value)
        assert "mailers.bulk: The DSN smtp://h?timout=3" in str(caught.value)
        assert "plain" not in str(caught.value)


class TestDefaults:
    def test_a_message_is_made_with_the_mailers_defaults(self) -> None:
        mailer = Mailer("null://", default_from="Shop <shop@example.com>", default_reply_to="help@example.com")
        made = mailer.message(to="ann@example.org", text="Hello")
        assert (made.from_, made.reply_to) == (Address("shop@example.com", "Shop"), (Address("help@example.com"),))

    def test_what_the_fields_say_goes_before(self) -> None:
        mailer = Mailer("null://", default_from="shop@example.com", default_reply_to="help@example.com")
        made = mailer.message(from_="ann@example.com", reply_to="me@example.com", to="bob@example.org")
        assert (made.from_, made.reply_to) == (Address("ann@example.com"), (Address("me@example.com"),))

    def test_none_stands_for_the_default(self) -> None:
        mailer = Mailer("null://", default_from="shop@example.com")
        assert mailer.message(from_=None, to="ann@example.org").from_ == Address("shop@example.com")  # type: ignore[typeddict-item]

    def test_without_a_default_the_author_is_missed(self) -> None:
        with pytest.raises(MessageInvalid, match="from_ is missing"):
            Mailer("null://").message(to="ann@example.org")

    def test_defaults_come_from_the_settings(self) -> None:
        settings = Settings.load(
            {"dsn": "null://", "default_from": "shop@example.com", "default_reply_to": ["help@example.com"]},
            environment=False,
        )
        made = Mailer.from_settings(settings).message(to="ann@example.org")
        assert (made.from_.addr_spec, made.reply_to[0].addr_spec) == ("shop@example.com", "help@example.com")


class TestIdentity:
    def test_a_message_gets_an_id_and_a_date(self) -> None:
        receipt = Mailer("memory://").send(message())
        assert re.fullmatch(r"<[0-9a-f]{18}\.1@example\.com>", receipt.message_id)

    def test_no_two_messages_get_the_same_id(self) -> None:
        mailers = [Mailer("null://"), Mailer("null://")]
        ids = [mailer.send(message()).message_id for _ in range(50) for mailer in mailers]
        assert len(set(ids)) == 100

    def test_the_domain_of_ids_can_be_set(self) -> None:
        receipt = Mailer("null://", message_id_domain="Bücher.example").send(message())
        assert receipt.message_id.endswith("@xn--bcher-kva.example>")

    def test_what_the_message_has_is_kept(self) -> None:
        date = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
        mailer = Mailer("memory://")
        receipt = mailer.send(message(message_id="<7@example.net>", date=date))
        transport: Any = mailer.transport()
        assert receipt.message_id == "<7@example.net>"
        assert transport.messages[0].date == date

    def test_the_date_is_now_in_whole_seconds(self) -> None:
        mailer = Mailer("memory://")
        before = datetime.now(UTC) - timedelta(seconds=1)
        mailer.send(message())
        transport: Any = mailer.transport()
        date = transport.messages[0].date
        assert before <= date <= datetime.now(UTC)
        assert date.microsecond == 0

    def test_the_message_itself_is_not_changed(self) -> None:
        one = message()
        Mailer("null://").send(one)
        assert (one.message_id, one.date) == (None, None)


class TestChoice:
    def mailer(self) -> Mailer:
        return Mailer(FakeTransport("default"), mailers={"bulk": FakeTransport("bulk"), "news": FakeTransport("news")})

    def test_the_default_is_taken(self, colour: Colour) -> None:
        assert colour.send(self.mailer(), message()).transport == "fake://default"

    def test_a_message_may_name_its_mailer(self, colour: Colour) -> None:
        assert colour.send(self.mailer(), message(via="bulk")).transport == "fake://bulk"

    def test_the_call_goes_before_the_message(self, colour: Colour) -> None:
        assert colour.send(self.mailer(), message(via="bulk"), via="news").transport == "fake://news"

    def test_a_dsn_of_the_call_goes_before_all(self, colour: Colour) -> None:
        assert colour.send(self.mailer(), message(via="bulk"), dsn="null://").transport == "null://"

    def test_the_names_that_exist_are_said(self, colour: Colour) -> None:
        with pytest.raises(ConfigError, match=r"No mailer is named 'bulky'\. Configured are: default, bulk, news\."):
            colour.send(self.mailer(), message(), via="bulky")

    @pytest.mark.parametrize("inner", ["null://", {"transport": "null"}], ids=["a DSN", "a mapping"])
    def test_what_a_call_names_is_the_same_for_the_next_call(self, inner: Any) -> None:
        limited = {"transport": "ratelimit", "rate": "1/d", "max_wait": 0, "transports": [inner]}
        mailer = self.mailer()
        mailer.send(message(), dsn=limited)
        with pytest.raises(RateLimited):
            mailer.send(message(), dsn=limited)

    def test_a_wrong_dsn_of_a_call_is_an_error_of_that_call(self, colour: Colour) -> None:
        mailer = self.mailer()
        with pytest.raises(ConfigError, match="smpt"):
            colour.send(mailer, message(), dsn=f"smpt://ann:{CANARY}@h")
        assert isinstance(colour.send(mailer, message()), Receipt)


class TestLife:
    def test_it_may_be_used_again_after_it_was_closed(self, colour: Colour) -> None:
        mailer = Mailer("memory://")
        with colour.using(mailer):
            colour.send(mailer, message())
        assert colour.send(mailer, message()).accepted

    def test_one_mailer_serves_both_colours(self) -> None:
        mailer = Mailer("memory://")
        mailer.send(message())
        asyncio.run(mailer.asend(message()))
        transport: Any = mailer.transport()
        assert len(transport.messages) == 2

    def test_messages_are_taken_as_they_are_sent(self) -> None:
        taken: list[int] = []

        def messages() -> Any:
            for number in range(1000):
                taken.append(number)
                yield message(str(number))

        stream = Mailer("null://").send_many(messages())
        assert taken == []
        next(stream)
        assert len(taken) < 10
        stream.close()

    def test_the_iterables_own_error_comes_after_the_outcomes(self) -> None:
        def messages() -> Any:
            yield message()
            raise LookupError("the database is gone")

        stream = Mailer("null://").send_many(messages())
        assert isinstance(next(stream), Receipt)
        with pytest.raises(LookupError):
            next(stream)

    def test_the_iterables_own_error_comes_after_the_outcomes_under_asyncio_too(self) -> None:
        async def messages() -> Any:
            yield message()
            raise LookupError("the database is gone")

        async def collect() -> None:
            stream = Mailer("null://").asend_many(messages())
            assert isinstance(await anext(stream), Receipt)
            with pytest.raises(LookupError):
                await anext(stream)

        asyncio.run(collect())

    def test_plugins_may_be_shared(self) -> None:
        plugins = Plugins()
        assert Mailer("null://", plugins=plugins).hooks is Mailer("null://", plugins=plugins).hooks


def test_a_mailer_without_any_transport_says_what_to_set(colour: Colour) -> None:
    with pytest.raises(ConfigError, match="Set MAILBRIDGE_DSN"):
        colour.send(Mailer(), message())


def test_what_is_no_message_is_refused(colour: Colour) -> None:
    (outcome,) = colour.send_many(Mailer("null://"), [{"to": "ann@example.org"}])
    assert isinstance(outcome, MessageInvalid)
    assert "not dict" in outcome.text


def test_messages_are_values_and_may_be_sent_twice(colour: Colour) -> None:
    one: Message = message()
    mailer = Mailer("null://")
    first, second = colour.send(mailer, one), colour.send(mailer, one)
    assert first.message_id != second.message_id
