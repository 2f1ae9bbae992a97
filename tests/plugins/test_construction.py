"""A DSN or a table becomes a transport, with those inside it; all that is wrong is said at once."""

from __future__ import annotations

import logging
import sys
import traceback
from types import ModuleType
from typing import Any, ClassVar

import pytest

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError, MailError
from mailbridge.extend import BlockingTransport, Plugin, Secret, Transport, TransportSettings
from mailbridge.plugins import Plugins

CANARY = "c4n4ry"


class AcmeSettings(TransportSettings):
    dsn_parts: ClassVar = {"user": "api_key"}
    insecure_values: ClassVar = {"verify": False}
    api_key: Secret
    timeout: float = 30.0
    verify: bool = True
    region: str = ""


class Acme(BlockingTransport):
    name = "acme"

    def __init__(self, settings: AcmeSettings) -> None:
        if settings.region == "broken":
            raise RuntimeError(f"password={settings.api_key.reveal()}")
        if settings.region == "far":
            raise ConfigError("There is no region far.")
        self.settings = settings


class WrapSettings(TransportSettings):
    times: int = 1


class Wrap(Transport):
    name = "wrap"

    def __init__(self, inner: Transport, *, times: int = 1) -> None:
        self.inner = inner
        self.times = times


class Many(Transport):
    name = "many"

    def __init__(self, *members: Transport) -> None:
        self.members = members


class NoSettings(TransportSettings):
    pass


def record(name: str, settings: str, transport: str, **more: Any) -> Plugin:
    return Plugin(
        name=name, schemes=[name], settings=f"acme_parts:{settings}", transport=f"acme_parts:{transport}", **more
    )


