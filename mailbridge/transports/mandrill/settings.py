"""The settings of the Mandrill transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, kind_of_key


class MandrillSettings(HttpSettings):
    """Which account."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key; one made for test mode has messages checked and sends none")
    subaccount: str = Field("", description="the subaccount of messages that name none")
    merge_language: Literal["mailchimp", "handlebars"] = Field(
        "mailchimp", description="the language of merge tags; handlebars knows lists and tables"
    )

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_key(self) -> Self:
        kind = kind_of_key(self.api_key.reveal())
        if kind is not None and "mandrill" not in kind.presets:
            raise ValueError(f"api_key is {kind.what}")
        return self


class MandrillOptions(ProviderOptions):
    """What a message may ask of Mandrill alone, in `provider_options["mandrill"]`."""

    background: bool | None = None
    """Answer at once and tell refusals by events only (`async`); more than 10 recipients are always treated so."""
    ip_pool: str | None = None
    subaccount: str | None = None
    template_content: dict[str, str] | None = None
    """Content for the regions of a template (mc:edit), by name."""
    merge_language: Literal["mailchimp", "handlebars"] | None = None
    important: bool | None = None
    """Deliver ahead of other messages."""
    auto_text: bool | None = None
    auto_html: bool | None = None
    inline_css: bool | None = None
    view_content_link: bool | None = None
    """False keeps the content out of Mandrill's logs."""
    url_strip_qs: bool | None = None
    tracking_domain: str | None = None
    signing_domain: str | None = None
    return_path_domain: str | None = None
    """The domain for bounces; of the address Mandrill writes the rest itself."""
    google_analytics_domains: list[str] | None = None
    google_analytics_campaign: str | None = None
