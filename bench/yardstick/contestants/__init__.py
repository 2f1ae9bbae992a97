"""Who takes part, one module a library.

A contestant written in Python is a context manager, sync or async, that is given a `Job`, does its imports and
opens its connections, and yields `run(count)`: only that is timed. It builds each message through its own API
inside `run`, and fails if a message was not accepted.
"""
