"""The server's side of the AUTH mechanisms: one generator each.

A mechanism is sent the client's responses (None when there was no initial one), yields its challenges,
and returns the authenticated user, or an empty string to refuse. The password doubles as the OAuth token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Generator

Exchange = Generator[bytes, bytes | None, str]

MECHANISMS = ("SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")
ITERATIONS = 4096


def encode(data: bytes) -> str:
    """Return base64 as it travels in AUTH."""
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes:
    """Read base64 strictly; `=` alone is an empty response (RFC 4954 section 4)."""
    return b"" if text == "=" else base64.b64decode(text, validate=True)


def exchange(mechanism: str, user: str, password: str) -> Exchange:
    """Start a mechanism; its `send(None)` or `send(initial response)` gives the first challenge."""
    started = _MECHANISMS[mechanism](user, password)
    next(started)
    return started


def refusal() -> Exchange:
    """Refuse whatever comes: what remains when a script invented the first challenge."""
    yield b""
    return ""


def _plain(user: str, password: str) -> Exchange:
    response = yield b""
    if response is None:
        response = yield b""
    return user if (response or b"").split(b"\0")[1:] == [user.encode(), password.encode()] else ""


def _login(user: str, password: str) -> Exchange:
    name = yield b""
    if name is None:
        name = yield b"Username:"
    return user if name == user.encode() and (yield b"Password:") == password.encode() else ""


def _cram_md5(user: str, password: str) -> Exchange:
    yield b""
    challenge = f"<{secrets.token_hex(8)}@peer.test>".encode()
    response = yield challenge
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    return user if response == f"{user} {digest}".encode() else ""


def _token(user: str, right: Callable[[bytes], bool]) -> Exchange:
    response = yield b""
    if response is None:
        response = yield b""
    if right(response or b""):
        return user
    # The error travels as a challenge, which the client must answer before the 535 (RFC 7628 section 3.2.3).
    yield json.dumps({"status": "401", "schemes": "bearer"}).encode()
    return ""


def _xoauth2(user: str, password: str) -> Exchange:
    return _token(user, lambda said: said == f"user={user}\x01auth=Bearer {password}\x01\x01".encode())


def _oauthbearer(user: str, password: str) -> Exchange:
    def right(said: bytes) -> bool:
        header, *pairs = said.split(b"\x01")
        return header == f"n,a={user},".encode() and f"auth=Bearer {password}".encode() in pairs

    return _token(user, right)


def _scram_sha_256(user: str, password: str) -> Exchange:
    """RFC 5802 and 7677, without channel binding."""
    first = yield b""
    if first is None:
        first = yield b""
    header, _, bare = (first or b"").partition(b",,")
    fields = _fields(bare)
    salt, nonce = secrets.token_bytes(16), fields.get("r", "") + secrets.token_hex(9)
    challenge = f"r={nonce},s={encode(salt)},i={ITERATIONS}".encode()
    final = (yield challenge) or b""
    without_proof = final.rpartition(b",p=")[0]
    signed = b",".join((bare, challenge, without_proof))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client_key = _mac(salted, b"Client Key")
    proof = _xor(client_key, _mac(hashlib.sha256(client_key).digest(), signed))
    said = _fields(final)
    same_binding = said.get("c") == encode(header + b",,") and said.get("r") == nonce
    if not (same_binding and fields.get("n") == user and said.get("p") == encode(proof)):
        return ""
    signature = _mac(_mac(salted, b"Server Key"), signed)
    return user if (yield b"v=" + encode(signature).encode()) in (b"", None) else ""


def _fields(text: bytes) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.decode().split(",") if "=" in part)


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _xor(one: bytes, two: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, two, strict=True))


_MECHANISMS: dict[str, Callable[[str, str], Exchange]] = {
    "SCRAM-SHA-256": _scram_sha_256,
    "CRAM-MD5": _cram_md5,
    "PLAIN": _plain,
    "LOGIN": _login,
    "XOAUTH2": _xoauth2,
    "OAUTHBEARER": _oauthbearer,
}
