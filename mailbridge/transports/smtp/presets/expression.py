"""From a message to one whose headers say, in a provider's way, what SMTP has no words for."""

from __future__ import annotations

from typing import Any

from mailbridge.extend import Message, Unsupported
from mailbridge.transports.smtp.presets.preset import Preset
from mailbridge.transports.smtp.presets.rules import document


def expressed(preset: Preset, message: Message) -> Message:
    """Return the message with the fields that `preset` has rules for turned into headers.

    Pure. Raises Unsupported, naming the field, for a value that its header cannot say, for a message in
    `raw`, whose headers are written, for a header that the message has already, and for options that are
    addressed to this provider, whose HTTP API alone knows them.
    """
    if addressed := {preset.name, preset.scheme} & message.provider_options.keys():
        raise _inexpressible(preset, "provider_options", f"those of {addressed.pop()} are for its HTTP API")
    told = [field for field in preset.rules if getattr(message, field) not in (None, (), {})]
    if not told:
        return message
    headers = dict[str, list[str]]()
    documents = dict[str, dict[str, Any]]()
    for field in told:
        try:
            if message.raw is not None:
                raise ValueError("the headers of raw are written already")
            _tell(preset, field, getattr(message, field), headers, documents)
        except ValueError as flaw:
            raise _inexpressible(preset, field, str(flaw)) from None
    try:
        headers |= {name: [document(parts)] for name, parts in documents.items()}
    except ValueError as flaw:
        raise _inexpressible(preset, told[0], str(flaw)) from None
    _refuse_repetition(preset, message, headers, told)
    pairs = [(name, value) for name, values in headers.items() for value in values]
    nothing: dict[str, Any] = dict.fromkeys(told)
    return message.replace(headers=[*message.headers, *pairs], **nothing)


def _tell(
    preset: Preset, field: str, value: Any, headers: dict[str, list[str]], documents: dict[str, dict[str, Any]]
) -> None:
    rule = preset.rules[field]
    if rule.part is not None:
        _merge(documents.setdefault(rule.header, {}), rule.part(value))
    elif rule.pairs is not None:
        shared = rule.header in headers  # by another field: one list, as X-MC-Track: clicks_all, opens
        for name, text in rule.pairs(value):
            if shared:
                headers[name] = [", ".join([*headers[name], text])]
            else:
                headers.setdefault(name, []).append(text)


def _merge(whole: dict[str, Any], part: dict[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            _merge(whole[key], value)
        else:
            whole[key] = value


def _refuse_repetition(preset: Preset, message: Message, headers: dict[str, list[str]], told: list[str]) -> None:
    own = {name.lower() for name, _ in message.headers}
    for name in headers:
        if name.lower() in own:
            raise _inexpressible(preset, told[0], f"headers has {name} already; say it in one of the two places")


def _inexpressible(preset: Preset, field: str, why: str) -> Unsupported:
    return Unsupported(
        f"{preset.title} cannot be told {field} over SMTP: {why}.",
        feature=field,
        field=field,
        hints=[f"Change {field}, or leave it out."],
    )
