"""What we put on the wire parses to what Django's own SMTP backend puts there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from support.django_corpus import CORPUS, headers_of, leaves_of, shape_of
from support.peer import Peer

from mailbridge_django import EmailBackend

RENDERED = {
    "attachment_with_a_path_for_a_name",
    "date_without_a_zone",
    "encoding_latin1",
    "header_of_the_content",
    "header_with_encoded_words",
    "id_of_another_kind",
    "part_with_headers_of_its_own",
    "part_with_parts",
    "subclass_with_message",
}
"""Those that only Django's own rendering can keep whole; all others are converted field by field."""

pytestmark = pytest.mark.filterwarnings("ignore:MIMEBase attachments:DeprecationWarning")


def django_backend(peer: Peer) -> Any:
    if django.VERSION >= (6, 1):
        return smtp.EmailBackend(alias="django", host=peer.host, port=peer.port)
    return smtp.EmailBackend(host=peer.host, port=peer.port, username="", password="", use_tls=False)


def our_backend(peer: Peer) -> Any:
    return EmailBackend(dsn=f"smtp://{peer.address}?tls=off")


@pytest.fixture
def both(peer: Callable[..., Peer]) -> Callable[[EmailMessage], tuple[Any, Any]]:
    def send(message: EmailMessage) -> tuple[Any, Any]:
        theirs, ours = peer(strict=False), peer()
        assert django_backend(theirs).send_messages([message]) == 1
        assert our_backend(ours).send_messages([message]) == 1
        return theirs.messages[0], ours.messages[0]

    return send


@pytest.mark.parametrize("name", CORPUS)
def test_a_message_arrives_as_by_djangos_own_backend(
    name: str, both: Callable[[EmailMessage], tuple[Any, Any]]
) -> None:
    theirs, ours = both(CORPUS[name]())
    assert (ours.sender, ours.recipients) == (theirs.sender, theirs.recipients)
    assert headers_of(ours.data) == headers_of(theirs.data)
    assert leaves_of(ours.data) == leaves_of(theirs.data)
    if (
        name != "inline_image_of_the_html"
    ):  # which belongs into multipart/related (RFC 2387); Django has no place for it
        assert shape_of(ours.data) == shape_of(theirs.data)


@pytest.mark.parametrize("name", CORPUS)
def test_only_what_must_be_is_rendered_by_django(name: str) -> None:
    from mailbridge import Mailer
    from mailbridge_django.convert import convert

    mail, reason = convert(CORPUS[name](), Mailer("smtp://localhost").transport())
    assert bool(reason) == (mail.raw is not None) == (name in RENDERED), reason
