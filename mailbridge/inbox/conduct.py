"""`Conduct`: how a catch-all server answers at each step of a dialogue; tests have it answer otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbridge.inbox.mailbox import Caught

__all__ = ["Conduct", "HangUp"]


class HangUp(Exception):
    """End the connection in place of a reply."""


class Conduct:
    """Takes everything. A subclass returns another reply (`550 5.1.1 No such user`) where it wants to.

    None is the usual reply. Any method may raise HangUp, or wait. All are called in the server's own event
    loop; `connection` is an object of the connection's own, the same from its beginning to its end.
    """

    async def greet(self, connection: object) -> str | None:
        """Answer a new connection; another reply than the usual 220 ends it."""
        return None

    def let_in(self, connection: object, user: str) -> bool:
        """Whether a login with good credentials succeeds."""
        return True

    async def sender(self, connection: object, address: str) -> str | None:
        """Answer MAIL."""
        return None

    async def recipient(self, connection: object, address: str) -> str | None:
        """Answer RCPT."""
        return None

    async def message(self, connection: object, caught: Caught) -> str | None:
        """Answer the end of a message; with another reply than the usual one it is not kept."""
        return None
