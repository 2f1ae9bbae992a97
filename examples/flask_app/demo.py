"""Order something, forget a password, follow a broken link; and see every mail that this makes.

    python examples/flask_app/demo.py

A mail server on this machine takes the mail and delivers none (extras `flask`, `inbox` and `templates`). The visitor is
Flask's test client; everything else is as in production.
"""

import logging
import os
import re
import sys
from pathlib import Path

from mailbridge.inbox import CatchAll

sys.path.insert(0, str(Path(__file__).parent))
logging.getLogger().addHandler(logging.NullHandler())  # no log on the screen

with CatchAll(tls="off") as server:
    os.environ["FLASK_MAILBRIDGE__DSN"] = f"smtp://{server.host}:{server.port}?tls=off"
    from shop import create_app

    app = create_app()
    print(app.test_cli_runner().invoke(args=["mail", "check", "--verify"]).output, end="")
    visitor = app.test_client()
    visitor.post("/orders", data={"item": "Tea & Cake", "email": "ann@example.org"})
    visitor.post("/forgotten", data={"email": "ann@example.org"})
    (reset,) = [each for each in server.mailbox if "another password" in each.parsed()["Subject"]]
    link = re.search(r"http://localhost(/reset/[\w.-]+)", reset.parsed().get_body(("plain",)).get_content())
    print(f"The link leads to: {visitor.get(link[1]).text}")
    print(f"A broken one answers {visitor.get('/reset/broken-link').status_code}.")
    logging.shutdown()  # as at the end of a program: what is to be mailed in the background leaves now
    for each in server.mailbox.wait_for(4, timeout=10.0):
        mail = each.parsed()
        print(f"{', '.join(each.recipients)} got {mail['Subject']!r} from {mail['From']}.")
