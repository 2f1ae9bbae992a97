"""Programs written for Flask-Mail, to run by it and by ours, and where the two differ on purpose.

A program finds `app` (its context is open), `mail`, and the public names of the module it runs by. What it
assigns to `result` is compared too. `CONFIG` says what `app.config` has besides the server.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PROGRAMS: dict[str, str] = {
    "plain": 'mail.send(Message("Hello", ["ann@example.org"], "Hi Ann", sender="app@example.com"))',
    "everything_as_keywords": """
mail.send(Message(subject="Hello", recipients=["ann@example.org"], body="text", html="<b>html</b>",
                  sender="app@example.com", cc=["cc@example.org"], bcc=["bcc@example.org"],
                  reply_to="answers@example.com", date=1700000000.0, extra_headers={"X-Order": "17"}))
""",
    "set_afterwards": """
message = Message("Hello", sender="app@example.com")
message.add_recipient("ann@example.org")
message.body, message.html = "text", "<b>html</b>"
message.cc.append("cc@example.org")
mail.send(message)
result = sorted(message.send_to), message.html, message.alts
""",
    "unicode_names": """
mail.send(Message("Grüße aus Köln", [("Jörg Müller", "joerg@example.org"), "Ünal <unal@example.org>"], "Hallo Jörg ☃",
                  sender=("Größe & Söhne", "app@example.com"), cc=[("Çelik", "cc@example.org")],
                  reply_to=("Antwört", "answers@example.com")))
""",
    "ascii_names": """
mail.send(Message("Hello", [("Ann Smith", "ann@example.org")], "Hi", sender=("The App", "app@example.com")))
""",
    "long_unicode_subject": 'mail.send(Message("Ü" * 300, ["ann@example.org"], "Hi", sender="app@example.com"))',
    "long_ascii_subject": """
mail.send(Message("word " * 100 + "end", ["ann@example.org"],
                  "Hi", sender="app@example.com"))
""",
    "folded_subject": """
mail.send(Message("one\\r\\n two\\r\\n\\tthree", ["ann@example.org"],
                  "Hi", sender="app@example.com"))
""",
    "default_sender": 'mail.send(Message("Hello", ["ann@example.org"], "Hi"))',
    "default_sender_as_pair": 'mail.send(Message("Hello", ["ann@example.org"], "Hi"))\nresult = Message().sender',
    "default_sender_set_on_the_state": """
app.extensions["mail"].default_sender = "state@example.com"
mail.send(Message("Hello", ["ann@example.org"], "Hi"))
""",
    "no_subject": 'mail.send(Message(recipients=["ann@example.org"], body="Hi", sender="app@example.com"))',
    "no_body": 'mail.send(Message("Hello", ["ann@example.org"], sender="app@example.com"))',
    "html_only": 'mail.send(Message("Hello", ["ann@example.org"], html="<b>Hi</b>", sender="app@example.com"))',
    "alternatives": """
mail.send(Message("Hello", ["ann@example.org"], "text", "<b>html</b>", alts={"calendar": "BEGIN:VCALENDAR"},
                  sender="app@example.com"))
""",
    "alternatives_as_pairs": """
mail.send(Message("Hello", ["ann@example.org"], "text", alts=[("html", "<b>html</b>"), ("markdown", "*text*")],
                  sender="app@example.com"))
""",
    "alternative_without_body": """
mail.send(Message("Hello", ["ann@example.org"], alts={"x-amp-html": "<html amp4email>"}, sender="app@example.com"))
""",
    "attachments": """
message = Message("Files", ["ann@example.org"], "text", sender="app@example.com")
message.attach("report.pdf", "application/pdf", b"%PDF-1.7")
message.attach("notes.txt", data="plain notes")
message.attach("data.unknown-suffix", data=b"\\x00\\x01")
message.attach(content_type="image/png", data=b"PNG")
mail.send(message)
""",
    "attachment_to_the_constructor": """
mail.send(Message("Files", ["ann@example.org"], "text", sender="app@example.com",
                  attachments=[Attachment("a.csv", "text/csv", b"a;b")]))
""",
    "inline_image": """
message = Message("Logo", ["ann@example.org"], "text", '<img src="cid:logo">', sender="app@example.com")
message.attach("logo.png", "image/png", b"PNG", "inline", headers={"Content-ID": "<logo>"})
mail.send(message)
""",
    "attachment_name_beyond_ascii": """
message = Message("Files", ["ann@example.org"], "text", sender="app@example.com")
message.attach("Prüfung.txt", "text/plain", b"x")
mail.send(message)
""",
    "attachment_name_long_beyond_ascii": """
