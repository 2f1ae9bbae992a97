"""What a test may ask of a mail, by keyword; for type checkers and for editors that complete them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from mailbridge.message.address import Address, AddressLike
from mailbridge.message.attachment import Attachment
from mailbridge.message.template import Template

if TYPE_CHECKING:
    from mailbridge.testing.sent import SentMail

__all__ = ["Criteria"]

Text: TypeAlias = str | re.Pattern[str] | Callable[[str], object] | Any
"""A str, a pattern that is searched for, a callable that says yes or no, or an object that is equal (`ANY`)."""
Mailbox: TypeAlias = AddressLike | re.Pattern[str] | Callable[[Address], object] | Any
People: TypeAlias = Mailbox | Collection[Mailbox]
File: TypeAlias = Text | Attachment | Callable[[Attachment], object]


class Criteria(TypedDict, total=False):
    """The keywords of `Match` and of every assertion; docs/reference/testing.md tells what each takes."""

    to: People
    cc: People
    bcc: People
    from_: People
    subject: Text
    text: Text | None
    html: Text | None
    header: Mapping[str, Text | None]
    tag: Text | Collection[Text]
    metadata: Mapping[str, Any]
    template: Template | Text | None
    backend: Text
    attachment: File | Collection[File]
    where: Callable[[SentMail], object]
