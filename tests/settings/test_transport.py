"""A DSN or named values fill a transport's settings; every problem is told at once, without values."""

from __future__ import annotations

import pickle
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field, SecretStr, field_validator

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.secret import Secret
from mailbridge.settings import TransportSettings

CANARY = "c4n4ry"


class Region(StrEnum):
    EU = "eu"
    US = "us"


class ServerSettings(TransportSettings):
    host: str = "localhost"
    port: int = Field(0, ge=0, le=65535)
    user: str = ""
    password: Secret | None = None
    path: Path | None = None
    protocol: Literal["a", "b"] = "a"
    scheme_field: ClassVar = "protocol"


class KeySettings(TransportSettings):
    dsn_parts: ClassVar = {"user": "api_key"}
    insecure_values: ClassVar = {"verify": False, "tls": "off"}

    api_key: Secret
    other_key: SecretStr | None = None
    timeout: float = Field(30.0, gt=0)
    attempts: int = Field(3, ge=1, lt=10)
    verify: bool = True
    tls: Literal["auto", "off"] = "auto"
    region: Region = Region.EU
    tags: tuple[str, ...] = ()
    numbers: list[int] | None = None
    wait: int | bool = 1
    stream: str = Field("", alias="message_stream", max_length=5, pattern="^[a-z]*$")
    table: dict[str, int] = Field({})
    even: int = 0

    @field_validator("even")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value

    @field_validator("other_key")
    @classmethod
    def _is_long(cls, value: SecretStr) -> SecretStr:
        raise ValueError(f"is not {value.get_secret_value()}")


def of(text: str, kind: type[TransportSettings] = KeySettings) -> Any:
    return kind.from_dsn(Dsn.parse(text))


def problem(text: str, kind: type[TransportSettings] = KeySettings) -> str:
    with pytest.raises(ConfigError) as caught:
        of(text, kind)
    return str(caught.value)


def test_the_parts_of_a_dsn_fill_the_fields_of_their_names() -> None:
    made = of("b://ann:pw@mail.example.com:25/run/socket", ServerSettings)
    assert (made.user, made.password.reveal(), made.host, made.port) == ("ann", "pw", "mail.example.com", 25)
    assert made.path == Path("/run/socket")
    assert made.protocol == "b"


def test_what_a_dsn_leaves_out_stays_at_its_default() -> None:
    assert of("a://", ServerSettings) == ServerSettings()
    assert of("a://default", ServerSettings).host == "localhost"


def test_a_host_may_have_the_name_of_the_scheme() -> None:
    assert of("a://a", ServerSettings).host == "a"


def test_the_scheme_tells_fields_too() -> None:
    assert ServerSettings.from_fields({"host": "h"}, scheme="b").protocol == "b"
    assert "repeats the scheme of the DSN" in problem("b://h?protocol=a", ServerSettings)


def test_the_user_may_be_a_key_under_another_name() -> None:
    assert of(f"key://{CANARY}@default").api_key.reveal() == CANARY
    assert of(f"key://?api_key={CANARY}").api_key.reveal() == CANARY