message = Message("Files", ["ann@example.org"], "text", sender="app@example.com")
message.attach("試験の結果" * 20 + ".pdf", "application/pdf", b"x")
mail.send(message)
""",
    "attachment_name_in_ascii": """
message = Message("Files", ["ann@example.org"], "text", sender="app@example.com")
message.attach("Prüfung  zwei.txt", "text/plain", b"x")
mail.send(message)
""",
    "attachment_of_text_beyond_ascii": """
message = Message("Files", ["ann@example.org"], "text", sender="app@example.com")
message.attach("notes.txt", "text/plain", "Grüße")
mail.send(message)
""",
    "attached_message": """
message = Message("Forward", ["ann@example.org"], "text", sender="app@example.com")
message.attach("mail.eml", "message/rfc822", b"Subject: inner\\r\\n\\r\\nHi")
mail.send(message)
""",
    "attachment_without_data": 'Message("Files", ["ann@example.org"]).attach("empty.txt")',
    "extra_headers": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com", extra_headers={
    "X-Order": "17", "List-Unsubscribe": "<https://example.com/u>", "In-Reply-To": "<1@example.com>",
    "References": "<1@example.com> <2@example.com>", "Precedence": "bulk"}))
""",
    "extra_sender_header": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com",
                  extra_headers={"Sender": "robot@example.com"}))
""",
    "extra_header_twice": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com", reply_to="one@example.com",
                  extra_headers={"Reply-To": "two@example.com"}))
""",
    "date": 'mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com", date=1500000000))',
    "date_is_set_by_sending": """
message = Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")
mail.send(message)
result = type(message.date)
""",
    "charset": """
mail.send(Message("Grüße", ["ann@example.org"],
                  "Grüße", sender="app@example.com", charset="iso-8859-1"))
""",
    "charset_too_small": """
mail.send(Message("Hi", ["ann@example.org"],
                  "Grüße", sender="app@example.com", charset="ascii"))
""",
    "reply_to_several": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com",
                  reply_to="a@example.com, b@example.com"))
""",
    "bcc_only": 'mail.send(Message("Hello", body="Hi", sender="app@example.com", bcc=["secret@example.org"]))',
    "recipient_twice": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com",
                  cc=[("Ann", "ann@example.org")], bcc=["ann@example.org"]))
""",
    "recipient_as_string": 'mail.send(Message("Hello", "ann@example.org", "Hi", sender="app@example.com"))',
    "recipient_in_encoded_words": """
mail.send(Message("Hello", ["=?utf-8?b?SsO2cmc=?= <joerg@example.org>"], "Hi", sender="app@example.com"))
""",
    "recipient_without_domain": 'mail.send(Message("Hello", ["root"], "Hi", sender="app@example.com"))',
    "recipient_with_a_space": 'mail.send(Message("Hello", ["ann@exam ple.org"], "Hi", sender="app@example.com"))',
    "recipient_of_another_script": """
mail.send(Message("Hello", ["jörg@example.org"], "Hi", sender="app@example.com"))
""",
    "domain_of_another_script": 'mail.send(Message("Hello", ["ann@bücher.example"], "Hi", sender="app@example.com"))',
    "comma_in_the_senders_name": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender=("Smith, Ann", "app@example.com")))
""",
    "comma_in_a_recipients_name": """
mail.send(Message("Hello", [("Smith, Ann", "ann@example.org")], "Hi", sender="app@example.com"))
""",
    "line_ends": """
mail.send(Message("Hello", ["ann@example.org"],
                  "a\\r\\nb\\nc\\n.\\n.d\\n", sender="app@example.com"))
""",
    "long_line": 'mail.send(Message("Hello", ["ann@example.org"], "x" * 2000, sender="app@example.com"))',
    "body_as_bytes": 'mail.send(Message("Hello", ["ann@example.org"], b"Hi", sender="app@example.com"))',
    "nul_in_the_subject": 'mail.send(Message("a\\x00b", ["ann@example.org"], "Hi", sender="app@example.com"))',
    "no_recipients": 'mail.send(Message("Hello", body="Hi", sender="app@example.com"))',
    "no_sender": 'mail.send(Message("Hello", ["ann@example.org"], "Hi"))',
    "injection_by_subject": """
message = Message("Hello\\r\\nBcc: spy@example.net", ["ann@example.org"], "Hi", sender="app@example.com")
result = message.has_bad_headers()
mail.send(message)
""",
    "injection_by_subject_with_lf": """
