"""What a scripted peer may do at a step, and how a script chooses.

A behaviour is one of
    None                 be a correct server here
    an action            do this, every time
    a list of behaviours the first at the first occurrence, the second at the second …, then None
    a dict               {part of the argument: behaviour}; the first key contained in the argument
                         (in any case of letters) decides, None when there is none
    a function           of the `Step`, returning a behaviour
and they nest. Actions are added up: `delay(0.1) + reply("421 4.3.2 bye") + drop()`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from support.session import Session, Step

Effect = Callable[["Session", "Step"], Awaitable[None]]


class Action:
    """One or more effects, performed in order."""

    def __init__(self, text: str, *effects: Effect) -> None:
        self.text = text
        self.effects = effects

    def __add__(self, other: Action) -> Action:
        return Action(f"{self.text} + {other.text}", *self.effects, *other.effects)

    def __repr__(self) -> str:
        return self.text

    async def perform(self, session: Session, step: Step) -> None:
        """Do it; raise `Ended` when it ends the session."""
        for effect in self.effects:
            await effect(session, step)


Behaviour: TypeAlias = "Action | Sequence[Behaviour] | Mapping[str, Behaviour] | Callable[[Step], Behaviour] | None"
Script = Mapping[str, Behaviour]


class End(StrEnum):
    """How a session ended."""

    QUIT = "quit"  # the client said QUIT
    EOF = "eof"  # the client closed without it
    RST = "rst"  # the client reset the connection (or closed it over unread bytes)
    TLS = "tls"  # the TLS handshake failed; see `session.tls_error`
    DROPPED = "dropped"  # the peer closed, by its script
    OPEN = "open"  # still open when the peer stopped


class Ended(Exception):
    """The session is over."""

    def __init__(self, end: End) -> None:
        super().__init__(end)
        self.end = end


def raw(data: bytes | str) -> Action:
    """Write exactly these bytes; what is written without a pause between leaves in one segment."""
    octets = data.encode() if isinstance(data, str) else data

    async def say(session: Session, step: Step) -> None:
        session.say(octets)

    return Action(f"raw({octets[:40]!r})", say)


def reply(*lines: str) -> Action:
    r"""Write these lines, each as it is with CRLF added: `reply("250-a", "250 b")`."""
    return Action(f"reply{lines!r}", *raw("".join(f"{line}\r\n" for line in lines)).effects)


def proceed() -> Action:
    """Do here what a correct server would do, as in `delay(0.2) + proceed()`."""

    async def be_correct(session: Session, step: Step) -> None:
        await session.dialogue.proceed(step)

    return Action("proceed()", be_correct)


def delay(seconds: float) -> Action:
    """Send what was said so far, then wait."""

    async def wait(session: Session, step: Step) -> None:
        await session.flush()
        await session.pause(asyncio.sleep(seconds))

    return Action(f"delay({seconds})", wait)


def drip(data: bytes | str, every: float = 0.01, size: int = 1) -> Action:
    """Write in pieces of `size` bytes with a pause of `every` seconds before each."""
    octets = data.encode() if isinstance(data, str) else data
    pieces = [octets[start : start + size] for start in range(0, len(octets), size)]
    return Action(f"drip({octets[:40]!r})", *(part for piece in pieces for part in (delay(every) + raw(piece)).effects))


def flood(data: bytes = b"250-more\r\n", limit: int = 256 * 2**20) -> Action:
    """Write `data` again and again until the client goes away, or `limit` bytes were taken."""
    block = data * max(1, 65536 // len(data))

    async def write_on(session: Session, step: Step) -> None:
        await session.flush()
        for _ in range(max(1, limit // len(block))):
            await session.wire.write(block)
            session.flooded += len(block)
            await session.pause(asyncio.sleep(0))

    return Action(f"flood({data[:40]!r})", write_on)


def read(size: int) -> Action:
    """Take in until `size` more bytes (or the whole message) lie unprocessed: `{"BODY": read(1000) + drop()}`."""

    async def take(session: Session, step: Step) -> None:
        while len(session.buffer) < size and b"\r\n.\r\n" not in session.buffer:
            await session.fill()

    return Action(f"read({size})", take)


def stall() -> Action:
    """Read on but never say anything more, until the client closes or the test ends."""

    async def never_answer(session: Session, step: Step) -> None:
        await session.flush()
        while True:
            await session.fill()
            session.buffer.clear()

    return Action("stall()", never_answer)


def freeze() -> Action:
    """Neither read nor write any more, until the test ends: the client's own writes come to block."""

    async def never_move(session: Session, step: Step) -> None:
        await session.flush()
        await session.pause(asyncio.Event().wait())

    return Action("freeze()", never_move)


def drop() -> Action:
    """Send what was said so far and close with a FIN (under TLS without close_notify)."""

    async def close(session: Session, step: Step) -> None:
        await session.flush()
        session.note(session.wire.close())
        raise Ended(End.DROPPED)

    return Action("drop()", close)


def reset() -> Action:
    """Send what was said so far and close with a RST."""

    async def abort(session: Session, step: Step) -> None:
        await session.flush()
        session.wire.reset()
        raise Ended(End.DROPPED)

    return Action("reset()", abort)


def nth(number: int, behaviour: Behaviour) -> Behaviour:
    """Act at the given occurrence only, counted from 1."""
    return [*[None] * (number - 1), behaviour]


def when(condition: Callable[[Step], bool], behaviour: Behaviour) -> Behaviour:
    """Act only while the condition holds: `when(lambda step: len(step.session.recipients) > 1, …)`."""
    return lambda step: behaviour if condition(step) else None


HTTP_ANSWER = reply("HTTP/1.1 400 Bad Request", "Content-Length: 0", "Connection: close", "") + drop()
"""What a web server says to SMTP."""

LONG_LINE = raw(b"250 " + b"x" * 2**20 + b"\r\n")
"""A reply line of 1 MiB."""


class Chooser:
    """Picks behaviours out of scripts and remembers how far each list has been used."""

    def __init__(self, on: Script, sessions: Mapping[int, Script]) -> None:
        self._on = on
        self._sessions = sessions
        self._used: dict[tuple[Any, ...], int] = {}
        self._reached: set[str] = set()

    def choose(self, step: Step) -> Action | None:
        """Return the action for this step; None asks for the correct one."""
        self._reached |= {step.verb, "*"}
        return self._first(
            self._resolve(script[key], step, (name, key))
            for name, script in ((step.session.number, self._sessions.get(step.session.number, {})), (0, self._on))
            for key in (step.verb, "*")
            if key in script
        )

    @property
    def unreached(self) -> list[str]:
        """The steps of the script that no client came to."""
        return [verb for verb in self._on if verb not in self._reached]

    @staticmethod
    def _first(found: Iterable[Action | None]) -> Action | None:
        return next((action for action in found if action is not None), None)

    def _resolve(self, behaviour: Behaviour, step: Step, path: tuple[Any, ...]) -> Action | None:
        if behaviour is None or isinstance(behaviour, Action):
            return behaviour
        if isinstance(behaviour, Mapping):
            return self._by_argument(behaviour, step, path)
        if callable(behaviour):
            return self._resolve(behaviour(step), step, path)
        used = self._used.get(path, 0)
        self._used[path] = used + 1
        return self._resolve(behaviour[used], step, (*path, used)) if used < len(behaviour) else None

    def _by_argument(self, choices: Mapping[str, Behaviour], step: Step, path: tuple[Any, ...]) -> Action | None:
        argument = step.argument.lower()
        for key, behaviour in choices.items():
            if key.lower() in argument:
                return self._resolve(behaviour, step, (*path, key))
        return None
