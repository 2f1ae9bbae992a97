"""The plugin, installed as its users install it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mailbridge import ConfigError, Mailer, Message, ServerError, Unsupported
from mailbridge.plugins import Plugins

MESSAGE = Message(from_="shop@example.com", to=["ann@example.org"], subject="Hi", text="Hello")


@pytest.fixture
def station(tmp_path: Path) -> Path:
    (tmp_path / "sales").mkdir()
    return tmp_path


def test_it_is_found_by_its_scheme(station: Path) -> None:
    receipt = Mailer(f"tubes://sales@default?station={station}").send(MESSAGE)
    [capsule] = (station / "sales").iterdir()
    assert receipt.provider_ids == (capsule.stem,)
    assert b"\r\nSubject: Hi\r\n" in capsule.read_bytes()


def test_its_hook_acts_only_where_the_application_says_so(station: Path) -> None:
    stamped = []
    for plugins in (Plugins(), Plugins(enabled=["tubes"])):
        mailer = Mailer("memory://", plugins=plugins)
        mailer.send(MESSAGE)
        stamped.append(b"X-Acme-Stamp: paid" in mailer.transport().kept[0].mime)
    assert stamped == [False, True]


def test_a_full_tube_may_be_tried_again_and_a_missing_one_not(station: Path) -> None:
    mailer = Mailer(f"tubes://sales@default?station={station}&capsules=1")
    first, second = mailer.send_many([MESSAGE, MESSAGE])
    assert first.complete
    assert isinstance(second, ServerError)
    assert second.retryable
    with pytest.raises(ConfigError, match="Make the folder"):
        mailer.send(MESSAGE, dsn=f"tubes://legal@default?station={station}")


def test_what_it_cannot_express_is_refused(station: Path) -> None:
    with pytest.raises(Unsupported, match="template"):
        Mailer(f"tubes://sales@default?station={station}").send(MESSAGE.replace(template="welcome"))


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("tubes://default?station=/tmp", "department"),
        ("tubes://sales@default", "station"),
        ("tubes://sales@default?station=/tmp&capsules=0", "capsules must be at least 1"),
        ("tubes://sales@default?station=/tmp&capsule=5", "did you mean capsules"),
    ],
)
def test_each_wrong_setting_is_named(dsn: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Mailer(dsn)


def test_the_command_line_lists_it() -> None:
    done = subprocess.run([sys.executable, "-m", "mailbridge", "plugins", "--json"], capture_output=True, check=True)
    [row] = [row for row in json.loads(done.stdout)["plugins"] if row["name"] == "tubes"]
    assert (row["status"], row["schemes"], row["distribution"]) == ("installed", ["tubes"], "acme-tubes 1.0")
    assert (row["hooks"], row["active"]) == (["mailbridge_prepare", "mailbridge_providers"], False)