mail.send(Message("Hello\\nBcc: spy@example.net", ["ann@example.org"], "Hi", sender="app@example.com"))
""",
    "injection_by_sender": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com\\r\\nBcc: spy@example.net"))
""",
    "injection_by_recipient": """
mail.send(Message("Hello", ["ann@example.org\\r\\nBcc: spy@example.net"], "Hi", sender="app@example.com"))
""",
    "injection_by_name": """
mail.send(Message("Hello", [("Ann\\r\\nBcc: spy@example.net", "ann@example.org")], "Hi", sender="app@example.com"))
""",
    "injection_by_reply_to": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com",
                  reply_to="a@example.com\\nBcc: s@e.net"))
""",
    "injection_by_cc": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com", cc=["c@example.org\\r\\nBcc: s@e.net"]))
""",
    "injection_by_extra_header": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com",
                  extra_headers={"X-Order": "17\\r\\nBcc: spy@example.net"}))
""",
    "deprecated_name": """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    result = Message("a\\nb", sender="app@example.com").is_bad_headers(), caught[0].category
""",
    "mail_options": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com",
                  mail_options=["RET=HDRS", "ENVID=17"], rcpt_options=["NOTIFY=FAILURE,DELAY"]))
""",
    "mail_options_unknown": """
mail.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com", mail_options=["BY=120;R"]))
""",
    "envelope_from": """
with mail.connect() as connection:
    connection.send(Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com"), "bounces@example.com")
""",
    "send_message": 'mail.send_message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")',
    "send_by_the_message": """
with mail.connect() as connection:
    Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com").send(connection)
""",
    "send_by_the_state": """
app.extensions["mail"].send(Message("Hello", ["ann@example.org"],
                  "Hi", sender="a@example.com"))
""",
    "bulk": """
counts = []
with mail.connect() as connection:
    for number in range(5):
        connection.send_message(f"Mail {number}", ["ann@example.org"], "Hi", sender="app@example.com")
        counts.append(connection.num_emails)
result = counts
""",
    "bulk_with_a_limit": """
counts = []
with mail.connect() as connection:
    for number in range(5):
        connection.send_message(f"Mail {number}", ["ann@example.org"], "Hi", sender="app@example.com")
        counts.append(connection.num_emails)
result = counts
""",
    "two_sends": """
mail.send_message("One", ["ann@example.org"], "Hi", sender="app@example.com")
mail.send_message("Two", ["ann@example.org"], "Hi", sender="app@example.com")
""",
    "suppressed": """
with mail.connect() as connection:
    connection.send_message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")
    result = connection.host, connection.num_emails
""",
    "suppressed_by_testing": 'mail.send_message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")',
    "suppressed_without_recipients": 'mail.send_message("Hello", body="Hi", sender="app@example.com")',
    "suppressed_with_a_bad_header": """
mail.send_message("a\\nb", ["ann@example.org"], "Hi", sender="app@example.com")
""",
    "suppressed_without_sender": 'mail.send_message("Hello", ["ann@example.org"], "Hi")',
    "testing_but_not_suppressed": 'mail.send_message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")',
    "suppressed_later": """
app.config["MAIL_SUPPRESS_SEND"] = True
mail.send_message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")
""",
    "suppressed_on_the_state": """
app.extensions["mail"].suppress = True
mail.send_message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")
""",
    "recipient_refused": 'mail.send_message("Hello", ["nobody@example.org"], "Hi", sender="app@example.com")',
    "sender_refused": 'mail.send_message("Hello", ["ann@example.org"], "Hi", sender="banned@example.com")',
    "content_refused": 'mail.send_message("spam", ["ann@example.org"], "Hi", sender="app@example.com")',
    "one_recipient_refused": """
mail.send_message("Hello", ["ann@example.org", "nobody@example.org"], "Hi", sender="app@example.com")
""",
    "rendered": """
message = Message("Hello", ["ann@example.org"], "Hi", sender=("The App", "app@example.com"), date=1700000000)
text = message.as_string()
result = [bytes(message) == message.as_bytes(), str(message) == text, text.encode() == message.as_bytes(),
          [line in text for line in ("Subject: Hello", "To: ann@example.org", "\\r\\n\\r\\nHi")], message.msgId in text]
""",
    "rendered_with_a_bad_header": """
message = Message("Hello", ["ann@example.org"], "Hi", sender="app@example.com\\r\\n")
result = "From: app@example.com" in message.as_string()
""",
    "sanitized": """
result = [sanitize_subject("plain"), sanitize_subject("Grüße"), sanitize_address("ann@example.org"),
          sanitize_address(("Jörg", "joerg@example.org")), force_text(b"Gr\\xc3\\xbc\\xc3\\x9fe"), force_text(17),
          sanitize_addresses(["ann@example.org"])]
""",
    "sanitized_name_in_ascii": 'result = sanitize_address(("Ann", "ann@example.org"))',
    "bytes_that_cannot_be_decoded": 'force_text(b"\\xff")',
    "state_attributes": """
state = app.extensions["mail"]
result = [state.username, state.use_tls, state.use_ssl, state.max_emails, bool(state.debug), state.suppress,
          state.ascii_attachments, state.default_sender, state.server, mail.max_emails, mail.no_such_thing]
""",
    "made_without_an_app": """
unbound = Mail()
result = [unbound.state, unbound.server]
unbound.send_message("Hello", ["ann@example.org"], "Hi", sender="app@example.com")
""",
    "attributes_of_a_message": """
message = Message("Hello", ["ann@example.org"], "Hi", sender=("The App", "app@example.com"))
result = [message.subject, message.recipients, message.body, message.html, message.alts, message.sender, message.cc,
          message.bcc, message.reply_to, message.date, message.charset, message.extra_headers, message.mail_options,
          message.rcpt_options, message.attachments, message.send_to]
""",
}

