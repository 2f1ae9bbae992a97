"""Messages as octets: RFC 5322 and MIME, assembled straight to bytes.

    render(message) -> Mime      the one door; the rest serves it
    assemble                     header fields and the tree of parts of a message
    raw                          messages that come as bytes already
    document                     `Mime`: what is sent, and what hooks may change of it
    parts                        one text or file, or several in a multipart, and the boundaries between
    transfer, lines              7bit, 8bit, quoted-printable, base64; line ends
    fields, words, parameters    header fields, RFC 2047, RFC 2231

Pure: no clock, no randomness, no `email` package. The same message gives the same octets.
"""

from mailbridge.message.mime.assemble import render
from mailbridge.message.mime.document import Mime

__all__ = ["Mime", "render"]
