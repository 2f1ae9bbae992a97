"""The contracts of the built-in transports over HTTP.

`tests/transports/decoders/<name>.py` reads a provider's requests back: it defines DSN, answer(request) and
decode(request); where needed judge(request), TEMPLATE, and what there is no choice about, with the reasons:
TOLERATED, UNABLE, PROVIDER_IDS.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from support.descriptions import violations

from mailbridge.plugins.built_in import FOLDERS, PRESETS, record_of
from mailbridge.settings.http import HttpSettings
from mailbridge.testing import TransportContract

DECODERS = Path(__file__).resolve().parents[1] / "transports/decoders"


def providers() -> Iterator[str]:
    """Yield the names of the built-in transports that speak HTTP."""
    for name in sorted(set(FOLDERS.values()) - set(PRESETS)):
        if issubclass(record_of(name).load_settings(), HttpSettings):
            yield name


def contract_of(name: str) -> TransportContract | None:
    """Return the contract of a provider, or None while nobody can read its requests."""
    file = DECODERS / f"{name}.py"
    if not file.is_file():
        return None
    spec = spec_from_file_location(f"decoders.{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    return TransportContract(
        module.DSN,
        answer=module.answer,
        decode=module.decode,
        judge=getattr(module, "judge", partial(violations, name)),
        tolerated=getattr(module, "TOLERATED", {}),
        unable=getattr(module, "UNABLE", {}),
        template=getattr(module, "TEMPLATE", "12345"),
        provider_ids=getattr(module, "PROVIDER_IDS", True),
    )


PROVIDERS = list(providers())
CONTRACTS = {name: contract for name in PROVIDERS if (contract := contract_of(name)) is not None}
