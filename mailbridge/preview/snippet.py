"""What a sample lacks, as one would write it into its file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def written(lacking: Mapping[str, Any], given: Mapping[str, Any], *, form: str) -> str:
    """Return what a sample lacks as its file has it; `form` is `toml`, or `json` without the outer braces.

    >>> print(written({"link": "…", "lines": [{"item": "…"}], "user": {"name": "…"}}, {"user": {}}, form="toml"))
    link = "…"
    lines = [{ item = "…" }]
    <BLANKLINE>
    [user]
    name = "…"
    """
    if form == "json":
        lines = json.dumps(lacking, indent=2, ensure_ascii=False).splitlines()[1:-1]
        return "\n".join(line.removeprefix("  ") for line in lines)
    return "\n".join(_toml(lacking, given)).strip("\n")


def _toml(lacking: Mapping[str, Any], given: Mapping[str, Any], table: str = "") -> Iterator[str]:
    """Yield lines; a table that is there already is opened, for it cannot be written twice."""
    inner = {name: value for name, value in lacking.items() if name in given}
    yield from (f"{name} = {_inline(value)}" for name, value in lacking.items() if name not in inner)
    for name, value in inner.items():
        lines = list(_toml(value, given[name], f"{table}{name}."))
        yield from (*(["", f"[{table}{name}]"] if lines[0] else []), *lines)


def _inline(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_inline(inner)}' for name, inner in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)
