"""Lose a mail server and get it back, without losing a mail.

    python examples/failover.py

Two servers, one DSN: `failover(first, second)`. The first is stopped and started again while mail is being sent.
"""

import time

from mailbridge import Attempt, Mailer, Message, hookimpl
from mailbridge.inbox import CatchAll

COOLDOWN = 0.2  # seconds that a failing server is left alone; 30 by default


class Watch:
    """Tells of each attempt."""

    @hookimpl
    def mailbridge_attempt(self, attempt: Attempt) -> None:
        if attempt.finished:
            print(f"   {names[attempt.transport]}: {attempt.error or 'accepted'}")


def send(mailer: Mailer, number: int) -> None:
    print(f"mail {number}")
    mailer.send(Message(from_="shop@example.com", to=["ann@example.org"], subject=f"Mail {number}", text="Hello"))


first, second = CatchAll(tls="off").start(), CatchAll(tls="off").start()
names = {f"smtp://{server.host}:{server.port}": name for server, name in ((first, "first"), (second, "second"))}
dsn = f"failover(smtp://{first.host}:{first.port}, smtp://{second.host}:{second.port}, failures=1, cooldown={COOLDOWN})"

with Mailer(dsn, hooks=[Watch()]) as mailer:
    send(mailer, 1)
    first.stop()
    send(mailer, 2)
    send(mailer, 3)
    first.start()
    time.sleep(COOLDOWN)
    send(mailer, 4)
second.stop()
first.stop()
print(f"{len(first.mailbox) + len(second.mailbox)} mails arrived")
