"""The contracts of the built-in transports over HTTP.

What each provider answers, and how its requests are read back, is in `mailbridge.testing.stubs.<name>`, for users
test with it too; only we have the providers' own API descriptions as judges.
"""

from __future__ import annotations

from collections.abc import Iterator

from support.judges import judge_of

from mailbridge.plugins.built_in import FOLDERS, PRESETS, record_of
from mailbridge.settings.http import HttpSettings
from mailbridge.testing import TransportContract
from mailbridge.testing.stubs.named import PROVIDERS as STUBS
from mailbridge.testing.stubs.named import named


def providers() -> Iterator[str]:
    """Yield the names of the built-in transports that speak HTTP."""
    for name in sorted(set(FOLDERS.values()) - set(PRESETS)):
        if issubclass(record_of(name).load_settings(), HttpSettings):
            yield name


def contract_of(name: str) -> TransportContract:
    """Return the contract of a provider."""
    replies = named(name)()
    return TransportContract(
        replies.dsn,
        answer=replies.answer,
        decode=replies.decode,
        judge=judge_of(name),
        tolerated=replies.tolerated,
        unable=replies.unable,
        template=replies.template,
        provider_ids=replies.provider_ids,
    )


PROVIDERS = list(providers())
CONTRACTS = {name: contract_of(name) for name in PROVIDERS if name in STUBS}
