"""Flows: what decides without doing. The operations a flow may ask for; nothing here does I/O."""
