"""SparkPost's requests read back."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import datetime
from typing import Any

from support.mime_reading import read_mime

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "sparkpost://0123456789abcdef0123456789abcdef01234567@default"

TOLERATED = {
    "inline.name": "the content id is the file's only name",
    "bcc.name": "recipients are addresses: nobody sees the names of those in bcc",
}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everybody."""
    if request.method == "GET":
        return _json({"results": {"status": "active"}})
    count = len(json.loads(request.body)["recipients"])
    return _json(
        {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": count, "id": "11668787484950529"}}
    )


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return one message for each run of recipients that see the same To."""
    if request.method == "GET":
        return []
    said = json.loads(request.body)
    if "email_rfc822" in said["content"]:
        return [_mime(said)]
    return [_decoded(said, group) for group in _groups(said["recipients"])]


def _groups(recipients: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    groups: list[list[dict[str, Any]]] = []
    for each in recipients:
        shown = each["address"].get("header_to")
        if shown is not None and groups and _shown(groups[-1]) == shown and each["address"] not in _addresses(groups):
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


def _shown(group: list[dict[str, Any]]) -> Any:
    return group[0]["address"].get("header_to")


def _addresses(groups: list[list[dict[str, Any]]]) -> list[dict[str, str]]:
    return [each["address"] for each in groups[-1]]


def _decoded(said: dict[str, Any], group: list[dict[str, Any]]) -> Decoded:
    content, data = said["content"], {**said.get("substitution_data", {}), **group[0].get("substitution_data", {})}
    assert all(each.get("substitution_data") == group[0].get("substitution_data") for each in group)

    def text(value: str) -> str:
        return re.sub(r"\{\{\{(mailbridge_\d+)\}\}\}", lambda found: str(data[found[1]]), value)

    headers = {name: text(value) for name, value in content.get("headers", {}).items()}
    author = said.get("override", content)["from"]
    reply_to = said.get("override", content).get("reply_to", "")
    cc, sender = _mailboxes(headers.pop("CC", "")), _mailboxes(headers.pop("Sender", ""))
    first = group[0]["address"]
    to = _mailboxes(first["header_to"]) if "header_to" in first else [Address(first["email"], first.get("name", ""))]
    visible = {each.key for each in (*to, *cc)}
    literal = "template_id" not in content and said.get("options", {}).get("perform_substitutions") is False
    assert literal or not any("{{" in value for value in (content.get("text", ""), content.get("html", ""))) or data
    version = {True: "draft", False: "published"}.get(content.get("use_draft_template"))
    return Decoded(
        from_=[Address(author["email"], text(author.get("name", "")))],
        to=to,
        cc=cc,
        bcc=[found for each in group if (found := Address(each["address"]["email"])).key not in visible],
        recipients=[Address(each["address"]["email"]) for each in group],
        reply_to=_mailboxes(text(reply_to)),
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
        template=(content["template_id"], version) if "template_id" in content else None,
        merge={name: value for name, value in data.items() if not name.startswith("mailbridge_")},
        **_about(said, {**said.get("metadata", {}), **group[0].get("metadata", {})}),
    )


def _mime(said: dict[str, Any]) -> Decoded:
    octets = said["content"]["email_rfc822"].encode()
    read = read_mime(octets)
    recipients = [Address(each["address"]["email"]) for each in said["recipients"]]
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


def _mailboxes(text: str) -> list[Address]:
    found, start, quoted, escaped = [], 0, False, False
    for place, character in enumerate(text):
        if character == "," and not quoted:
            found.append(text[start:place])
            start = place + 1
        quoted ^= character == '"' and not escaped
        escaped = character == "\\" and not escaped
    return [Address.parse(each.strip()) for each in (*found, text[start:])] if text else []
