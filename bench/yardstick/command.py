"""`bench/run`: make the environment, hold the contests, print the report."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .environment import Environment, SetupError
from .measurement import BUILDING, Measurement
from .noise import PRIORITIES
from .payloads import NAMES
from .scenes import HTTP_SCENES, MEMORY_SCENES, SCENES

QUICK_ROUNDS, QUICK_SECONDS = 2, 0.3


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Compare mailbridge's sending with its peers'. Markdown on standard output, every run as JSON.",
    )
    add = parser.add_argument
    add("--setup", action="store_true", help="only make the environment in $MAILBRIDGE_BENCH_HOME")
    add("--list", action="store_true", help="list scenes and contestants")
    add("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds of {QUICK_SECONDS} s: does it work, not how fast")
    add("--only", metavar="PATTERNS", help="contestants, as shell patterns with commas between: 'smtplib,mailbridge-*'")
    add("--payload", metavar="NAMES", help=f"scenes with these payloads: {','.join(NAMES)}")
    add("--scene", metavar="PATTERNS", help="scenes, as shell patterns: 'rtt*,memory*'")
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=1.2, help="length of a run (default: %(default)s)")
    add("--priority", choices=PRIORITIES, default="auto", help="of what is measured (default: the best allowed)")
    add("--no-spin", action="store_true", help="let idle cores halt")
    add("--no-check", action="store_true", help="skip the checks of the sink and of what is sent")
    add("--json", type=Path, metavar="FILE", help="default: bench/results/<time>.json")
    arguments = parser.parse_args(argv)
    if arguments.quick:
        arguments.rounds, arguments.seconds = QUICK_ROUNDS, QUICK_SECONDS
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 unless something could not be measured."""
    arguments = _arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped on the way out
    if arguments.list:
        for scene in (*SCENES, *HTTP_SCENES, *MEMORY_SCENES):
            print(f"{scene.name}: {', '.join(name for name, _ in scene.entries)}")
        print(f"{BUILDING}: what bench/build.py measures")
        return 0
    environment = Environment()
    try:
        environment.make()
        if arguments.setup:
            print(environment.home)
            return 0
        measurement = Measurement(environment, arguments)
        if measurement.empty:
            print("bench/run: no scene has such a payload, name or contestant; see --list.", file=sys.stderr)
            return 2
        measurement.hold()
        measurement.report()
        return 0 if measurement.complete else 1
    except SetupError as error:
        print(f"bench/run: {error}", file=sys.stderr)
        return 2
