"""The report: Markdown for people, JSON with every run for everything else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from .aims import Verdict
from .contest import Standing
from .noise import Machine
from .roster import CONTESTANTS
from .scenes import Scene

BUSY = 1.0  # load average; measured before our own work adds to it


def scene_table(scene: Scene, standings: Mapping[str, Standing]) -> str:
    """Return the table of a scene, the fastest first."""
    lines = [
        f"## {scene.title}",
        "",
        f"| contestant | messages/s | slowest … fastest | x {scene.baseline} "
        "| CPU ms | x less CPU | sink CPU ms | peak MiB |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    sinks = dict(scene.entries)
    usual = scene.entries[0][1]
    valid = {name: standing for name, standing in standings.items() if not standing.error}
    for name in sorted(valid, key=lambda name: -valid[name].median("rate")):
        note = "" if sinks[name] == usual else f" ({sinks[name]})"
        lines.append(f"| {name}{note} | {' | '.join(_figures(valid[name], valid.get(scene.baseline)))} |")
    lines += [
        f"| {name} | {standing.error.splitlines()[-1][:120]} | | | | | | |"
        for name, standing in standings.items()
        if standing.error
    ]
    lines += ["", f"Server: {usual}. CPU is per message; x is the median of the ratios within each round."]
    return "\n".join(lines)


def _figures(standing: Standing, baseline: Standing | None) -> list[str]:
    rates = [run.rate for run in standing.runs]
    sink_ms = [1000 * run.sink_cpu / run.expected for run in standing.runs]
    peak = standing.median("peak_kib") / 1024
    return [
        _number(standing.median("rate")),
        f"{_number(min(rates))} … {_number(max(rates))}",
        f"{standing.ratio(baseline, 'rate'):.2f}" if baseline else "",
        f"{standing.median('cpu_ms'):.3f}",
        f"{1 / standing.ratio(baseline, 'cpu_ms'):.2f}" if baseline else "",
        f"{sorted(sink_ms)[len(sink_ms) // 2]:.3f}",
        f"{peak:.0f}" if peak else "",
    ]


def _number(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def aims_table(verdicts: Iterable[Verdict]) -> str:
    """Return the table of aims."""
    words = {True: "met", False: "**missed**", None: "not measured"}
    rows = [f"| {row.aim} | {row.wanted} | {row.measured} | {words[row.met]} |" for row in verdicts]
    return "\n".join(["## Aims", "", "| aim | wanted | measured | |", "|:--|--:|--:|:--|", *rows])


def who_is_who(names: Iterable[str]) -> str:
    """Return one line on each contestant."""
    return "\n".join(f"- `{name}`: {CONTESTANTS[name].about}." for name in names)


def conditions(versions: Mapping[str, str], machine: Machine, load: float, rounds: int, seconds: float) -> str:
    """Return what a reader needs to know to judge or repeat the figures."""
    busy = "**Other work kept this machine busy: measure again when it is quiet.**" if load > BUSY else ""
    cores = "one core for client and server" if machine.shared else "client and server on a core each"
    return "\n".join(
        [
            f"Measured {time.strftime('%F %R')}: {', '.join(f'{name} {text}' for name, text in versions.items())}.",
            f"Linux {os.uname().release}, {os.cpu_count()} processors, {cores}, priority {machine.priority}, "
            f"load {load:.2f} before the start; {rounds} rounds, runs of about {seconds:g} s.",
            busy,
        ]
    ).rstrip()


def save(path: Path, **parts: object) -> None:
    """Write everything as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(parts, indent=1, ensure_ascii=False) + "\n")
