"""The settings of the policy guard."""

from __future__ import annotations

from pydantic import Field

from mailbridge.extend import TransportSettings


class GuardSettings(TransportSettings):
    """Who gets messages; at least one of these is given. In a DSN, several are separated by spaces."""

    redirect: tuple[str, ...] | None = Field(None, description="addresses that get everything")
    allow: tuple[str, ...] | None = Field(
        None, description="addresses, or domains as @example.org, that are not redirected"
    )
    block: tuple[str, ...] | None = Field(None, description="addresses or domains that get nothing")
