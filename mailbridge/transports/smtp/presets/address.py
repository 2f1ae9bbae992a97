"""Where a preset's server is: host, port and TLS mode, from what the settings say of them."""

from __future__ import annotations

from typing import NamedTuple

from mailbridge.extend import SmtpServer
from mailbridge.transports.smtp.presets.preset import PortMode, Preset
from mailbridge.transports.smtp.presets.table import owner_of
from mailbridge.transports.smtp.submission import STARTTLS_PORTS, TlsMode

_SPOKEN: dict[int, PortMode] = {465: "implicit", **dict.fromkeys(STARTTLS_PORTS, "starttls")}
"""What is spoken on the ports that everybody knows."""


class Address(NamedTuple):
    """Where to connect to, and how."""

    host: str
    port: int
    tls: TlsMode


def address(preset: Preset, *, host: str, port: int, tls: TlsMode, choice: str, user: str) -> Address:
    """Return the address; what is not said is the preset's.

    On a host of the provider's, `tls=auto` is what the port speaks, and a port follows from `tls`. On any
    other host (a relay of one's own, a private endpoint, a server for tests) they mean what they mean in
    `smtp://`.
    """
    if host and not preset.hosts.owns(host.lower()):
        return Address(host, port or (465 if tls == "implicit" else 587), tls)
    port = port or _first_port(preset, tls)
    return Address(host or preset.hosts.host(choice, user), port, preset.ports.get(port, tls) if tls == "auto" else tls)


def flaws(preset: Preset, *, host: str, port: int, tls: TlsMode, region: str, stream: str) -> list[str]:
    """Say what is wrong with these, field by field."""
    found = [*_choice_flaws(preset, host, {"region": region, "stream": stream})]
    owner = owner_of(host)
    if owner is not None and owner.name != preset.name:
        found.append(f"host is that of {owner.title}: use {owner.scheme}://, or leave it out")
    if host and owner is None:
        spoken = _SPOKEN.get(port, tls)
        return found + (
            [f"port {port} speaks {spoken}, not {tls}"] if tls in _SPOKEN.values() and spoken != tls else []
        )
    modes = ", ".join(f"{mode} on {each}" for each, mode in preset.ports.items())
    if tls in ("starttls", "implicit") and tls not in preset.ports.values():
        found.append(f"tls: {preset.title} does not speak {tls}, but {modes}")
    elif tls in ("starttls", "implicit") and {**_SPOKEN, **preset.ports}.get(port, tls) != tls:
        found.append(f"port {port} does not speak {tls}: {preset.title} speaks {modes}")
    return found


def is_local(host: str) -> bool:
    """Whether a host is this machine."""
    return SmtpServer(host, 0, nonce=str).is_local


def _choice_flaws(preset: Preset, host: str, choices: dict[str, str]) -> list[str]:
    hosts = preset.hosts
    found = [
        f"{option} does not belong to {preset.scheme}, which has one server for everybody"
        if not hosts.option
        else f"{option} does not belong to {preset.scheme}; it has {hosts.option}"
        for option, choice in choices.items()
        if choice and option != hosts.option
    ]
    choice = choices.get(hosts.option, "")
    known = "such as eu-west-1" if hosts.must_choose else f"one of {', '.join(hosts.by_choice)}"
    if not choice and hosts.must_choose and not host:
        found.append(f"{hosts.option} is missing; it is {known}")
    if choice and hosts.option and not hosts.allows(choice):
        found.append(f"{hosts.option} must be {known}")
    return found


def _first_port(preset: Preset, tls: TlsMode) -> int:
    return next((port for port, mode in preset.ports.items() if tls == mode), next(iter(preset.ports)))
