"""Parameters of structured fields: quoted strings and, where these cannot say it, RFC 2231."""

from __future__ import annotations

from mailbridge.message.mime.escapes import Escape

_LINE = 76
# attribute-char of RFC 2231 section 7: no space, no `*`, `'`, `%` and none of the tspecials.
_PERCENT = Escape("%", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~")


def quoted(text: str) -> str:
    r"""Write printable ASCII text as a quoted-string (RFC 5322 section 3.2.4).

    >>> print(quoted('Ann "Ace" Lee'))
    "Ann \"Ace\" Lee"
    """
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def parameter(name: str, value: str) -> list[str]:
    """Write one parameter; a long value becomes several, in the order to be written.

    What is not ASCII, too long for a line, or would be taken for an encoded word by a lenient
    reader is written as RFC 2231 has it. There is no ASCII stand-in (`filename=` beside
    `filename*=`) as HTTP uses it: for mail no standard says which of the two wins, and every client
    of the last ten years reads RFC 2231.

    >>> parameter("filename", "Gruß.pdf")
    ["filename*=utf-8''Gru%C3%9F.pdf"]
    """
    if value.isascii() and value.isprintable() and "=?" not in value:
        short = f"{name}={quoted(value)}"
        if len(short) < _LINE:
            return [short]
    data = value.encode()
    room = _LINE - len(name) - len("*999*=utf-8''")
    if len(name) + len("*=utf-8''") + _PERCENT.size(data) < _LINE:
        return [f"{name}*=utf-8''{_PERCENT.write(data)}"]
    first, *rest = _PERCENT.pieces(data, room, room)
    return [f"{name}*0*=utf-8''{first}", *(f"{name}*{n}*={piece}" for n, piece in enumerate(rest, 1))]


def field(name: str, value: str, parameters: list[str]) -> str:
    """Write a structured field with its parameters, each on a line of its own where one is too short."""
    line = "; ".join((f"{name}: {value}", *parameters))
    if len(line) > _LINE + 2:
        line = ";\r\n ".join((f"{name}: {value}", *parameters))
    return line + "\r\n"
