"""What Acme's transport can be told."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret


class AcmeSettings(HttpSettings):
    """Which account, and in which region."""

    dsn_parts: ClassVar = {"user": "api_key"}  # acme://ak_key@default

    api_key: Secret = Field(description="an API key (ak_…)")
    region: Literal["us", "eu"] = Field("us", description="where the account is")

    @model_validator(mode="after")  # of the model, for the words of a secret's own validator are not shown
    def _is_key(self) -> Self:
        if not self.api_key.reveal().startswith("ak_"):
            raise ValueError("api_key is no API key of Acme's: they begin with ak_")
        return self


class AcmeOptions(ProviderOptions):
    """What a message may ask of Acme alone, in `provider_options["acme"]`."""

    pool: str | None = None
    """The pool of addresses to send from."""
