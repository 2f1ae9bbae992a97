"""Names of files for services that go by the extension."""

import pytest

from mailbridge import Attachment
from mailbridge.errors import MessageInvalid
from mailbridge.extend import typed_name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (Attachment(b"%PDF", "report.pdf"), "report.pdf"),
        (Attachment(b"%PDF", "REPORT.PDF"), "REPORT.PDF"),
        (Attachment("ä", "a.txt"), "a.txt"),
        (Attachment(b"x", "README"), "README"),
        (Attachment(b"x", "a.jpg", "image/jpg"), "a.jpg"),
        (Attachment(b"x", "a.xml", "application/xml"), "a.xml"),
        (Attachment(b"GIF", None, "image/gif"), "attachment.gif"),
        (Attachment(b"x"), "attachment.bin"),
    ],
)
def test_a_name_that_says_the_type_stays_and_a_missing_one_is_made(file, name):
    assert typed_name(file, "acme://default") == name


@pytest.mark.parametrize(
    ("file", "field"),
    [
        (Attachment(b"%PDF", "report.txt", "application/pdf"), "attachments.filename"),
        (Attachment(b"%PDF", "report", "application/pdf"), "attachments.filename"),
        (Attachment(b"x", "a.pdf", "application/octet-stream"), "attachments.filename"),
        (Attachment(b"x", None, "application/x-of-nobody"), "attachments.filename"),
        (Attachment(b"\xe4", "a.txt", charset="latin-1"), "attachments.content_type"),
        (Attachment(b"x", "a.ics", "text/calendar; method=REQUEST"), "attachments.content_type"),
    ],
)
def test_what_the_name_does_not_say_is_refused(file, field):
    with pytest.raises(MessageInvalid, match="acme://default") as caught:
        typed_name(file, "acme://default")
    assert caught.value.field == field


def test_parameters_may_stand_where_the_service_is_told_the_type():
    assert typed_name(Attachment(b"\xe4", "a.txt", charset="latin-1"), "acme://default", parameters=True) == "a.txt"
