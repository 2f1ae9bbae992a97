"""The host threads filters, asks for decisions and isolates observers, in the order of registration."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from support.hooks import perform, perform_async

from mailbridge.errors import ConfigError, MessageInvalid, ServerError
from mailbridge.hooks import Context, Hooks, hookimpl
from mailbridge.message.message import Message
from mailbridge.receipt import Attempt, Receipt

MESSAGE = Message(from_="app@example.com", to="ann@example.org", subject="", text="Hello.")
RECEIPT = Receipt(message_id="<1@example.com>", recipients={})
ERROR = ServerError("The server is full.")
CANARY = "c4n4ry"


@pytest.fixture(params=[perform, perform_async], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Perform flows in one colour or the other."""
    chosen: Callable[[Any], Any] = request.param
    return chosen


def plugin(*functions: Callable[..., Any], **options: Any) -> object:
    """Make a plugin of functions named after the hooks they implement."""
    return SimpleNamespace(__name__="acme", **{each.__name__: hookimpl(**options)(each) for each in functions})


def hosting(*plugins: object) -> Hooks:
    """Return a host with these plugins."""
    hooks = Hooks()
    for each in plugins:
        hooks.register(each)
    return hooks


def appending(word: str) -> Callable[..., Any]:
    """Return a filter that adds a word to the subject."""

    def mailbridge_message(message: Message) -> Message:
        return message.replace(subject=message.subject + word)

    return mailbridge_message


def returning(hook: str, answer: Any) -> object:
    """Return a plugin whose hook gives this answer."""

    def implementation() -> Any:
        return answer

    implementation.__name__ = hook
    return plugin(implementation)


def raising(hook: str, error: Exception) -> object:
    """Return a plugin whose hook raises this."""

    def implementation() -> Any:
        raise error

    implementation.__name__ = hook
    return plugin(implementation)


class TestFilters:
    def test_each_is_given_what_the_one_before_returned_in_order_of_registration(self, run: Any) -> None:
        hooks = hosting(plugin(appending("a")), plugin(appending("b")), plugin(appending("c")))
        assert run(hooks.message(MESSAGE, Context())).subject == "abc"

    def test_first_and_last_can_be_asked_for(self, run: Any) -> None:
        hooks = hosting(
            plugin(appending("z"), trylast=True),
            plugin(appending("y"), trylast=True),
            plugin(appending("c")),
            plugin(appending("a"), tryfirst=True),
            plugin(appending("b"), tryfirst=True),
        )
        assert run(hooks.message(MESSAGE, Context())).subject == "abczy"

    def test_none_leaves_the_message_as_it_is(self, run: Any) -> None:
        hooks = hosting(returning("mailbridge_message", None))
        assert run(hooks.message(MESSAGE, Context())) is MESSAGE

    def test_a_coroutine_is_awaited(self) -> None:
        async def mailbridge_message(message: Message, context: Context) -> Message:
            return message.replace(subject=context.mailer)

        hooks = hosting(plugin(mailbridge_message))
        assert perform_async(hooks.message(MESSAGE, Context("bulk"))).subject == "bulk"

    def test_a_coroutine_in_synchronous_code_is_refused_and_put_away(self) -> None:
        async def mailbridge_message() -> None:
            raise AssertionError("never awaited")

        hooks = hosting(plugin(mailbridge_message))
        # A coroutine left alone would warn, and warnings are errors here.
        with pytest.raises(ConfigError, match=r"hook mailbridge_message of plugin acme is asynchronous"):
            perform(hooks.message(MESSAGE, Context()))

    @pytest.mark.parametrize("answer", [True, {"subject": "x"}, "x", RECEIPT])
    def test_an_answer_that_is_no_message_is_a_typed_error(self, run: Any, answer: Any) -> None:
        hooks = hosting(returning("mailbridge_message", answer))
        with pytest.raises(ConfigError, match=f"'acme' returned a value of type {type(answer).__name__}"):
            run(hooks.message(MESSAGE, Context()))

    def test_a_mail_error_refuses_the_message_as_it_is(self, run: Any) -> None:
        error = MessageInvalid("Not on Sundays.")
        with pytest.raises(MessageInvalid) as caught:
            run(hosting(raising("mailbridge_message", error)).message(MESSAGE, Context()))
        assert caught.value is error

    def test_any_other_exception_becomes_a_typed_error_that_names_the_plugin(self, run: Any) -> None:
        hooks = hosting(raising("mailbridge_message", KeyError(f"password={CANARY}")))
        with pytest.raises(ConfigError, match=r"'acme' failed with KeyError: .*test_host\.py:\d+") as caught:
            run(hooks.message(MESSAGE, Context()))
        assert CANARY not in str(caught.value)
        assert isinstance(caught.value.__cause__, KeyError)

    def test_the_mime_form_is_changed_in_place(self, run: Any) -> None:
        def mailbridge_prepare(mime: list[str], message: Message) -> None:
            mime.append(message.text or "")

        mime: list[str] = []
        assert run(hosting(plugin(mailbridge_prepare)).prepare(mime, MESSAGE)) is None
        assert mime == ["Hello."]

    def test_a_new_mime_form_would_be_lost_so_it_is_an_error(self, run: Any) -> None:
        with pytest.raises(ConfigError, match="instead of changing mime in place"):
            run(hosting(returning("mailbridge_prepare", [])).prepare([], MESSAGE))


