"""The tables of the page about presets say what the presets are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbridge.plugins import Plugins
from mailbridge.transports.smtp.presets.preset import Preset
from mailbridge.transports.smtp.presets.table import PRESETS

PAGE = (Path(__file__).resolve().parents[2] / "docs/transports/smtp-presets.md").read_text(encoding="utf-8")
ALL = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
USER = {"address": "a whole address", "given": "yours there", "same": "the same once more", "suggested": "any"}


def server_row(preset: Preset) -> str:
    hosts = ", ".join(
        f"`{host.replace('*', 'REGION')}`" + (f" ({choice})" if choice not in ("", "*") else "")
        for choice, host in [*preset.hosts.by_choice.items()][:4]
    )
    more = " …" if len(preset.hosts.by_choice) > 4 else ""
    ports = {
        mode: ", ".join(str(port) for port, spoken in preset.ports.items() if spoken == mode)
        for mode in ("starttls", "implicit")
    }
    default = next(iter(preset.ports))
    user = f"`{preset.login.name}`" if preset.login.kind == "fixed" else USER[preset.login.kind]
    return (
        f"| `{preset.scheme}` | {hosts}{more} | {default} | {ports['starttls']} | {ports['implicit'] or '-'} "
        f"| {user} | {preset.login.password} | {', '.join(preset.auth)} |"
    )


def header_row(preset: Preset) -> str:
    fields = "; ".join(f"`{field}`: {rule.header}" for field, rule in preset.rules.items())
    return f"| `{preset.scheme}` | {fields} |"


def limit_row(preset: Preset) -> str:
    limits = preset.limits
    size = f"{limits['bytes'] // 1_000_000} MB" if "bytes" in limits else "-"
    return f"| `{preset.scheme}` | {limits.get('recipients', '-')} | {size} |"


@ALL
def test_the_server_is_a_row(preset: Preset) -> None:
    assert f"\n{server_row(preset)}\n" in PAGE


@ALL
def test_the_headers_are_a_row_where_there_are_any(preset: Preset) -> None:
    assert (f"\n{header_row(preset)}\n" in PAGE) == bool(preset.rules)


@ALL
def test_the_limits_are_a_row_where_there_are_any(preset: Preset) -> None:
    assert (f"\n{limit_row(preset)}\n" in PAGE) == bool(preset.limits)


def test_no_row_is_of_a_preset_that_there_is_not() -> None:
    named = {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")}
    assert {name for name in named if name.endswith("+smtp")} == PRESETS.keys()


def test_the_records_lead_to_the_page() -> None:
    plugins = Plugins(entry_points=False)
    assert {plugins.plugin_for(scheme).docs for scheme in PRESETS} == {"docs/transports/smtp-presets.md"}
