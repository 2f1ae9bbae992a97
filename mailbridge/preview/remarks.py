"""What a person should look at before a mail goes out; facts about mail programs carry their source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailbridge.preview.references import References, references

if TYPE_CHECKING:
    from mailbridge.content import Content

GMAIL_CLIPS_AT = 102 * 1024
"""Octets of HTML from which on Gmail shows "[Message clipped]" instead of the rest (Google's help names no figure;
102 KB is what senders measure, 2026)."""
SUBJECT_SHOWN = 70
"""Characters of a subject that a desktop program shows in its list, about; telephones show half of it."""


def size(text: str | None) -> int:
    """Return the octets of a text in UTF-8."""
    return len((text or "").encode())


def shown_size(octets: int) -> str:
    """Return a size for people.

    >>> shown_size(831), shown_size(104448)
    ('831 bytes', '102.0 KB')
    """
    return f"{octets} bytes" if octets < 1024 else f"{octets / 1024:.1f} KB"


def remarks(content: Content) -> list[str]:
    """Return what is worth a second look, a sentence each."""
    return [*_about_subject(content.subject or ""), *_about_bodies(content)]


def _about_subject(subject: str) -> Iterator[str]:
    if not subject.strip():
        yield "The subject is empty."
    elif len(subject) > SUBJECT_SHOWN:
        yield f"The subject has {len(subject)} characters; most programs show the first {SUBJECT_SHOWN} at best."


def _about_bodies(content: Content) -> Iterator[str]:
    if not (content.text or "").strip():
        yield "There is no text: programs without HTML, and filters against spam, have nothing to read."
    if content.html is None:
        return
    octets = size(content.html)
    if octets > GMAIL_CLIPS_AT:
        yield (
            f"The HTML has {shown_size(octets)}: Gmail shows the first {shown_size(GMAIL_CLIPS_AT)} and clips the "
            "rest, an unsubscribe link at the end with it."
        )
    yield from _about_references(references(content.html))


def _about_references(found: References) -> Iterator[str]:
    without = sum(image.alt is None for image in found.images)
    if without:
        yield f"{_count(without, 'image has', 'images have')} no alt text, which is read while images are blocked."
    for image in [image for image in found.images if image.relative][:1]:
        yield f"No mail program can find the image {image.address}: its address is relative."
    for link in [link for link in found.links if not link.openable and not link.address.startswith("#")][:1]:
        yield f'The link "{link.text or link.address}" leads nowhere: its address is "{link.address}".'


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
