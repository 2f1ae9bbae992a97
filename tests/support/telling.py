"""All that an error tells: to logs, to those who print it, and to error trackers that collect variables."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import mailbridge
from mailbridge import MailError

OURS = str(Path(mailbridge.__file__).parent)


def told_by(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield all that an error and its causes tell, each with where."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        yield "str", str(one)
        yield "repr", repr(one)
        yield "args", repr(one.args)
        yield "vars", repr(vars(one))
        if isinstance(one, MailError):
            yield "pickle", pickle.dumps(one).decode("latin-1")
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename.startswith(OURS):
                where = f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}"
                for name, value in frame.f_locals.items():
                    yield f"{where} {name}", shown(value)
    yield "traceback", "".join(traceback.format_exception(error))


def shown(value: object) -> str:
    """Return what an error tracker shows of a variable: its repr, and a level of what it holds."""
    parts = [repr(value)]
    if isinstance(value, Mapping):
        parts += [f"{each!r}" for pair in value.items() for each in pair]
    for each in value if isinstance(value, (list, tuple, set)) else ():
        parts.append(repr(each))
    return " ".join(parts)
