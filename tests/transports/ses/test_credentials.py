"""Where credentials come from when the settings give none, and what is said when none are found."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.aws import KEY, SECRET, Amazon, Key
from support.colour import Colour, Sync
from support.http_peer import HttpPeer, Request, answer

from mailbridge import Mailer, Message
from mailbridge.errors import AuthFailed, ConfigError, ConnectFailed

MESSAGE = Message(from_="app@example.com", to="ann@example.org", subject="Hi", text="Hello")
ROLE, TOKEN = "ASIAIOSFODNN7EXAMPLE", "FwoGZXIvYXdzEXAMPLE//token=="
OF_A_ROLE = {ROLE: Key(SECRET, TOKEN)}


def sent(colour: Colour, amazon: Amazon, dsn: str = "ses://eu-west-1") -> Any:
    with HttpPeer(amazon) as peer:
        return colour.send(Mailer(f"{dsn}{'&' if '?' in dsn else '?'}base_url={peer.url}"), MESSAGE)


def test_of_the_environment(colour: Colour, aws: Any) -> None:
    aws.env.setenv("AWS_ACCESS_KEY_ID", KEY)
    aws.env.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert sent(colour, Amazon()).complete


def test_of_the_environment_with_a_token(colour: Colour, aws: Any) -> None:
    aws.env.setenv("AWS_ACCESS_KEY_ID", ROLE)
    aws.env.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    aws.env.setenv("AWS_SESSION_TOKEN", TOKEN)
    assert sent(colour, Amazon(OF_A_ROLE)).complete


def test_of_the_settings_with_a_token(colour: Colour) -> None:
    table = {"transport": "ses", "region": "eu-west-1", "access_key_id": ROLE, "secret_access_key": SECRET}
    with HttpPeer(Amazon(OF_A_ROLE)) as peer:
        mailer = Mailer({**table, "session_token": TOKEN, "base_url": peer.url})
        assert colour.send(mailer, MESSAGE).complete


def test_of_a_profile_with_its_region(colour: Colour, aws: Any) -> None:
    aws.credentials(f"[prod]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
    aws.config("[profile prod]\nregion=ca-central-1\n")
    receipt = sent(colour, Amazon(region="ca-central-1"), "ses://default?profile=prod")
    assert receipt.transport == "ses://ca-central-1"
    assert receipt.message_id == "<0102-simple@ca-central-1.amazonses.com>"


def test_of_a_program(colour: Colour, aws: Any) -> None:
    said = {"Version": 1, "AccessKeyId": ROLE, "SecretAccessKey": SECRET, "SessionToken": TOKEN}
    (aws.folder / "said.json").write_text(json.dumps(said))
    aws.config(f"[profile tool]\ncredential_process=cat {aws.folder}/said.json\n")
    assert sent(colour, Amazon(OF_A_ROLE), "ses://eu-west-1?profile=tool").complete


def test_of_a_container(colour: Colour, aws: Any) -> None:
    def issue(request: Request) -> Any:
        assert request.header("authorization") == "Bearer of-the-task"
        return answer(200, _issued())

    with HttpPeer(issue) as agent:
        aws.env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/creds")
        aws.env.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer of-the-task")
        assert sent(colour, Amazon(OF_A_ROLE)).complete


def test_of_the_role_of_an_instance(colour: Colour, aws: Any) -> None:
    def metadata(request: Request) -> Any:
        if request.method == "PUT":
            return answer(200, headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, body=b"imds-token")
        if request.path.endswith("/security-credentials/"):
            return answer(200, body=b"mail-role")
        return answer(200, {"Code": "Success", **_issued()})

    with HttpPeer(metadata) as imds:
        aws.env.setenv("AWS_EC2_METADATA_DISABLED", "false")
        aws.env.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url)
        assert sent(colour, Amazon(OF_A_ROLE)).complete


def _issued() -> dict[str, str]:
    return {"AccessKeyId": ROLE, "SecretAccessKey": SECRET, "Token": TOKEN, "Expiration": "2999-01-01T00:00:00Z"}


def test_they_are_looked_up_once_for_many_messages(colour: Colour, aws: Any) -> None:
    asked: list[str] = []

    def issue(request: Request) -> Any:
        asked.append(request.path)
        return answer(200, _issued())

    with HttpPeer(issue) as agent, HttpPeer(Amazon(OF_A_ROLE)) as peer:
        aws.env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        mailer = Mailer(f"ses://eu-west-1?connections=1&base_url={peer.url}")
        with colour.using(mailer):
            outcomes = [colour.send(mailer, MESSAGE) for _ in range(3)] + colour.send_many(mailer, [MESSAGE] * 3)
    assert [outcome.complete for outcome in outcomes] == [True] * 6
    assert len(asked) == 1


def test_many_who_begin_together_ask_once(colour: Colour, aws: Any) -> None:
    asked: list[str] = []

    def issue(request: Request) -> Any:
        asked.append(request.path)
        return answer(200, _issued())

    with HttpPeer(issue) as agent, HttpPeer(Amazon(OF_A_ROLE)) as peer:
        aws.env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        mailer = Mailer(f"ses://eu-west-1?connections=8&base_url={peer.url}")
        with colour.using(mailer):
            outcomes = at_once(colour, mailer, 8)
    assert [outcome.complete for outcome in outcomes] == [True] * 8
    assert len(asked) == 1


def at_once(colour: Colour, mailer: Mailer, count: int) -> list[Any]:
    """Send as many messages, each in a thread or a task of its own."""
    if isinstance(colour, Sync):
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(lambda _: mailer.send(MESSAGE), range(count)))

    async def gathered() -> list[Any]:
        return list(await asyncio.gather(*(mailer.asend(MESSAGE) for _ in range(count))))

    return colour.call(gathered)


def test_that_there_are_none_is_found_out_once(colour: Colour, aws: Any) -> None:
    with HttpPeer(lambda request: answer(404)) as imds:
        aws.env.setenv("AWS_EC2_METADATA_DISABLED", "false")
        aws.env.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url)
        mailer = Mailer("ses://eu-west-1?base_url=http://127.0.0.1:9")
        with colour.using(mailer):
            asked = []
            for _ in range(3):
                with pytest.raises(ConfigError, match="No AWS credentials were found"):
                    colour.send(mailer, MESSAGE)
                asked.append(len(imds.requests))
    assert asked[0] > 0
    assert asked == [asked[0]] * 3


def test_none_are_found(colour: Colour, aws: Any) -> None:
    mailer = Mailer("ses://eu-west-1?base_url=http://127.0.0.1:9")
    with pytest.raises(ConfigError, match="No AWS credentials were found"):
        colour.send(mailer, MESSAGE)
    with pytest.raises(ConfigError, match="No AWS credentials were found"):
        colour.verify(mailer)


def test_a_profile_that_does_not_exist_is_named(colour: Colour, aws: Any) -> None:
    with pytest.raises(ConfigError, match=r"profile \(nobody\) could not be found.*list-profiles"):
        colour.send(Mailer("ses://eu-west-1?profile=nobody"), MESSAGE)


def test_a_session_that_has_expired_says_what_to_run(colour: Colour, aws: Any) -> None:
    aws.config(
        "[profile sso]\nsso_session=work\nsso_account_id=123456789012\nsso_role_name=mail\n"
        "[sso-session work]\nsso_region=eu-west-1\nsso_start_url=https://example.awsapps.com/start\n"
    )
    with pytest.raises(AuthFailed, match="aws sso login"):
        colour.send(Mailer("ses://eu-west-1?profile=sso"), MESSAGE)


def test_whoever_cannot_hand_them_out_now_may_be_asked_again(colour: Colour, aws: Any) -> None:
    aws.config("[profile tool]\ncredential_process=sh -c 'echo the vault is sealed >&2; exit 3'\n")
    with pytest.raises(ConnectFailed, match="the vault is sealed") as caught:
        colour.send(Mailer("ses://eu-west-1?profile=tool"), MESSAGE)
    assert caught.value.retryable


def test_without_a_region_anywhere_the_mailer_cannot_be_made(aws: Any) -> None:
    with pytest.raises(ConfigError, match=r"names no region.*ses://eu-west-1"):
        Mailer("ses://default").transport()


def test_without_botocore_it_is_said_what_to_install(colour: Colour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[ses\]'"):
        colour.send(Mailer("ses://eu-west-1"), MESSAGE)


def test_nor_can_the_mailer_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(ConfigError, match=r"'botocore', which is not installed.*pip install '\.\[ses\]'"):
        Mailer("ses://eu-west-1")


def test_keys_of_the_settings_need_no_botocore(colour: Colour, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ["botocore", *(name for name in sys.modules if name.startswith("botocore."))]:
        monkeypatch.setitem(sys.modules, name, None)
    table = {"transport": "ses", "region": "eu-west-1", "access_key_id": KEY, "secret_access_key": SECRET}
    with HttpPeer([answer(200, {"MessageId": "0102-simple"})]) as peer:
        assert colour.send(Mailer({**table, "base_url": peer.url}), MESSAGE).complete
