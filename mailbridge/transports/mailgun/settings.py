"""The settings of the Mailgun transport."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from mailbridge.extend import Address, HttpSettings, ProviderOptions, Secret, kind_of_key

_HOSTS = ("api.mailgun.net", "api.eu.mailgun.net")


class MailgunSettings(HttpSettings):
    """Which account, which of its domains, and in which region that is."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key", "host": "domain"}

    api_key: Secret = Field(description="an API key of the account, or a sending key of the domain")
    domain: str = Field("", description="the domain to send by, mg.example.com; that of From if not given")
    region: Literal["us", "eu"] = Field("us", description="where the domain is")
    sandbox: bool = Field(False, description="have every message accepted (and billed), and none delivered")

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, value: str) -> str:
        if value.lower() in _HOSTS:
            raise ValueError("is the address of the API; give the domain that you send by, mg.example.com")
        try:
            return Address(f"postmaster@{value}").ascii_domain if value else ""
        except ValueError:
            raise ValueError("is not the name of a domain such as mg.example.com") from None

    @model_validator(mode="after")
    def _is_key(self) -> Self:
        key = self.api_key.reveal()
        kind = None if key.startswith("key-") else kind_of_key(key)
        what = "the public key, which only validates addresses" if key.startswith("pubkey-") else kind and kind.what
        if what:
            raise ValueError(f"api_key is {what}; Mailgun's are under API keys, or Sending keys of the domain")
        if "@" in key:
            raise ValueError("api_key is an address; the login for SMTP belongs to mailgun+smtp://")
        return self

    @property
    def credentials(self) -> str:
        """The key as HTTP Basic has it (RFC 7617)."""
        return b64encode(f"api:{self.api_key.reveal()}".encode()).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no error may show, whoever repeats them."""
        return (*super().secrets, self.credentials)


Switch = Literal["yes", "no", "htmlonly"]


class MailgunOptions(ProviderOptions):
    """What a message may ask of Mailgun alone, in `provider_options["mailgun"]`."""

    archive_to: str | None = None
    """A URL to which Mailgun posts each delivered message."""
    deliver_within: str | None = Field(None, pattern=r"^(\d+h)?(\d+m)?$")
    """How long to try, `1h30m`; from 5m to 24h."""
    deliverytime_optimize_period: str | None = Field(None, pattern=r"^\d+h$")
    """Send-time optimisation, `24h` to `72h`."""
    dkim: bool | None = None
    require_tls: bool | None = None
    """Whether Mailgun delivers over TLS only; who relays further is not bound by it."""
    secondary_dkim: str | None = None
    secondary_dkim_public: str | None = None
    sending_ip: str | None = None
    sending_ip_pool: str | None = None
    skip_verification: bool | None = None
    """Not to check the certificate of the recipient's server."""
    suppress_headers: str | None = None
    """X-Mailgun headers to leave out, separated by commas, or `all`."""
    template_text: bool = False
    """Have a text made of the template's HTML."""
    time_zone_localize: str | None = None
    """When to deliver in the recipient's time zone, `16:00`."""
    tracking: Switch | None = None
    tracking_clicks: Switch | None = None
    """Where `track_clicks` says too little: `htmlonly`."""
    tracking_pixel_location_top: Switch | None = None
