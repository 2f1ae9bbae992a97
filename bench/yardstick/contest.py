"""`Contest`: contestants that take turns at one task, and what came of each run."""

from __future__ import annotations

import base64
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from .environment import BENCH, Environment
from .job import Job
from .noise import Machine, stolen_seconds
from .payloads import FILE_NAME, SENDER, SENDER_NAME, Payload, payload
from .roster import Contestant
from .sinks import Sink

LONGEST_RUN = 180  # seconds, then a run has failed
TOO_MUCH_STOLEN = 0.08  # of the run's time; such a run is done once more


class Run(NamedTuple):
    """One run of one contestant. `error` says why it does not count."""

    contestant: str
    messages: int
    wall: float = 0.0  # seconds
    cpu: float = 0.0  # seconds of the client
    sink_cpu: float = 0.0  # seconds of the server, warm-up included
    base_kib: int = 0
    peak_kib: int = 0
    expected: int = 0
    arrived: int = 0
    stolen: float = 0.0  # share of the time that the hypervisor kept
    error: str = ""

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.wall

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of the client's CPU a message."""
        return 1000 * self.cpu / self.messages


class Standing:
    """All runs of one contestant; figures are medians, and there are none if one run is void."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self.error = next((run.error for run in runs if run.error), "" if runs else "not run")

    def median(self, figure: str) -> float:
        """Return the median over the runs of `rate`, `cpu_ms`, `peak_kib` …"""
        return float(median(getattr(run, figure) for run in self.runs))

    def ratio(self, other: Standing, figure: str) -> float:
        """Return the median over the rounds of this contestant's figure divided by the other's."""
        pairs = zip(self.runs, other.runs, strict=True)
        return float(median(getattr(mine, figure) / getattr(theirs, figure) for mine, theirs in pairs))


class Contest:
    """Contestants, each with the sink it sends to, sending one payload."""

    def __init__(
        self,
        environment: Environment,
        machine: Machine,
        payload_name: str,
        entries: Iterable[tuple[Contestant, Sink]],
        *,
        folder: Path,
    ) -> None:
        self.environment = environment
        self.machine = machine
        self.payload = payload(payload_name)
        self.entries = list(entries)
        self.payload_file = folder / f"{payload_name}.json"

    def hold(self, rounds: int, seconds: float, count: int | None = None) -> dict[str, Standing]:
        """Let everybody run once a round, forwards and backwards in turn.

        Args:
            rounds: how often; ratios are formed within a round.
            seconds: how long a run should last, by a number of messages that is found out first.
            count: the number of messages, if it is given.
        """
        counts = {entry[0].name: count or self._calibrate(*entry, seconds) for entry in self.entries}
        runs: dict[str, list[Run]] = {contestant.name: [] for contestant, _ in self.entries}
        for number in range(rounds):
            order = self.entries if number % 2 == 0 else self.entries[::-1]
            for contestant, sink in order:
                its = counts[contestant.name]
                run = its if isinstance(its, Run) else self.run(contestant, sink, its)
                runs[contestant.name].append(run)
            progress(f"  round {number + 1} of {rounds}")
        return {name: Standing(its) for name, its in runs.items()}

    def _calibrate(self, contestant: Contestant, sink: Sink, seconds: float) -> int | Run:
        """Return how many messages take `seconds`, or the failed run."""
        count = 20
        while True:
            run = self.run(contestant, sink, count)
            if run.error:
                progress(f"  {contestant.name}: {run.error}")
                return run
            if run.wall >= min(0.2, seconds) or count >= contestant.at_most:
                break
            factor = 0.3 / run.wall  # of what would be long enough; the first messages are slower
            count = min(contestant.at_most, round(count * min(100, max(2, factor))))
        count = max(10, min(contestant.at_most, round(run.rate * seconds)))
        progress(f"  {contestant.name}: about {run.rate:,.0f}/s, {count:,} messages a run")
        return count

    def run(self, contestant: Contestant, sink: Sink, count: int) -> Run:
        """Run a contestant once; twice if the hypervisor took much of its time, then the better run is kept."""
        first = self._run(contestant, sink, count)
        if first.error or first.stolen <= TOO_MUCH_STOLEN:
            return first
        return min(first, self._run(contestant, sink, count), key=lambda run: (bool(run.error), run.stolen))

    def _run(self, contestant: Contestant, sink: Sink, count: int) -> Run:
        before, sink_cpu, stolen, clock = sink.count(), sink.cpu_seconds(), stolen_seconds(), time.monotonic()
        try:
            took = self._start(contestant, sink, count)
        except Failure as failure:
            sink.settled(before)
            return Run(contestant.name, count, error=str(failure))
        expected = contestant.before + contestant.warm_up + count
        arrived = sink.settled(before + expected) - before
        took["base_kib"], took["peak_kib"] = int(took.get("base_kib", 0)), int(took.get("peak_kib", 0))
        return Run(
            contestant.name,
            count,
            **took,  # type: ignore[arg-type]
            sink_cpu=sink.cpu_seconds() - sink_cpu,
            expected=expected,
            arrived=arrived,
            stolen=(stolen_seconds() - stolen) / (time.monotonic() - clock),
            error="" if arrived == expected else f"void: sent {expected}, the sink counted {arrived}",
        )

    def _start(self, contestant: Contestant, sink: Sink, count: int) -> dict[str, float]:
        job = Job(sink.port, self.payload)
        if contestant.command:
            self.payload_file.write_text(_as_json(self.payload, contestant.warm_up))
            argv = contestant.command(self.environment, job, count, str(self.payload_file))
            extra = {} if contestant.times_itself else self.environment.tool_environment()
        else:
            python = self.environment.newest_django if contestant.newest_django else self.environment.python
            argv = [str(python), "-m", "yardstick.child", _specification(contestant, job, count)]
            extra = {}
        printed, took = self._execute(argv, extra)
        if contestant.command and not contestant.times_itself:
            return took
        figures: dict[str, float] = json.loads(printed.splitlines()[-1])
        return figures

    def _execute(self, argv: Sequence[str], extra: Mapping[str, str]) -> tuple[str, dict[str, float]]:
        used, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        try:
            done = subprocess.run(
                argv,
                cwd=BENCH,
                env={**_environment_without_python(), **extra},
                capture_output=True,
                text=True,
                timeout=LONGEST_RUN,
                preexec_fn=self.machine.pin(self.machine.client_cpu),
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"not done after {LONGEST_RUN} seconds") from None
        wall = time.perf_counter() - clock
        if done.returncode:
            raise Failure((done.stderr.strip() or done.stdout.strip() or f"ended with {done.returncode}")[-2000:])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        return done.stdout, {"wall": wall, "cpu": cpu}


class Failure(Exception):
    """A run that did not end well; the text is what it said."""


def _environment_without_python() -> dict[str, str]:
    # PYTHONPATH could put another mailbridge before the checkout, PYTHONDEVMODE make everybody slow.
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _specification(contestant: Contestant, job: Job, count: int) -> str:
    return json.dumps(
        {
            "python": contestant.python,
            "port": job.port,
            "payload": job.payload.name,
            "warm_up": contestant.warm_up,
            "count": count,
        }
    )


def _as_json(parts: Payload, warm_up: int) -> str:
    return json.dumps(
        {
            "sender": f"{SENDER_NAME} <{SENDER}>",
            "text": parts.text,
            "html": parts.html,
            "attachment": base64.b64encode(parts.attachment).decode() if parts.attachment else None,
            "file_name": FILE_NAME,
            "warm_up": warm_up,
        }
    )


def progress(line: str) -> None:
    """Tell who waits what is happening."""
    print(line, file=sys.stderr, flush=True)
