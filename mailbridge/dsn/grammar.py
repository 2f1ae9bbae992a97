"""The grammar of DSNs, and its parser.

    smtp://user:p%40ss@mail.example.com:587?tls=starttls
    lmtp:///var/run/dovecot/lmtp
    sendgrid://KEY@default
    failover(retry(ses://ID:KEY@default, attempts=5), smtp://backup.example.com)
    guard(smtp://localhost:1025, redirect=dev@example.com)

In EBNF; white space is allowed only where `_` stands:

    dsn       = _ ( policy | url ) _
    policy    = name "(" item { "," item } ")"
    item      = _ ( argument | policy | url ) _
    argument  = option-name _ "=" _ value
    url       = name "://" [ userinfo "@" ] [ host ] [ ":" port ] [ path ] [ "?" option { "&" option } ]
    userinfo  = text [ ":" text ]
    host      = "[" IPv6 address "]" | text
    port      = digit { digit }
    path      = "/" { "/" | text }
    option    = option-name "=" text

`text` is any characters but the delimiters above, with `%XX` for those (UTF-8); so is `value`, where
only `%`, `,`, `(` and `)` are delimiters. A policy holds at least one transport, and its arguments may
stand before, between or after them. Inside a policy a URL ends at `,` or `)`, so these and `(` are
percent-encoded there; a URL that stands alone may contain them, unless a comma there
begins another one, as in `smtp://a,smtp://b`. `+` is a plus sign, never a space: addresses contain it.
No option is given twice. Control characters are refused even when encoded.

Two things are refused although a reader could guess, because each reader guesses differently where the
password ends: a second `@` before the path, and an `@` within it. For the same reason a `#` is.
"""

from __future__ import annotations

import re

from mailbridge.dsn.url import COMMA, ENCODE, JOIN, Malformed, add_option, decoded, read_url
from mailbridge.dsn.value import Dsn
from mailbridge.errors import ConfigError
from mailbridge.redaction import MASK

_MAX_DEPTH = 16  # of policies in policies: each level costs the parser three frames

_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9+._-]*)(://|\()")
_ARGUMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*([^,()]*)")
_NESTED_END = re.compile(r"[,()\s]")
_SPACE = re.compile(r"\s*")


def parsed(text: str) -> Dsn | ConfigError:
    """Read a DSN; return the error rather than raise it, so that no frame of its traceback holds the text."""
    try:
        return _Parser(text).whole()
    except Malformed as flaw:
        place = f"at character {flaw.index + 1}"
        return ConfigError(f"Malformed DSN {_masked(text)} {place}: {flaw.what}.", hints=[flaw.fix])


def _masked(text: str) -> str:
    """Show only how a DSN begins that could not be read: nobody knows where its password ends."""
    head = _HEAD.match(text.lstrip())
    return (head[0] if head and len(head[0]) < 40 else "") + MASK


class _Parser:
    """Recursive descent; every step moves forward, so the work is linear in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.index = 0

    def whole(self) -> Dsn:
        end = len(self.text.rstrip())
        if end == 0:
            raise Malformed(0, "it is empty", "Write one such as smtp://mail.example.com:587.")
        self.skip_space()
        dsn = self.dsn(end, depth=0)
        if self.index < end:
            raise Malformed(self.index, "something follows the last parenthesis", JOIN)
        return dsn

    def dsn(self, end: int | None, *, depth: int) -> Dsn:
        """Read a policy or a URL; without `end`, the URL ends where the policy around it goes on."""
        head = _HEAD.match(self.text, self.index)
        if head is None:
            fix = "Begin with a transport, as smtp://host, or with a policy, as retry(smtp://host)."
            raise Malformed(self.index, "there is no scheme here", fix)
        scheme, self.index = head[1].lower(), head.end()
        if head[2] == "(":
            return self.policy(scheme, depth=depth + 1)
        start = self.index
        self.index = self.nested_end(start) if end is None else end
        return read_url(scheme, self.text, start, self.index)

    def nested_end(self, start: int) -> int:
        found = _NESTED_END.search(self.text, start)
        if found and found[0] == "(":
            raise Malformed(found.start(), "there is a ( in a URL inside a policy", ENCODE)
        return found.start() if found else len(self.text)

    def policy(self, name: str, *, depth: int) -> Dsn:
        start = self.index
        if depth > _MAX_DEPTH:
            raise Malformed(start, f"policies are nested more than {_MAX_DEPTH} deep", "Use fewer.")
        inner: list[Dsn] = []
        options: dict[str, str] = {}
        while True:
            self.skip_space()
            self.item(inner, options, depth)
            self.skip_space()
            if self.delimiter(name) == ")":
                break
        if not inner:
            raise Malformed(start, f"{name}() holds no transport", f"Write {name}(smtp://host).")
        return Dsn(name, options=options, inner=inner)

    def item(self, inner: list[Dsn], options: dict[str, str], depth: int) -> None:
        argument = _ARGUMENT.match(self.text, self.index)
        if argument is None:
            inner.append(self.dsn(None, depth=depth))
            return
        start = argument.start(2)
        value = decoded(self.text, start, start + len(argument[2].rstrip()), "this argument")
        add_option(options, argument[1], value, self.index)
        self.index = argument.end()

    def delimiter(self, policy: str) -> str:
        found = self.text[self.index : self.index + 1]
        if not found:
            raise Malformed(self.index, f"the closing parenthesis of {policy}( is missing", "Add it.")
        if found not in ",)":
            fix = COMMA if _HEAD.match(self.text, self.index) else ENCODE
            raise Malformed(self.index, f"a comma or the closing parenthesis of {policy}( must stand here", fix)
        self.index += 1
        return found

    def skip_space(self) -> None:
        found = _SPACE.match(self.text, self.index)
        self.index = found.end() if found else self.index
