"""Transports are found by scheme: given, built in, installed; what cannot be used is told, not raised."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.distribution import install

from mailbridge.errors import ConfigError
from mailbridge.extend import Plugin, hookimpl
from mailbridge.plugins import Plugins, Row
from mailbridge.plugins.built_in import FOLDERS

MINE = Plugin(name="mine", schemes=["mine"], settings="nowhere:Settings", transport="nowhere:Transport")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where Python looks for distributions."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.endswith("_plugin")]:
        del sys.modules[name]


def row(plugins: Plugins, name: str) -> Row:
    (found,) = [each for each in plugins.all() if each.name == name]
    return found


class TestLookingUp:
    def test_a_built_in_transport_is_found_without_looking_at_entry_points(self, site: Path) -> None:
        install(site, "acme")
        code = (
            "import sys; from mailbridge.plugins import Plugins; print(Plugins().plugin_for('null').name, "
            "*sorted({'importlib.metadata', 'acme_plugin', 'pluggy', 'pydantic'} & set(sys.modules)))"
        )
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r}); {code}"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["null"]

    def test_an_installed_transport_is_found_by_each_of_its_schemes(self, site: Path) -> None:
        install(site, "acme")
        assert Plugins().plugin_for("acme").name == "acme"
        assert Plugins().plugin_for("acme+api").name == "acme"

    def test_an_installed_object_with_hooks_brings_transports_too(self, site: Path) -> None:
        install(site, "acme", entries={"acme": "hooked"})
        assert Plugins().plugin_for("acme").name == "acme"

    def test_what_the_application_gives_goes_first(self) -> None:
        own = Plugin(name="own", schemes=["null"], settings="a:b", transport="a:c")
        assert Plugins([own]).plugin_for("null") is own

    def test_an_installed_plugin_cannot_take_a_built_in_scheme(self, site: Path) -> None:
        install(site, "null", entries={"null-thief": "record"})
        plugins = Plugins()
        assert plugins.plugin_for("null").summary == "Accepts every message and sends none."
        assert row(plugins, "null-thief").error == "The scheme null is taken by mailbridge."

    def test_of_two_installed_plugins_the_first_by_name_has_the_scheme(self, site: Path) -> None:
        install(site, "acme", entries={"b": "record", "a": "record"})
        plugins = Plugins()
        assert (row(plugins, "a").status, row(plugins, "b").status) == ("installed", "broken")
        assert row(plugins, "b").error == "The scheme acme is taken by a."

    @pytest.mark.parametrize(
        ("scheme", "near"),
        [
            ("nul", "did you mean null?"),
            ("memry", "did you mean memory?"),
            ("acmee", "mean acme?"),
            ("zzz", "'zzz'. List"),
        ],
    )
    def test_an_unknown_scheme_is_told_with_what_is_like_it(self, site: Path, scheme: str, near: str) -> None:
        install(site, "acme")
        with pytest.raises(ConfigError, match="no transport") as caught:
            Plugins().plugin_for(scheme)
        assert near in str(caught.value)
        assert "mailbridge plugins" in str(caught.value)

    def test_installed_plugins_can_be_left_out_altogether(self, site: Path) -> None:
        install(site, "acme")
        with pytest.raises(ConfigError, match="no transport 'acme'"):
            Plugins(entry_points=False).plugin_for("acme")

    @pytest.mark.catalogue("A42")
    @pytest.mark.parametrize(
        "scheme", ["os.system", "antigravity", "acme_plugin", "mailbridge.transports.null", "null+insecure"]
    )
    def test_a_scheme_never_names_a_module(self, site: Path, scheme: str) -> None:
        install(site, "acme")
        with pytest.raises(ConfigError, match="no transport"):
            Plugins().build(f"{scheme}://h")
        assert "antigravity" not in sys.modules


class TestBrokenPlugins:
    @pytest.mark.parametrize(
        ("attribute", "why"),
        [
            ("missing", "AttributeError"),
            ("nonsense", "neither a Plugin record nor an object with hooks"),
            ("wrong_records", "type str where a Plugin record is expected"),
        ],
    )
    def test_each_is_a_row_and_the_others_work(self, site: Path, attribute: str, why: str) -> None:
        install(site, "acme", entries={"acme": attribute, "good": "record"})
        plugins = Plugins()
        broken = row(plugins, "acme")
        assert (broken.status, broken.schemes) == ("broken", ())
        assert why in broken.error
        assert plugins.plugin_for("acme").name == "acme"

    def test_one_that_fails_on_import_is_named_when_its_scheme_is_missed(self, site: Path) -> None:
        install(site, "acme")
        (site / "acme_plugin.py").write_text("raise RuntimeError('password=hunter2')", "utf-8")
        with pytest.raises(ConfigError, match=r"plugin acme is broken: RuntimeError: .*acme_plugin\.py:1") as caught:
            Plugins().plugin_for("acme")
        assert "hunter2" not in str(caught.value)
        assert row(Plugins(), "acme").distribution == "acme-mail 1.2"


class TestHooks:
    def test_those_of_the_application_act_at_once(self) -> None:
        plugin = SimpleNamespace(__name__="mine", mailbridge_sent=hookimpl(lambda receipt: None))
        plugins = Plugins([plugin])
        assert plugins.hooks.has_sent
        assert (row(plugins, "mine").active, row(plugins, "mine").status) == (True, "given")

    def test_those_of_an_installed_plugin_act_only_when_it_is_named(self, site: Path) -> None:
        install(site, "acme", entries={"acme": "hooked"})
        idle = Plugins()
        assert idle.plugin_for("acme")
        assert not idle.hooks.has_sent
        assert (row(idle, "acme").active, row(idle, "acme").hooks) == (
            False,
            ("mailbridge_providers", "mailbridge_sent"),
        )
        for enabled in (["acme"], ["*"]):
            acting = Plugins(enabled=enabled)
            assert acting.hooks.has_sent
            assert row(acting, "acme").active

    def test_a_plugin_can_be_shut_out(self, site: Path) -> None:
        install(site, "acme", entries={"acme": "hooked"})
        plugins = Plugins(enabled=["*", "-acme", "-file"])
        assert not plugins.hooks.has_sent
        assert (row(plugins, "acme").status, row(plugins, "file").status) == ("disabled", "disabled")
        for scheme in ("acme", "file"):
            with pytest.raises(ConfigError, match=f"shut out by -{scheme}"):
                plugins.plugin_for(scheme)

    def test_a_misspelt_name_is_told(self, site: Path) -> None:
        install(site, "acme")
        with pytest.raises(ConfigError, match=r"'acne', which is not installed; did you mean acme\?"):
            Plugins(enabled=["acne"])

    def test_a_broken_one_that_is_asked_for_is_an_error_but_not_one_of_all(self, site: Path) -> None:
        install(site, "acme", entries={"acme": "nonsense"})
        assert not Plugins(enabled=["*"]).hooks.plugins
        with pytest.raises(ConfigError, match="plugin 'acme' is broken"):
            Plugins(enabled=["acme"])

    def test_an_object_that_is_no_plugin_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="neither a Plugin record nor an object with hooks"):
            Plugins([object()])


def test_the_rows_name_everything_there_is(site: Path) -> None:
    install(site, "acme", version="3.1")
    rows = {each.name: each for each in Plugins([MINE]).all()}
    assert set(FOLDERS.values()) | {"mine", "acme"} == set(rows)
    assert {each.status for name, each in rows.items() if name in FOLDERS.values()} == {"built in"}
    assert rows["acme"].to_dict() == {
        "name": "acme",
        "status": "installed",
        "schemes": ["acme", "acme+api"],
        "features": ["html"],
        "hooks": [],
        "active": False,
        "distribution": "acme-mail 3.1",
        "summary": "Sends by Acme.",
        "examples": [],
        "error": "",
    }


def test_collections_share_nothing() -> None:
    Plugins([MINE])
    with pytest.raises(ConfigError, match="no transport 'mine'"):
        Plugins().plugin_for("mine")
