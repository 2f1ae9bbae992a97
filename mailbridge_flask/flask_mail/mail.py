"""`Mail`: the extension object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, has_app_context

from mailbridge import ConfigError
from mailbridge_flask import mail_keys
from mailbridge_flask.extension import EXTENSION, MailBridge
from mailbridge_flask.flask_mail.connection import Connection
from mailbridge_flask.flask_mail.failures import NotSetUp
from mailbridge_flask.flask_mail.state import Sending, State


class Mail(Sending):
    """Sends the mail of Flask applications, by Flask-Mail's names.

    Made for an app, it sends the mail of that app, in any thread and without a context. Otherwise it sends
    that of the current app, as far as `init_app` has seen it.

    Args:
        app: an app to `init_app` at once.

    >>> app = Flask("shop")
    >>> app.config.update(MAIL_BACKEND="locmem", MAIL_DEFAULT_SENDER="shop@example.com")
    >>> mail = Mail(app)
    >>> mail.send_message("Hello", recipients=["ann@example.org"], body="…").accepted
    ('ann@example.org',)
    """

    def __init__(self, app: Flask | None = None) -> None:
        self.state: State | None = None if app is None else self.init_app(app)

    def init_app(self, app: Flask) -> State:
        """Make mail available in an app, as `app.extensions["mail"]`; the configuration is not looked at yet.

        The Mailer is that of `MailBridge()`, which is set up here unless the app has one. Raises ConfigError
        if another extension stands there.
        """
        taken = app.extensions.get("mail")
        if taken is not None and not isinstance(taken, State):
            raise ConfigError(
                f"app.extensions['mail'] of {app.name!r} belongs to {type(taken).__module__} already.",
                hints=["Import Mail from mailbridge_flask.flask_mail everywhere, and initialise it once."],
            )
        if not mail_keys.present(app.config):
            app.config.setdefault("MAIL_SERVER", mail_keys.DEFAULT_SERVER)
        bridge = MailBridge()
        if bridge.name not in app.extensions.get(EXTENSION, {}):
            bridge.init_app(app)
        state = app.extensions["mail"] = State(bridge.for_app(app))
        return state

    def init_mail(self, config: Mapping[str, Any], debug: bool = False, testing: bool = False) -> State:
        """Return the state that a configuration describes, without an app."""
        app = Flask("mail")
        app.config.update(config, DEBUG=debug, TESTING=testing)
        return self.init_app(app)

    def connect(self) -> Connection:
        """Return a connection, for a `with` block that sends several messages.

        Raises NotSetUp (a ConfigError and a RuntimeError) where no app is at hand.
        """
        return self._found().connect()

    def _found(self) -> State:
        if self.state is not None:
            return self.state
        if not has_app_context():
            raise NotSetUp(
                "There is no application context, so nobody knows whose mail it is.",
                hints=[
                    "Send by Mail(app) or app.extensions['mail'], which need none, or in `with app.app_context():`."
                ],
            )
        found = current_app.extensions.get("mail")
        if not isinstance(found, State):
            raise NotSetUp(f"The app {current_app.name!r} has no mail.", hints=["Call mail.init_app(app) first."])
        return found

    def __getattr__(self, name: str) -> Any:
        """Look into the state; what is not there is None, as in Flask-Mail."""
        if name.startswith("__") or name == "state":
            raise AttributeError(name)
        return getattr(self.state, name, None)
