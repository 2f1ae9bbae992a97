"""`image()`: shows an image that lies beside the templates, and has it travel with the message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from pathlib import PurePosixPath

from mailbridge.content.content import Image
from mailbridge.errors import TemplateError

Collected = dict[str, Image]
_rendering: ContextVar[tuple[Collected, Callable[[str], bytes]] | None] = ContextVar("mailbridge_images", default=None)


def image(name: str) -> str:
    """Return the URL of an image, `cid:…`, for a template: `<img src="{{ image("logo.png") }}" alt="ACME">`.

    The file lies in a folder of the templates; in the message it is an inline attachment, once however often
    it is shown. Raises TemplateMissing for no such file.
    """
    state = _rendering.get()
    if state is None:
        raise TemplateError("image() can be called by templates only, while they are rendered.")
    collected, read = state
    path = str.__str__(name)  # of a string that is marked as safe, the string itself, of which paths can be made
    content = read(path)
    file = PurePosixPath(path).name
    # Depends on content and name alone, so that the same mail is the same bytes.
    content_id = f"{sha256(content + file.encode()).hexdigest()[:32]}@mailbridge.invalid"
    collected[content_id] = Image(content, file, content_id)
    return f"cid:{content_id}"


@contextmanager
def collecting(read: Callable[[str], bytes]) -> Iterator[Collected]:
    """Collect the images that are shown within; `read` finds their content."""
    collected: Collected = {}
    before = _rendering.set((collected, read))
    try:
        yield collected
    finally:
        _rendering.reset(before)
