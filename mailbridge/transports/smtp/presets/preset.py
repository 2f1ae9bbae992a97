"""`Preset`: what is known of a provider's SMTP door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from mailbridge.transports.smtp.presets.rules import Rule

PortMode = Literal["starttls", "implicit"]
LoginKind = Literal["fixed", "suggested", "same", "address", "given"]

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


class Login(NamedTuple):
    """How a provider wants to be logged in to.

    Args:
        kind: of the user name.
            `fixed`: always `name`. `suggested`: `name` unless another is given. `same`: the key once more.
            With these three one key is enough.
            `address`: a whole mail address. `given`: one that the provider hands out.
        password: what the password is, to complete "… wants".
        name: the user name, where it is known.
        also: a pattern of other user names that a `fixed` one may be replaced with.
        pairs: the regions or streams where a key is not enough after all.
        spaced: whether the provider shows passwords with spaces that do not belong to them.
    """

    kind: LoginKind
    password: str
    name: str = ""
    also: str = ""
    pairs: frozenset[str] = frozenset()
    spaced: bool = False

    @property
    def one_key(self) -> bool:
        """Whether a key is all that it takes."""
        return self.kind in ("fixed", "suggested", "same")


class Hosts(NamedTuple):
    """The names of a provider's servers.

    Args:
        by_choice: host by region or stream; the first is the default. `*` stands for an AWS region.
        option: the setting that chooses: `region`, `stream`, or none.
        own_domains: first labels of the domains whose mailboxes have the hosts of `personal` instead.
        personal: likewise by choice.
    """

    by_choice: Mapping[str, str]
    option: Literal["", "region", "stream"] = ""
    own_domains: frozenset[str] = frozenset()
    personal: Mapping[str, str] = {}

    @property
    def must_choose(self) -> bool:
        """Whether there is no default."""
        return "*" in self.by_choice

    def allows(self, choice: str) -> bool:
        """Whether there is a host for this region or stream."""
        return choice in self.by_choice or (self.must_choose and _REGION.fullmatch(choice) is not None)

    def host(self, choice: str, user: str) -> str:
        """Return the host for a choice that is allowed, or for none."""
        if self.must_choose:
            return self.by_choice["*"].replace("*", choice)
        choice = choice or next(iter(self.by_choice))
        label = user.rpartition("@")[2].partition(".")[0].lower()
        return (self.personal if label in self.own_domains else self.by_choice)[choice]

    def owns(self, host: str) -> bool:
        """Whether a host is one of these."""
        if self.must_choose:
            head, _, tail = self.by_choice["*"].partition("*")
            return host.startswith(head) and host.endswith(tail)
        return host in (*self.by_choice.values(), *self.personal.values())


class Preset(NamedTuple):
    """A provider's SMTP door.

    Args:
        name: as in the DSN, before `+smtp`.
        title: what the provider calls itself.
        ports: how each of its ports speaks TLS; the first is the default.
        auth: the mechanisms it offers, best first.
        rules: how a feature of a message is told by headers.
        limits: numbers to respect, by name.
        defaults: settings that differ from those of `smtp://`.
        user: how a user name looks in the example; empty when one key is enough.
        oauth: whether we can get tokens for it, by the settings of `oauth`.
        source: where the facts are from, and when they were seen there.
    """

    name: str
    title: str
    hosts: Hosts
    ports: Mapping[int, PortMode]
    login: Login
    source: str
    auth: tuple[str, ...] = ("PLAIN", "LOGIN")
    rules: Mapping[str, Rule] = {}
    limits: Mapping[str, int] = {}
    defaults: Mapping[str, object] = {}
    user: str = ""
    oauth: bool = False

    @property
    def scheme(self) -> str:
        """The scheme of its DSN, which is the name of the plugin too."""
        return f"{self.name}+smtp"

    @property
    def takes_token(self) -> bool:
        """Whether one can log in by an OAuth 2 access token."""
        return "XOAUTH2" in self.auth

    @property
    def example(self) -> str:
        """A DSN that a person can adapt."""
        credentials = f"{self.user}:PASSWORD" if self.user else "KEY"
        choice = f"?{self.hosts.option}=eu-west-1" if self.hosts.must_choose else ""
        return f"{self.scheme}://{credentials}@default{choice}"
