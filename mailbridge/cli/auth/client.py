"""The client that a person has registered with an authorisation server, as given on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailbridge.sending.oauth.client import Client

_NEED_SECRET = ("gmail", "zoho")  # Google gives one to programs on people's machines too; it guards nothing there


def client_of(provider: str, client_id: str, client_secret: str, file: Path | None) -> Client:
    """Return the client; ask for what is missing, the secret without showing it."""
    from mailbridge.sending.oauth.client import Client

    if file is not None:
        if client_id or client_secret:
            raise click.UsageError("--client-file stands in place of --client-id and --client-secret.")
        return _read(file)
    client_id = client_id or click.prompt("Client id", err=True)
    if not client_secret and provider in _NEED_SECRET:
        client_secret = click.prompt("Client secret", hide_input=True, err=True)
    return Client(client_id.strip(), client_secret.strip())


def _read(file: Path) -> Client:
    """Read the file that Google's console gives out: `{"installed": {"client_id", "client_secret"}}`."""
    from mailbridge.errors import ConfigError
    from mailbridge.sending.oauth.client import Client

    try:
        content = json.loads(file.read_bytes())
        said = next(iter(content.values()))  # named "installed", or "web" for another type of client
        return Client(said["client_id"], said["client_secret"])
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        raise ConfigError(
            f"{file} is not the file of a client.",
            hints=["Take the JSON file that the Google Cloud console makes for an OAuth client of the type Desktop."],
        ) from None
