"""Forget a password, and get the mail that resets it.

    python examples/django_project/demo.py

A mail server on this machine takes the mail and delivers none (extras `django` and `inbox`). The visitor is Django's
test client; everything else is as in production.
"""

import logging
import os
import re
import sys
from pathlib import Path

from mailbridge.inbox import CatchAll

sys.path.insert(0, str(Path(__file__).parent))
logging.basicConfig(format="log: %(message)s")
logging.getLogger("mailbridge").setLevel("INFO")


def visit() -> None:
    """Do what a visitor does who has forgotten the password."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    User.objects.create_user("ann", "ann@example.org", "forgotten")
    answer = Client(SERVER_NAME="localhost").post("/password_reset/", {"email": "ann@example.org"})
    print(f"The page answers {answer.status_code} and leads to {answer['Location']}.")


with CatchAll(tls="off") as server:
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    os.environ["MAIL_DSN"] = f"smtp://{server.host}:{server.port}?tls=off"
    visit()
    (caught,) = server.mailbox.messages
    mail = caught.parsed()
    print(f"{', '.join(caught.recipients)} got {mail['Subject']!r} from {mail['From']}.")
    link = re.search(r"http://localhost/reset/\S+", mail.get_content())
    print(f"The link to follow: {link[0] if link else 'is missing'}")
