"""The fixtures of servers: real SMTP and real HTTP on this machine, closed when the test is over.

Nothing is imported before a test takes one: pytest loads this module at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mailbridge.testing.sink import SmtpSink
    from mailbridge.testing.stubs import ProviderStub, Replies

__all__ = ["provider_stub", "smtp_sink", "smtp_sink_factory"]


@pytest.fixture
def smtp_sink_factory() -> Iterator[Callable[..., SmtpSink]]:
    """Start mail servers: `smtp_sink_factory(tls="implicit", auth=("ann", "s3cret"))`, a `SmtpSink` each."""
    from mailbridge.testing.sink import SmtpSink

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(SmtpSink(**options))


@pytest.fixture
def smtp_sink(smtp_sink_factory: Callable[..., SmtpSink]) -> SmtpSink:
    """Start a mail server that offers STARTTLS and wants no login: a `mailbridge.testing.SmtpSink`."""
    return smtp_sink_factory()


@pytest.fixture
def provider_stub() -> Iterator[Callable[[str | Replies | type[Any]], ProviderStub]]:
    """Start providers' APIs: `provider_stub("sendgrid")`, a `mailbridge.testing.ProviderStub` each."""
    from mailbridge.testing.stubs import ProviderStub

    with ExitStack() as stack:
        yield lambda provider: stack.enter_context(ProviderStub(provider))
