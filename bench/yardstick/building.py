"""What `bench/build.py` finds out: building a message, against `EmailMessage.as_bytes`, without any server."""

from __future__ import annotations

import re
import subprocess
from typing import NamedTuple

from .aims import Verdict
from .environment import BENCH, Environment, SetupError
from .noise import Machine

_NUMBER = r"\s+([\d.]+)"
_LINE = re.compile(rf"(\S+){_NUMBER}{_NUMBER}\s+\.\.\s*([\d.]+){_NUMBER}{_NUMBER}\s+>= ")

AIMS = (
    ("building a text of 1 KB", "text-1k", 40),
    ("building 10 KB of HTML", "html-10k", 15),
    ("building with an attachment of 100 KB", "attachment-100k", 8),
    ("building with an attachment of 5 MB", "attachment-5m", 4),
)
LEAST_GAIN_OF_SHARING = 3  # encoding again and again would give 1; what is left to do once it is encoded is cheap


class Case(NamedTuple):
    """One message of `bench/build.py`: the median ratio and its range, and microseconds of CPU of either side."""

    case: str
    ratio: float
    low: float
    high: float
    ours: float
    theirs: float


def measure(environment: Environment, machine: Machine, rounds: int) -> dict[str, Case]:
    """Run `bench/build.py` on the client's core and return its cases by name."""
    done = subprocess.run(
        [environment.python, str(BENCH / "build.py"), "--rounds", str(rounds)],
        capture_output=True,
        text=True,
        preexec_fn=machine.pin(machine.client_cpu),
    )
    cases = [_case(found) for line in done.stdout.splitlines() if (found := _LINE.match(line))]
    if not cases:
        raise SetupError(f"bench/build.py measured nothing:\n{(done.stderr or done.stdout)[-1500:]}")
    return {case.case: case for case in cases}


def _case(found: re.Match[str]) -> Case:
    name, *numbers = found.groups()
    return Case(name, *map(float, numbers))


def table(cases: dict[str, Case]) -> str:
    """Return the cases as a Markdown table."""
    rows = [
        f"| {case.case} | {case.ratio:.1f} | {case.low:.1f} … {case.high:.1f} | {case.ours:,.1f} | {case.theirs:,.1f} |"
        for case in cases.values()
    ]
    head = ["| message | x `EmailMessage` | range | CPU µs | CPU µs of `EmailMessage` |", "|:--|--:|--:|--:|--:|"]
    return "\n".join(["## building alone", "", *head, *rows])


def judge(cases: dict[str, Case]) -> list[Verdict]:
    """Compare the cases with the aims; those that did not run are not measured."""
    verdicts = []
    for aim, name, least in AIMS:
        found = cases.get(name)
        measured = f"{found.ratio:.1f} x" if found else "not run"
        verdicts.append(Verdict(aim, f"≥ {least} x", measured, found.ratio >= least if found else None))
    return [*verdicts, _never_slower(cases), _encoded_once(cases)]


def _never_slower(cases: dict[str, Case]) -> Verdict:
    aim = "building any of the messages, the worst of them"
    if not cases:
        return Verdict(aim, "≥ 1 x", "not run", None)
    worst = min(cases.values(), key=lambda case: case.ratio)
    return Verdict(aim, "≥ 1 x", f"{worst.ratio:.1f} x ({worst.case})", worst.ratio >= 1)


def _encoded_once(cases: dict[str, Case]) -> Verdict:
    aim, wanted = (
        "an attachment of 5 MB shared by many messages, against one encoded for each",
        f"≥ {LEAST_GAIN_OF_SHARING} x",
    )
    alone, shared = cases.get("attachment-5m"), cases.get("attachment-5m-shared")
    if not alone or not shared:
        return Verdict(aim, wanted, "not run", None)
    gain = alone.ours / shared.ours
    return Verdict(aim, wanted, f"{gain:.1f} x", gain >= LEAST_GAIN_OF_SHARING)