RECORDS = [
    record("acme", "AcmeSettings", "Acme"),
    record("wrap", "WrapSettings", "Wrap", policy=True),
    record("many", "NoSettings", "Many", policy=True),
    record("faulty", "Missing", "Missing"),
    Plugin(name="lacking", schemes=["lacking"], settings="boto9:Settings", transport="boto9:T", extra="ses"),
]


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the classes above importable by a short name."""
    module = ModuleType("acme_parts")
    vars(module).update({each.__name__: each for each in (AcmeSettings, Acme, WrapSettings, Wrap, Many, NoSettings)})
    monkeypatch.setitem(sys.modules, "acme_parts", module)


def build(target: Any, **options: Any) -> Any:
    return Plugins(RECORDS, entry_points=False, **options).build(target)


class TestFromDsns:
    @pytest.mark.parametrize("kind", [str, Secret, Dsn.parse])
    def test_a_transport_is_made_of_its_settings(self, kind: Any) -> None:
        made = build(kind("acme://KEY@default?timeout=5"))
        assert isinstance(made, Acme)
        assert (made.settings.api_key.reveal(), made.settings.timeout) == ("KEY", 5.0)

    def test_policies_are_made_of_the_transports_inside_them(self) -> None:
        made = build("many(wrap(acme://A@default, times=3), wrap(acme://B@default))")
        assert [(type(each), each.times, each.inner.settings.api_key.reveal()) for each in made.members] == [
            (Wrap, 3, "A"),
            (Wrap, 1, "B"),
        ]

    def test_a_transport_is_itself(self) -> None:
        transport = Transport()
        assert build(transport) is transport


class TestFromTables:
    def test_a_transport_is_made_of_fields_that_keep_their_types(self) -> None:
        made = build({"transport": "acme", "api_key": Secret("KEY"), "verify": True, "timeout": 5})
        assert (made.settings.api_key.reveal(), made.settings.timeout) == ("KEY", 5.0)

    def test_a_policy_lists_its_transports(self) -> None:
        inner = {"transport": "acme", "api_key": "B"}
        made = build({"transport": "many", "transports": ["acme://A@default", inner]})
        assert [each.settings.api_key.reveal() for each in made.members] == ["A", "B"]

    @pytest.mark.parametrize(
        ("table", "why"),
        [
            ({"host": "h"}, "bulk.transport is missing"),
            ({"transport": "acme"}, "bulk.api_key is missing"),
            ({"transport": "acme", "api_key": "x", "timeot": 1}, r"bulk.timeot is unknown; did you mean timeout\?"),
            ({"transport": "acme", "api_key": "x", "transports": ["null://"]}, "bulk.transports does not belong"),
            ({"transport": "wrap"}, "bulk.transports is missing"),
            ({"transport": "wrap", "transports": "acme://"}, "bulk.transports is missing"),
            ({"transport": "wrap", "transports": [5]}, "bulk.transports.0 must be a DSN or a table, not int"),
            (5, "bulk must be a DSN or a table, not int"),
        ],
    )
    def test_what_is_wrong_is_told_by_the_name_of_the_setting(self, table: Any, why: str) -> None:
        with pytest.raises(ConfigError, match=why):
            Plugins(RECORDS).build(table, where="bulk")


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        ("wrap://h", r"policy around other transports: write wrap\(smtp://host\)"),
        ("acme(null://)", r"no policy, so nothing can be inside it: write acme://host"),
        ("wrap(null://, null://)", r"wrap cannot be made of 2 transports\..* wrap\(failover\(a, b\)\)"),
        ("acme://K@default?region=far", "There is no region far"),
        ("acme://K@default?region=broken", r"'acme' could not be made: RuntimeError: .*test_construction\.py:\d+"),
        ("faulty://h", "'faulty' could not be loaded: AttributeError"),
        ("lacking://h", r"needs the module 'boto9'. Install it with the extra ses: pip install '\.\[ses\]'"),
        ("acme://", "api_key .the user of the DSN. is missing"),
        ("wrap(null://, tmies=3)", r"the option tmies is unknown; did you mean times\?"),
    ],
)
def test_each_fault_is_a_typed_error_that_says_what_to_do(dsn: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        build(dsn)


def test_all_faults_of_a_policy_and_what_is_inside_it_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        build("many(acme://, wrap(nul://, times=x), acme://k@default?timeout=soon, times=1)")
    said = str(caught.value)
    assert "5 faults" in said
    for part in (
        "api_key",
        "no transport 'nul'",
        "times must be a whole",
        "timeout must be a number",
        "times is unknown",
    ):
        assert part in said


def test_all_faults_of_several_mailers_are_told_at_once() -> None:
    plugins = Plugins(RECORDS)
    assert set(plugins.build_all({"a": "null://", "b": {"transport": "memory"}})) == {"a", "b"}
    with pytest.raises(ConfigError) as caught:
        plugins.build_all({"a": "nul://", "b": {"transport": "memory", "limit": "x"}, "c": "null://"})
    assert "no transport 'nul'" in str(caught.value)
    assert "b.limit must be a whole number" in str(caught.value)


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize(
    "target",
    [
        f"acme://{CANARY}@@default",
        f"acme://{CANARY}",
        f"acme://{CANARY}@default?timeout=soon",
        f"acme://{CANARY}@default?region=broken",
        f"acme://{CANARY}@default?region=far",
        f"wrap(acme://{CANARY}@default?timeout=soon, times=x)",
        f"nul://{CANARY}@h",
        {"transport": "acme", "api_key": CANARY, "timeout": "soon"},
        {"transport": "acme", "api_key": CANARY, "region": "broken"},
        {"transport": "acme", "api_key": CANARY, "password": CANARY},
        {"transport": "acme", "api_key": [CANARY]},
    ],
)
def test_no_error_shows_a_secret_anywhere(target: Any) -> None:
    plugins = Plugins(RECORDS)
    with pytest.raises(MailError) as caught:
        plugins.build(target)
    error: BaseException | None = caught.value
    seen = repr(error) + str(error)
    while error is not None:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        seen += "".join(str(frame.locals) for frame in shown.stack if "/mailbridge/" in frame.filename)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert CANARY not in seen


@pytest.mark.catalogue("A42")
class TestInsecureSettings:
    DSN = f"acme://{CANARY}@default?verify=no"

    def test_they_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, "mailbridge.plugins"):
            build(self.DSN)
        assert "gives up protection by verify" in caplog.text
        assert CANARY not in caplog.text

    def test_they_can_be_refused(self) -> None:
        with pytest.raises(ConfigError, match="gives up protection by its setting verify"):
            build(f"wrap({self.DSN})", insecure="refuse")

    def test_they_can_be_allowed(self, caplog: pytest.LogCaptureFixture) -> None:
        build(self.DSN, insecure="allow")
        assert not caplog.records

    def test_secure_ones_are_not_mentioned(self, caplog: pytest.LogCaptureFixture) -> None:
        build("acme://K@default", insecure="refuse")
        assert not caplog.records
