"""`ProviderOptions`: what only one provider understands, typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from mailbridge.errors import MessageInvalid
from mailbridge.settings.problems import problems_of, sentence


class ProviderOptions(BaseModel):
    """The options that a message may give one provider, in `provider_options[name]`; subclasses declare them.

    >>> class AcmeOptions(ProviderOptions):
    ...     ip_pool: str | None = None
    >>> AcmeOptions.read({"ip_pool": "bulk"}, "acme").ip_pool
    'bulk'
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    @classmethod
    def read(cls, given: Mapping[str, Any] | None, provider: str) -> Self:
        """Return the options of a message. Raises MessageInvalid naming every one that is unknown or ill-typed."""
        if not given:
            return cls()
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            where = f"provider_options.{provider}"
            problems = problems_of(error, lambda place: ".".join((where, *map(str, place))), list(cls.model_fields))
            raise MessageInvalid(sentence("; ".join(problems)), field=where) from None
