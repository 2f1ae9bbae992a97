"""What the SES transport can be told, and which mistakes it recognises."""

from __future__ import annotations

import pytest
from support.aws import KEY, SECRET

from mailbridge import Mailer
from mailbridge.errors import ConfigError
from mailbridge.transports.smtp.presets.ses import smtp_password

ENCODED = SECRET.replace("/", "%2F")
ASIA = "ASIAIOSFODNN7EXAMPLE"


def transport(target: object) -> object:
    return Mailer(target).transport()  # type: ignore[arg-type]


def test_a_dsn_has_key_secret_and_region() -> None:
    made = transport(f"ses://{KEY}:{ENCODED}@eu-west-1")
    assert (str(made), made.base_url) == ("ses://eu-west-1", "https://email.eu-west-1.amazonaws.com")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("dsn", "address"),
    [
        (f"ses://{KEY}:{ENCODED}@us-gov-west-1?fips=true", "https://email-fips.us-gov-west-1.amazonaws.com"),
        (f"ses://{KEY}:{ENCODED}@default?region=eu-central-1", "https://email.eu-central-1.amazonaws.com"),
        (f"ses://{KEY}:{ENCODED}@eu-west-1?base_url=http://127.0.0.1:8105/", "http://127.0.0.1:8105"),
        (f"ses://{ASIA}:{ENCODED}@eu-west-1?session_token=abc", "https://email.eu-west-1.amazonaws.com"),
        ("ses://eu-west-1", "https://email.eu-west-1.amazonaws.com"),
        ("ses://ap-southeast-7?profile=prod", "https://email.ap-southeast-7.amazonaws.com"),
    ],
)
def test_the_address_follows_from_the_settings(dsn: str, address: str) -> None:
    assert transport(dsn).base_url == address  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("dsn", "complaint"),
    [
        (f"ses://{KEY}@eu-west-1", "belong together"),
        (f"ses://:{ENCODED}@eu-west-1", "belong together"),
        ("ses://eu-west-1?session_token=abc", "session_token belongs to an access_key_id"),
        (f"ses://{KEY}:{ENCODED}@eu-west-1?profile=prod", "keep one of the two"),
        (f"ses://{ENCODED}:{KEY}@eu-west-1", "exchanged"),
        (f"ses://{ASIA}:{ENCODED}@eu-west-1", "needs its session_token"),
        (f"ses://{KEY}:{ENCODED}@eu-west-1a", "is an availability zone; the region is eu-west-1"),
        (f"ses://{KEY}:{ENCODED}@email.eu-west-1.amazonaws.com", "must be the name of a region"),
        (f"ses://{KEY}:{ENCODED}@eu-west-1?tag_name=my%20tag", "tag_name: must be 1 to 256 ASCII letters"),
        (f"ses://{KEY}:{ENCODED}@eu-west-1/path", "takes no path"),
        (f"ses://{KEY}:{ENCODED}@eu-west-1?regoin=x", "the option regoin is unknown"),
    ],
)
def test_a_mistake_is_said_and_the_secret_is_not(dsn: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        transport(dsn)
    assert complaint in str(caught.value)
    assert SECRET not in str(caught.value)
    assert ENCODED not in str(caught.value)


def test_an_smtp_password_in_place_of_the_secret_is_recognised() -> None:
    table = {"transport": "ses", "access_key_id": KEY, "region": "eu-west-1"}
    with pytest.raises(ConfigError, match="is an SMTP password of SES"):
        transport({**table, "secret_access_key": smtp_password(SECRET, "eu-west-1")})


def test_a_key_in_place_of_the_region_is_not_quoted() -> None:
    with pytest.raises(ConfigError) as caught:
        transport(f"ses://{KEY}")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("secret", ["x", "test", SECRET, "a" * 44])
def test_keys_of_emulators_are_taken(secret: str) -> None:
    transport({"transport": "ses", "access_key_id": "test", "secret_access_key": secret, "region": "eu-west-1"})


def test_the_limit_is_one_of_the_message_and_not_of_the_call() -> None:
    made = transport(f"ses://{KEY}:{ENCODED}@eu-west-1")
    assert made.max_bytes > 40_000_000 * 4 // 3  # type: ignore[attr-defined]
    assert transport(f"ses://{KEY}:{ENCODED}@eu-west-1?max_bytes=1000").max_bytes == 1000  # type: ignore[attr-defined]
