"""`Measurement`: one run of the command, from the checks to the report."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from . import aims, building, report
from .contest import Standing, progress
from .environment import BENCH, Environment, fingerprint
from .noise import Spinners, choose
from .payloads import NAMES
from .roster import CONTESTANTS
from .same_message import check_same_message
from .scenes import HTTP, HTTP_SCENES, MEMORY_SCENES, SCENES, Scene
from .selfcheck import check_sink

BUILDING = "build"
QUICK_SHARE = 20  # of a fixed number of messages, a quick run sends one in so many


class Measurement:
    """What was asked for, and what has been found so far."""

    def __init__(self, environment: Environment, arguments: Namespace) -> None:
        self.environment = environment
        self.arguments = arguments
        self.machine = choose(arguments.priority)
        self.scenes = _chosen_scenes(arguments)
        self.builds = _builds(arguments)
        self.started = time.monotonic()
        self.code = fingerprint()
        self.load = os.getloadavg()[0]
        self.results: dict[str, dict[str, Standing]] = {}
        self.built: dict[str, building.Case] = {}

    @property
    def empty(self) -> bool:
        """Whether the arguments leave nothing to measure."""
        return not self.scenes and not self.builds

    @property
    def complete(self) -> bool:
        """Whether everybody could be measured."""
        return not any(standing.error for standings in self.results.values() for standing in standings.values())

    def hold(self) -> None:
        """Check, then measure everything; each table is printed as soon as it is known."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="mailbridge-bench-")))
            if not self.arguments.no_check:
                self._check(folder)
            if not self.arguments.no_spin:
                stack.callback(Spinners(self.environment.spin, self.machine).stop)
            for scene in self.scenes:
                self._hold(scene, folder)
            if self.builds:
                self._build()

    def _check(self, folder: Path) -> None:
        check_sink(self.environment, self.machine)
        names = [name for scene in self.scenes for name, sink in scene.entries if sink != HTTP]
        payloads = {scene.payload for scene in self.scenes}
        check_same_message(self.environment, self.machine, payloads, names, folder)

    def _hold(self, scene: Scene, folder: Path) -> None:
        progress(f"{scene.name}: {scene.title}")
        rounds = min(scene.rounds or self.arguments.rounds, self.arguments.rounds)
        with scene.open(self.environment, self.machine, folder) as contest:
            messages = scene.messages
            if messages and self.arguments.quick:
                messages = max(1, messages // QUICK_SHARE)
            standings = contest.hold(rounds, self.arguments.seconds, messages)
        self.results[scene.name] = standings
        print(report.scene_table(scene, standings), end="\n\n", flush=True)

    def _build(self) -> None:
        progress(f"{BUILDING}: bench/build.py")
        self.built = building.measure(self.environment, self.machine, self.arguments.rounds)
        print(building.table(self.built), end="\n\n", flush=True)

    def report(self) -> None:
        """Print the aims and the conditions, and save every run."""
        verdicts = [*(aim.judge(self.results) for aim in aims.AIMS), *building.judge(self.built)]
        took_part = [name for name in CONTESTANTS if any(name in standings for standings in self.results.values())]
        versions = self.environment.versions()
        if self.arguments.quick:
            print("**A quick run: it shows that everything works, its figures mean nothing.**\n")
        print(report.aims_table(verdicts), end="\n\n")
        print(report.who_is_who(took_part), end="\n\n")
        print(report.conditions(versions, self.machine, self.load, self.arguments.rounds, self.arguments.seconds))
        if fingerprint() != self.code:
            print("**mailbridge's code was changed while it was measured: these figures belong to no version.**")
        path = self.arguments.json or BENCH / "results" / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
        report.save(
            path,
            versions=versions,
            machine=self.machine._asdict(),
            arguments={name: str(value) for name, value in vars(self.arguments).items()},
            aims=[verdict._asdict() for verdict in verdicts],
            building=[case._asdict() for case in self.built.values()],
            runs={
                scene: {name: [run._asdict() for run in its.runs] for name, its in standings.items()}
                for scene, standings in self.results.items()
            },
        )
        progress(f"every run: {path}; {time.monotonic() - self.started:.0f} seconds")


def _chosen_scenes(arguments: Namespace) -> list[Scene]:
    """Return the scenes that the arguments ask for, with the contestants they ask for."""
    payloads = arguments.payload.split(",") if arguments.payload else NAMES
    contestants = arguments.only.split(",") if arguments.only else ["*"]
    chosen = (
        scene.only(contestants)
        for scene in (*SCENES, *HTTP_SCENES, *MEMORY_SCENES)
        if scene.payload in payloads and _named(scene.name, arguments)
    )
    return [scene for scene in chosen if scene.entries]


def _builds(arguments: Namespace) -> bool:
    """Tell whether building alone is asked for; it knows neither our contestants nor our payloads."""
    return not (arguments.only or arguments.payload) and _named(BUILDING, arguments)


def _named(name: str, arguments: Namespace) -> bool:
    return not arguments.scene or any(fnmatchcase(name, pattern) for pattern in arguments.scene.split(","))
