"""Says what is wrong with settings: every problem at once, never a value, always the nearest name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mailbridge.errors import ConfigError, MailError
from mailbridge.secret import names_a_secret

if TYPE_CHECKING:
    from pydantic import ValidationError

NO_MAILER = "no mailer is configured; set MAILBRIDGE_DSN, or dsn in mailbridge.toml"

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "path": "a path",
    "callable": "a function",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen": "a list",
    "dict": "a table",
    "mapping": "a table",
    "model": "a table",
}
_BOUNDS = {
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "string_pattern_mismatch": "of the form {pattern}",
    "literal_error": "{expected}",
    "enum": "{expected}",
}


def nearest(name: str, known: Iterable[str], *, spelled: Callable[[str], str] = str) -> str:
    """Return `; did you mean …?` for the known name most like this one, or the few there are, or nothing.

    `spelled` writes a known name as the person has to.
    """
    from difflib import get_close_matches

    known = sorted(known)
    if near := get_close_matches(name, known, n=1, cutoff=0.6):
        return f"; did you mean {spelled(near[0])}?"
    return f" (there are: {', '.join(map(spelled, known))})" if 0 < len(known) <= 12 else ""


def gathering(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Turn the typed errors of a reader into what pydantic gathers."""

    def reader(value: Any) -> Any:
        try:
            return read(value)
        except MailError as error:
            said = str(error)
        raise ValueError(said)

    return reader


def sentence(text: str) -> str:
    """End a text as a sentence, if it does not end as one already."""
    return text if text.endswith((".", "?")) else f"{text}."


def complaint(subject: str, problems: Sequence[str], hints: Iterable[str] = ()) -> ConfigError:
    """Return one ConfigError for all problems: a sentence for one, a list for several."""
    if len(problems) == 1:
        return ConfigError(sentence(f"{subject}: {problems[0]}"), hints=hints)
    lines = "".join(f"\n  - {problem}" for problem in problems)
    return ConfigError(f"{subject}: {len(problems)} problems:{lines}", hints=hints)


def problems_of(error: ValidationError, spell: Callable[[Sequence[int | str]], str], known: Iterable[str]) -> list[str]:
    """Turn what pydantic found into sentences without input values.

    `spell` tells how the person who wrote it would name the place; `known` are the names there are.
    A union's branches are told together: "must be a number or true or false".
    """
    known = tuple(known)
    wanted: dict[str, list[str]] = {}
    said: dict[str, None] = {}
    for row in error.errors(include_url=False, include_input=False):
        place = row["loc"]
        name = spell(place)
        if (expected := _expected(row)) and place:
            wanted.setdefault(name, []).append(expected)
            said.setdefault(name)
        else:
            said.setdefault(_sentence(row, name, known))
    return [f"{key} must be {' or '.join(dict.fromkeys(wanted[key]))}" if key in wanted else key for key in said]


def _expected(row: Mapping[str, Any]) -> str:
    kind = row["type"]
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map(row["ctx"])
    return (
        _KINDS.get(kind.partition("_")[0], "") if kind.endswith(("_type", "_parsing", "_from_float", "_number")) else ""
    )


def _sentence(row: Mapping[str, Any], name: str, known: Sequence[str]) -> str:
    place = row["loc"]
    if row["type"] == "missing":
        return f"{name} is missing"
    if row["type"] == "extra_forbidden":
        return f"{name} is unknown{nearest(str(place[0]), known)}"
    if any(names_a_secret(str(part)) for part in place):
        return f"{name} is not valid"  # a validator's own words may quote what it refused
    words = str(row["ctx"]["error"]) if "error" in row.get("ctx", {}) else str(row["msg"])
    return f"{name}: {words.rstrip('.')}" if place else words.rstrip(".")
