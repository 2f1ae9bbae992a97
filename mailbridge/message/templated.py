"""The fields of a message that a template fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailbridge.content.current import current, opened
from mailbridge.message.attachment import Attachment

if TYPE_CHECKING:
    from mailbridge.content.templates import StrPath, Templates


def templated(
    name: str,
    context: Mapping[str, Any] | None,
    locale: str | None,
    templates: Templates | StrPath | None,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the arguments of a message: what the template says, and the fields, which go before it.

    Raises TemplateError; ConfigError where no templates are to be found.
    """
    content = (opened(templates) or current()).render(name, context, locale=locale)
    images = [
        Attachment(each.content, each.filename, inline=True, content_id=each.content_id) for each in content.images
    ]
    made: dict[str, Any] = {"subject": content.subject, "text": content.text, "html": content.html}
    made |= {field: value for field, value in fields.items() if value is not None}
    if images:
        given = made.get("attachments") or ()
        made["attachments"] = [*images, *([given] if isinstance(given, Attachment) else given)]
    return made
