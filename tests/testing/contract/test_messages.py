"""The corpus has something of everything that messages can say."""

from __future__ import annotations

import pytest

from mailbridge.message import features
from mailbridge.message.message import Message
from mailbridge.message.mime import render
from mailbridge.testing.contract.messages import ORDINARY, corpus
from mailbridge.testing.contract.rehearsal import stamped

CORPUS = corpus()


def test_there_are_more_than_sixty_messages() -> None:
    assert len(CORPUS) > 60
    assert all(name == name.lower().replace(" ", "-") for name in CORPUS)


def test_it_is_the_same_each_time() -> None:
    corpus.cache_clear()
    again = corpus()
    assert list(again) == list(CORPUS)
    assert {name: message.to_json() for name, message in again.items()} == {
        name: message.to_json() for name, message in CORPUS.items()
    }


def test_no_message_stands_there_twice() -> None:
    assert len({message.to_json() for message in CORPUS.values()}) == len(CORPUS)


@pytest.mark.parametrize("feature", sorted(features.ALL - {"provider_options", "8bitmime", "multiple_from"}))
def test_every_feature_is_used_by_a_message_that_uses_no_other(feature: str) -> None:
    aside = {"html", "envelope"}  # an AMP form alone is nothing that anybody sends, and reports are asked of envelopes
    assert any(message.features - aside <= {feature} <= message.features for message in CORPUS.values())


def test_several_authors_have_a_sender() -> None:
    assert CORPUS["from-several"].features == {"multiple_from", "sender"}


def test_ordinary_messages_use_nothing_but_html() -> None:
    assert ORDINARY <= CORPUS.keys()
    assert frozenset().union(*(CORPUS[name].features for name in ORDINARY)) == {"html"}


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_an_ordinary_message_can_be_sent_by_mail(name: str) -> None:
    assert bytes(render(stamped(name, CORPUS[name])))


@pytest.mark.parametrize("name", CORPUS)
def test_a_message_survives_storing(name: str) -> None:
    assert Message.from_json(CORPUS[name].to_json()) == CORPUS[name]


def test_a_service_may_name_its_template() -> None:
    named = corpus("tem_1")
    assert {message.template.id for message in named.values() if message.template} == {"tem_1"}
    assert named["template-version"].template.version == "2"  # type: ignore[union-attr]
    assert named["text"] == CORPUS["text"]
