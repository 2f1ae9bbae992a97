"""`Attachment`: a file that travels with a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from mimetypes import guess_type

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

OCTETS = "application/octet-stream"


class Attachment:
    """A file that travels with a message.

    Args:
        filename: as the recipient shall see it.
        content_type: such as `application/pdf`; by default what the name says.
        data: bytes, or text, which is sent as UTF-8.
        disposition: `attachment` or `inline`.
        headers: further headers of the part: `{"Content-ID": "<logo>"}` for an image that the HTML shows.

    Raises ValueError without `data`.

    >>> Attachment("report.pdf", data=b"%PDF-1.7").content_type
    'application/pdf'
    """

    def __init__(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: str | bytes | None = None,
        disposition: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        if data is None:
            raise ValueError("An attachment needs data.")
        self.filename = filename
        self.content_type = content_type or (filename and guess_type(filename)[0]) or OCTETS
        self.data = data
        self.disposition = disposition or "attachment"
        self.headers = dict(headers or {})
