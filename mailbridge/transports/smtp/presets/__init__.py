"""Providers' SMTP doors, by name: `sendgrid+smtp://KEY@default`.

A preset is data: host, ports, how to log in, and which headers say what SMTP cannot. `table` has them
all; nothing here is particular to one of them but the password of SES.
"""

from __future__ import annotations

from mailbridge.extend import Plugin, features
from mailbridge.transports.smtp.presets.preset import Preset
from mailbridge.transports.smtp.presets.table import PRESETS

_SETTINGS = {
    False: "mailbridge.transports.smtp.presets.settings:PresetSettings",
    True: "mailbridge.transports.smtp.presets.oauth:OAuthPresetSettings",
}
"""By whether there are OAuth 2 logins for it."""


def _plugin(preset: Preset) -> Plugin:
    return Plugin(
        name=preset.scheme,
        schemes=(preset.scheme,),
        settings=_SETTINGS[preset.oauth],
        transport="mailbridge.transports.smtp.presets.transport:PresetTransport",
        summary=f"{preset.title} by SMTP.",
        example=preset.example,
        features=features.SMTP | preset.rules.keys(),
        limits=preset.limits,
        docs="docs/transports/smtp-presets.md",
    )


plugins = {scheme: _plugin(preset) for scheme, preset in PRESETS.items()}
"""The records, by scheme."""
