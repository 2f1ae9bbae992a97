"""HTTP for threads: one pool of connections for all requests to one server with the same options."""

from __future__ import annotations

import os
import threading
from typing import Any
from urllib.parse import urlsplit

from mailbridge.drivers.http.body import Body
from mailbridge.drivers.http.exchange import FAILURES, explained, prepared
from mailbridge.drivers.http.pools import Pool
from mailbridge.drivers.http.progress import Progress, progress
from mailbridge.drivers.names import Resolver
from mailbridge.errors import MailError
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
        pool = self._pool(op)
        exchange = Progress(op.options.total)
        token = progress.set(exchange)
        try:
            answer = _answer(pool, op, exchange)
        finally:
            progress.reset(token)
        if isinstance(answer, MailError):
            raise answer
        return answer

    def close(self) -> None:
        """Close every connection; not those of the process that this one was forked off."""
        if self._process != os.getpid():
            return
        with self._making:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _pool(self, op: Http) -> Pool:
        if self._process != os.getpid():
            self._renounce()
        url = urlsplit(op.request.url)
        key = (op.options.key, url.scheme, url.netloc)
        pool = self._pools.get(key)
        if pool is None:
            with self._making:  # two pools would be twice the connections
                pool = self._pools.get(key)
                if pool is None:
                    pool = self._pools[key] = Pool(op.options, self._resolver)
        return pool

    def _renounce(self) -> None:
        """Begin anew in a process that was forked off: the connections are the parent's, and so is the lock."""
        pools, self._pools = self._pools, {}
        self._process, self._making = os.getpid(), threading.Lock()
        for pool in pools.values():
            pool.renounce()


def _answer(pool: Pool, op: Http, exchange: Progress) -> HttpResponse | MailError:
    """Return the response or the error; raised here it would hold httpx's frames, with request and key."""
    body: Body | None = None
    try:
        response = pool.handle_request(prepared(op.request, op.options))
        stream: Any = response.stream
        body = Body(response)
        try:
            for chunk in stream:
                if not body.add(chunk):
                    break
            else:
                body.ended()
        finally:
            stream.close()
    except MailError as error:
        return error.with_traceback(None)
    except FAILURES as error:
        if body is None:
            return explained(error, op, exchange)
    return body.response()  # also incomplete: whether the message was accepted depends on the status
