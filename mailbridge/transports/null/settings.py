"""The settings of the null transport."""

from mailbridge.extend import TransportSettings


class NullSettings(TransportSettings):
    """There is nothing to set."""
