"""The aims, line by line, and whether a result meets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .contest import Run, Standing

Results = Mapping[str, Mapping[str, Standing]]
"""The standings by scene and contestant."""

NOT_RUN = Standing(())


class Verdict(NamedTuple):
    """One row of the table of aims; `met` is None where it was not measured."""

    aim: str
    wanted: str
    measured: str
    met: bool | None


class Ratio(NamedTuple):
    """An aim for the rate of one contestant against that of another in the same rounds."""

    aim: str
    scene: str
    ours: str
    theirs: str
    at_least: float

    def judge(self, results: Results) -> Verdict:
        """Compare the two, if both ran and every run counts."""
        standings = [results.get(self.scene, {}).get(name, NOT_RUN) for name in (self.ours, self.theirs)]
        wanted = f"≥ {self.at_least:g} x"
        for name, standing in zip((self.ours, self.theirs), standings, strict=True):
            if standing.error:
                return Verdict(self.aim, wanted, f"{name}: {_short(standing.error)}", None)
        ratio = standings[0].ratio(standings[1], "rate")
        return Verdict(self.aim, wanted, f"{ratio:.2f} x", ratio >= self.at_least)


class Limit(NamedTuple):
    """An aim for a figure that must stay below a limit in every run."""

    aim: str
    scene: str
    contestant: str
    figure: Callable[[Run], float]
    below: float
    unit: str

    def judge(self, results: Results) -> Verdict:
        """Compare the worst run with the limit."""
        standing = results.get(self.scene, {}).get(self.contestant, NOT_RUN)
        wanted = f"< {self.below:g} {self.unit}"
        if standing.error:
            return Verdict(self.aim, wanted, _short(standing.error), None)
        worst = max(self.figure(run) for run in standing.runs)
        return Verdict(self.aim, wanted, f"{worst:.1f} {self.unit}", worst < self.below)


def _peak_mib(run: Run) -> float:
    return run.peak_kib / 1024


def _times_25_megabytes(run: Run) -> float:
    return (run.peak_kib - run.base_kib) * 1024 / 25e6


_SYNC, _ONE_BY_ONE, _CHUNKS = "mailbridge-send_many", "mailbridge-send", "mailbridge-chunking"
_ASYNC, _TASKS = "mailbridge-asend_many-10", "mailbridge-asend-10"


class Share(NamedTuple):
    """An aim for the client's CPU for a message, against that of another contestant in the same rounds."""

    aim: str
    scene: str
    ours: str
    theirs: str
    at_most: float

    def judge(self, results: Results) -> Verdict:
        """Compare the two, if both ran and every run counts."""
        standings = [results.get(self.scene, {}).get(name, NOT_RUN) for name in (self.ours, self.theirs)]
        wanted = f"≤ {self.at_most:g} x"
        for name, standing in zip((self.ours, self.theirs), standings, strict=True):
            if standing.error:
                return Verdict(self.aim, wanted, f"{name}: {_short(standing.error)}", None)
        ratio = standings[0].ratio(standings[1], "cpu_ms")
        return Verdict(self.aim, wanted, f"{ratio:.2f} x", ratio <= self.at_most)


def _over_anymail(provider: str) -> tuple[Ratio, Ratio]:
    said = provider.capitalize()
    ours, theirs = f"mailbridge-{provider}", f"anymail-{provider}"
    ours_list, theirs_list = f"mailbridge-list-{provider}", f"anymail-list-{provider}"
    return (
        Ratio(f"{said}'s API, one by one, against django-anymail", "http", ours, theirs, 2),
        Ratio(f"{said}'s API, as a list, against django-anymail", "http", ours_list, theirs_list, 2),
    )


def _over_django(said: str, name: str) -> tuple[Ratio, Ratio]:
    single, ours = f"{name}-send", f"mailbridge-{name}"
    return (
        Ratio(f"{said}'s `send_mail` by mailbridge against its own backend", "django", f"{ours}-send", single, 3),
        Ratio(f"{said}'s `send_messages` by mailbridge against its own backend", "django", ours, name, 5),
    )


