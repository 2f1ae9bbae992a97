"""Send a newsletter to many people, one message each, and keep a list of what failed.

    python examples/newsletter.py [HOW_MANY]

Messages come from a generator and outcomes are counted as they arrive, so memory does not grow with their number.
"""

import sys
import time
from collections.abc import Iterator

from mailbridge import Mailer, MailError, Message
from mailbridge.inbox import CatchAll

HOW_MANY = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def readers() -> Iterator[tuple[int, str]]:
    """Yield ids and addresses, as a query would."""
    for number in range(HOW_MANY):
        yield number, f"reader{number}@example.org"


def issue(number: int, address: str) -> Message:
    """Write the message for one reader."""
    return Message(
        from_="News <news@example.com>",
        to=[address],
        subject="News of November",
        text=f"Dear reader {number},\n\nhere is what happened.\n",
        list_unsubscribe=f"https://example.com/unsubscribe/{number}",
        list_unsubscribe_post=True,
    )


def main() -> None:
    """Send, and tell how it goes."""
    begun, failed = time.monotonic(), list[tuple[str, MailError]]()
    with CatchAll(keep=10) as server, Mailer(server.dsn) as mailer:
        outcomes = mailer.send_many(issue(number, address) for number, address in readers())
        for done, ((_, address), outcome) in enumerate(zip(readers(), outcomes, strict=True), start=1):
            if isinstance(outcome, MailError):
                failed.append((address, outcome))
            if done % 100 == 0:
                print(f"\r{done:,} of {HOW_MANY:,}, {len(failed)} failed", end="", file=sys.stderr, flush=True)
        received = server.mailbox.received
    print(file=sys.stderr)
    print(f"{HOW_MANY - len(failed):,} sent, {received:,} received, {len(failed)} failed")
    print(f"{HOW_MANY / (time.monotonic() - begun):,.0f} messages a second", file=sys.stderr)
    for address, error in failed:
        print(f"{address}: {error}", "(again later)" if error.retryable else "")


if __name__ == "__main__":
    main()
