"""Keeps what one test does to `logging` from the next."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_loggers() -> Iterator[None]:
    """Give every logger its level, its handlers and its propagation back; one that is new gets those of a new one."""
    before = {name: _state(logger) for name, logger in _all().items()}
    fresh = _state(logging.Logger(""))
    yield
    for name, logger in _all().items():
        logger.level, logger.disabled, logger.propagate, handlers = before.get(name, fresh)
        logger.handlers[:] = handlers
    logging.getLogger().setLevel(logging.getLogger().level)  # forgets which levels were enabled


def _all() -> dict[str, logging.Logger]:
    known = logging.root.manager.loggerDict.items()
    return {"": logging.getLogger()} | {name: each for name, each in known if isinstance(each, logging.Logger)}


def _state(logger: logging.Logger) -> tuple[int, bool, bool, list[logging.Handler]]:
    return logger.level, logger.disabled, logger.propagate, list(logger.handlers)
