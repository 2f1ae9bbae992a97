"""What only Acme does, and the distribution as its users install it."""

import json
import subprocess
import sys

import pytest
from acme_mail.settings import AcmeSettings
from acme_mail.transport import AcmeTransport

from mailbridge import ConfigError, ContentRefused, Mailer, Message, SenderRefused
from mailbridge.extend import HttpResponse
from mailbridge.testing import Rehearsal

ANN, BOB = "ann@example.org", "bob@example.org"
MESSAGE = Message(from_="shop@example.com", to=[ANN, BOB], subject="Hi", text="Hello")
TRANSPORT = AcmeTransport(AcmeSettings(api_key="ak_key"))


def answered(said: object, status: int = 200) -> Rehearsal:
    return Rehearsal(TRANSPORT, lambda request: HttpResponse(status, body=json.dumps(said).encode()))


def test_a_refused_recipient_is_one_row_of_the_receipt() -> None:
    receipt = answered({"id": "m1", "refused": {BOB: "no such mailbox"}}).send("m", MESSAGE)
    assert {address: (row.status, row.text) for address, row in receipt.recipients.items()} == {
        ANN: ("accepted", ""),
        BOB: ("refused", "no such mailbox"),
    }


def test_a_refused_message_leaves_its_neighbours_alone() -> None:
    rehearsal = answered({"results": [{"id": "m1"}, {"error": "spam"}, {"id": "m3"}]})
    first, second, third = rehearsal.send_many(dict.fromkeys("abc", MESSAGE))
    assert (first.provider_id, third.provider_id) == ("m1", "m3")
    assert isinstance(second, ContentRefused)


def test_a_code_says_more_than_a_status() -> None:
    error = answered({"error": {"code": "unknown_sender", "message": "Who is that?"}}, 400).send("m", MESSAGE)
    assert isinstance(error, SenderRefused)
    assert "Who is that?" in error.text


def test_an_option_of_its_own_arrives() -> None:
    rehearsal = answered({"id": "m1"})
    rehearsal.send("m", MESSAGE.replace(provider_options={"acme": {"pool": "bulk"}}))
    assert json.loads(rehearsal.requests[0].body)["pool"] == "bulk"


def test_the_region_chooses_the_host() -> None:
    eu = AcmeTransport(AcmeSettings(api_key="ak_key", region="eu"))
    assert eu.build(MESSAGE).url == "https://api.eu.acme.example/v1/messages"


def test_a_key_of_another_kind_is_recognised() -> None:
    with pytest.raises(ConfigError, match="they begin with ak_"):
        Mailer("acme://sk_key@default")


def test_it_is_found_by_its_scheme() -> None:
    assert Mailer("acme://ak_key@default?region=eu").transport().name == "acme"


def test_the_command_line_knows_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mailbridge", "capabilities", "acme", "--json"], capture_output=True, check=True
    )
    [row] = json.loads(done.stdout)["capabilities"]
    assert row["limits"]["batch"] == 50
