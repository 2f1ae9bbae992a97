"""Flask-Mail's names and behaviour on a mailbridge Mailer: moving over is one changed import.

    from mailbridge_flask.flask_mail import Mail, Message  # was: from flask_mail import Mail, Message

The keys MAIL_* hold as before; `MAILBRIDGE`, where it is set, wins. docs/howto/flask-migrate.md says what is
different on purpose.
"""

from mailbridge_flask.flask_mail.attachment import Attachment
from mailbridge_flask.flask_mail.connection import Connection
from mailbridge_flask.flask_mail.failures import BadHeaderError, Incomplete, NotSetUp
from mailbridge_flask.flask_mail.mail import Mail
from mailbridge_flask.flask_mail.message import Message
from mailbridge_flask.flask_mail.signals import email_dispatched
from mailbridge_flask.flask_mail.text import (
    FlaskMailUnicodeDecodeError,
    force_text,
    sanitize_address,
    sanitize_addresses,
    sanitize_subject,
)

__all__ = [
    "Attachment",
    "BadHeaderError",
    "Connection",
    "FlaskMailUnicodeDecodeError",
    "Incomplete",
    "Mail",
    "Message",
    "NotSetUp",
    "email_dispatched",
    "force_text",
    "sanitize_address",
    "sanitize_addresses",
    "sanitize_subject",
]
