"""HTTP for threads: one pool of connections for all requests with the same options."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from mailbridge.drivers.http.engine import engine
from mailbridge.drivers.http.exchange import Body, explained, prepared
from mailbridge.drivers.http.network import deadline
from mailbridge.drivers.http.pools import Pool
from mailbridge.drivers.names import Resolver
from mailbridge.flow.http import Http, HttpResponse


class SyncHttp:
    """Exchanges requests for responses, for any number of threads."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._pools: dict[Any, Pool] = {}
        self._making = threading.Lock()
        self._process = os.getpid()

    def exchange(self, op: Http) -> HttpResponse:
        """Perform one exchange. Raises what `Http` says."""
        if self._process != os.getpid():  # forked off: the connections are the parent's
            self._process, self._pools, self._making = os.getpid(), {}, threading.Lock()
        pool = self._pools.get(op.options.key) or self._made(op)
        token = deadline.set(time.monotonic() + op.options.total)
        try:
            return self._exchanged(pool, op)
        finally:
            deadline.reset(token)

    def close(self) -> None:
        """Close every connection; not those of the process that this one was forked off."""
        if self._process != os.getpid():
            return
        with self._making:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _exchanged(self, pool: Pool, op: Http) -> HttpResponse:
        try:
            response = pool.handle_request(prepared(op.request, op.options))
        except (engine.HTTPError, engine.InvalidURL) as error:
            raise explained(error, op) from error
        body = Body(response)
        stream: Any = response.stream
        try:
            for chunk in stream:
                if not body.add(chunk):
                    break
            else:
                body.ended()
        except engine.HTTPError:
            pass  # what has come is returned as incomplete, for whether it was accepted depends on the status
        finally:
            stream.close()
        return body.response()

    def _made(self, op: Http) -> Pool:
        with self._making:  # two pools would be twice the connections
            pool = self._pools.get(op.options.key)
            if pool is None:
                pool = self._pools[op.options.key] = Pool(op.options, self._resolver)
            return pool
