"""A shop that sends mail: from views, from a thread, of templates, and to its operators when something breaks."""

from concurrent.futures import ThreadPoolExecutor

from flask import Flask, request

from shop import account
from shop.post import mail


def create_app(**config):
    """Make the app; how to send comes from the environment: FLASK_MAILBRIDGE__DSN."""
    app = Flask("shop", root_path=__path__[0])
    app.config.update(SECRET_KEY="of an example", SERVER_NAME="localhost")
    app.config["MAILBRIDGE"] = {"default_from": "Shop <shop@example.com>"}
    app.config.from_prefixed_env()
    app.config.update(config)
    mail.init_app(app)
    mail.mail_errors(app, to="operators@example.com")
    app.register_blueprint(account.pages)
    background = ThreadPoolExecutor(1)

    @app.post("/orders")
    def order():
        """Thank at once, and let a thread write to the stock: it has no context, and needs none."""
        receipt = mail.send(mail.from_template("order", {"item": request.form["item"]}, to=request.form["email"]))
        background.submit(tell_stock, mail.for_app(app), request.form["item"])
        return {"message_id": receipt.message_id}, 201

    return app


def tell_stock(shop_mail, item):
    """Write to the stock."""
    shop_mail.send(shop_mail.message(to="stock@example.com", subject=f"Pack one {item}", text="Please."))
