"""What the commands of `mailbridge auth` have in common: which provider, whose mailbox, which store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailbridge.flow.http import HttpOptions
    from mailbridge.flow.operations import Flow
    from mailbridge.sending.oauth.client import Authority
    from mailbridge.sending.oauth.file_store import FileTokenStore

T = TypeVar("T")

PROVIDERS = ("gmail", "outlook", "zoho")
CLOUDS = ("global", "usgov", "dod", "china")
REGIONS = ("us", "eu", "in", "au", "jp", "ca", "ae", "sa", "cn")


def which_account(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument and the options that name a login."""
    for add in reversed(
        (
            click.argument("provider", type=click.Choice(PROVIDERS)),
            click.option("--user", default="", metavar="ADDRESS", help="The address of the mailbox."),
            click.option("--smtp", is_flag=True, help="For gmail+smtp:// or outlook+smtp://, not for the API."),
            click.option(
                "--tenant", default="common", show_default=True, help="Outlook: the directory, its id or domain."
            ),
            click.option(
                "--cloud", type=click.Choice(CLOUDS), default="global", help="Outlook: one of Microsoft's clouds."
            ),
            click.option("--region", type=click.Choice(REGIONS), default="us", help="Zoho: the data centre."),
            _STORE,
        )
    ):
        command = add(command)
    return command


def which_store(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the folder of tokens."""
    return _STORE(command)


_STORE = click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Keep tokens here, not in ~/.config/mailbridge/tokens.",
)


def authority_of(provider: str, *, smtp: bool, tenant: str, cloud: str, region: str) -> Authority:
    """Return the authorisation server that the options describe."""
    from mailbridge.sending.oauth.authorities import google, microsoft, zoho

    if provider == "gmail":
        return google(smtp=smtp)
    if provider == "outlook":
        return microsoft(tenant=tenant, cloud=cloud, smtp=smtp)
    if smtp:
        raise click.UsageError("Zoho takes no tokens over SMTP; zoho+smtp:// wants a password.")
    return zoho(region=region)


def store_at(folder: Path | None) -> FileTokenStore:
    """Return the store in this folder, or the usual one."""
    from mailbridge.sending.oauth.file_store import DEFAULT_FOLDER, FileTokenStore

    return FileTokenStore(folder or DEFAULT_FOLDER)


def http_options() -> HttpOptions:
    """Return how authorisation servers are reached."""
    from mailbridge.flow.http import HttpOptions
    from mailbridge.flow.operations import TlsOptions

    return HttpOptions(tls=TlsOptions(""), total=30.0)


def performed(flow: Flow[T]) -> T:
    """Perform a flow, and close its connections."""
    from mailbridge.drivers.sync import SyncDriver

    driver = SyncDriver()
    try:
        return driver.run(flow)
    finally:
        driver.close()
