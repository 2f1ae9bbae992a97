"""The tables of docs/reference/capabilities.md, made of the plugins' records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from mailbridge.message import features
from mailbridge.sending.plugin import Plugin

_YES = "●"
_NAMES = sorted(features.ALL)
_COLUMNS = 9  # transports beside each other, for a page is only so wide


def markdown_of(records: Iterable[Plugin]) -> str:
    """Return the features explained, and for each kind of transport who has which, and the limits."""
    parts = ["### Features", _table(["feature", "is"], [[f"`{name}`", features.DESCRIPTIONS[name]] for name in _NAMES])]
    for title, belongs in _KINDS.items():
        members = sorted((each for each in records if belongs(each)), key=lambda each: each.name)
        if members:
            parts += [f"### {title}: features", *_features(members)]
            parts += [f"### {title}: limits", *_limits(members)]
    return "\n\n".join(parts) + "\n"


def _is_api(record: Plugin) -> bool:
    from mailbridge.settings.http import HttpSettings

    return issubclass(record.load_settings(), HttpSettings)


def _is_preset(record: Plugin) -> bool:
    return record.name.endswith("+smtp")


_KINDS: dict[str, Callable[[Plugin], bool]] = {
    "APIs": _is_api,
    "SMTP servers of providers": _is_preset,
    "Other transports": lambda record: not (_is_api(record) or _is_preset(record)),
}


def _features(records: Sequence[Plugin]) -> Iterator[str]:
    """Yield what all or none of them have, and a row for each other feature, in as many tables as the width needs."""
    counts = {name: sum(name in record.features for record in records) for name in _NAMES}
    for words, count in (("All of them have", len(records)), ("None of them has", 0)):
        if names := [f"`{name}`" for name, found in counts.items() if found == count]:
            yield f"{words} {', '.join(names)}."
    differing = [name for name, found in counts.items() if 0 < found < len(records)]
    for group in _groups(records):
        told = [name for name in differing if any(name in record.features for record in group)]
        if told:
            yield _table(
                ["feature", *(record.name for record in group)],
                [[f"`{name}`", *(_YES if name in record.features else "" for record in group)] for name in told],
            )


def _groups(records: Sequence[Plugin]) -> Iterable[Sequence[Plugin]]:
    """Return the records in groups of about the same size."""
    count = -(-len(records) // _COLUMNS)
    size = -(-len(records) // count)
    return (records[begin : begin + size] for begin in range(0, len(records), size))


def _limits(records: Sequence[Plugin]) -> Iterator[str]:
    known = [record for record in records if record.limits]
    if known:
        yield _table(["transport", "limits"], [[f"`{each.name}`", _numbers(each)] for each in known])
    if none := [f"`{record.name}`" for record in records if not record.limits]:
        yield f"None known: {', '.join(none)}."


def _numbers(record: Plugin) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in record.limits.items())


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(_line(cells) for cells in (titles, ["---"] * len(titles), *rows))


def _line(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
