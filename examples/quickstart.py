"""Send one mail and read the receipt.

    python examples/quickstart.py

A mail server on this machine takes the mail and delivers none (extra `inbox`). For a server of yours, put its DSN in
place of `server.dsn`.
"""

from mailbridge import Mailer, MailError, Message
from mailbridge.inbox import CatchAll

message = Message(
    from_="Shop <shop@example.com>",
    to=["Ann <ann@example.org>", "bob@example.org"],
    subject="Your order",
    text="It is on its way.",
    html="<p>It is <em>on its way</em>.</p>",
)

with CatchAll(auth=("shop", "s3cret")) as server, Mailer(server.dsn) as mailer:
    print(mailer.verify().text)
    try:
        receipt = mailer.send(message)
    except MailError as error:
        raise SystemExit(f"{error} {'Try again later.' if error.retryable else ''}") from None
    for address, fate in receipt.recipients.items():
        print(f"{address}: {fate.status} ({fate.code} {fate.text})")
    print(f"The server got {server.mailbox[0].parsed()['subject']!r}, encrypted by {server.mailbox[0].tls}.")
