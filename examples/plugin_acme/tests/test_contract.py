"""Acme's transport keeps the contract of mailbridge's own."""

import json
from base64 import b64decode
from typing import Any

import pytest
from acme_mail import plugin

from mailbridge import Plugins
from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Check, Decoded, DecodedFile, TransportContract


def answer(request: HttpRequest) -> HttpResponse:
    """Say what Acme says when all is well."""
    said: dict[str, Any] = {"id": "m1"}
    if request.url.endswith("/v1/batches"):
        said = {"results": [{"id": "m1"} for _ in json.loads(request.body)["messages"]]}
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(said).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Read the messages of a call back."""
    if request.method == "GET":
        return []
    said = json.loads(request.body)
    return [letter(each) for each in said.get("messages", [said])]


def letter(said: dict[str, Any]) -> Decoded:
    return Decoded(
        from_=[person(said["from"])],
        to=[person(each) for each in said.get("to", [])],
        cc=[person(each) for each in said.get("cc", [])],
        bcc=[person(each) for each in said.get("bcc", [])],
        reply_to=[person(said["reply_to"])] if "reply_to" in said else [],
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        html=said.get("html", ""),
        attachments=[file(each) for each in said.get("files", [])],
        headers=list(said.get("headers", {}).items()),
        tags=said.get("tags", []),
        metadata=said.get("data", {}),
    )


def person(said: dict[str, str]) -> Address:
    return Address(said["address"], said["name"])


def file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"]),
        name=said["name"],
        content_type=said["type"],
        inline=bool(said["cid"]),
        content_id=said["cid"],
    )


CONTRACT = TransportContract(
    "acme://ak_canary0123456789@default", answer=answer, decode=decode, plugins=Plugins([plugin])
)


@pytest.mark.parametrize("check", CONTRACT.checks(), ids=str)
def test_the_contract_is_kept(check: Check) -> None:
    check()
