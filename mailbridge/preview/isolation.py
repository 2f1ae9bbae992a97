"""How a template's output is kept to itself: what it may load, and what is changed in it so that it stays in its frame.

The output is shown in a sandboxed frame, from a path of its own whose policy forbids everything but styles
within the document and images within it. Some things no policy reaches: Chromium 156 opens a connection, and asks
nothing, for `<link rel="preconnect">`, for `<iframe src>` and for a link that is pointed at and pressed, in a sandbox
under `default-src 'none'`; and a link without a target would load into the frame. So those elements become inert
ones, and links can neither be pressed, nor, by the keyboard, open what the sandbox forbids to open.
"""

from __future__ import annotations

import mimetypes
import re
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mailbridge.content import Content

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For the pages of the preview itself: their own files and nothing else."""

_OUTPUT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src {images}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_DOCTYPE = re.compile(r"\ufeff?(?>\s|<!--(?>.*?-->))*+<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)
_CONNECTING = re.compile(r"<(?:link|i?frame)(?=[\s/>])", re.IGNORECASE)
_QUIET_LINKS = '<base target="_blank"><style>:any-link{pointer-events:none!important}</style>'
_NO_SCROLLBAR = "<style>html{scrollbar-width:none}</style>"


def output_policy(*, remote_images: bool = False) -> str:
    """Return the Content-Security-Policy for the output of a template."""
    return _OUTPUT_POLICY.format(images="data: https: http:" if remote_images else "data:")


def contained(html: str, *, mobile: bool = False) -> str:
    """Return a document that stays where it is shown; `mobile` gives it a scrollbar that takes no width.

    >>> contained('<!doctype html><link rel="preconnect" href="https://cdn.example"><p>Hi').partition("</style>")[2]
    '<meta rel="preconnect" href="https://cdn.example"><p>Hi'
    """
    # After the doctype, for before it a browser would go into quirks mode.
    doctype = _DOCTYPE.match(html)
    start = doctype.end() if doctype else 0
    # By text, not by parsing: whatever a browser takes for such an element begins with these characters.
    rest = _CONNECTING.sub("<meta", html[start:])
    return f"{html[:start]}{_QUIET_LINKS}{_NO_SCROLLBAR if mobile else ''}{rest}"


def embedded(content: Content) -> str:
    """Return the HTML with the images that travel with the message in the place of their `cid:` addresses."""
    html = content.html or ""
    for image in content.images:
        kind = mimetypes.guess_type(image.filename)[0] or "application/octet-stream"
        data = f"data:{kind};base64,{b64encode(image.content).decode()}"
        for name in {image.content_id, quote(image.content_id)}:
            html = html.replace(f"cid:{name}", data)
    return html
