"""`Loss`: why a message cannot be taken apart without losing something."""


class Loss(Exception):
    """Say what the fields of `Message` cannot express; the message is then kept as bytes."""
