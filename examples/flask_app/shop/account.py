"""Pages for who has forgotten the password."""

from flask import Blueprint, current_app, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from shop.post import mail

pages = Blueprint("account", __name__)


def signer():
    """Return what signs the links."""
    return URLSafeTimedSerializer(current_app.secret_key, salt="reset")


@pages.post("/forgotten")
def forgotten():
    """Send a link by which to choose another password."""
    email = request.form["email"]
    link = url_for("account.reset", token=signer().dumps(email), _external=True)
    mail.send(mail.from_template("reset", {"link": link}, to=email, sensitive=True))
    return "", 204


@pages.get("/reset/<token>")
def reset(token):
    """Greet who follows the link. What is wrong with a link is not foreseen here, so the operators get a mail."""
    try:
        return f"Choose another password, {signer().loads(token, max_age=3600)}."
    except BadSignature as error:
        raise RuntimeError(f"the link {token} does not hold") from error
