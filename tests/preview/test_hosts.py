"""Who is answered."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from mailbridge.preview import Catalogue, application
from mailbridge.preview.hosts import Doorkeeper


async def _nobody(*_: object) -> None:
    raise AssertionError("nobody is asked")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8026", "127.9.9.9:1", "localhost", "LOCALHOST:80", "localhost.", "[::1]", "[::1]:8026"],
)
def test_loopback_by_any_name_is_known(host: str) -> None:
    assert Doorkeeper(_nobody).knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:8026", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.0.0.1@evil.example", "192.168.0.7", "[::2]", "[fe80::1]", "localhost:8026:80", "localhost:", "local host",
        "[127.0.0.1", "0x7f.1", "\x00",
    ],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    assert not Doorkeeper(_nobody).knows(host)


def test_names_can_be_added_and_addresses_let_in() -> None:
    keeper = Doorkeeper(_nobody, names=["Dev.Example"], addresses=True)
    assert keeper.knows("dev.example:8026")
    assert keeper.knows("192.168.0.7")
    assert keeper.knows("[fe80::1]:8026")
    assert not keeper.knows("evil.example")


def test_a_name_that_was_bent_here_gets_no_page(catalogue: Catalogue) -> None:
    answer = TestClient(application(catalogue), base_url="http://evil.example:8026").get("/")
    assert answer.status_code == 421
    assert "Welcome" not in answer.text
    assert "--allow-host" in answer.text
    allowed = TestClient(application(catalogue, names=["evil.example"]), base_url="http://evil.example:8026")
    assert allowed.get("/").status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "no-cors", 403),
        ("cross-site", "cors", 403),
        ("same-site", "cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ],
)
def test_pages_elsewhere_may_link_here_and_no_more(client: TestClient, site: str, mode: str, status: int) -> None:
    asked = client.get("/", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})
    assert asked.status_code == status


def test_an_address_can_be_a_name_of_its_own_while_others_are_not_let_in() -> None:
    keeper = Doorkeeper(_nobody, names=["192.168.0.7", "[fe80::1]"])
    assert keeper.knows("192.168.0.7:8026")
    assert keeper.knows("[fe80::1]:8026")
    assert not keeper.knows("192.168.0.8:8026")
