"""Send from an asyncio program: one mailer for the life of the program, many sends at once.

python examples/async_app.py
"""

import asyncio
from collections.abc import AsyncIterator

from mailbridge import Mailer, MailError, Message
from mailbridge.inbox import CatchAll


async def sign_up(mailer: Mailer, name: str) -> str:
    """Welcome somebody; what cannot be sent does not stop the sign-up."""
    message = Message(
        from_="Shop <shop@example.com>",
        to=[(name, f"{name.lower()}@example.org")],
        subject="Welcome",
        text=f"Hello {name}.",
    )
    try:
        receipt = await mailer.asend(message)
    except MailError as error:
        return f"{name}: {'later' if error.retryable else 'never'}, {error}"
    return f"{name}: {', '.join(receipt.accepted)}"


async def main(dsn: str) -> None:
    """Handle sign-ups as they come; they share up to five connections."""
    async with Mailer(dsn) as mailer:
        print((await mailer.averify()).text.partition(" ")[2])
        for line in await asyncio.gather(*(sign_up(mailer, name) for name in ["Ann", "Bob", "Cleo", "Dan"])):
            print(line)

        async def overdue() -> AsyncIterator[Message]:  # messages may come from an asynchronous iterable as well
            for number in range(100):
                await asyncio.sleep(0)
                yield Message(
                    from_="shop@example.com", to=[f"customer{number}@example.org"], subject="Reminder", text="..."
                )

        outcomes = [outcome async for outcome in mailer.asend_many(overdue())]
        print(sum(not isinstance(outcome, MailError) for outcome in outcomes), "reminders sent")


if __name__ == "__main__":
    with CatchAll() as server:
        asyncio.run(main(server.dsn))
