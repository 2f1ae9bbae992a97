"""Where tokens are kept: the port, and `MemoryTokenStore`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mailbridge.sending.oauth.token import Token
from mailbridge.sending.oauth.turn import Turn


class TokenStore(Protocol):
    """Keeps tokens by account; write one of your own for a database or a vault.

    The methods are plain functions and may block: under asyncio they run in a thread, unless `quick`
    says that they never block. They raise ConfigError when the store cannot be used.
    """

    quick: bool
    """Whether its functions never block."""

    def load(self, account: str) -> Token | None:
        """Return the token of this account, or None."""

    def save(self, account: str, token: Token) -> None:
        """Keep the token in place of the last, all of it or nothing (`Token.to_dict`)."""

    def forget(self, account: str) -> bool:
        """Remove the token; say whether there was one."""

    def claim(self, account: str) -> Callable[[], None] | None:
        """Claim the right to renew this token, among all processes; None while somebody else has it.

        Does not wait. What it returns ends the claim: it is called once, at once (also where a send is
        cancelled), and must neither block nor raise. A claim has to end by itself when its holder dies.
        """


class MemoryTokenStore:
    """Keeps tokens for as long as the process lives."""

    quick = True

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._turns: dict[str, Turn] = {}

    def load(self, account: str) -> Token | None:
        """Return the token of this account, or None."""
        return self._tokens.get(account)

    def save(self, account: str, token: Token) -> None:
        """Keep the token in place of the last."""
        self._tokens[account] = token

    def forget(self, account: str) -> bool:
        """Remove the token; say whether there was one."""
        return self._tokens.pop(account, None) is not None

    def claim(self, account: str) -> Callable[[], None] | None:
        """Claim the right to renew this token; None while somebody else has it."""
        turn = self._turns.setdefault(account, Turn())
        return turn.give_back if turn.take() else None
