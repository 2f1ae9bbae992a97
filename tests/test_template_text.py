"""Text that looks like a template is text: nothing in the send path evaluates what a user typed."""

from email import message_from_bytes, policy

import pytest
from support.colour import Colour
from support.peer import Peer

from mailbridge import Address, Mailer, Message

TEMPLATES = [
    "{{7*7}}",
    "{% include '/etc/passwd' %}",
    "${7*7}",
    "#{7*7}",
    "%(password)s",
    "{0.__class__}",
    "<script>x</script>",
]


@pytest.mark.catalogue("A18")
@pytest.mark.parametrize("typed", TEMPLATES)
def test_what_looks_like_a_template_arrives_as_it_was_typed(colour: Colour, typed: str) -> None:
    message = Message(
        from_="shop@example.com",
        to=[Address("ann@example.org", typed)],
        subject=f"For {typed}",
        text=f"Hello {typed}\n",
        html=f"<p>{typed}</p>\n",
        headers={"X-Note": typed},
    )
    with Peer() as peer:
        mailer = Mailer(f"smtp://{peer.address}")
        with colour.using(mailer):
            colour.send(mailer, message)

    arrived = message_from_bytes(peer.messages[0].data, policy=policy.default)
    text, html = (arrived.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert arrived["To"].addresses[0].display_name == typed
    assert arrived["Subject"] == f"For {typed}"
    assert arrived["X-Note"] == typed
    assert (text, html) == (f"Hello {typed}\r\n", f"<p>{typed}</p>\r\n")
