"""AUTH mechanisms as generators: yield a response, be sent the server's challenge (RFC 4954).

Strongest first: SCRAM-SHA-256 (RFC 7677), CRAM-MD5 (RFC 2195), PLAIN (RFC 4616), LOGIN (never
standardised); OAUTHBEARER (RFC 7628) and XOAUTH2 (Google, Microsoft) when there is a token.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Iterable
from hashlib import pbkdf2_hmac, sha256

from mailbridge.errors import AuthFailed
from mailbridge.redaction import MASK
from mailbridge.secret import Secret
from mailbridge.smtp.reply import Reply

MAX_ROUNDS = 8
MAX_COMMAND = 12288  # octets
MAX_ITERATIONS = 1_000_000
_ITERATIONS = re.compile("[0-9]{1,7}")

Mechanism = Generator[bytes, bytes, None]
"""Yields responses. The first is the initial response; a mechanism that must hear first yields b"" and skips it."""


class Veiled(bytes):
    """Octets that travel as they are and print as asterisks, for tracebacks show the variables of frames."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"b'{MASK}'"

    __str__ = __repr__


class Credentials:
    """Who we are: a user with a password, or with an OAuth 2 access token."""

    __slots__ = ("host", "nonce", "password", "port", "said", "token", "user")

    def __init__(
        self,
        user: str,
        *,
        password: Secret | None = None,
        token: Secret | None = None,
        nonce: Callable[[], str],
        host: str = "",
        port: int = 0,
    ) -> None:
        self.user = user
        self.password = password
        self.token = token
        self.nonce = nonce
        self.host = host
        self.port = port
        self.said: list[Veiled] = []

    def say(self, response: bytes, *, initial: bool = False) -> Veiled:
        """Return a response as it travels, and remember it for `veil`."""
        said = Veiled(b64encode(response) or (b"=" if initial else b""))
        self.said.append(said)
        return said

    def veil(self, reply: Reply) -> Reply:
        """Mask what a server repeats of the credentials. Very short words would mask everything else."""
        secrets = [secret.reveal() for secret in (self.password, self.token) if secret]
        words = secrets + [b64encode(secret.encode()).decode() for secret in secrets]
        words += [str(said, "ascii") for said in self.said]
        return reply.without(word for word in words if len(word) >= 4)


def plain(who: Credentials) -> Mechanism:
    """Send everything at once."""
    yield f"\0{who.user}\0{_password(who)}".encode()


def login(who: Credentials) -> Mechanism:
    """Answer two prompts."""
    yield b""
    yield who.user.encode()
    yield _password(who).encode()


def cram_md5(who: Credentials) -> Mechanism:
    """Prove knowledge of the password by a keyed digest of the challenge."""
    challenge = yield b""
    digest = hmac.new(_password(who).encode(), challenge, "md5").hexdigest()
    yield f"{who.user} {digest}".encode()


def scram_sha_256(who: Credentials) -> Mechanism:
    """Prove knowledge of the password both ways, without sending it (RFC 5802)."""
    nonce = who.nonce()
    first = f"n={who.user.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
    challenge = yield f"n,,{first}".encode()
    challenged = challenge.decode("utf-8", "replace")
    fields = dict(part.partition("=")[::2] for part in challenged.split(","))
    theirs, salt, rounds = fields.get("r", ""), fields.get("s", ""), fields.get("i", "")
    if not theirs.startswith(nonce) or not _ITERATIONS.fullmatch(rounds) or not 1 <= int(rounds) <= MAX_ITERATIONS:
        raise AuthFailed("The server's SCRAM challenge is not valid; nothing was proved to it.", phase="auth")
    salted = pbkdf2_hmac("sha256", _password(who).encode(), _decode(salt.encode()), int(rounds))
    final = f"c=biws,r={theirs}"
    signed = f"{first},{challenged},{final}".encode()
    key = hmac.digest(salted, b"Client Key", "sha256")
    proof = bytes(a ^ b for a, b in zip(key, hmac.digest(sha256(key).digest(), signed, "sha256"), strict=True))
    expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    del salted, key  # as good as the password, and a traceback may show this frame
    verdict = yield f"{final},p={b64encode(proof).decode()}".encode()
    if not hmac.compare_digest(verdict, b"v=" + b64encode(expected)):
        raise AuthFailed("The server could not prove that it knows the password; it may be an impostor.", phase="auth")
    yield b""


def xoauth2(who: Credentials) -> Mechanism:
    """Send a bearer token; after an error report, send the empty response that Google asks for."""
    yield f"user={who.user}\1auth=Bearer {_token(who)}\1\1".encode()
    yield b""


def oauthbearer(who: Credentials) -> Mechanism:
    """Send a bearer token; after an error report, send the single ^A that RFC 7628 asks for."""
    user = who.user.replace("=", "=3D").replace(",", "=2C")
    yield f"n,a={user},\1host={who.host}\1port={who.port}\1auth=Bearer {_token(who)}\1\1".encode()
    yield b"\1"


MECHANISMS: dict[str, Callable[[Credentials], Mechanism]] = {
    "OAUTHBEARER": oauthbearer,
    "XOAUTH2": xoauth2,
    "SCRAM-SHA-256": scram_sha_256,
    "CRAM-MD5": cram_md5,
    "PLAIN": plain,
    "LOGIN": login,
}
WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2")
CHALLENGES = {"SCRAM-SHA-256": 2}
"""How many challenges a mechanism must have heard: the second of SCRAM is the server's own proof."""
SPEAKS_FIRST = frozenset({"OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-256", "PLAIN"})


def choose(offered: Iterable[str], *, token: bool, allowed: Iterable[str] = ()) -> str:
    """Return the strongest mechanism that is offered, allowed and fits the credentials.

    Raises AuthFailed naming what the server offers.
    """
    offers = set(offered)
    wanted = [name.upper() for name in allowed] or list(MECHANISMS)
    for name in wanted:
        if name in offers and (name in WITH_TOKEN) == token:
            return name
    raise AuthFailed(
        f"The server offers no way to log in by {'access token' if token else 'user name and password'}"
        + (f" by {' or '.join(wanted)}, which is all that is allowed here" if allowed else "")
        + (f"; it offers {', '.join(sorted(offers))}." if offers else "; it offers no login at all."),
        phase="auth",
        hints=[_other_way(offers, token=token, allowed=bool(allowed))],
    )


def _other_way(offers: set[str], *, token: bool, allowed: bool) -> str:
    if not offers:
        return "Many offer it only when encrypted: set tls=starttls. If this server needs no login, give none."
    if allowed:
        return "Allow one that it offers in the setting auth, or leave that setting out."
    return "Give a password instead." if token else "Ask its operator how to log in."


def challenge(text: str) -> bytes:
    """Decode the base64 text of a 334 reply. Raises AuthFailed."""
    return _decode(text.strip().encode("ascii", "replace"))


def _decode(data: bytes) -> bytes:
    try:
        return b64decode(data, validate=True)
    except ValueError:
        raise AuthFailed("The server asked something in its login dialogue that is not base64.", phase="auth") from None


def _password(who: Credentials) -> str:
    return who.password.reveal() if who.password else ""


def _token(who: Credentials) -> str:
    return who.token.reveal() if who.token else ""
