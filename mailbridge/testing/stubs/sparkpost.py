"""SparkPost: POST /api/v1/transmissions.

Answers: https://developers.sparkpost.com/api/transmissions/ and
https://support.sparkpost.com/docs/tech-resources/extended-error-codes (2026-11-22).
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import datetime
from typing import Any, ClassVar

from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MessageInvalid,
    RateLimited,
    SenderRefused,
    ServerError,
)
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.mime import read_mime
from mailbridge.testing.stubs.people import mailbox, mailboxes, person
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["SparkPost"]

Recipient = dict[str, Any]
_ID = "11668787484950529"


class SparkPost(Replies):
    """Answers as SparkPost does: with one id, and with numbers of recipients."""

    dsn = "sparkpost://0123456789abcdef0123456789abcdef01234567@default"
    tolerated: ClassVar = {
        "inline.name": "the content id is the file's only name",
        "bcc.name": "recipients are addresses: nobody sees the names of those in bcc",
    }
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Unauthorized."),
        ConfigError: Refusal(420, "Exceed Sending Limit (sandbox)", "2103"),
        SenderRefused: Refusal(400, "Invalid domain", "7001", "Unconfigured or unverified sending domain."),
        ContentRefused: Refusal(422, "required field is missing", "1400", "subject is a required field"),
        RateLimited: Refusal(429, "Too many requests"),
        ServerError: Refusal(503, "Message generation is not available", "1900"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everybody."""
        if request.method == "GET":
            return json_answer({"results": {"status": "active"}})
        return _taken(len(json.loads(request.body)["recipients"]), {})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return one message for each run of recipients that see the same To."""
        if request.method == "GET" or path_of(request).rstrip("/") != "/api/v1/transmissions":
            return []
        said = json.loads(request.body)
        if "email_rfc822" in said["content"]:
            return [_mime(said)]
        return [_decoded(said, group) for group in _groups(said["recipients"])]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"errors": [{"message", "code", "description"}]}`."""
        row = {"message": refusal.text, "code": refusal.code, "description": refusal.field}
        return json_answer({"errors": [{name: each for name, each in row.items() if each}]}, refusal.status)

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Reject these recipients; all of them are an error of the whole call."""
        everybody = [_address(each)["email"] for each in json.loads(request.body)["recipients"]]
        rejected = [each for each in everybody if each.lower() in who]
        if len(rejected) == len(everybody):
            return self.error(Refusal(400, "No valid recipients in list", "5002"))
        rows = [{"message": "Invalid recipient", "description": each, "code": "5002"} for each in rejected]
        return _taken(len(everybody) - len(rejected), {"rcpt_to_errors": rows}, rejected=len(rejected))


def _taken(count: int, more: dict[str, Any], *, rejected: int = 0) -> HttpResponse:
    counts = {"total_rejected_recipients": rejected, "total_accepted_recipients": count}
    return json_answer({"results": {**counts, "id": _ID, **more}})


def _address(recipient: Recipient) -> dict[str, str]:
    address = recipient["address"]
    return {"email": address} if isinstance(address, str) else address


def _groups(recipients: list[Recipient]) -> list[list[Recipient]]:
    groups: list[list[Recipient]] = []
    for each in recipients:
        address = _address(each)
        shown = address.get("header_to")
        last = [_address(one) for one in groups[-1]] if groups else []
        if shown is not None and last and last[0].get("header_to") == shown and address not in last:
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


def _decoded(said: dict[str, Any], group: list[Recipient]) -> Decoded:
    own = group[0].get("substitution_data", {})
    if any(each.get("substitution_data", {}) != own for each in group):
        raise MessageInvalid("substitution_data: all who see the same To have the same data.", field="merge_data")
    content, data = said["content"], {**said.get("substitution_data", {}), **own}
    _check_literal(said, data)

    def text(value: str) -> str:
        return re.sub(r"\{\{\{(mailbridge_\d+)\}\}\}", lambda found: str(data[found[1]]), value)

    headers = {name: text(value) for name, value in content.get("headers", {}).items()}
    author = said.get("override", content)["from"]
    reply_to = said.get("override", content).get("reply_to", "")
    cc, sender = mailboxes(headers.pop("CC", "")), mailboxes(headers.pop("Sender", ""))
    addresses = [_address(each) for each in group]
    first = addresses[0]
    to = mailboxes(first["header_to"]) if "header_to" in first else [person(first)]
    visible = {each.key for each in (*to, *cc)}
    return Decoded(
        from_=[mailbox(author) if isinstance(author, str) else Address(author["email"], text(author.get("name", "")))],
        to=to,
        cc=cc,
        bcc=[found for each in addresses if (found := Address(each["email"])).key not in visible],
        recipients=[Address(each["email"]) for each in addresses],
        reply_to=mailboxes(text(reply_to)),
        sender=sender[0] if sender else None,
        subject=text(content.get("subject", "")),
        text=content.get("text", ""),
        html=content.get("html", ""),
        alternatives=[("text/x-amp-html", content["amp_html"])] if "amp_html" in content else [],
        attachments=[
            *(_file(each, inline=False) for each in content.get("attachments", [])),
            *(_file(each, inline=True) for each in content.get("inline_images", [])),
        ],
        headers=list(headers.items()),
        template=(content["template_id"], _version(content)) if "template_id" in content else None,
        merge={name: value for name, value in data.items() if not name.startswith("mailbridge_")},
        **_about(said, {**said.get("metadata", {}), **group[0].get("metadata", {})}),
    )


def _check_literal(said: dict[str, Any], data: dict[str, Any]) -> None:
    """Refuse braces in a text that has no data: SparkPost would take them for an expression."""
    content = said["content"]
    literal = "template_id" not in content and said.get("options", {}).get("perform_substitutions") is False
    if not (literal or data) and any("{{" in content.get(form, "") for form in ("text", "html")):
        raise MessageInvalid("content: {{ in a text is an expression, and there is no data.", field="text")


def _version(content: dict[str, Any]) -> str | None:
    return {True: "draft", False: "published"}.get(content.get("use_draft_template"))  # type: ignore[arg-type]


def _mime(said: dict[str, Any]) -> Decoded:
    octets = said["content"]["email_rfc822"].encode()
    read = read_mime(octets)
    recipients = [Address(_address(each)["email"]) for each in said["recipients"]]
    visible = {each.key for each in (*read["to"], *read["cc"])}
    apart = not visible <= {each.key for each in recipients}
    return Decoded(
        **read,
        raw=octets,
        recipients=recipients,
        bcc=[each for each in recipients if each.key not in visible and not apart],
        merge=said.get("substitution_data", {}),
        **_about(said, said.get("metadata", {})),
    )


def _about(said: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    switches = said.get("options", {})
    return {
        "envelope_sender": said.get("return_path"),
        "tags": [said["campaign_id"]] if "campaign_id" in said else [],
        "metadata": metadata,
        "track_opens": switches.get("open_tracking"),
        "track_clicks": switches.get("click_tracking"),
        "send_at": datetime.fromisoformat(switches["start_time"]) if "start_time" in switches else None,
    }


def _file(said: dict[str, str], *, inline: bool) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["data"], validate=True),
        name="" if inline else said["name"],
        content_type=said["type"],
        inline=inline,
        content_id=said["name"] if inline else "",
    )
