"""A Flask application with the real Flask-Security, users in memory, and the way through its mails.

python flask_security_app.py PORT   runs it as if neither Flask-Mail nor Flask-Mailman were installed
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask

PASSWORD = "correct horse battery"
NEW_PASSWORD = "another horse battery"


def application(port: int) -> Flask:
    app = Flask("secured")
    app.config.update(
        SECRET_KEY="s3cret",
        SECURITY_PASSWORD_SALT="salt",
        SECURITY_PASSWORD_HASH="plaintext",
        SECURITY_PASSWORD_SCHEMES=["plaintext"],
        SECURITY_REGISTERABLE=True,
        SECURITY_CONFIRMABLE=True,
        SECURITY_RECOVERABLE=True,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        WTF_CSRF_ENABLED=False,
        MAIL_PORT=port,
        MAIL_DEFAULT_SENDER=("The App", "app@example.com"),
    )
    return app


def secured(app: Flask, **options: Any) -> Flask:
    import flask_security

    class User(flask_security.UserMixin):
        id = 1
        email = password = fs_uniquifier = ""
        active = True
        confirmed_at = None

        def __init__(self, **fields: Any) -> None:
            self.__dict__.update(fields)

    class Users(flask_security.UserDatastore):
        def __init__(self) -> None:
            super().__init__(User, flask_security.RoleMixin)
            self.users: list[Any] = []

        def put(self, model: Any) -> Any:
            if model not in self.users:
                self.users.append(model)
            return model

        def commit(self) -> None:
            """There is no transaction."""

        def find_user(self, case_insensitive: bool = False, **wanted: Any) -> Any:
            found = (each for each in self.users if all(getattr(each, key) == wanted[key] for key in wanted))
            return next(found, None)

        def find_role(self, role: str) -> None:
            """There are no roles."""

    flask_security.Security(app, Users(), **options)
    return app


def go_through(app: Flask, mails: Callable[[int], Any]) -> None:
    """Register, confirm, forget the password, reset it, log in: each by the link of the mail that came."""
    client = app.test_client()
    client.post("/register", data={"email": "ann@example.org", "password": PASSWORD, "password_confirm": PASSWORD})
    [welcome] = mails(1)
    assert "/confirm/" in link(welcome)
    assert client.get(link(welcome), follow_redirects=True).status_code == 200
    client.get("/logout")
    client.post("/reset", data={"email": "ann@example.org"})
    forgotten = mails(2)[1]
    assert "/reset/" in link(forgotten)
    client.post(link(forgotten), data={"password": NEW_PASSWORD, "password_confirm": NEW_PASSWORD})
    assert len(mails(3)) == 3  # the notice that the password was changed
    client.get("/logout")
    logged_in = client.post("/login", data={"email": "ann@example.org", "password": NEW_PASSWORD})
    assert logged_in.status_code == 302, logged_in.text


def link(caught: Any) -> str:
    assert caught.recipients == ("ann@example.org",)
    message = caught.parsed()
    assert str(message["from"]) == "The App <app@example.com>"
    text = message.get_body(["plain"]).get_content()
    found = re.search(r"http://localhost(/\S+)", text)
    assert found, text
    return found[1]


class Missing:
    """Imports of these packages fail, as where they are not installed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in ("flask_mail", "flask_mailman"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main() -> None:
    from mailbridge.inbox import CatchAll

    sys.meta_path.insert(0, Missing())  # type: ignore[arg-type]  # all that the import system asks of a finder
    from mailbridge_flask import MailBridge
    from mailbridge_flask.flask_security import MailUtil

    with CatchAll(tls="off") as server:
        app = application(server.port)
        MailBridge(app)
        go_through(secured(app, mail_util_cls=MailUtil), server.mailbox.wait_for)
        MailBridge().close(app)
    assert "flask_mail" not in sys.modules
    print("went through")


if __name__ == "__main__":
    main()
