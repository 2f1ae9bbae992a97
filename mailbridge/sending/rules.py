"""`Rules`: whom a Guard lets a message go to."""

from __future__ import annotations

from collections.abc import Iterable

from mailbridge.errors import ConfigError, MessageInvalid
from mailbridge.message.address import Address, AddressLike, addresses


class Patterns:
    """Addresses, and whole domains written as `@example.org` (without its subdomains)."""

    __slots__ = ("_domains", "_keys")

    def __init__(self, patterns: str | Iterable[str], setting: str) -> None:
        given = [patterns] if isinstance(patterns, str) else list(patterns)
        if not given:
            raise ConfigError(f"guard: {setting} is empty.", hints=(f"Name somebody in {setting}, or leave it out.",))
        try:
            self._domains = {Address("x" + each).ascii_domain for each in given if each.startswith("@")}
            self._keys = {Address(each).key for each in given if not each.startswith("@")}
        except MessageInvalid as error:
            raise ConfigError(
                f"guard: {setting}: {error.text}", hints=("Write ann@example.org, or @example.org for a domain.",)
            ) from None

    def __contains__(self, to: Address) -> bool:
        return to.key in self._keys or to.ascii_domain in self._domains


class Rules:
    """Whom a message may go to: blocked comes before allowed, allowed before redirected.

    Args:
        redirect: who gets what is for others; if None, nobody.
        allow: who is not redirected; without `redirect`, the only ones to get anything.
        block: who never gets anything.

    Raises ConfigError for what is no address or domain, and when nothing is guarded at all.
    """

    __slots__ = ("_allow", "_block", "redirect")

    def __init__(
        self,
        redirect: AddressLike | Iterable[AddressLike] | None,
        allow: str | Iterable[str] | None,
        block: str | Iterable[str] | None,
    ) -> None:
        self._allow = None if allow is None else Patterns(allow, "allow")
        self._block = None if block is None else Patterns(block, "block")
        self.redirect = () if redirect is None else _targets(redirect)
        if not (self.redirect or self._allow or self._block):
            raise ConfigError("guard: nothing is guarded.", hints=("Set redirect, allow or block.",))
        for target in self.redirect:
            if self._block is not None and target in self._block:
                raise ConfigError(f"guard: {target.addr_spec} is in redirect and in block.")

    def stays(self, to: Address) -> bool:
        """Whether this address gets what is for it."""
        if self._block is not None and to in self._block:
            return False
        if self._allow is None:
            return not self.redirect
        return to in self._allow

    def suppressed(self, to: Address) -> str:
        """Return why nobody gets what is for this address; empty if it stays or is redirected."""
        if self._block is not None and to in self._block:
            return "blocked by the guard"
        if not self.redirect and not self.stays(to):
            return "not allowed by the guard"
        return ""


def _targets(redirect: AddressLike | Iterable[AddressLike]) -> tuple[Address, ...]:
    try:
        found = addresses(redirect, "redirect")
    except MessageInvalid as error:
        raise ConfigError(f"guard: {error.text}") from None
    if not found:
        raise ConfigError("guard: redirect is empty.", hints=("Name somebody in redirect, or leave it out.",))
    return found
