"""`templates()`: those in the folder that the settings name."""

from __future__ import annotations

from functools import lru_cache

from mailbridge.content import Templates
from mailbridge.errors import ConfigError
from mailbridge.settings.model import Settings


@lru_cache(maxsize=1)
def templates() -> Templates:
    """Return the templates of the settings, which are read once in a process. Raises ConfigError."""
    folder = Settings.load(needs_mailer=False).templates
    if folder is None:
        raise ConfigError(
            "No folder of templates is configured.",
            hints=["Set MAILBRIDGE_TEMPLATES, or templates in mailbridge.toml; or pass templates=Templates(…)."],
        )
    return Templates(folder)
