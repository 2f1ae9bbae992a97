"""Names of files for services that take a file's type from the extension of its name."""

from __future__ import annotations

from mimetypes import guess_extension

from mailbridge.errors import MessageInvalid
from mailbridge.message.attachment import Attachment
from mailbridge.message.media_type import guessed, media_type

_UTF_8 = ("utf-8", "us-ascii", "utf8")
_OTHER_NAMES = {
    "application/javascript": "text/javascript",
    "application/x-gzip": "application/gzip",
    "application/x-zip-compressed": "application/zip",
    "application/xml": "text/xml",
    "audio/mp3": "audio/mpeg",
    "image/jpg": "image/jpeg",
}
"""Types of the same thing, so that the name of a file says the one as well as the other."""


def typed_name(file: Attachment, shown: str, *, parameters: bool = False) -> str:
    """Return the name of a file, whose extension says what the file is; one without a name gets `attachment.…`.

    Raises MessageInvalid for a name that says something else than the content type, which would reach the
    recipient changed, and for a parameter of the type that no name can say (text is taken for UTF-8).

    Args:
        shown: the transport, as errors name it.
        parameters: whether the service is told the content type too, so that parameters may stand there.
    """
    name = file.filename or f"attachment{guess_extension(file.mime_type) or ''}"
    if _usual(guessed(name)) != _usual(file.mime_type):
        raise MessageInvalid(
            f"attachments.filename: {shown} goes by the extension of {name!r}, which does not say {file.mime_type}.",
            field="attachments.filename",
            hints=["Give the file a name with the extension of its type; if the type is not known, leave it out."],
        )
    said = {} if parameters else media_type(file.content_type, "attachments.content_type")[1]
    for parameter, value in said.items():
        if parameter != "charset" or value.lower() not in _UTF_8:
            raise MessageInvalid(
                f"attachments.content_type: {shown} goes by the name of a file, which cannot say {parameter}={value}.",
                field="attachments.content_type",
                hints=["Encode text as UTF-8, and leave other parameters out."],
            )
    return name


def _usual(mime_type: str) -> str:
    return _OTHER_NAMES.get(mime_type, mime_type)
