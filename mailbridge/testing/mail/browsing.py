"""A mail as a page for a browser."""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbridge.testing.sent import SentMail

__all__ = ["page", "written"]

# Scripts of a mail never run in a mail program, so neither do they here.
_POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'none'; object-src 'none'\">"
_CID = re.compile(r"(?i)cid:([^\s\"'<>)]+)")


def written(mail: SentMail) -> Path:
    """Write the page to a new file that only its owner can read, and return the file."""
    with NamedTemporaryFile("w", prefix="mail-", suffix=".html", encoding="utf-8", delete=False) as file:
        file.write(page(mail))
    return Path(file.name)


def page(mail: SentMail) -> str:
    """Return the HTML of the mail, or its text as a page, below a table of who and what."""
    pictures = {
        each.content_id: f"data:{each.mime_type};base64,{b64encode(each.content).decode()}"
        for each in mail.attachments
        if each.content_id
    }
    body = f"<pre>{escape(mail.text or '')}</pre>" if mail.html is None else mail.html
    body = _CID.sub(lambda found: pictures.get(found[1], found[0]), body)
    people = {"From": mail.from_all, "To": mail.to, "Cc": mail.cc, "Bcc": mail.bcc}
    rows = {name: ", ".join(map(str, each)) for name, each in people.items() if each} | {"Subject": mail.subject}
    table = "".join(f"<tr><th align=left>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
    title = f"<title>{escape(mail.subject)}</title>"
    return f'<!doctype html><meta charset="utf-8">{_POLICY}{title}<table>{table}</table><hr>\n{body}\n'