def test_a_transport_without_a_host_may_repeat_its_name() -> None:
    assert of("key://K@key").api_key.reveal() == "K"


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        ("timeout=5", "timeout", 5.0),
        ("attempts=5", "attempts", 5),
        ("verify=false", "verify", False),
        ("verify=no", "verify", False),
        ("verify=1", "verify", True),
        ("region=us", "region", Region.US),
        ("tags=a,b%20c", "tags", ("a", "b", "c")),
        ("tags=", "tags", ()),
        ("numbers=1,2", "numbers", [1, 2]),
        ("message_stream=bulk", "stream", "bulk"),
        ("stream=bulk", "stream", "bulk"),
    ],
)
def test_options_become_values_of_the_right_type(option: str, field: str, value: object) -> None:
    assert getattr(of(f"key://K@default?{option}"), field) == value


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("timeot=5", "the option timeot is unknown; did you mean timeout?"),
        ("streem=a", "the option streem is unknown; did you mean stream?"),
        ("zzz=5", "the option zzz is unknown"),
        ("timeout=5s", "the option timeout must be a number"),
        ("timeout=nan", "the option timeout must be a finite number"),
        ("timeout=0", "the option timeout must be greater than 0"),
        ("attempts=many", "the option attempts must be a whole number"),
        ("attempts=1.5", "the option attempts must be a whole number"),
        ("attempts=0", "the option attempts must be at least 1"),
        ("attempts=10", "the option attempts must be less than 10"),
        ("verify=perhaps", "the option verify must be true or false"),
        ("tls=on", "the option tls must be 'auto' or 'off'"),
        ("region=mars", "the option region must be 'eu' or 'us'"),
        ("numbers=1,x", "the option numbers must be a whole number"),
        ("wait=soon", "the option wait must be a whole number or true or false"),
        ("stream=abcdef", "the option stream must be at most 5 characters long"),
        ("stream=A", "the option stream must be of the form ^[a-z]*$"),
        ("table=x", "the option table must be a table"),
        ("even=3", "the option even: must be even"),
        ("api_key=x", "the option api_key repeats the user of the DSN"),
    ],
)
def test_each_problem_names_the_option_and_what_it_should_be(option: str, said: str) -> None:
    assert said in problem(f"key://K@default?{option}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key://", "api_key (the user of the DSN) is missing"),
        ("key://K:pw@default", "key:// takes no password"),
        ("key://K@mail.example.com", "key:// takes no host"),
        ("key://K@default:25", "key:// takes no port"),
        ("key://K@default/x", "key:// takes no path"),
    ],
)
def test_each_part_of_the_dsn_that_is_wrong_is_named(text: str, said: str) -> None:
    assert said in problem(text)


def test_a_path_that_lacks_its_slash_is_recognised_and_not_quoted() -> None:
    class PlaceSettings(TransportSettings):
        path: Path

    said = problem("place://c4n4ry/x", PlaceSettings)
    assert "an absolute path begins with a third slash, a relative one is written place://?path=…" in said
    assert "c4n4ry" not in said


def test_all_problems_are_told_at_once() -> None:
    said = problem("key://h:25?timeout=x&verify=x&tagz=a")
    assert "6 problems" in said
    assert [said.count(part) for part in ("api_key", "host", "port", "timeout", "verify", "tagz")] == [1] * 6


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize(
    "text",
    [
        f"key://{CANARY}",
        f"key://{CANARY}@default?timeout=x",
        f"key://K@default?other_key={CANARY}",
        f"key://{CANARY}:{CANARY}@default?api_key={CANARY}&password={CANARY}",
        f"key://K@default?timeout={CANARY}&tls={CANARY}&stream={CANARY}",
    ],
)
def test_no_problem_is_told_with_the_value(text: str) -> None:
    assert CANARY not in problem(text)


@pytest.mark.catalogue("A30")
def test_settings_print_and_dump_without_secrets_and_are_not_pickled() -> None:
    made = of(f"a://ann:{CANARY}@h", ServerSettings)
    assert CANARY not in f"{made!r} {made} {made.model_dump()} {made.model_dump_json()} {vars(made)}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(made)


def test_fields_are_told_by_the_name_of_the_setting() -> None:
    with pytest.raises(ConfigError) as caught:
        KeySettings.from_fields({"timeout": "x", "tagz": 1, "api_key": 5}, where="mailers.bulk")
    said = str(caught.value)
    assert "mailers.bulk.timeout must be a number" in said
    assert "mailers.bulk.tagz is unknown; did you mean tags?" in said
    assert "mailers.bulk.api_key must be text" in said


@pytest.mark.catalogue("A10")
@pytest.mark.parametrize("field", ["host", "user", "password", "path"])
@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "a\x00", "a\x7f", "a\u2028b"])
def test_no_named_value_smuggles_a_line_break_into_a_protocol(field: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"bulk.{field} contains a control character"):
        ServerSettings.from_fields({field: value}, where="bulk")


@pytest.mark.catalogue("A10")
def test_a_key_with_a_line_break_is_refused_under_its_own_name() -> None:
    with pytest.raises(ConfigError, match="api_key contains a control character") as caught:
        KeySettings.from_fields({"api_key": f"{CANARY}\n"})
    assert CANARY not in str(caught.value)


def test_values_that_give_up_protection_are_known() -> None:
    assert of("key://K@default").insecure == ()
    assert of("key://K@default?verify=no&tls=off").insecure == ("verify", "tls")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        of("key://K@default").timeout = 1
