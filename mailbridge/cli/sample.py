"""The message that `test-send` and `demo` send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mailbridge.cli.versions import versions

if TYPE_CHECKING:
    from mailbridge.message.attachment import Attachment
    from mailbridge.message.message import Message

SUBJECT = "Test message from mailbridge"

_TEXT = """\
This is a test message. That you can read it means that the whole way works: from mailbridge, by the
transport below, to your mailbox.

{facts}

It was sent by a person who ran `mailbridge test-send`. You need not answer.
"""

_HTML = """\
<!doctype html>
<html lang="en">
<body style="font-family: sans-serif; line-height: 1.4">
<p>This is a test message. That you can read it means that the whole way works: from mailbridge, by
the transport below, to your mailbox.</p>
<table cellpadding="4">
{facts}
</table>
<p>It was sent by a person who ran <code>mailbridge test-send</code>. You need not answer.</p>
</body>
</html>
"""


def sample_message(
    *,
    sender: str,
    to: Sequence[str],
    transport: str,
    now: datetime,
    subject: str | None = None,
    text: str | None = None,
    html: str | None = None,
    attachments: Sequence[Attachment] = (),
) -> Message:
    """Return the message: what the caller gave, and content of our own where nothing was given.

    Raises MessageInvalid.
    """
    from mailbridge.message.message import Message

    if text is None and html is None:
        facts = {"Sent": f"{now:%Y-%m-%d %H:%M:%S} UTC", "By": transport, **versions()}
        text, html = _text(facts), _html(facts)
    return Message(
        from_=sender,
        to=list(to),
        subject=SUBJECT if subject is None else subject,
        text=text,
        html=html,
        attachments=attachments,
        headers={"Auto-Submitted": "auto-generated"},  # RFC 3834: no vacation notice shall answer
    )


def _text(facts: dict[str, str]) -> str:
    width = max(map(len, facts))
    return _TEXT.format(facts="\n".join(f"  {name:<{width}}  {value}" for name, value in facts.items()))


def _html(facts: dict[str, str]) -> str:
    from html import escape

    rows = (f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in facts.items())
    return _HTML.format(facts="\n".join(rows))
