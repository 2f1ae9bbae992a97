"""HTML forms read back: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578)."""

from __future__ import annotations

from email import message_from_string, policy
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mailbridge.errors import MessageInvalid
from mailbridge.flow.http import HttpRequest

__all__ = ["File", "Form", "form_of"]


class File(NamedTuple):
    """One file of a form: the name of its field, its own, its type, and its octets."""

    field: str
    name: str
    content_type: str
    content: bytes


class Form(NamedTuple):
    """The fields of a form as pairs, for a name may occur several times, and its files."""

    fields: list[tuple[str, str]]
    files: list[File]

    def first(self, name: str) -> str:
        """Return the first value of a field, or an empty string."""
        return next((value for key, value in self.fields if key == name), "")

    def every(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value for key, value in self.fields if key == name]


def form_of(request: HttpRequest) -> Form:
    """Read the form in a request. Raises MessageInvalid if there is none."""
    kind = request.header("content-type") or ""
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return Form(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True), [])
    boundary = message_from_string(f"Content-Type: {kind}\n\n").get_boundary()
    if not boundary:
        raise MessageInvalid(f"The request is no form; its type is {kind or 'not given'}.", field="")
    form = Form([], [])
    # Octet by octet: a parser of mail would also read a message that is one of the files.
    for section in (b"\r\n" + request.body).split(f"\r\n--{boundary}".encode())[1:-1]:
        head, _, content = section.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        part: Any = message_from_string(f"{head.decode()}\n\n", policy=policy.HTTP)
        name = part.get_param("name", header="content-disposition") or ""
        file = part.get_param("filename", header="content-disposition")
        if file is None:
            form.fields.append((name, content.decode()))
        else:
            form.files.append(File(name, file, str(part["content-type"] or "application/octet-stream"), content))
    return form
