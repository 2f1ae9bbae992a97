"""The settings of the presets for which we can get OAuth 2 tokens: Gmail and Microsoft."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from mailbridge.extend import Authority, HttpOptions, OAuthFields, TlsOptions, google, microsoft, tokens_for
from mailbridge.transports.smtp.presets.settings import PresetSettings


class OAuthPresetSettings(OAuthFields, PresetSettings):
    """A login by password, by a token, or by what tokens are got with; the settings of `smtp://` besides."""

    oauth: bool = Field(False, description="log in with what `mailbridge auth login … --smtp` has stored")
    tenant: str = Field("common", pattern=r"^[A-Za-z0-9.-]+$", description="Microsoft: the directory, id or domain")
    service_account: Path | None = Field(None, description="Google: the key file of a service account")

    @property
    def gets_tokens(self) -> bool:
        """Whether tokens are got, not given."""
        means = (self.refresh_token, self.client_secret, self.service_account)
        return self.oauth or any(each is not None for each in means)

    @property
    def logs_in_by_token(self) -> bool:
        """Whether a token stands in place of the password."""
        return self.token is not None or self.gets_tokens

    def token_source(self) -> Callable[..., Any] | None:
        """Return what gives the token, if it is not `token`."""
        if not self.gets_tokens or self.token is not None:
            return None
        ca_file = None if self.ca_file is None else str(self.ca_file)
        http = HttpOptions(tls=TlsOptions("", ca_file=ca_file), connect=self.connect_timeout)
        return tokens_for(
            self, self._authority(), http, user=self.user, smtp=True, service_account=self.service_account
        )

    def _authority(self) -> Authority:
        return google(smtp=True) if self.preset == "gmail+smtp" else microsoft(tenant=self.tenant, smtp=True)

    @model_validator(mode="after")
    def _of_the_right_provider(self) -> Self:
        if self.token is not None and self.gets_tokens:
            raise ValueError("token stands alone; give either a token or what tokens are got with")
        if self.service_account is not None and self.preset != "gmail+smtp":
            raise ValueError("service_account belongs to Google")
        if self.tenant != "common" and self.preset == "gmail+smtp":
            raise ValueError("tenant belongs to Microsoft")
        if self.preset != "gmail+smtp" and self.client_secret is not None and self.refresh_token is None:
            if self.tenant in ("common", "organizations", "consumers"):
                raise ValueError("an application (client_secret without refresh_token) needs its tenant")
        return self
