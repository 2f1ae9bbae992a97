"""Make mails of templates: a layout, languages, styles, an image, text out of HTML; and what a fault looks like.

    python examples/templates/demo.py

The templates lie in `mail/` beside this file. Extras `templates` and `inbox`.
"""

from pathlib import Path

from mailbridge import Mailer, TemplateError, Templates
from mailbridge.inbox import CatchAll

templates = Templates(Path(__file__).parent / "mail", globals={"shop": "ACME"})

with CatchAll() as server, Mailer(server.dsn, templates=templates, default_from="Shop <shop@example.com>") as mailer:
    link = "https://example.com/confirm?user=117&token=x"
    for locale in ("en", "de_AT"):
        mailer.send(
            mailer.from_template("welcome", {"user": "Ann & Bob", "link": link}, locale=locale, to="ann@example.org")
        )
    items = [{"name": "Tea", "price": "3.50 €"}, {"name": "A pot <large>", "price": "12 €"}]
    mailer.send(mailer.from_template("order", {"user": "Ann", "items": items}, to="ann@example.org"))
    try:
        mailer.from_template("order", {"user": "Ann"}, to="ann@example.org")
    except TemplateError as error:
        print(f"Not sent: {error}\n")

    for caught in server.mailbox.messages:
        mail = caught.parsed()
        print(f"--- {mail['subject']}  ({', '.join(part.get_content_type() for part in mail.walk())})")
        print(mail.get_body(("plain",)).get_content())
