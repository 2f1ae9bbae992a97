"""The body of a message: its parts, in the terms of `Message`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.media_type import written
from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.part import Part

_FORMS = {"text/plain": "text", "text/x-amp-html": "amp", "text/html": "html", "text/calendar": "calendar"}
_ORDER = ("text", "amp", "html", "alternatives", "calendar")  # as we write them, from plain to rich


class Body:
    """What the parts of one message say, gathered as arguments of `Message`.

    Raises Loss as soon as something would be lost, and MessageInvalid for what `Message` refuses too.
    """

    def __init__(self, root: Part) -> None:
        self.arguments: dict[str, Any] = {}
        self._order: list[str] = []
        self._files: list[Attachment] = []
        self._read(root)
        if self._order != sorted(self._order, key=_ORDER.index) or set(self._order) == {"alternatives"}:
            raise Loss("forms of the body in an unusual order")
        if any(each.inline for each in self._files) and "html" not in self._order:
            raise Loss("related files without HTML")
        if self._files:
            self.arguments["attachments"] = self._files

    def _read(self, root: Part) -> None:
        if root.kind != "multipart/mixed":
            self._body(root)
            return
        first, *others = root.parts()
        if first.is_file:
            others.insert(0, first)
        else:
            self._body(first)
        self._files += [self._file(each, inline=False) for each in others]

    def _body(self, part: Part) -> None:
        """Read what is shown: one form or several, with the files they show."""
        if part.kind == "multipart/related":
            self._related(part, self._body)
        elif part.kind == "multipart/alternative":
            for form in part.parts():
                self._related(form, self._form) if form.kind == "multipart/related" else self._form(form)
        else:
            self._form(part)

    def _related(self, part: Part, read: Callable[[Part], None]) -> None:
        root, *files = part.parts(frozenset({"type"}))
        if self._files or root.kind == "multipart/related":
            raise Loss("several related parts")
        read(root)
        self._files += [self._file(each, inline=True) for each in files]

    def _form(self, part: Part) -> None:
        if part.kind.startswith(("multipart/", "message/")) or part.content_id or part.filename:
            raise Loss(f"{part.kind} as a form of the body")
        if part.disposition == "attachment":
            raise Loss(f"{part.kind} as a form of the body")
        name = _FORMS.get(part.kind, "alternatives")
        if name == "calendar" and "method" not in part.parameters:
            name = "alternatives"
        if name == "alternatives":
            self.arguments.setdefault(name, []).append(_alternative(part))
        elif name in self.arguments:
            raise Loss(f"{part.kind} twice")
        else:
            self._text(name, part)
        self._order.append(name)

    def _text(self, name: str, part: Part) -> None:
        charset = part.parameters.pop("charset", "us-ascii")
        if name == "calendar":
            self.arguments["method"] = part.parameters.pop("method")
        if part.parameters:  # format=flowed, say: the reader would wrap the lines differently
            raise Loss(f"{part.kind} with {', '.join(part.parameters)}")
        self.arguments[name] = part.text(charset)

    def _file(self, part: Part, *, inline: bool) -> Attachment:
        if not part.is_file or (inline and (not part.content_id or part.disposition == "attachment")):
            raise Loss("a text after the body, or a related file that nothing can show")
        file = Attachment(
            part.octets(),
            part.filename,
            written(part.kind, part.parameters),
            inline=inline,
            content_id=part.content_id or None,
            disposition="inline" if part.disposition == "inline" or inline else "attachment",
        )
        if file.filename != part.filename:
            raise Loss("a file name with a folder")
        return file


def _alternative(part: Part) -> Alternative:
    if not part.kind.startswith("text/"):
        return Alternative(part.octets(), written(part.kind, part.parameters))
    charset = part.parameters.pop("charset", "us-ascii")
    return Alternative(part.text(charset), written(part.kind, part.parameters))
