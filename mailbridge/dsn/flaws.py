"""What no part of a DSN may contain, whichever transport it is for."""

from __future__ import annotations

import re

# Every part ends up in a protocol line or an HTTP header; a line break there is a second command.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_HOST = re.compile(r"[^\w.~-]")  # \w: an internationalised name is the transport's to encode
_ZONE = re.compile(r"[\w.-]+\Z")


def flaw_in_text(text: str) -> str:
    """Return what is wrong with a decoded part, or an empty string."""
    if _CONTROL.search(text):
        return "contains a control character or a line break"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "contains half of a surrogate pair, which no encoding can express"
    return ""


def flaw_in_host(host: str) -> str:
    """Return what is wrong with a decoded host without brackets, or an empty string."""
    if ":" not in host:
        return "contains a character that no host name has" if _NOT_HOST.search(host) else ""
    from ipaddress import AddressValueError, IPv6Address

    address, percent, zone = host.partition("%")
    try:
        IPv6Address(address)
    except AddressValueError:
        return "is not an IPv6 address"
    return "has a malformed IPv6 zone" if percent and not _ZONE.match(zone) else ""
