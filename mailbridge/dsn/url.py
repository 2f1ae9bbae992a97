"""Reads the URL of one transport: `scheme://user:password@host:port/path?name=value`."""

from __future__ import annotations

import re

from mailbridge.dsn.flaws import flaw_in_host, flaw_in_text
from mailbridge.dsn.value import Dsn

ENCODE = (
    "Percent-encode @ : / ? # % , ( ) and spaces in a user name or password (@ is %40), "
    "or use the settings fields user and password instead of a DSN."
)

PORT = "Write it as in smtp://mail.example.com:587. " + ENCODE

JOIN = "Several transports are joined by a policy, as failover(smtp://a, smtp://b)."

COMMA = "Put a comma between the transports."

_STRAY = re.compile(r"[\s#]")
_NAME = r"[A-Za-z][A-Za-z0-9+._-]*"
_ANOTHER = re.compile(rf"[,;|]((?:{_NAME}\()*{_NAME}://)")
_HOST_PORT = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::([^:]*))?\Z")
_PORT = re.compile(r"[0-9]{1,5}\Z")
_OPTION = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)=")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


class Malformed(Exception):
    """What is wrong, at which index of the text, and how to mend it; never quotes a value."""

    def __init__(self, index: int, what: str, fix: str) -> None:
        super().__init__(what)
        self.index = index
        self.what = what
        self.fix = fix


def read_url(scheme: str, text: str, start: int, end: int) -> Dsn:
    """Read what stands between `scheme://` and `end`; raise Malformed."""
    if stray := _STRAY.search(text, start, end):
        several = text.find("://", stray.start(), end) >= 0
        raise Malformed(stray.start(), "there is a space or a # in the URL", JOIN if several else ENCODE)
    if another := _ANOTHER.search(text, start, end):
        fix = JOIN + " If it is part of a path or an option, percent-encode the comma (%2C)."
        raise Malformed(another.start(1), "another transport begins in the URL", fix)
    query = _find(text, "?", start, end)
    path = _find(text, "/", start, query)
    if (at := text.find("@", path, query)) >= 0:
        raise Malformed(at, "an @ follows the first slash, so the host name is in doubt", ENCODE)
    at = text.find("@", start, path)
    user, password = _credentials(text, start, at)
    host, port = _host_and_port(text, max(at + 1, start), path)
    return Dsn(
        scheme,
        user=user,
        password=password,
        host=host,
        port=port,
        path=decoded(text, path, query, "the path"),
        options=_options(text, query + 1, end),
    )


def _credentials(text: str, start: int, at: int) -> tuple[str | None, str | None]:
    if at < 0:
        return None, None
    colon = _find(text, ":", start, at)
    user = decoded(text, start, colon, "the user name") if colon > start or colon == at else None
    password = decoded(text, colon + 1, at, "the password") if colon < at else None
    return user, password


def _host_and_port(text: str, start: int, end: int) -> tuple[str, int | None]:
    if (second := text.find("@", start, end)) >= 0:
        raise Malformed(second, "there is more than one @, so the host name is in doubt", ENCODE)
    found = _HOST_PORT.match(text[start:end])
    if found is None:
        raise Malformed(start, "this is no host:port; an IPv6 address needs brackets, as [::1]:25", ENCODE)
    group = 2 if found[1] is None else 1
    host = decoded(text, start + found.start(group), start + found.end(group), "the host")
    if found[1] is not None and ":" not in host:
        raise Malformed(start, "brackets are for IPv6 addresses only", "Write the host without them.")
    if flaw := flaw_in_host(host):
        raise Malformed(start, f"the host {flaw}", ENCODE)
    if found[3] is None:
        return host, None
    if not _PORT.match(found[3]) or not 1 <= int(found[3]) <= 65535:
        raise Malformed(start + found.start(3), "the port is not a number from 1 to 65535", PORT)
    return host, int(found[3])


def _options(text: str, index: int, end: int) -> dict[str, str]:
    options: dict[str, str] = {}
    while index < end:
        stop = _find(text, "&", index, end)
        name = _OPTION.match(text, index, stop)
        if name is None:
            raise Malformed(index, "this option is not of the form name=value", ENCODE)
        add_option(options, name[1], decoded(text, name.end(), stop, f"the option {name[1]}"), index)
        index = stop + 1
    return options


def add_option(options: dict[str, str], name: str, value: str, index: int) -> None:
    """Put one more option among those read; raise Malformed when it is there already."""
    if name in options:
        raise Malformed(index, f"the option {name} is given twice", "Keep one of the two.")
    options[name] = value


def decoded(text: str, start: int, end: int, part: str) -> str:
    """Undo the percent-encoding of `text[start:end]`; raise Malformed."""
    raw = text[start:end]
    if bad := _BAD_ESCAPE.search(raw):
        raise Malformed(start + bad.start(), f"a % in {part} is not followed by two hexadecimal digits", ENCODE)
    try:
        plain = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), raw.encode()).decode()
    except UnicodeError:
        raise Malformed(start, f"{part} is not UTF-8", ENCODE) from None
    if flaw := flaw_in_text(plain):
        raise Malformed(start, f"{part} {flaw}", "Remove it.")
    return plain


def _find(text: str, character: str, start: int, end: int) -> int:
    """Like `str.find`, but `end` when it is not there."""
    index = text.find(character, start, end)
    return end if index < 0 else index