CONFIG: dict[str, dict[str, Any]] = {
    "default_sender": {"MAIL_DEFAULT_SENDER": "default@example.com"},
    "default_sender_as_pair": {"MAIL_DEFAULT_SENDER": ("The Größe", "default@example.com")},
    "attachment_name_in_ascii": {"MAIL_ASCII_ATTACHMENTS": True},
    "bulk_with_a_limit": {"MAIL_MAX_EMAILS": 2},
    "suppressed": {"MAIL_SUPPRESS_SEND": True},
    "suppressed_by_testing": {"TESTING": True},
    "suppressed_without_recipients": {"TESTING": True},
    "suppressed_with_a_bad_header": {"TESTING": True},
    "suppressed_without_sender": {"TESTING": True},
    "testing_but_not_suppressed": {"TESTING": True, "MAIL_SUPPRESS_SEND": False},
    "state_attributes": {"MAIL_MAX_EMAILS": 3, "MAIL_DEFAULT_SENDER": "default@example.com"},
}


class Difference(NamedTuple):
    """What differs (`mails`, `raised`, `dispatched`, `connections`, `result`), and the words of the page on it."""

    aspects: str
    reason: str


ALTS = "HTML among `alts` is kept"
RELATED = "an image that the HTML shows is related to it"
EMPTY_FORM = "HTML without a body is one part"
UTF8 = "everything is UTF-8"
KEPT = "connections are kept"
QUOTED = "a name with a comma is quoted"
JUDGED = "addresses are judged before anything is sent"
ONCE = "no header is written twice"
CHECKED = "every header is checked for line breaks"
SHOWN = "the type of an attachment says its charset"
DISPOSED = "every attachment says that it is one"
LATER = "keys count whenever they are set"
REFUSED = "`as_string()` refuses what could not be sent"
NO_SENDER = "no sender is needed while mail is suppressed"
FIRST = "all of several reply addresses are kept"
STRING = "a string is one recipient"
WORDS = "encoded words are read"
SCRIPTS = "addresses in other scripts"
UNKNOWN = "parameters that no server was asked for are refused"

DIFFERENCES: dict[str, Difference] = {
    "html_only": Difference("mails", EMPTY_FORM),
    "alternative_without_body": Difference("mails", EMPTY_FORM),
    "alternatives_as_pairs": Difference("mails", ALTS),
    "inline_image": Difference("mails", RELATED),
    "charset": Difference("mails", UTF8),
    "charset_too_small": Difference("mails raised dispatched", UTF8),
    "two_sends": Difference("connections", KEPT),
    "comma_in_the_senders_name": Difference("mails", QUOTED),
    "extra_header_twice": Difference("mails", ONCE),
    "injection_by_cc": Difference("mails raised dispatched", CHECKED),
    "injection_by_extra_header": Difference("mails raised dispatched", CHECKED),
    "rendered_with_a_bad_header": Difference("raised result", REFUSED),
    "nul_in_the_subject": Difference("mails raised dispatched", CHECKED),
    "recipient_without_domain": Difference("mails raised dispatched", JUDGED),
    "recipient_with_a_space": Difference("mails raised dispatched", JUDGED),
    "recipient_of_another_script": Difference("mails raised dispatched", SCRIPTS),
    "recipient_as_string": Difference("mails", STRING),
    "recipient_in_encoded_words": Difference("mails", WORDS),
    "reply_to_several": Difference("mails", FIRST),
    "attachment_of_text_beyond_ascii": Difference("mails", SHOWN),
    "attached_message": Difference("mails", SHOWN),
    "attachments": Difference("mails", DISPOSED),
    "suppressed_without_sender": Difference("raised dispatched", NO_SENDER),
    "suppressed_later": Difference("mails", LATER),
    "mail_options_unknown": Difference("raised", UNKNOWN),
    "sanitized_name_in_ascii": Difference("result", WORDS),
}
