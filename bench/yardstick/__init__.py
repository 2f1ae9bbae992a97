"""The yardstick: runs mail senders in turns against a sink that counts, and compares them.

The harness (everything but `contestants/` and `child.py`) needs only the standard library, Python >= 3.11 and
Linux. It never imports mailbridge or a peer: each run of a contestant is a process of its own.
"""
