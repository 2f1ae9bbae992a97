"""The process in which one contestant written in Python runs once: `python -m yardstick.child SPECIFICATION`.

It prints wall seconds, CPU seconds and resident memory before and at its peak as one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from .job import Job
from .payloads import payload


class Stopwatch:
    """What the work between `start` and `stop` took."""

    def start(self) -> None:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak counts anew from here
        self.base_kib = _memory_kib("VmRSS")
        self.cpu = time.process_time()
        self.wall = time.perf_counter()

    def stop(self) -> dict[str, float]:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return {"wall": wall, "cpu": cpu, "base_kib": self.base_kib, "peak_kib": _memory_kib("VmHWM")}


def _memory_kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _measure(contest: Any, warm_up: int, count: int) -> dict[str, float]:
    watch = Stopwatch()
    with contest as run:
        run(warm_up)
        watch.start()
        run(count)
        return watch.stop()


async def _measure_async(contest: Any, warm_up: int, count: int) -> dict[str, float]:
    watch = Stopwatch()
    async with contest as run:
        await run(warm_up)
        watch.start()
        await run(count)
        return watch.stop()


def main() -> None:
    specification = json.loads(sys.argv[1])
    module, _, name = specification["python"].partition(":")
    prepare = getattr(import_module(f"yardstick.contestants.{module}"), name)
    contest = prepare(Job(specification["port"], payload(specification["payload"])))
    warm_up, count = specification["warm_up"], specification["count"]
    if hasattr(contest, "__aenter__"):
        took = asyncio.run(_measure_async(contest, warm_up, count))
    else:
        took = _measure(contest, warm_up, count)
    print(json.dumps(took))


if __name__ == "__main__":
    main()