class TestDecisions:
    def test_the_first_receipt_answers_instead_of_sending(self, run: Any) -> None:
        other = RECEIPT._copy(provider="other")
        hooks = hosting(*(returning("mailbridge_pre_send", each) for each in (None, RECEIPT, other)))
        assert run(hooks.pre_send(MESSAGE, Context())) is RECEIPT

    def test_without_an_answer_the_message_is_sent(self, run: Any) -> None:
        assert run(hosting(returning("mailbridge_pre_send", None)).pre_send(MESSAGE, Context())) is None

    @pytest.mark.parametrize("answer", [True, False, "sent", MESSAGE])
    def test_a_bare_bool_is_no_receipt(self, run: Any, answer: Any) -> None:
        with pytest.raises(ConfigError, match="neither a Receipt nor None"):
            run(hosting(returning("mailbridge_pre_send", answer)).pre_send(MESSAGE, Context()))

    def test_the_first_route_counts(self, run: Any) -> None:
        hooks = hosting(*(returning("mailbridge_route", each) for each in (None, "bulk", "default")))
        assert run(hooks.route(MESSAGE, {"default": 1, "bulk": 2})) == "bulk"
        assert run(hosting(returning("mailbridge_route", None)).route(MESSAGE, ["default"])) is None

    @pytest.mark.parametrize("answer", ["bluk", 3, True, ["bulk"]])
    def test_a_route_to_nowhere_names_the_mailers_there_are(self, run: Any, answer: Any) -> None:
        with pytest.raises(ConfigError, match=r"there are: default, bulk"):
            run(hosting(returning("mailbridge_route", answer)).route(MESSAGE, ["default", "bulk"]))

    @pytest.mark.parametrize(
        ("answers", "allowed"), [([None, False, True], False), ([True, False], True), ([None], True)]
    )
    def test_the_first_opinion_on_a_fallback_counts(self, run: Any, answers: list[Any], allowed: bool) -> None:
        hooks = hosting(*(returning("mailbridge_fallback", each) for each in answers))
        assert run(hooks.fallback(MESSAGE, "a", "b", ERROR)) is allowed

    def test_a_broken_veto_forbids_and_is_logged(self, run: Any, caplog: pytest.LogCaptureFixture) -> None:
        hooks = hosting(raising("mailbridge_fallback", RuntimeError("oops")))
        assert run(hooks.fallback(MESSAGE, "a", "b", ERROR)) is False
        assert "mailbridge_fallback of plugin acme failed" in caplog.text


