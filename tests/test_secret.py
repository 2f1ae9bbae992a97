"""A Secret is text that never prints."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from pydantic import BaseModel, ValidationError

from mailbridge.secret import Secret, names_a_secret

CANARY = "canary-5e2d"


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize(
    "shown",
    [
        str(Secret(CANARY)),
        repr(Secret(CANARY)),
        f"{Secret(CANARY):>40}",
        f"{Secret(CANARY)!s}{Secret(CANARY)!r}",
        "{}".format(Secret(CANARY)),  # noqa: UP032 -- one of the ways
        repr([Secret(CANARY)]),
        repr({"password": Secret(CANARY)}),
        ascii(Secret(CANARY)),
    ],
)
def test_every_way_to_print_a_secret_shows_asterisks(shown: str) -> None:
    assert CANARY not in shown
    assert "********" in shown


@pytest.mark.catalogue("A30")
def test_a_secret_has_no_variables_to_look_into() -> None:
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(CANARY), protocol)


def test_a_secret_gives_itself_up_to_reveal_alone() -> None:
    assert Secret(CANARY).reveal() == CANARY
    assert Secret(Secret(CANARY)).reveal() == CANARY


def test_a_copy_is_the_secret_itself() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"in": [secret]})["in"][0] is secret


def test_equal_secrets_are_equal_keys() -> None:
    assert {Secret("a"): 1}[Secret("a")] == 1
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_a_secret_is_frozen_and_as_true_as_its_text() -> None:
    with pytest.raises(AttributeError):
        Secret("a")._text = "b"
    assert Secret("a")
    assert not Secret("")


class Model(BaseModel):
    key: Secret


def test_a_model_takes_text_for_a_secret_and_dumps_asterisks() -> None:
    model = Model.model_validate({"key": CANARY})
    assert model.key.reveal() == CANARY
    assert json.loads(model.model_dump_json()) == {"key": "********"}
    assert CANARY not in repr(model) + repr(model.model_dump())
    assert Model.model_json_schema()["properties"]["key"]["format"] == "password"


def test_a_model_takes_pydantics_own_secret() -> None:
    from pydantic import SecretStr

    assert Model.model_validate({"key": SecretStr(CANARY)}).key.reveal() == CANARY


def test_a_number_is_no_secret() -> None:
    with pytest.raises(ValidationError, match="valid string"):
        Model.model_validate({"key": 12345})


@pytest.mark.parametrize("name", ["password", "api_key", "oauthToken", "webhook_signature", "client_secret", "PASSWD"])
def test_names_of_secrets_are_known_by_their_words(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ["timeout", "host", "user", "tls", "auth", "region"])
def test_other_names_are_not_taken_for_secrets(name: str) -> None:
    assert not names_a_secret(name)
