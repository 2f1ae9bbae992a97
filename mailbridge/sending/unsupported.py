"""What to do with a message that uses features its transport does not have."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args

from mailbridge.errors import ConfigError, Unsupported
from mailbridge.message import features
from mailbridge.message.message import Message
from mailbridge.sending.transport import Transport
from mailbridge.settings.problems import nearest, sentence

Policy = Literal["raise", "warn", "drop"]

_PLAIN = frozenset({"from_", "to", "cc", "bcc", "subject", "text", "html", "reply_to", "_envelope", "_features", "via"})
_PLAIN_NEEDS = frozenset({"html", "multiple_reply_to", "smtputf8"})
_DROPPABLE = frozenset({
    "metadata", "priority", "stream", "tags", "track_clicks", "track_opens", "list_unsubscribe",
    "merge_global", "merge_metadata", "provider_options", "idempotency_key", "send_at",
})  # fmt: skip
_log = logging.getLogger("mailbridge.send")


class Unsupporting:
    """The policy for features a transport lacks: refuse (the default), warn and drop, or drop.

    `policy` is one word for all, or a mapping by feature with `"*"` for the rest. Only features without
    which the recipient still gets the same message can be dropped; content never is.

    Raises ConfigError for another word, or a feature that does not exist.
    """

    def __init__(self, policy: Policy | Mapping[str, Policy] = "raise") -> None:
        self._by_feature: dict[str, Policy] = {"*": policy} if isinstance(policy, str) else dict(policy)
        for feature, word in self._by_feature.items():
            if feature != "*" and feature not in features.ALL:
                near = nearest(feature, features.ALL)
                raise ConfigError(sentence(f"unsupported: there is no feature {feature}{near}"))
            if word not in get_args(Policy):
                raise ConfigError(f"unsupported must be raise, warn or drop, not {word!r}.")
        self._rest = self._by_feature.get("*", "raise")

    def fitted(self, message: Message, transport: Transport) -> Message:
        """Return a message that the transport can express. Raises Unsupported naming the feature."""
        if message.__dict__.keys() <= _PLAIN and _PLAIN_NEEDS <= transport.features:
            return message
        lacking = message.features - transport.features - features.ADVISORY
        if not lacking:
            return message
        for feature in sorted(lacking):
            policy = self._by_feature.get(feature, self._rest)
            if policy == "raise" or feature not in _DROPPABLE:
                raise unsupported(feature, transport)
            if policy == "warn":
                _log.warning("%s cannot express %s; it was left out", transport, feature)
        nothing: dict[str, Any] = dict.fromkeys(lacking)
        return message.replace(**nothing)


def unsupported(feature: str, transport: Transport) -> Unsupported:
    """Return the error for one feature."""
    return Unsupported(
        f"The transport {transport} cannot express {feature} ({features.DESCRIPTIONS.get(feature, 'unknown')}).",
        feature=feature,
        field=feature,
        transport=str(transport),
        hints=[f"Leave {feature} out, choose a transport that has it (mailbridge plugins), or set unsupported to drop."]
        if feature in _DROPPABLE
        else [f"Leave {feature} out, or choose a transport that has it (mailbridge plugins)."],
    )
