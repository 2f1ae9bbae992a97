"""The authorisation servers of Google, Microsoft and Zoho."""

from __future__ import annotations

from collections.abc import Mapping

from mailbridge.sending.oauth.client import Authority

MICROSOFT_LOGINS: Mapping[str, str] = {
    "global": "https://login.microsoftonline.com",
    "usgov": "https://login.microsoftonline.us",
    "dod": "https://login.microsoftonline.us",
    "china": "https://login.chinacloudapi.cn",
}
"""Microsoft's clouds (learn.microsoft.com/graph/deployments, 2026-11-22)."""

MICROSOFT_GRAPHS: Mapping[str, str] = {
    "global": "https://graph.microsoft.com",
    "usgov": "https://graph.microsoft.us",
    "dod": "https://dod-graph.microsoft.us",
    "china": "https://microsoftgraph.chinacloudapi.cn",
}
"""Graph in each of them (same page)."""

ZOHO_ACCOUNTS: Mapping[str, str] = {
    "us": "https://accounts.zoho.com",
    "eu": "https://accounts.zoho.eu",
    "in": "https://accounts.zoho.in",
    "au": "https://accounts.zoho.com.au",
    "jp": "https://accounts.zoho.jp",
    "ca": "https://accounts.zohocloud.ca",
    "ae": "https://accounts.zoho.ae",
    "sa": "https://accounts.zoho.sa",
    "cn": "https://accounts.zoho.com.cn",
}
"""Zoho's data centres (zoho.com/accounts/protocol/oauth/multi-dc.html, and the servers of its API description)."""


def google(*, smtp: bool = False) -> Authority:
    """Return Google's (developers.google.com/identity/protocols/oauth2/native-app, 2026-11-22).

    There is no login on another device: Google allows it none of Gmail's scopes.
    """
    return Authority(
        name="gmail",
        title="Google",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        revoke_url="https://oauth2.googleapis.com/revoke",
        scope="https://mail.google.com/" if smtp else "https://www.googleapis.com/auth/gmail.send",
        # Without consent anew there is no refresh token for somebody who has logged in before.
        extra={"access_type": "offline", "prompt": "consent"},
    )


def microsoft(*, tenant: str = "common", cloud: str = "global", smtp: bool = False) -> Authority:
    """Return Microsoft's (learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code, 2026-11-22).

    Mail.ReadWrite is for messages of more than 4 MB, which begin as drafts.
    """
    base = f"{MICROSOFT_LOGINS[cloud]}/{tenant}/oauth2/v2.0"
    graph = MICROSOFT_GRAPHS[cloud]
    return Authority(
        name="outlook",
        title="Microsoft",
        authorize_url=f"{base}/authorize",
        token_url=f"{base}/token",
        device_url=f"{base}/devicecode",
        scope="https://outlook.office.com/SMTP.Send offline_access"
        if smtp
        else f"{graph}/Mail.Send {graph}/Mail.ReadWrite offline_access",
        app_scope="https://outlook.office365.com/.default" if smtp else f"{graph}/.default",
    )


def zoho(*, region: str = "us") -> Authority:
    """Return Zoho's (zoho.com/mail/help/api/using-oauth-2.html, 2026-11-22); scopes are separated by commas."""
    base = ZOHO_ACCOUNTS[region]
    return Authority(
        name="zoho",
        title="Zoho",
        authorize_url=f"{base}/oauth/v2/auth",
        token_url=f"{base}/oauth/v2/token",
        revoke_url=f"{base}/oauth/v2/token/revoke",
        scope="ZohoMail.messages.CREATE,ZohoMail.accounts.READ",
        extra={"access_type": "offline", "prompt": "consent"},
    )
