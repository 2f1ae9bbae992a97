"""What holds noise down on a machine that is shared with other work and with other virtual machines."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

PRIORITIES = ("auto", "rr", "nice", "none")


class Machine(NamedTuple):
    """Where contestants and sinks run, and how urgently."""

    client_cpu: int
    sink_cpu: int
    priority: str

    def pin(self, cpu: int) -> Callable[[], None]:
        """Return what a new process does before it starts: bind itself to a core and raise its priority."""

        def bind() -> None:
            os.sched_setaffinity(0, {cpu})
            if self.priority == "rr":
                os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))
            elif self.priority == "nice":
                os.setpriority(os.PRIO_PROCESS, 0, -20)

        return bind

    @property
    def shared(self) -> bool:
        """Whether client and sink have to share one core."""
        return self.client_cpu == self.sink_cpu


def choose(priority: str) -> Machine:
    """Give client and sink a core each, and the best priority that this user may set."""
    cores = sorted(os.sched_getaffinity(0))
    if priority == "auto":
        priority = next(name for name in ("rr", "nice", "none") if _allowed(name))
    return Machine(client_cpu=cores[-1], sink_cpu=cores[0], priority=priority)


def _allowed(priority: str) -> bool:
    pid = os.fork()
    if not pid:
        try:
            Machine(0, 0, priority).pin(min(os.sched_getaffinity(0)))()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


class Spinners:
    """Loops of the lowest priority on both cores, so that these do not halt while a measurement waits."""

    def __init__(self, spin: Path, machine: Machine) -> None:
        cores = sorted({machine.client_cpu, machine.sink_cpu})
        self._processes = [subprocess.Popen([str(spin), str(core)]) for core in cores]

    def stop(self) -> None:
        """End the loops."""
        for process in self._processes:
            process.terminate()
            process.wait()


def stolen_seconds() -> float:
    """Return the CPU time that the hypervisor kept from this machine so far, all cores together."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")
