"""The console transport shows messages, and cannot be used against the terminal."""

import io

import pytest

from mailbridge.mailer import Mailer
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.transports.console.settings import ConsoleSettings
from mailbridge.transports.console.transport import ConsoleTransport

MESSAGE = Message(
    from_="Jürgen <app@example.com>",
    to="ann@example.org",
    bcc="bob@example.org",
    subject="Grüße aus Köln",
    text="Hallo Ann,\n\n\tbis bald.",
    html="<p>Hallo</p>",
    tags=["welcome"],
    headers={"X-Shop": "7"},
    message_id="<1@example.com>",
    attachments=[Attachment(b"12345", "prices.pdf"), Attachment(b"x", "logo.png", inline=True)],
)


def shown(message, stream=None, **settings):
    """Return what the console shows of a message."""
    stream = stream or io.StringIO()
    Mailer(ConsoleTransport(ConsoleSettings(**settings), stream)).send(message)
    return stream.getvalue()


def test_a_message_is_shown_decoded_with_its_text_and_the_names_of_its_parts():
    rule, *lines, last = shown(MESSAGE).splitlines()
    assert rule == last == "-" * 72
    assert lines[0] == "From:        Jürgen <app@example.com>"
    assert "Bcc:         bob@example.org" in lines
    assert "Subject:     Grüße aus Köln" in lines
    assert "X-Shop:      7" in lines
    assert "tags:        ('welcome',)" in lines
    assert "Envelope:    app@example.com -> ann@example.org, bob@example.org" in lines
    body = lines[lines.index("") :]
    assert body == [
        "",
        "Hallo Ann,",
        "",
        "\tbis bald.",
        "",
        "Also in it:",
        "  text/html, 12 bytes",
        "  prices.pdf (application/pdf, 5 bytes)",
        "  logo.png (image/png, 1 byte, inline)",
    ]


def test_a_message_of_html_alone_shows_its_html():
    assert "\n<p>Hi</p>\n" in shown(Message(from_="a@example.com", to="b@example.org", html="<p>Hi</p>"))


def test_a_template_is_shown_by_its_name():
    text = shown(Message(from_="a@example.com", to="b@example.org", template="welcome-7"))
    assert "welcome-7" in text
    assert "(no text)" in text


def test_the_raw_form_is_what_smtp_would_send():
    text = shown(MESSAGE, raw=True)
    assert "\nSubject: =?utf-8?" in text.lower().replace("subject", "Subject")
    assert "\nMessage-ID: <1@example.com>\n" in text
    assert "bob@example.org" not in text


def test_a_raw_message_is_shown_as_it_came():
    raw = b"From: a@example.com\r\nSubject: kept\r\n\r\nBody\r\n"
    assert "\nSubject: kept\n" in shown(Message(from_="a@example.com", to="b@example.org", raw=raw))


@pytest.mark.catalogue("A40")
@pytest.mark.parametrize("raw", [False, True], ids=["A40-readable", "A40-raw"])
def test_terminal_escapes_are_written_out(raw):
    hostile = Message(
        from_="a@example.com", to="b@example.org", subject="x", text="\x1b]0;owned\x07\x9b2J\u202egnp.exe"
    )
    text = shown(hostile, raw=raw)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert r"\x1b]0;owned\x07" in text


def test_a_console_that_is_not_in_utf8_gets_escapes():
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii", write_through=True)
    Mailer(ConsoleTransport(ConsoleSettings(), stream)).send(MESSAGE)
    assert rb"Subject:     Gr\xfc\xdfe aus K\xf6ln" in buffer.getvalue()


def test_the_stream_is_looked_up_when_a_message_is_shown(capsys, colour):
    colour.send(Mailer("console://"), MESSAGE)
    colour.send(Mailer("console://?stream=stderr"), MESSAGE)
    out, err = capsys.readouterr()
    assert out.count("X-Shop") == err.count("X-Shop") == 1


def test_verifying_says_where_messages_are_shown(colour):
    assert "shown on stderr" in colour.verify(Mailer("console://?stream=stderr")).text
