"""What Acme answers, and its requests read back: for the contract, and for tests of applications."""

import json
from base64 import b64decode
from typing import Any, ClassVar

from mailbridge.extend import (
    Address,
    AuthFailed,
    ContentRefused,
    HttpRequest,
    HttpResponse,
    RateLimited,
    SenderRefused,
    ServerError,
)
from mailbridge.testing import Decoded, DecodedFile, Refusal, Replies


class AcmeReplies(Replies):
    """Acme's API, as `ProviderStub` serves it."""

    dsn = "acme://ak_canary0123456789@default"
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "No such key.", "bad_key"),
        SenderRefused: Refusal(400, "Who is that?", "unknown_sender"),
        ContentRefused: Refusal(422, "This looks like spam.", "spam"),
        RateLimited: Refusal(429, "Not so fast.", "too_fast"),
        ServerError: Refusal(503, "Back in a minute.", "maintenance"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Say what Acme says when all is well."""
        return self.refusing(request, frozenset())

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Say that these recipients have no mailbox."""
        results = [_result(each, who) for each in _letters(request)]
        said = {"results": results} if request.url.endswith("/v1/batches") else (results or [{"id": "account"}])[0]
        return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(said).encode())

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Read the messages of a call back."""
        return [_decoded(each) for each in _letters(request)]


def _letters(request: HttpRequest) -> list[dict[str, Any]]:
    said = {"messages": []} if request.method == "GET" else json.loads(request.body)
    return said.get("messages", [said])


def _result(letter: dict[str, Any], who: frozenset[str]) -> dict[str, Any]:
    everybody = [each["address"] for field in ("to", "cc", "bcc") for each in letter.get(field, [])]
    return {"id": "m1", "refused": {each: "no such mailbox" for each in everybody if each.lower() in who}}


def _decoded(letter: dict[str, Any]) -> Decoded:
    return Decoded(
        from_=[_person(letter["from"])],
        to=[_person(each) for each in letter.get("to", [])],
        cc=[_person(each) for each in letter.get("cc", [])],
        bcc=[_person(each) for each in letter.get("bcc", [])],
        reply_to=[_person(letter["reply_to"])] if "reply_to" in letter else [],
        subject=letter.get("subject", ""),
        text=letter.get("text", ""),
        html=letter.get("html", ""),
        attachments=[_file(each) for each in letter.get("files", [])],
        headers=list(letter.get("headers", {}).items()),
        tags=letter.get("tags", []),
        metadata=letter.get("data", {}),
    )


def _person(said: dict[str, str]) -> Address:
    return Address(said["address"], said["name"])


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"]),
        name=said["name"],
        content_type=said["type"],
        inline=bool(said["cid"]),
        content_id=said["cid"],
    )
