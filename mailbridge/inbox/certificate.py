"""A certificate to throw away: issued when a server starts, deleted when it stops."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mailbridge.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType


class ThrowAwayCertificate:
    """A certificate for `localhost` and the given names, and the authority that clients have to trust.

    The files stand in a folder only this user can read, until `remove()`.
    """

    def __init__(self, *names: str) -> None:
        trustme = _trustme()
        self._folder = Path(tempfile.mkdtemp(prefix="mailbridge-inbox-"))
        self.ca_file = str(self._folder / "ca.pem")
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        self._leaf = authority.issue_cert(*dict.fromkeys(("localhost", "127.0.0.1", "::1", *filter(_is_name, names))))

    def server_context(self) -> ssl.SSLContext:
        """Return a context for a server that shows this certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._leaf.configure_cert(context)
        return context

    def remove(self) -> None:
        """Delete the files."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_name(host: str) -> bool:
    """Whether a client can have connected to it: not a wildcard address such as 0.0.0.0."""
    return host not in ("", "0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)


def _trustme() -> ModuleType:
    try:
        import trustme
    except ImportError as error:
        missing(error)
    return trustme


def missing(error: ImportError) -> NoReturn:
    """Say which extra a package belongs to."""
    text = f"The catch-all server needs the package {error.name}, which is not installed."
    raise ConfigError(text, hints=["Run: pip install '.[inbox]' in a checkout of mailbridge."]) from error
