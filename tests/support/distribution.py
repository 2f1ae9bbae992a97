"""Puts distributions with entry points where Python finds them, as pip does."""

from __future__ import annotations

from pathlib import Path

PLUGIN = """
from mailbridge.extend import BlockingTransport, Plugin, TransportSettings, Secret, hookimpl

class {Name}Settings(TransportSettings):
    dsn_parts = {{"user": "api_key"}}
    insecure_values = {{"verify": False}}
    api_key: Secret
    timeout: float = 30.0
    verify: bool = True

class {Name}Transport(BlockingTransport):
    name = "{name}"
    def __init__(self, settings):
        self.settings = settings

record = Plugin(
    name="{name}", schemes=["{name}", "{name}+api"], settings="{module}:{Name}Settings",
    transport="{module}:{Name}Transport", summary="Sends by {Name}.", features=["html"],
)
seen = []

class Hooked:
    @hookimpl
    def mailbridge_providers(self):
        return [record]
    @hookimpl
    def mailbridge_sent(self, receipt):
        seen.append(receipt)

hooked = Hooked()
nonsense = 5
wrong_records = ["record"]
"""


def install(folder: Path, name: str, *, version: str = "1.2", entries: dict[str, str] | None = None) -> None:
    """Write a distribution and its module `<name>_plugin`; `entries` is entry point → attribute of it."""
    module = f"{name}_plugin"
    source = PLUGIN.format(name=name, Name=name.capitalize(), module=module)
    (folder / f"{module}.py").write_text(source, "utf-8")
    info = folder / f"{name}_mail-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-mail\nVersion: {version}\n", "utf-8")
    points = "".join(f"{point} = {module}:{attribute}\n" for point, attribute in (entries or {name: "record"}).items())
    (info / "entry_points.txt").write_text(f"[mailbridge.transports]\n{points}", "utf-8")