AIMS: tuple[Ratio | Limit | Share, ...] = (
    Ratio("`send_many`, one connection, against smtp-source, one session", "text1k", _SYNC, "smtp-source-1", 1.0),
    Ratio("`send_many`, one connection, against Django's `send_messages`", "text1k", _SYNC, "django", 6),
    Ratio("`send_many`, one connection, against smtplib, connection kept", "text1k", _SYNC, "smtplib", 10),
    Ratio("`send` in a loop against smtplib, connection kept", "text1k", _ONE_BY_ONE, "smtplib", 6),
    Ratio("`asend_many`, ten connections, against aiosmtplib over ten", "text1k", _ASYNC, "aiosmtplib-10", 20),
    Ratio("`asend` from 20 tasks, ten connections, against aiosmtplib over ten", "text1k", _TASKS, "aiosmtplib-10", 20),
    Ratio("`asend_many`, ten connections, against Nodemailer's pool of 20", "text1k", _ASYNC, "nodemailer-20", 10),
    Ratio("`asend` from 20 tasks, ten connections, against Nodemailer's 20", "text1k", _TASKS, "nodemailer-20", 10),
    Ratio("10 KB of HTML: `send_many`, one connection, against Django", "html10k", _SYNC, "django", 8),
    Ratio("10 KB of HTML: `asend_many`, ten connections, against Django", "html10k", _ASYNC, "django", 8),
    Ratio("100 KB attached: `asend_many` against aiosmtplib, ten each", "att100k", _ASYNC, "aiosmtplib-10", 6),
    Ratio(
        "100 KB attached: `send_many`, one connection, against aiosmtplib's ten", "att100k", _SYNC, "aiosmtplib-10", 6
    ),
    *_over_django("Django", "django"),
    *_over_django("The newest Django", "newest-django"),
    Ratio("10 ms away: `send_many`, one connection, against smtplib", "rtt10", _SYNC, "smtplib", 3.6),
    Ratio("10 ms away: the same where CHUNKING is offered", "rtt10", _CHUNKS, "smtplib", 25),
    Limit(
        "100,000 messages through a generator, peak resident memory",
        "memory-generator",
        "mailbridge-generator",
        _peak_mib,
        60,
        "MiB",
    ),
    Limit(
        "the same with `asend_many`, ten connections",
        "memory-generator",
        "mailbridge-agenerator",
        _peak_mib,
        60,
        "MiB",
    ),
    Limit(
        "a 25 MB attachment, peak over the base, against its size",
        "memory-25MB",
        "mailbridge-25MB",
        _times_25_megabytes,
        3,
        "x",
    ),
    *_over_anymail("sendgrid"),
    *_over_anymail("brevo"),
    *_over_anymail("mailgun"),
    Share("SendGrid's API, CPU of a message, against a bare httpx.Client", "http", "mailbridge-sendgrid", "httpx", 1.3),
    Ratio("A merge to 10,000 against our own single sends", "http", "mailbridge-merge", "mailbridge-sendgrid", 40),
    Ratio("100 under way, against httpx.AsyncClient", "http-async", "mailbridge-http-100", "httpx-100", 15),
    Ratio("the same with the extra `async`", "http-async", "mailbridge-aiohttp-100", "httpx-100", 30),
    Ratio("50 ms away, 100 under way, against aiohttp", "http-rtt50", "mailbridge-aiohttp-100", "aiohttp-100", 0.7),
    Ratio("SES's API against boto3", "http-ses", "mailbridge-ses", "boto3-ses", 1.3),
    Ratio("SES's API against django-anymail", "http-ses", "mailbridge-ses", "anymail-ses", 2.5),
)


def _short(error: str) -> str:
    return error.strip().splitlines()[-1][:100].replace("|", "/")
