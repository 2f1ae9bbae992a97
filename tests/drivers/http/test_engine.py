"""What we rely on in httpx, and what others rely on in us."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import respx
from support.http_engines import Engine, options, post
from support.http_peer import HttpPeer, answer

import mailbridge
from mailbridge.drivers.http.async_network import AsyncNetwork
from mailbridge.drivers.http.engine import core, engine
from mailbridge.drivers.http.network import Network
from mailbridge.drivers.http.pools import AsyncPool, Pool
from mailbridge.drivers.http.sync import SyncHttp
from mailbridge.drivers.names import resolve
from mailbridge.errors import ConfigError, ConnectFailed, MailError, OutcomeUnknown, TimedOut
from mailbridge.flow.http import Http


def test_the_one_private_name_that_we_replace_is_there() -> None:
    plain, awaited = engine.HTTPTransport(trust_env=False), engine.AsyncHTTPTransport(trust_env=False)
    assert isinstance(plain._pool, core.ConnectionPool)
    assert isinstance(awaited._pool, core.AsyncConnectionPool)
    assert isinstance(Pool(options(), resolve)._pool._network_backend, Network)
    assert isinstance(AsyncPool(options(), resolve)._pool.pool._network_backend, AsyncNetwork)
    assert isinstance(Pool(options(proxy="http://p.test:1"), resolve)._pool, core.HTTPProxy)
    assert isinstance(AsyncPool(options(proxy="http://p.test:1"), resolve)._pool.pool, core.AsyncHTTPProxy)


def test_only_one_module_names_httpx() -> None:
    package = Path(mailbridge.__file__).parent
    naming = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import httpx", "import httpcore", "from httpx", "from httpcore"))
    }
    assert naming == {"drivers/http/engine.py", "drivers/http/aiohttp_engine.py"}


def test_who_sends_by_smtp_loads_no_http() -> None:
    code = (
        "import sys; from mailbridge import Mailer, Message; "
        "m = Mailer('smtp://127.0.0.1:1'); e = None\n"
        "try: m.send(Message(from_='a@example.com', to='b@example.com', text='x'))\n"
        "except ConnectionError: pass\n"
        "assert not {'httpx', 'httpcore', 'aiohttp', 'anyio'} & sys.modules.keys(), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.fixture(params=["sync", "async"])
def mocked(request: pytest.FixtureRequest) -> Iterator[Engine]:
    made = Engine(request.param)
    yield made
    made.close()


def test_respx_answers_in_the_place_of_a_server(mocked: Engine) -> None:
    with respx.mock:
        respx.post("https://api.test/send").respond(202, json={"id": "x"}, headers={"X-Id": "y"})
        response = mocked.exchange(post("https://api.test/send"))
        assert (response.status, response.data, response.header("x-id")) == (202, {"id": "x"}, "y")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (engine.ConnectError, ConnectFailed),
        (engine.ConnectTimeout, TimedOut),
        (engine.PoolTimeout, TimedOut),
        (engine.ProxyError, ConnectFailed),
        (engine.ReadTimeout, OutcomeUnknown),
        (engine.WriteTimeout, OutcomeUnknown),
        (engine.ReadError, OutcomeUnknown),
        (engine.WriteError, OutcomeUnknown),
        (engine.RemoteProtocolError, OutcomeUnknown),
        (engine.LocalProtocolError, ConfigError),
        (engine.UnsupportedProtocol, ConfigError),
    ],
)
def test_failures_that_are_made_up_mean_what_real_ones_do(
    mocked: Engine, failure: type[Exception], kind: type[MailError]
) -> None:
    with respx.mock:
        respx.post("https://api.test/send").mock(side_effect=failure)
        with pytest.raises(MailError) as caught:
            mocked.exchange(post("https://api.test/send"))
    assert type(caught.value) is kind


def test_a_plain_send_inside_an_event_loop_works() -> None:
    async def inside(url: str) -> int:
        http = SyncHttp(resolve)
        try:
            return http.exchange(Http(post(url), options())).status
        finally:
            http.close()

    with HttpPeer([answer(202)]) as peer:
        assert asyncio.run(inside(peer.url)) == 202
