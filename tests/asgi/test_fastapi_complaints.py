"""What people complain about in fastapi-mail, by number: here it is otherwise. See docs/howto/fastapi.md.

#275 and #221 are in test_fastapi_served.py, #120 in test_starlette.py: they need a server, or several tasks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mailbridge import Attachment, Mailer, Message, MessageInvalid, hookimpl
from mailbridge.asgi.fastapi import MailerDep, mail_lifespan
from mailbridge.extend import Mime
from mailbridge.inbox import CatchAll

Exchange = Callable[..., EmailMessage]

FIELDS = {"from_": "shop@example.com", "to": "ann@example.org", "subject": "Hi"}


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """Send by an application, and return what the server got."""
    with CatchAll(tls="off") as server:

        def send(message: Message, *hooks: object) -> EmailMessage:
            app = FastAPI(lifespan=mail_lifespan(Mailer(server.dsn, hooks=hooks)))

            @app.get("/")
            async def send(mailer: MailerDep) -> str:
                return (await mailer.asend(message)).message_id

            with TestClient(app) as client:
                client.get("/").raise_for_status()
            return server.mailbox.messages[-1].parsed()

        yield send


def kinds(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


@pytest.mark.parametrize("attached", [False, True])
def test_115_141_151_83_text_and_html_are_alternatives_once_each(exchange: Exchange, attached: bool) -> None:
    files = [Attachment(b"a,b", "a.csv")] if attached else []
    mail = exchange(Message(**FIELDS, text="Hello", html="<p>Hello</p>", attachments=files))
    wanted = ["multipart/alternative", "text/plain", "text/html"]
    assert kinds(mail) == (["multipart/mixed", *wanted, "text/csv"] if attached else wanted)


def test_176_a_template_of_text_alone_makes_a_mail_of_text_alone(exchange: Exchange, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Hello {{ user }} & friends")
    mail = exchange(Message.from_template("note", {"user": "Ann"}, templates=tmp_path, **FIELDS))
    assert kinds(mail) == ["text/plain"]
    assert mail.get_content().strip() == "Hello Ann & friends"


def test_286_a_message_id_of_the_applications_is_kept(exchange: Exchange) -> None:
    mail = exchange(Message(**FIELDS, text="Hello", message_id="<order-7@shop.example.com>"))
    assert mail["Message-ID"] == "<order-7@shop.example.com>"


def test_41_files_are_attached_by_path_from_one_folder_only(exchange: Exchange, tmp_path: Path) -> None:
    (tmp_path / "bill.txt").write_text("7 euros")
    mail = exchange(Message(**FIELDS, text="Hello", attachments=[Attachment.from_path("bill.txt", root=tmp_path)]))
    [bill] = mail.iter_attachments()
    assert (bill.get_filename(), bill.get_content()) == ("bill.txt", "7 euros")
    with pytest.raises(MessageInvalid):
        Attachment.from_path("../../etc/passwd", root=tmp_path)


def test_234_who_signs_is_given_the_octets_that_leave(exchange: Exchange) -> None:
    class Signer:
        @hookimpl
        def mailbridge_prepare(self, mime: Mime) -> None:
            mime.prepend_header("X-Signature", str(len(bytes(mime))))

    mail = exchange(Message(**FIELDS, text="Hello"), Signer())
    assert int(mail["X-Signature"]) == len(mail.as_bytes()) - len(f"X-Signature: {mail['X-Signature']}\r\n")


def test_309_no_dependency_has_an_upper_bound() -> None:
    project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    assert wanted
    assert [each for each in wanted if "<" in each or "==" in each or "~=" in each] == []
