"""A feature that a transport lacks is refused; it is left out only where the same message arrives all the same."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from support.members import FakeTransport, message

from mailbridge.errors import ConfigError, Unsupported
from mailbridge.message import features
from mailbridge.sending.unsupported import Unsupporting

PLAIN = FakeTransport()
TAGGED = message(tags=["spring"], metadata={"order": 7})


def test_a_message_that_the_transport_can_express_stays_as_it_is() -> None:
    assert Unsupporting().fitted(TAGGED, FakeTransport(features={"tags", "metadata"})) is TAGGED


def test_a_lacking_feature_is_refused_by_its_name_with_what_to_do() -> None:
    with pytest.raises(
        Unsupported, match=r"fake://a cannot express metadata \(data that events bring back\)"
    ) as caught:
        Unsupporting().fitted(TAGGED, PLAIN)
    assert (caught.value.feature, caught.value.field) == ("metadata", "metadata")
    assert "set unsupported to drop" in caught.value.hints[0]


def test_a_feature_may_be_left_out_silently(caplog: pytest.LogCaptureFixture) -> None:
    fitted = Unsupporting("drop").fitted(TAGGED, PLAIN)
    assert (fitted.tags, fitted.metadata, fitted.subject) == ((), {}, "m")
    assert caplog.records == []


def test_a_feature_may_be_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mailbridge"):
        Unsupporting({"tags": "warn", "*": "drop"}).fitted(TAGGED, PLAIN)
    assert [record.getMessage() for record in caplog.records] == ["fake://a cannot express tags; it was left out"]


def test_a_feature_that_is_not_named_is_refused() -> None:
    with pytest.raises(Unsupported, match="metadata"):
        Unsupporting({"tags": "drop"}).fitted(TAGGED, PLAIN)


@pytest.mark.parametrize(
    "fields",
    [{"html": "<b>Hi</b>"}, {"headers": {"X-A": "1"}}, {"require_tls": True}, {"template": "welcome"}],
    ids=lambda fields: next(iter(fields)),
)
def test_content_is_never_left_out(fields: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as caught:
        Unsupporting("drop").fitted(message(**fields), PLAIN)
    assert "drop" not in caught.value.hints[0]


def test_what_is_only_advice_is_nobodys_lack() -> None:
    advised = message(idempotency_key="1", provider_options={"acme": {"a": 1}})
    assert advised.features == features.ADVISORY
    assert Unsupporting().fitted(advised, PLAIN) is advised


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        pytest.param("rase", "unsupported must be raise, warn or drop, not 'rase'", id="a misspelt word"),
        pytest.param({"tags": "ignore"}, "unsupported must be raise, warn or drop, not 'ignore'", id="of one feature"),
        pytest.param({"tag": "drop"}, "there is no feature tag; did you mean tags?", id="a misspelt feature"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(policy: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Unsupporting(policy)
    assert said in str(caught.value)
