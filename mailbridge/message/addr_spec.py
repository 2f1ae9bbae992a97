"""The rarer half of the address grammar: other scripts, quoted local parts, long ones, and every refusal."""

from __future__ import annotations

import re
import unicodedata

from mailbridge.errors import MessageInvalid
from mailbridge.message.text import shown

LOCAL_LIMIT = 64  # octets, RFC 5321 4.5.3.1.1
SPEC_LIMIT = 254  # octets: a path of 256 (RFC 5321 4.5.3.1.3) without its angle brackets

# RFC 5322 atext and RFC 6531 UTF8-non-ascii; what is invisible is refused beforehand. Said by what it is
# not, because a set up to U+10FFFF would take the regular expression compiler 5 ms.
_ATOM = r"[^\s()<>\[\]:;@\\,.\"]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*").fullmatch
_QUOTED = re.compile(r'"([^\s()<>\[\]:;@\\,"]+)"').fullmatch
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"  # RFC 1123 2.1
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch
# Default-ignorable or blank though `str.isprintable` says yes: fillers, joiners, variation selectors.
_INVISIBLE = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
).search


def read(spec: str) -> tuple[str, str]:
    """Return the wire form and the comparison key of `spec`.

    Raises MessageInvalid.
    """
    if not spec:
        raise MessageInvalid("The address is empty.")
    if len(spec) > SPEC_LIMIT:
        raise _refusal(spec, f"it is longer than {SPEC_LIMIT} octets")
    if not spec.isprintable() or _INVISIBLE(spec):
        raise _refusal(spec, "it contains an invisible or control character")
    local, _, domain = spec.rpartition("@")
    if not local or not domain:
        raise _refusal(spec, "it needs a local part, an @ and a domain")
    bare = _unquoted(spec, local)
    host = _host(spec, domain)
    wire = f"{local}@{host}"
    if len(local.encode()) > LOCAL_LIMIT:
        raise _refusal(spec, f"its local part is longer than {LOCAL_LIMIT} octets")
    if max(len(wire.encode()), len(spec.encode())) > SPEC_LIMIT:
        raise _refusal(spec, f"it is longer than {SPEC_LIMIT} octets")
    return wire, f"{_folded(bare)}@{host}"


def _unquoted(spec: str, local: str) -> str:
    # RFC 2047 section 5 forbids encoded words in any portion of an addr-spec. Programs that decode them all the
    # same send =?utf-8?q?ann=40evil.example=3E=00?=@example.org to somebody at evil.example.
    if "=?" in local:
        raise _refusal(spec, "its local part contains =?, as an encoded word begins (RFC 2047 section 5)")
    if _DOT_ATOM(local):
        return local
    if quoted := _QUOTED(local):
        return quoted[1]
    if "," in spec or ";" in spec:
        raise _refusal(spec, "it may be several; give them as a list")
    if ".." in local or local[0] == "." or local[-1] == ".":
        raise _refusal(spec, "its local part has a dot too many; if the mailbox really exists, quote the local part")
    raise _refusal(spec, "its local part contains characters that are not safe to send")


def _host(spec: str, domain: str) -> str:
    """Return the domain in lower-case A-labels; one that is given in A-labels is taken at its word."""
    host = domain.lower() if domain.isascii() else _a_labels(spec, domain)
    if domain[0] == "[" or host.rpartition(".")[2].isdigit():
        raise _refusal(spec, "an IP address cannot stand for a domain")
    if len(host) > 253 or not _HOST(host):
        raise _refusal(spec, "its domain is not a host name")
    return host


def _a_labels(spec: str, domain: str) -> str:
    """Encode by IDNA 2008, strictly, after evening out case and composition only.

    The UTS 46 mapping would do more: it drops soft hyphens and zero-width spaces and turns U+FF0E into
    a dot and U+2100 into `a/c`, so that the domain that is used is not the one that was shown.
    """
    import idna

    try:
        return idna.encode(_folded(domain), strict=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise _refusal(spec, f"its domain is not allowed by IDNA 2008: {ascii(str(error))[1:-1]}") from None


def _folded(text: str) -> str:
    # Letter by letter, for str.lower() would turn the last capital sigma of a word into a final one,
    # which IDNA 2008 takes for another letter.
    return unicodedata.normalize("NFC", "".join(map(str.lower, text)))


def _refusal(spec: str, why: str) -> MessageInvalid:
    return MessageInvalid(f"{shown(spec)} is not an address that can be sent to: {why}.")
