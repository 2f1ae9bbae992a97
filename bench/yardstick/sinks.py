"""The servers that take the mail: Postfix's smtp-sink, and our own sink with a round trip and CHUNKING."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .environment import BENCH, Environment
from .noise import Machine

HOST = "127.0.0.1"


class Sink:
    """A server process on a core of its own, which counts the messages it took."""

    port: int

    def __init__(self, environment: Environment, machine: Machine) -> None:
        self.environment = environment
        self.machine = machine
        # In memory: smtp-sink writes its counters for each message.
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = tempfile.TemporaryDirectory(prefix="mailbridge-bench-", dir=memory)
        self.counters = Path(self.folder.name) / "counters"

    def count(self) -> int:
        """Return how many messages were taken since the start."""
        raise NotImplementedError

    def settled(self, expected: int) -> int:
        """Return the count once it has reached `expected`, or after half a second."""
        deadline = time.monotonic() + 0.5
        while self.count() < expected and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.count()

    def cpu_seconds(self) -> float:
        """Return the processor time that the server has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _start(self, argv: Sequence[str], stdout: int) -> None:
        self.process = subprocess.Popen(
            argv,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            cwd=BENCH,
            env={**os.environ, **self.environment.tool_environment()},
            preexec_fn=self.machine.pin(self.machine.sink_cpu),
        )

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class PostfixSink(Sink):
    """Postfix's smtp-sink, the yardstick without delay."""

    def __init__(self, environment: Environment, machine: Machine) -> None:
        super().__init__(environment, machine)
        self.port = _free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to serve as root
        argv = [str(environment.tool("smtp-sink")), "-c", *user, f"{HOST}:{self.port}", "1000"]
        with self.counters.open("ab") as counters:
            self._start(argv, counters.fileno())
        self._wait_until_it_listens()

    def count(self) -> int:
        """Return the last number smtp-sink printed."""
        with self.counters.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 400))
            found = re.findall(rb"mesg=(\d+)[^\d]", file.read())
        return int(found[-1]) if found else 0

    def _wait_until_it_listens(self) -> None:
        for _ in range(250):
            try:
                socket.create_connection((HOST, self.port), 1).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise RuntimeError(f"smtp-sink does not listen on port {self.port} after five seconds")


class OwnSink(Sink):
    """`native/sink.c`: offers CHUNKING, or speaks HTTP as providers do, and answers after a round trip."""

    def __init__(
        self,
        environment: Environment,
        machine: Machine,
        *,
        round_trip_ms: float = 0,
        chunking: bool = True,
        http: bool = False,
    ) -> None:
        super().__init__(environment, machine)
        options = ["--http"] if http else [] if chunking else ["--no-chunking"]
        argv = [str(environment.sink), "--rtt", str(round_trip_ms), *options, str(self.counters)]
        self._start(argv, subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.process.stdout.close()

    def count(self) -> int:
        """Return the messages counter."""
        return self._counters()[0]

    def message_bytes(self) -> int:
        """Return how many bytes those messages had."""
        return self._counters()[1]

    def _counters(self) -> tuple[int, ...]:
        return struct.unpack("=4Q", self.counters.read_bytes())


def _free_port() -> int:
    # smtp-sink cannot be told "any port"; what is free now is very likely free in a millisecond.
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
