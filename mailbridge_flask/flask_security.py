"""`MailUtil`: the mail of Flask-Security by mailbridge, whether or not Flask-Mail is installed.

    Security(app, datastore, mail_util_cls=MailUtil)

Without it, Flask-Security imports the Message of Flask-Mail and sends it by `app.extensions["mail"]`; that works
with `mailbridge_flask.flask_mail.Mail`, but needs the package Flask-Mail.
"""

from __future__ import annotations

from typing import Any

import flask_security

from mailbridge_flask.extension import MailBridge
from mailbridge_flask.flask_mail.addresses import Named, one

_NOBODY = "no-reply@localhost"
"""What Flask-Security writes where neither SECURITY_EMAIL_SENDER nor MAIL_DEFAULT_SENDER is set."""


class MailUtil(flask_security.MailUtil):  # type: ignore[misc]  # types are checked without Flask-Security
    """Sends by the app's MailBridge: links that confirm, reset and log in are sensitive, so their text is not logged.

    The app needs `MailBridge` or `mailbridge_flask.flask_mail.Mail` to be initialised for it.
    """

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: Named,
        sender: Named,
        body: str | None,
        html: str | None,
        **kwargs: Any,
    ) -> None:
        """Send a mail that Flask-Security rendered. Raises MailError."""
        mail = MailBridge().for_app()
        author: Any = sender if isinstance(sender, tuple) else str(sender)  # a lazy string perhaps
        if not sender or author == _NOBODY:
            author = mail.settings().default_from or author
        mail.send(
            mail.message(
                from_=one(author, "sender"),
                to=one(recipient, "recipient"),
                subject=str(subject),
                text=body,
                html=html,
                sensitive=True,
            )
        )
