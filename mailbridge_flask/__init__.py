"""mailbridge in Flask: one extension for every way to send mail.

    mail = MailBridge()

    def create_app():
        app = Flask(__name__)
        app.config.from_prefixed_env()  # FLASK_MAILBRIDGE__DSN=smtp://…
        mail.init_app(app)
        return app

    mail.send(mail.message(to="ann@example.org", subject="Hi", text="Hello"))

Where there is no application context, as in a thread or a worker, `mail.for_app(app)` sends.
"""

try:
    from mailbridge_flask.app_mailer import AppMailer
    from mailbridge_flask.error_mail import ErrorMailHandler
    from mailbridge_flask.extension import MailBridge
    from mailbridge_flask.signals import message_failed, message_sending, message_sent, message_suppressed
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("blinker", "flask", "werkzeug"):
        raise
    error.msg = (
        "mailbridge_flask needs Flask, which is not installed. Run: pip install '.[flask]' in a checkout of mailbridge."
    )
    raise

__all__ = [
    "AppMailer",
    "ErrorMailHandler",
    "MailBridge",
    "message_failed",
    "message_sending",
    "message_sent",
    "message_suppressed",
]
