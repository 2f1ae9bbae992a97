"""The settings of the SES transport, and the options of a message."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, kind_of_key
from mailbridge.transports.ses.regions import is_region, is_zone

_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{16}").fullmatch
_WORD = re.compile(r"[A-Za-z0-9_-]{1,256}").fullmatch


class SesSettings(HttpSettings):
    """Which region, and whose credentials: the keys that are given, or what AWS programs find by themselves."""

    dsn_parts: ClassVar[Mapping[str, str]] = {
        "user": "access_key_id",
        "password": "secret_access_key",
        "host": "region",
    }

    region: str = Field("", description="eu-west-1 and the like; by default that of the profile or the environment")
    access_key_id: Secret | None = Field(None, description="AKIA…, or ASIA… with a session_token")
    secret_access_key: Secret | None = Field(None, description="the secret of that key")
    session_token: Secret | None = Field(None, description="for temporary keys (ASIA…)")
    profile: str = Field("", description="the profile of ~/.aws to take credentials and region from")
    fips: bool = Field(False, description="use the region's FIPS 140 endpoint")
    configuration_set: str = Field("", description="the configuration set of messages that name none")
    tag_name: str = Field("tag", description="the name under which events show a message's tag")

    @field_validator("region")
    @classmethod
    def _is_region(cls, value: str) -> str:
        if zone := is_zone(value):
            raise ValueError(f"is an availability zone; the region is {zone[1]}")
        if value and not is_region(value):
            raise ValueError("must be the name of a region, such as eu-west-1; for another address set base_url")
        return value

    @field_validator("tag_name")
    @classmethod
    def _is_word(cls, value: str) -> str:
        if not _WORD(value):
            raise ValueError("must be 1 to 256 ASCII letters, digits, - and _")
        return value

    @model_validator(mode="after")
    def _is_one_identity(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key belong together; give both or none")
        if self.access_key_id is None or self.secret_access_key is None:
            if self.session_token is not None:
                raise ValueError("session_token belongs to an access_key_id, and there is none")
            return self
        if self.profile:
            raise ValueError("profile names other credentials than access_key_id; keep one of the two")
        self._judge(self.access_key_id.reveal(), self.secret_access_key.reveal())
        return self

    def _judge(self, key: str, secret: str) -> None:
        """Recognise keys in the wrong place."""
        if not _ID(secret) and (kind := kind_of_key(secret)) is not None:
            raise ValueError(f"secret_access_key is {kind.what}")
        if _ID(secret):
            raise ValueError("secret_access_key is the id of a key; the two seem to be exchanged")
        if _is_smtp_password(secret):
            raise ValueError(
                "secret_access_key is an SMTP password of SES, which serves ses+smtp:// only; "
                "the API needs the key's secret"
            )
        if key.startswith("ASIA") and _ID(key) and self.session_token is None:
            raise ValueError("access_key_id is a temporary key (ASIA…), which needs its session_token")


def _is_smtp_password(secret: str) -> bool:
    """Whether this is what AWS derives from a secret for SMTP: a version (4) and a digest, in base64."""
    try:
        octets = b64decode(secret, validate=True)
    except ValueError:
        return False
    return len(octets) == 33 and octets[0] == 4


class Subscription(BaseModel):
    """A contact list of SES, by which a reader may unsubscribe."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    contact_list: str
    topic: str | None = None

    @property
    def payload(self) -> dict[str, str]:
        """As the API has it."""
        said = {"ContactListName": self.contact_list, "TopicName": self.topic}
        return {name: value for name, value in said.items() if value}


class SesOptions(ProviderOptions):
    """What a message may ask of SES alone, in `provider_options["ses"]`."""

    configuration_set: str | None = None
    from_arn: str | None = None
    """The identity whose policy lets us send as From (FromEmailAddressIdentityArn)."""
    feedback_arn: str | None = None
    """The same for the address that bounces go to."""
    subscription: Subscription | None = None
    """`{"contact_list": "news", "topic": "weekly"}` (ListManagementOptions)."""
    tenant: str | None = None
