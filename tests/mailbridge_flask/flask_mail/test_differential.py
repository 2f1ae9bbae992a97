"""The same program does the same by Flask-Mail and by ours, against a real server; or differs as the page says."""

from __future__ import annotations

import email
import email.policy
import smtplib
from collections.abc import Callable
from email.header import decode_header, make_header
from email.utils import getaddresses
from pathlib import Path
from types import ModuleType
from typing import Any

import flask_mail as theirs
import pytest
from flask import Flask
from support.flask_mail_corpus import CONFIG, DIFFERENCES, PROGRAMS
from support.peer import Peer, reply

import mailbridge_flask.flask_mail as ours

PAGE = Path(__file__).parents[3] / "docs/howto/flask-migrate.md"
CAUGHT = (
    AssertionError,
    ValueError,
    smtplib.SMTPException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
)
"""What a program that uses Flask-Mail catches; BadHeaderError besides, of the module it runs by."""

SCRIPT = {
    "RCPT": {"nobody@": reply("550 5.1.1 no such user")},
    "MAIL": {"banned@": reply("553 5.7.1 not you")},
    ".": {"Subject: spam": reply("554 5.7.1 spam")},
}
ADDRESSES = ("from", "to", "cc", "reply-to", "sender")
AFRESH = ("message-id", "mime-version")


@pytest.fixture
def outcome(peer: Callable[..., Peer]) -> Callable[[str, ModuleType], dict[str, Any]]:
    def run(name: str, module: ModuleType) -> dict[str, Any]:
        server = peer(SCRIPT, strict=False)
        app = Flask("program")
        app.config.update(MAIL_PORT=server.port, **CONFIG.get(name, {}))
        mail = module.Mail(app)
        names = {**vars(module), "app": app, "mail": mail}
        raised: BaseException | None = None
        with app.app_context(), mail.record_messages() as recorded:
            try:
                exec(PROGRAMS[name], names)
            except Exception as error:  # noqa: BLE001 (whatever a program raises is compared)
                raised = error
        for each in app.extensions.get("mailbridge", {}).values():
            each.close()
        return {
            "mails": [read(each) for each in server.messages if each.accepted],
            "raised": familiar(raised, module),
            "dispatched": [str(each.subject) for each in recorded],
            "connections": server.connections if len(server.messages) > 1 else None,
            "result": names.get("result"),
        }

    return run


def familiar(error: BaseException | None, module: ModuleType) -> Any:
    if error is None:
        return None
    if isinstance(error, module.BadHeaderError):
        return ["BadHeaderError"]
    return [kind.__name__ for kind in CAUGHT if isinstance(error, kind)]


def read(submission: Any) -> dict[str, Any]:
    parsed = email.message_from_bytes(submission.data)
    parameters = [sorted(submission.mail_parameters.items()), sorted(map(str, submission.recipient_parameters.items()))]
    return {
        "envelope": (submission.sender, sorted(submission.recipients)),
        "parameters": [each for each in parameters if "BODY" not in str(each) and "SIZE" not in str(each)],
        "headers": sorted(
            (name.lower(), found) for name, text in parsed.items() if (found := value(name.lower(), text))
        ),
        "parts": [leaf(part) for part in parsed.walk() if not part.is_multipart()],
        "shape": [
            part.get_content_type() for part in parsed.walk() if len(part.get_payload()) > 1 and part.is_multipart()
        ],
    }


def value(name: str, text: Any) -> Any:
    plain = str(text).replace("\r\n", "").replace("\n", "")
    if name in AFRESH or name.startswith("content-"):
        return None
    if name == "date":
        return plain if "2023" in plain or "2017" in plain else "now"
    if name in ADDRESSES:
        return sorted((decoded(title), spec) for title, spec in getaddresses([plain]) if spec)
    return " ".join(decoded(plain).split())


def decoded(text: str) -> str:
    return str(make_header(decode_header(text)))


def leaf(part: Any) -> tuple[Any, ...]:
    content = part.get_payload(decode=True)
    if part.get_content_maintype() == "text" and part.get_content_disposition() is None:
        content = content.decode(part.get_content_charset("ascii")).replace("\r\n", "\n").rstrip("\n")
    named = part.get_filename(), part.get_content_disposition(), part["content-id"]
    return part.get_content_type(), part.get_content_charset(), content, *named


def same(aspect: str, before: Any, after: Any) -> bool:
    if aspect == "raised" and before and after:
        return set(before) <= set(after)  # ours may be caught by further names
    return bool(before == after)


@pytest.mark.filterwarnings("ignore:.*is_bad_headers.*:DeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_written_for_flask_mail_does_the_same(
    name: str, outcome: Callable[[str, ModuleType], dict[str, Any]]
) -> None:
    before, after = outcome(name, theirs), outcome(name, ours)
    different = " ".join(aspect for aspect in before if not same(aspect, before[aspect], after[aspect]))
    expected = DIFFERENCES[name].aspects if name in DIFFERENCES else ""
    assert different == expected, f"\n{before}\n{after}"


def test_the_page_says_why_for_each_difference() -> None:
    page = " ".join(PAGE.read_text().split())
    assert [one.reason for one in DIFFERENCES.values() if one.reason not in page] == []


def test_the_module_has_every_public_name_of_flask_mail() -> None:
    public = {name for name, each in vars(theirs).items() if getattr(each, "__module__", "") == "flask_mail"}
    missing = {name for name in public if not name.startswith("_")} - set(ours.__all__)
    assert missing == set()
    assert "email_dispatched" in ours.__all__
