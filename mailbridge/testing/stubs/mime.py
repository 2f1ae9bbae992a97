"""Messages in MIME read back by the standard library: another reader than the one that mailbridge has of its own."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.header import decode_header
from email.utils import getaddresses
from typing import Any

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import DecodedFile

__all__ = ["blind_and_raw", "read_mime"]

_STRUCTURE = frozenset({
    "from", "to", "cc", "bcc", "reply-to", "sender", "subject", "mime-version",
})  # fmt: skip


def read_mime(octets: bytes) -> dict[str, Any]:
    """Return what `Decoded` takes, from the octets of a message."""
    message: Any = message_from_bytes(octets, policy=policy.default.clone(utf8=True))
    forms: list[tuple[Any, bool]] = []
    files: list[tuple[Any, bool]] = []
    for part, inline in _leaves(message):
        inline = inline or (part.get_content_disposition() == "inline" and "content-id" in part)
        (files if _is_file(part, inline=inline) else forms).append((part, inline))
    texts = [(_kind(part), part.get_content()) for part, _ in forms]
    if not message.is_multipart() and message.get_content_type() == "text/html":
        texts = [
            ("text/html", texts[0][1].removesuffix("\n").removesuffix("\r"))
        ]  # a body of one part has to end in a line end
    sender = _mailboxes(message, "sender")
    return {
        "from_": _mailboxes(message, "from"),
        "to": _mailboxes(message, "to"),
        "cc": _mailboxes(message, "cc"),
        "reply_to": _mailboxes(message, "reply-to"),
        "sender": sender[0] if sender else None,
        "subject": str(message.get("subject", "")),
        "text": next((text for kind, text in texts if kind == "text/plain"), ""),
        "html": next((text for kind, text in texts if kind == "text/html"), ""),
        "alternatives": _others(texts),
        "attachments": [_file(part, inline=inline) for part, inline in files],
        "headers": [(name, str(value)) for name, value in message.items() if not _is_structure(name.lower())],
    }


def _is_structure(name: str) -> bool:
    return name in _STRUCTURE or name.startswith("content-")


def blind_and_raw(octets: bytes) -> dict[str, Any]:
    """Return what `Decoded` takes of an upload that names blind copies in its first line, and the octets without it."""
    read = read_mime(octets)
    read["html"] = read["html"].replace("\r\n", "\n")
    message: Any = message_from_bytes(octets, policy=policy.default)
    blind = [Address(each.addr_spec) for each in message["bcc"].addresses] if "bcc" in message else []
    return {**read, "bcc": blind, "raw": octets.partition(b"\r\n")[2] if octets.startswith(b"Bcc:") else octets}


def _leaves(part: Any, *, inline: bool = False) -> Iterator[tuple[Any, bool]]:
    """Yield the parts that hold something, and whether each belongs to the HTML beside it."""
    if not part.is_multipart() or part.get_content_type() == "message/rfc822":
        yield part, inline
        return
    for number, each in enumerate(part.iter_parts()):
        yield from _leaves(each, inline=part.get_content_type() == "multipart/related" and number > 0)


def _is_file(part: Any, *, inline: bool) -> bool:
    return inline or part.get_content_disposition() is not None or part.get_content_type() == "message/rfc822"


def _kind(part: Any) -> str:
    kind: str = part.get_content_type()
    method = part["content-type"].params.get("method") if "content-type" in part else None
    return f"{kind}; method={method}" if method else kind


def _others(texts: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Leave out the first plain text and the first HTML."""
    found, said = [], set[str]()
    for kind, text in texts:
        if kind not in ("text/plain", "text/html") or kind in said:
            found.append((kind, text))
        said.add(kind)
    return found


def _mailboxes(message: Any, name: str) -> list[Address]:
    """Read addresses from the encoded text: decoded by the library, a name loses white space that is not ASCII."""
    pairs = getaddresses([_raw(message, name)]) if name in message else []
    return [_mailbox(_decoded(display), spec) for display, spec in pairs]


def _raw(message: Any, name: str) -> str:
    """Return the first field of this name as it travelled, unfolded."""
    values = [value for key, value in message.raw_items() if key.lower() == name]
    return str(values[0]).replace("\r\n", "")


def _decoded(text: str) -> str:
    parts = decode_header(text) if "=?" in text else [(text, None)]
    return "".join([part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in parts])


def _mailbox(display: str, spec: str) -> Address:
    try:
        return Address(spec, display)
    except MessageInvalid:  # the library leaves out quotes that are needed
        local, _, domain = spec.rpartition("@")
        return Address(f'"{local}"@{domain}', display)


def _file(part: Any, *, inline: bool) -> DecodedFile:
    if part.get_content_type() == "message/rfc822":
        content = part.get_payload(0).as_bytes(policy=policy.SMTP)
    else:
        content = part.get_payload(decode=True)
    return DecodedFile(
        content=content,
        name=part.get_filename() or "",
        content_type=str(part.get("content-type", "")).split("; name=")[0],
        inline=inline,
        content_id=str(part.get("content-id", "")).strip("<>"),
    )
