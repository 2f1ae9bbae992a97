"""`Secret`: text that never prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn, Self

from mailbridge.redaction import MASK

_SECRET_NAME = re.compile(r"(?i)key|token|secret|pass|pwd|credential|private|signature|cookie|bearer")


def names_a_secret(name: str) -> bool:
    """Whether a setting of this name probably holds a secret: `api_key`, `oauth_token`, `password`.

    >>> names_a_secret("webhook_signing_key"), names_a_secret("timeout")
    (True, False)
    """
    return _SECRET_NAME.search(name) is not None


def guarded(value: Any, name: str = "") -> Any:
    """Return a setting called `name`, or a table of settings, with a Secret for all text that may be one.

    That is what is named like a secret, and every DSN. It is done before anything can go wrong, for a
    traceback may show variables.

    >>> guarded({"host": "mail.example.com", "password": "hunter2", "port": 587})
    {'host': 'mail.example.com', 'password': Secret('********'), 'port': 587}
    """
    secret = name in ("dsn", "transports") or names_a_secret(name)
    if isinstance(value, str):
        return Secret(value) if secret else value
    if isinstance(value, Mapping):
        return {key: guarded(each, name if names_a_secret(name) else str(key)) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [guarded(each, name) for each in value]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Secret(str(value)) if secret and number else value


class Unpicklable:
    """Something frozen that holds secrets: a copy is the thing itself, a pickle is refused.

    A pickle is a file or goes to another process; secrets left out of it would only fail later.
    """

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} may hold secrets and cannot be pickled; read the settings again")


class Secret(Unpicklable):
    """A password, key or token: prints as asterisks everywhere, and gives itself up only to `reveal()`.

    Equal secrets compare and hash equal, so that connections can be pooled by credentials.

    >>> password = Secret("hunter2")
    >>> print(password, repr(password), f"{password:>10}")
    ******** Secret('********')   ********
    >>> password.reveal()
    'hunter2'
    """

    __slots__ = ("_text",)

    _text: str

    def __init__(self, text: str | Secret) -> None:
        object.__setattr__(self, "_text", text.reveal() if isinstance(text, Secret) else text)

    def reveal(self) -> str:
        """Return the text itself; call it where the text leaves the program, and nowhere else."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret is frozen")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic models take a `Secret` field: text in, asterisks out."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls._validated,
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, object]:
        return {"type": "string", "format": "password", "writeOnly": True}

    @classmethod
    def _validated(cls, value: object) -> Secret:
        if isinstance(value, (str, Secret)):
            return cls(value)
        # pydantic's own SecretStr, recognised by shape so that this module needs no pydantic.
        reveal = getattr(value, "get_secret_value", None)
        if reveal is None:
            from pydantic_core import PydanticKnownError

            raise PydanticKnownError("string_type")
        return cls(str(reveal()))
