"""The command line: one command, one file; heavy imports happen inside the command that needs them."""

from mailbridge.cli.program import group, main

__all__ = ["group", "main"]
