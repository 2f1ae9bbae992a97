"""Options of one provider are typed, and a mistake in them is named."""

from __future__ import annotations

from typing import Literal

import pytest
from support.stage import Stage

from mailbridge import Message
from mailbridge.errors import MessageInvalid
from mailbridge.sending.http.options import ProviderOptions


class AcmeOptions(ProviderOptions):
    pool: str | None = None
    speed: Literal["slow", "fast"] = "slow"
    copies: int = 1


def test_what_is_not_given_is_as_declared() -> None:
    for nothing in (None, {}):
        assert AcmeOptions.read(nothing, "acme") == AcmeOptions(pool=None, speed="slow", copies=1)


def test_what_is_given_is_read() -> None:
    assert AcmeOptions.read({"pool": "bulk", "speed": "fast"}, "acme").speed == "fast"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pol": "bulk"}, "provider_options.acme.pol is unknown; did you mean pool?"),
        ({"speed": "medium"}, "provider_options.acme.speed must be 'slow' or 'fast'"),
        ({"copies": "many"}, "provider_options.acme.copies must be a whole number"),
        ({"copies": float("nan")}, "provider_options.acme.copies must be"),
    ],
    ids=["unknown", "another word", "another type", "no number"],
)
def test_a_mistake_is_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(MessageInvalid) as caught:
        AcmeOptions.read(given, "acme")
    assert said in caught.value.text
    assert caught.value.field == "provider_options.acme"


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(MessageInvalid, match=r"copies must be.*; .*pol is unknown; did you mean pool\?$"):
        AcmeOptions.read({"pol": "bulk", "copies": "many"}, "acme")


@pytest.mark.parametrize(
    "dsn",
    ["mailtrap://0f1e2d3c4b5a69788796a5b4c3d2e1f0@default", "smtp2go://api-CA0A5401234567890ABCDEF012345678@default"],
)
def test_options_for_a_transport_that_has_none_are_refused_before_anything_is_sent(dsn: str) -> None:
    stage = Stage(dsn, lambda request: pytest.fail("nothing may be sent"))
    name = dsn.partition(":")[0]
    given = Message(
        from_="a@example.com", to="b@example.org", subject="Hi", text="Hello", provider_options={name: {"pool": "x"}}
    )
    for outcome in (stage.send(given), *stage.send_many([given])):
        assert isinstance(outcome, MessageInvalid)
        assert outcome.field == f"provider_options.{name}"
