"""Compile the catalogues of mailbridge_django, and say where they and the code differ.

    scripts/translations [--check]

Django reads `.mo`, the format of GNU gettext (its manual, "The Format of GNU MO Files"). The compiled files
are committed, because neither builders nor users need to have gettext. Of `.po` this reads what ours need:
comments, msgid and msgstr in one or several strings; anything else is an error.
"""

from __future__ import annotations

import ast
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "mailbridge_django"
MAGIC = 0x950412DE
HEADER = 28  # octets: seven integers of 32 bits
FUNCTIONS = frozenset({"_", "gettext", "gettext_lazy"})


def main(arguments: list[str]) -> int:
    said = list(differences(PACKAGE))
    for source in catalogues(PACKAGE):
        made, target = compiled(read(source.read_text("utf-8"))), source.with_suffix(".mo")
        if arguments == ["--check"]:
            if not target.exists() or target.read_bytes() != made:
                said.append(f"{target.relative_to(ROOT)} is not what its .po says; run scripts/translations")
        else:
            target.write_bytes(made)
    print(*said, sep="\n", end="\n" if said else "")
    return 1 if said else 0


def catalogues(package: Path) -> list[Path]:
    return sorted(package.glob("locale/*/LC_MESSAGES/*.po"))


def differences(package: Path) -> Iterator[str]:
    """Yield what stands in the code and in no catalogue, and the other way round."""
    wanted = {text for path in package.rglob("*.py") for text in marked(path.read_text("utf-8"))}
    for source in catalogues(package):
        given = read(source.read_text("utf-8"))
        language = source.parent.parent.name
        yield from (f"{language}: no msgid {text!r}" for text in sorted(wanted - given.keys()))
        yield from (f"{language}: nobody says {text!r}" for text in sorted(given.keys() - wanted - {""}))
        yield from (f"{language}: {text!r} is not translated" for text in sorted(given) if not given[text])


def marked(code: str) -> Iterator[str]:
    """Yield the texts that a module marks for translation. Raises ValueError for one that is not a constant."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            text = node.args[0]
            if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
                raise ValueError(f"line {node.lineno}: only a constant can be translated")
            yield text.value


def read(text: str) -> dict[str, str]:
    """Return the translations of a `.po`, its header under the empty msgid. Raises ValueError naming the line."""
    entries: list[dict[str, str]] = []
    keyword = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, quote, rest = line.partition('"')
        keyword = name.strip() or keyword
        if not quote or keyword not in ("msgid", "msgstr"):
            raise ValueError(f"line {number}: neither msgid nor msgstr nor a comment: {line}")
        if name.strip() == "msgid":
            entries.append({"msgid": "", "msgstr": ""})
        if not entries:
            raise ValueError(f"line {number}: a msgstr before any msgid")
        entries[-1][keyword] += ast.literal_eval(quote + rest)
    found = {entry["msgid"]: entry["msgstr"] for entry in entries}
    if len(found) < len(entries):
        raise ValueError("a msgid stands twice")
    return found


def compiled(translations: dict[str, str]) -> bytes:
    """Return a `.mo`: header, table of the originals, table of the translations, then the strings; no hash table."""
    rows = sorted((original.encode(), text.encode()) for original, text in translations.items() if text)
    originals, texts = HEADER, HEADER + 8 * len(rows)
    position = texts + 8 * len(rows)
    table, strings = b"", b""
    for column in zip(*rows, strict=True):
        for octets in column:
            table += struct.pack("<2I", len(octets), position + len(strings))
            strings += octets + b"\0"
    return struct.pack("<7I", MAGIC, 0, len(rows), originals, texts, 0, position) + table + strings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
