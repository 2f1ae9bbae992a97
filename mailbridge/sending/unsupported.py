"""What to do with a message that uses features its transport does not have."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args

from mailbridge.errors import ConfigError, Unsupported
from mailbridge.message import features
from mailbridge.message.message import Message
from mailbridge.sending.emulation import EMULATED, emulated
from mailbridge.sending.transport import Transport
from mailbridge.settings.problems import nearest, sentence

Policy = Literal["raise", "warn", "drop", "emulate"]

_PLAIN = frozenset({"from_", "to", "cc", "bcc", "subject", "text", "html", "reply_to", "_envelope", "_features", "via"})
_PLAIN_NEEDS = frozenset({"html", "multiple_reply_to", "smtputf8"})
_DROPPABLE = frozenset({
    "idempotency_key", "list_unsubscribe", "metadata", "priority", "provider_options", "send_at", "stream", "tags",
    "track_clicks", "track_opens",
})  # fmt: skip
"""Not merge_metadata: without it, everybody in `to` would see the others instead of getting a private copy."""
_log = logging.getLogger("mailbridge.send")


class Unsupporting:
    """The policy for features a transport lacks: refuse (the default), warn and drop, drop, or emulate.

    `policy` is one word for all, or a mapping by feature with `"*"` for the rest. Only features without
    which the recipient still gets the same message can be dropped; content never is. What a header can
    say (`mailbridge.sending.emulation`) is emulated where the transport has headers. Everything else is
    refused whatever the word.

    Raises ConfigError for another word, for a feature that does not exist, and for one that is to be
    emulated and cannot be.
    """

    def __init__(self, policy: Policy | Mapping[str, Policy] = "raise") -> None:
        self._by_feature: dict[str, Policy] = {"*": policy} if isinstance(policy, str) else dict(policy)
        for feature, word in self._by_feature.items():
            if feature != "*" and feature not in features.ALL:
                near = nearest(feature, features.ALL)
                raise ConfigError(sentence(f"unsupported: there is no feature {feature}{near}"))
            if word not in get_args(Policy):
                raise ConfigError(f"unsupported must be raise, warn, drop or emulate, not {word!r}.")
            if word == "emulate" and feature not in EMULATED | {"*"}:
                known = ", ".join(sorted(EMULATED))
                raise ConfigError(f"unsupported: {feature} cannot be emulated; a header can say {known}.")
        self._rest = self._by_feature.get("*", "raise")

    def fitted(self, message: Message, transport: Transport) -> Message:
        """Return a message that the transport can express. Raises Unsupported naming the feature."""
        if message.__dict__.keys() <= _PLAIN and _PLAIN_NEEDS <= transport.features:
            return message
        lacking = message.features - transport.features - features.ADVISORY
        if not lacking:
            return message
        spoken = set()
        for feature in sorted(lacking):
            policy = self._by_feature.get(feature, self._rest)
            if policy == "emulate" and _has_headers(feature, message, transport):
                spoken.add(feature)
            elif policy in ("raise", "emulate") or feature not in _DROPPABLE:
                raise unsupported(feature, transport)
            elif policy == "warn":
                _log.warning("%s cannot express %s; it was left out", transport, feature)
        if spoken:
            message = emulated(message, spoken)
        nothing: dict[str, Any] = dict.fromkeys(lacking - spoken)
        return message.replace(**nothing) if nothing else message


def _has_headers(feature: str, message: Message, transport: Transport) -> bool:
    """Whether headers can say this feature of this message: to what was rendered beforehand none are added."""
    return feature in EMULATED and "headers" in transport.features and message.raw is None


def unsupported(feature: str, transport: Transport) -> Unsupported:
    """Return the error for one feature."""
    words = [
        *(["drop"] if feature in _DROPPABLE else []),
        *(["emulate"] if feature in EMULATED and "headers" in transport.features else []),
    ]
    ways = [f"Leave {feature} out", "choose a transport that has it (mailbridge plugins)"]
    ways += [f"set unsupported to {' or '.join(words)}"] if words else []
    return Unsupported(
        f"The transport {transport} cannot express {feature} ({features.DESCRIPTIONS.get(feature, 'unknown')}).",
        feature=feature,
        field=feature,
        transport=str(transport),
        hints=[f"{', '.join(ways[:-1])}, or {ways[-1]}."],
    )
