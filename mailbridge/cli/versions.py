"""Which versions are at work: for `--version` and for the text of a test message."""

from __future__ import annotations


def versions() -> dict[str, str]:
    """Return versions by name."""
    import platform

    from mailbridge import __version__

    return {"mailbridge": __version__, "Python": platform.python_version(), platform.system(): platform.release()}
