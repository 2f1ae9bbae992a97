"""What a test is told when a mail lacks what it looked for."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["NotInMail"]


class NotInMail(AssertionError, LookupError):
    """A mail has no such link, code, file or element; or several where one was asked for.

    An AssertionError, because to a test runner that is what it is: the mail is not as the test expects.

    Args:
        text: the sentence.
        found: what there is instead, one line each.
    """

    def __init__(self, text: str, found: Iterable[str] = ()) -> None:
        self.text = text
        self.found = tuple(found)
        super().__init__("\n  ".join((text, *self.found)))

    def __reduce__(self) -> tuple[object, ...]:
        return (NotInMail, (self.text, self.found))
