"""What can be registered as a plugin, and what is refused with a reason."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mailbridge.errors import ConfigError
from mailbridge.hooks import Hooks, hookimpl


class Watcher:
    @hookimpl
    def mailbridge_sent(self, receipt: Any) -> None:
        """See receipts."""


def test_an_object_is_named_after_its_class_and_the_second_gets_a_number() -> None:
    hooks = Hooks()
    assert [hooks.register(Watcher()), hooks.register(Watcher()), hooks.register(Watcher())] == [
        "Watcher",
        "Watcher#2",
        "Watcher#3",
    ]


def test_a_module_is_named_after_itself() -> None:
    module = ModuleType("acme_mail")
    module.mailbridge_sent = hookimpl(lambda receipt: None)  # type: ignore[attr-defined]
    module.mailbridge_django = "a name of ours that is no hook"  # type: ignore[attr-defined]
    hooks = Hooks()
    assert hooks.register(module) == "acme_mail"
    assert hooks.plugins == {"acme_mail": module}


def test_a_plugin_can_be_given_a_name_and_taken_away_by_it() -> None:
    hooks = Hooks()
    assert hooks.register(Watcher(), "watch") == "watch"
    assert [each.plugin for each in hooks.implementations("mailbridge_sent")] == ["watch"]
    hooks.unregister("watch")
    assert hooks.implementations("mailbridge_sent") == ()
    assert hooks.plugins == {}
    with pytest.raises(ConfigError, match="No plugin 'watch'"):
        hooks.unregister("watch")


def misspelt() -> object:
    def mailbridge_mesage(message: Any) -> None:
        """Is no hook."""

    return SimpleNamespace(mailbridge_mesage=hookimpl(mailbridge_mesage))


def mistaken_argument() -> object:
    def mailbridge_sent(recipt: Any) -> None:
        """Has an argument that the hook lacks."""

    return SimpleNamespace(mailbridge_sent=hookimpl(mailbridge_sent))


def wrapping() -> object:
    def mailbridge_sent(receipt: Any) -> Any:
        yield

    return SimpleNamespace(mailbridge_sent=hookimpl(wrapper=True)(mailbridge_sent))


@pytest.mark.parametrize(
    ("plugin", "why"),
    [
        (Watcher, r"is a class; register an instance, Watcher\(\)"),
        (SimpleNamespace(), "has no hooks"),
        (SimpleNamespace(mailbridge_sent=lambda receipt: None), "mailbridge_sent of .* is not marked @hookimpl"),
        (misspelt(), r"mailbridge_mesage, which is no hook; did you mean mailbridge_message\?$"),
        (mistaken_argument(), "recipt"),
        (wrapping(), "wraps mailbridge_sent"),
    ],
)
def test_what_would_never_be_called_rightly_is_refused(plugin: object, why: str) -> None:
    hooks = Hooks()
    with pytest.raises(ConfigError, match=why):
        hooks.register(plugin)
    assert hooks.plugins == {}
    assert not hooks.has_sent
    hooks.register(Watcher())
    assert [each.plugin for each in hooks.implementations("mailbridge_sent")] == ["Watcher"]


def test_an_optional_hook_of_another_version_is_let_be() -> None:
    def mailbridge_future() -> None:
        """Belong to a later version."""

    plugin = SimpleNamespace(mailbridge_future=hookimpl(optionalhook=True)(mailbridge_future))
    assert Hooks().register(plugin) == "SimpleNamespace"


@pytest.mark.parametrize("name", [None, "other"])
def test_nothing_is_registered_twice(name: str | None) -> None:
    hooks, watcher = Hooks(), Watcher()
    hooks.register(watcher)
    with pytest.raises(ConfigError, match="registered already"):
        hooks.register(watcher, name)
    with pytest.raises(ConfigError, match="registered already"):
        hooks.register(Watcher(), "Watcher")
    assert list(hooks.plugins) == ["Watcher"]


def test_pluggy_is_loaded_for_a_plugin_and_not_before() -> None:
    look = "print('pluggy' in sys.modules)"
    code = f"import sys, mailbridge.hooks as it; it.Hooks(); {look}; it.hookimpl; {look}"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "True"]
