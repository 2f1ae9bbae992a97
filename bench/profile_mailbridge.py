#!/usr/bin/env python3
"""Show where mailbridge spends its time on a message: cProfile against our own sink, without delay.

    bench/profile_mailbridge.py [--way send_many|send|asend_many|asend] [--payload text1k|html10k|att100k] [--chunking]

cProfile makes calls dear and loops cheap, so this finds what to look at; `bench/run` says what it costs.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import subprocess
import sys
from importlib import import_module
from typing import Any

from yardstick.environment import Environment
from yardstick.job import Job
from yardstick.noise import choose
from yardstick.payloads import NAMES, payload
from yardstick.sinks import OwnSink

WAYS = {"send_many": "many", "send": "one_by_one", "asend_many": "many_async", "asend": "tasks"}
WARM_UP = 50


def main() -> None:
    """Profile one way of sending and print the functions that cost most."""
    parser = argparse.ArgumentParser(description="Profile mailbridge's sending.")
    parser.add_argument("--way", choices=WAYS, default="send_many")
    parser.add_argument("--payload", choices=NAMES, default="text1k")
    parser.add_argument("--chunking", action="store_true", help="the sink offers CHUNKING")
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--sort", choices=("tottime", "cumtime", "ncalls"), default="tottime")
    parser.add_argument("--top", type=int, default=40, help="how many functions (default: %(default)s)")
    arguments = parser.parse_args()
    environment = Environment()
    _run_in(environment)
    machine = choose("none")
    with OwnSink(environment, machine, chunking=arguments.chunking) as sink:
        os.sched_setaffinity(0, {machine.client_cpu})
        prepare = getattr(import_module("yardstick.contestants.mailbridge_mailer"), WAYS[arguments.way])
        profile = _profile(prepare(Job(sink.port, payload(arguments.payload))), arguments.messages)
        taken = sink.settled(WARM_UP + arguments.messages) - WARM_UP
    statistics = pstats.Stats(profile)
    calls = statistics.total_calls / arguments.messages  # type: ignore[attr-defined]
    print(f"{arguments.way}, {arguments.payload}: {taken} messages, {calls:.0f} calls a message")
    statistics.strip_dirs().sort_stats(arguments.sort).print_stats(arguments.top)


def _run_in(environment: Environment) -> None:
    """Start again with the interpreter of the environment, which has mailbridge."""
    if sys.prefix != str(environment.home / "venv"):
        environment.make()
        sys.exit(subprocess.call([environment.python, *sys.argv]))


def _profile(contest: Any, messages: int) -> cProfile.Profile:
    profile = cProfile.Profile()
    if hasattr(contest, "__aenter__"):
        asyncio.run(_run_async(contest, messages, profile))
        return profile
    with contest as run:
        run(WARM_UP)
        profile.runcall(run, messages)
    return profile


async def _run_async(contest: Any, messages: int, profile: cProfile.Profile) -> None:
    async with contest as run:
        await run(WARM_UP)
        profile.enable()
        await run(messages)
        profile.disable()


if __name__ == "__main__":
    main()