OBSERVED: list[tuple[str, Callable[[Hooks], Any]]] = [
    ("attempt", lambda hooks: hooks.attempt(Attempt(1, "smtp://h", 0.0), MESSAGE)),
    ("sent", lambda hooks: hooks.sent(MESSAGE, RECEIPT)),
    ("failed", lambda hooks: hooks.failed(MESSAGE, ERROR)),
    ("suppressed", lambda hooks: hooks.suppressed(MESSAGE, ["ann@example.org"], "unsubscribed")),
    ("event", lambda hooks: hooks.event("bounced")),
]


@pytest.mark.parametrize(("name", "call"), OBSERVED)
class TestObservers:
    def test_a_broken_one_is_logged_without_secrets_and_changes_nothing(
        self, run: Any, name: str, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        seen: list[str] = []

        def watch() -> bool:
            seen.append(name)
            return True

        watch.__name__ = f"mailbridge_{name}"
        broken = raising(f"mailbridge_{name}", ValueError(f"smtp://ann:{CANARY}@h"))
        hooks = hosting(broken, plugin(watch))
        with caplog.at_level(logging.ERROR, "mailbridge.hooks"):
            assert run(call(hooks)) is None
        assert seen == [name]
        (record,) = caplog.records
        assert record.name == "mailbridge.hooks"
        assert f"mailbridge_{name} of plugin acme failed" in record.getMessage()
        assert "ValueError" in record.getMessage()
        assert CANARY not in caplog.text
        assert record.exc_info is None

    def test_a_coroutine_is_awaited_or_logged(
        self, run: Any, name: str, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        seen: list[str] = []

        async def watch() -> None:
            seen.append(name)

        watch.__name__ = f"mailbridge_{name}"
        run(call(hosting(plugin(watch))))
        if run is perform_async:
            assert seen == [name]
        else:
            assert "asynchronous" in caplog.text

    def test_an_exception_that_cannot_print_itself_is_logged_all_the_same(
        self, run: Any, name: str, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        run(call(hosting(raising(f"mailbridge_{name}", Mute()))))
        assert "Mute: (without a text)" in caplog.text

    def test_what_is_not_an_exception_of_the_plugin_passes(self, run: Any, name: str, call: Any) -> None:
        with pytest.raises(KeyboardInterrupt):
            run(call(hosting(raising(f"mailbridge_{name}", KeyboardInterrupt()))))  # type: ignore[arg-type]


class TestCollectors:
    def test_hints_are_gathered_from_all(self) -> None:
        answers = [None, "Empty the disk.", ["Call Ann.", "Wait."], ()]
        hooks = hosting(*(returning("mailbridge_diagnose", each) for each in answers))
        assert hooks.diagnose(ERROR) == ("Empty the disk.", "Call Ann.", "Wait.")

    @pytest.mark.parametrize("bad", [RuntimeError("oops"), None])
    def test_a_broken_one_is_left_out_and_logged(self, bad: Exception | None, caplog: pytest.LogCaptureFixture) -> None:
        broken = raising("mailbridge_checks", bad) if bad else returning("mailbridge_checks", 5)
        hooks = hosting(broken, returning("mailbridge_checks", [print]))
        assert hooks.checks() == (print,)
        assert "mailbridge_checks of plugin acme failed" in caplog.text

    def test_providers_are_gathered_with_their_plugin(self) -> None:
        hooks = hosting(returning("mailbridge_providers", ["record"]))
        assert hooks.providers() == [("acme", "record")]

    def test_commands_are_added_to_the_group(self) -> None:
        def mailbridge_commands(group: list[str]) -> None:
            group.append("greet")

        group: list[str] = []
        hosting(plugin(mailbridge_commands)).commands(group)
        assert group == ["greet"]


def test_the_flags_follow_what_is_registered() -> None:
    hooks = Hooks()
    assert not hooks.has_message
    name = hooks.register(plugin(appending("a")))
    assert hooks.has_message
    assert not hooks.has_sent
    hooks.unregister(name)
    assert not hooks.has_message
    assert not Hooks().has_message


def test_hosts_share_nothing() -> None:
    one = plugin(appending("a"))
    hosting(one)
    assert perform(hosting(one).message(MESSAGE, Context())).subject == "a"
    assert perform(Hooks().message(MESSAGE, Context())) is MESSAGE
