"""`Limits`: how much a provider takes of one message, looked at before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.flow.http import encoded_json
from mailbridge.message import features
from mailbridge.message.copies import is_merge
from mailbridge.message.message import Message

COUNTED = ("to", "cc", "bcc", "reply_to", "attachments", "headers", "tags")
"""The fields whose entries a provider may limit, by the name of the field; `metadata` is another."""

NAMES = frozenset({
    *COUNTED, "recipients", "bytes", "batch", "batch_recipients", "batch_bytes", "subject_length", "tag_length",
    "metadata", "metadata_bytes", "metadata_name_length", "metadata_value_length",
})  # fmt: skip
"""The limits that are known here; lengths are in characters."""


class Limits:
    """The numbers of a provider's record, with those of the settings before them; 0 means any number.

    Args:
        numbers: `plugin.limits`.
        settings: `max_recipients` goes before the record; `check_limits` switches the others off.
        shown: the transport, as errors name it.
    """

    def __init__(self, numbers: Mapping[str, int], settings: Any, shown: str) -> None:
        self.recipients: int = settings.max_recipients or numbers.get("recipients", 0)
        self._shown = shown
        checked = numbers if settings.check_limits else {}
        self._counts = [(field, checked[field]) for field in COUNTED if checked.get(field)]
        self._subject = checked.get("subject_length", 0)
        self._tag = checked.get("tag_length", 0)
        self._metadata = [(name, checked[name]) for name in _MEASURES if checked.get(name)]

    def check(self, message: Message) -> None:
        """Raise MessageInvalid naming the field of which there is too much.

        Where the field is a feature it is Unsupported, for another transport may take more of it.
        """
        fields = message.__dict__
        private = is_merge(message)
        if self.recipients:
            count = 1 + len(message.cc) + len(message.bcc) if private else len(message.envelope.recipients)
            if count > self.recipients:
                raise self._too_many(count)
        for field, limit in self._counts:
            if field in fields and len(fields[field]) > limit and not (private and field == "to"):
                raise self._excess(field, f"{limit} at most", f"this message has {len(fields[field])}")
        if self._subject and len(message.subject) > self._subject:
            raise self._excess("subject", f"subjects of {self._subject} characters", f"this has {len(message.subject)}")
        if self._tag and "tags" in fields and (length := max(map(len, message.tags), default=0)) > self._tag:
            raise self._excess("tags", f"tags of {self._tag} characters", f"one has {length}")
        if self._metadata and ("metadata" in fields or "merge_metadata" in fields):
            self._check_metadata(message)

    def check_call(self, octets: int, limit: int) -> None:
        """Raise MessageInvalid if a call of this size is too large."""
        if 0 < limit < octets:
            raise MessageInvalid(
                f"{self._shown} takes {limit} octets at most, this call has {octets}.",
                field="attachments",
                transport=self._shown,
                hints=["Send fewer or smaller files; if your account may send more, set max_bytes."],
            )

    def _check_metadata(self, message: Message) -> None:
        """Check the metadata as each recipient's copy has it."""
        shared = message.metadata
        for data in [{**shared, **own} for own in message.merge_metadata.values()] or [shared]:
            for name, limit in self._metadata:
                measure, takes = _MEASURES[name]
                if (found := measure(data)) > limit:
                    raise self._excess("metadata", takes.format(limit), f"this has {found}")

    def _excess(self, field: str, takes: str, found: str) -> MessageInvalid:
        details: dict[str, Any] = {
            "field": field,
            "transport": self._shown,
            "hints": ["Give less; if the provider takes more by now, set check_limits to false and let it judge."],
        }
        text = f"{field}: {self._shown} takes {takes}; {found}."
        return Unsupported(text, feature=field, **details) if field in features.ALL else MessageInvalid(text, **details)

    def _too_many(self, count: int) -> MessageInvalid:
        return MessageInvalid(
            f"{self._shown} takes {self.recipients} recipients a message at most, this one has {count}.",
            field="to",
            transport=self._shown,
            hints=[
                "Send several messages, or one with merge_data, of which everybody gets a private copy; "
                "if your account may have more, set max_recipients."
            ],
        )


_MEASURES: dict[str, tuple[Callable[[Mapping[str, Any]], int], str]] = {
    "metadata": (len, "{} at most"),
    "metadata_bytes": (lambda data: len(encoded_json(data)), "{} octets of it as JSON"),
    "metadata_name_length": (lambda data: max(map(len, data), default=0), "names of {} characters"),
    "metadata_value_length": (
        lambda data: max((len(str(value)) for value in data.values()), default=0),
        "values of {} characters",
    ),
}
