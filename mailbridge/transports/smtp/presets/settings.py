"""The settings of a preset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from pydantic import Field, model_validator

from mailbridge.extend import ConfigError, Dsn
from mailbridge.transports.smtp.presets import address, login
from mailbridge.transports.smtp.presets.preset import Preset
from mailbridge.transports.smtp.presets.table import PRESETS
from mailbridge.transports.smtp.submission import SubmissionSettings


class PresetSettings(SubmissionSettings):
    """A login, and whatever shall be other than the provider has it; the settings of `smtp://` besides."""

    scheme_field = "preset"

    preset: str = Field(description="the provider; told by the scheme")
    host: str = Field("", description="another host than the provider's: a private endpoint, a server for tests")
    port: int = Field(0, ge=0, le=65535, description="another port than the first of the provider's")
    region: str = Field("", description="where the account is, for providers with several")
    stream: str = Field("", description="the kind of mail, for providers with a server for each")

    @classmethod
    def from_dsn(cls, dsn: Dsn) -> Self:
        """Return the settings that a DSN states, as ever; but a key without its @ is told, not shown."""
        named = {"user", "password", "token"} & dsn.options.keys()
        if dsn.user is None and dsn.password is None and not named and dsn.host not in ("", "default"):
            raise ConfigError(
                f"The DSN {dsn.scheme}://******** cannot be used: it has no login; if it is a key that stands in the "
                "place of the host, @default has to follow it."
            )
        return super().from_dsn(dsn)

    @property
    def provider(self) -> Preset:
        """What is known of the provider."""
        return PRESETS[self.preset]

    @property
    def logs_in_by_token(self) -> bool:
        """Whether a token stands in place of the password."""
        return self.token is not None

    def token_source(self) -> Callable[..., Any] | None:
        """Return what gives the token, if it is not `token`."""
        return None

    @property
    def address(self) -> address.Address:
        """Where to connect to."""
        choice = self.region or self.stream
        return address.address(
            self.provider, host=self.host, port=self.port, tls=self.tls, choice=choice, user=self.user
        )

    @property
    def insecure(self) -> tuple[str, ...]:
        """The fields that give up protection; `tls=off` does not on this machine, where `auto` means the same."""
        local = address.is_local(self.address.host)
        return tuple(name for name in super().insecure if not (local and name == "tls"))

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, values: Any) -> Any:
        preset = PRESETS.get(values.get("preset", "")) if isinstance(values, dict) else None
        return values if preset is None else {**preset.defaults, **login.completed(preset, values)}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        preset = PRESETS.get(self.preset)
        if preset is None:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}")
        found = login.flaws(
            preset, self.user, self.password, token=self.logs_in_by_token, choice=self.region or self.stream
        )
        found += address.flaws(
            preset, host=self.host, port=self.port, tls=self.tls, region=self.region, stream=self.stream
        )
        if found:
            raise ValueError("; ".join(found))
        return self
