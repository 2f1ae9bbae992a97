"""A message of a template is a message like any other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import Attachment, Mailer, Message, MessageInvalid, Templates, VariableUndefined

TEMPLATES = Templates.from_strings(
    {
        "w.jinja": "{% block subject %}Hi {{ x }}{% endblock %}{% block text %}T {{ x }}{% endblock %}"
        "{% block html %}<p>H {{ x }}</p>{% endblock %}"
    }
)


def made(name: str = "w", context: dict[str, Any] | None = None, **fields: Any) -> Message:
    fields = {"from_": "app@example.com", "to": "ann@example.org", "templates": TEMPLATES, **fields}
    return Message.from_template(name, {"x": 1} if context is None else context, **fields)


def test_subject_text_and_html_are_those_of_the_template() -> None:
    message = made()
    assert (message.subject, message.text, message.html) == ("Hi 1", "T 1\n", "<p>H 1</p>")
    assert message == Message(
        from_="app@example.com", to="ann@example.org", subject="Hi 1", text="T 1\n", html="<p>H 1</p>"
    )


def test_a_field_goes_before_the_template_and_none_does_not() -> None:
    message = made(subject="Other", text=None, tags=["welcome"], cc="bob@example.org")
    assert (message.subject, message.text, message.tags) == ("Other", "T 1\n", ("welcome",))
    assert [str(each) for each in message.cc] == ["bob@example.org"]


def test_images_stand_beside_the_attachments_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "w.html").write_text("<img src=\"{{ image('logo.png') }}\" alt=Logo>")
    bill = Attachment(b"%PDF", "bill.pdf")
    for given_ in (bill, [bill], iter([bill])):
        logo, other = made(templates=Templates(tmp_path), attachments=given_).attachments
        assert (logo.inline, logo.content_type, logo.disposition) == (True, "image/png", "inline")
        assert other == bill
    message = made(templates=str(tmp_path))
    assert f'src="{message.attachments[0].cid}"' in str(message.html)
    assert sorted(message.features) == ["html", "inline"]


def test_what_a_message_refuses_is_refused_here_too() -> None:
    with pytest.raises(MessageInvalid) as caught:
        made(to="nobody")
    assert caught.value.field == "to"


def test_nothing_is_sent_of_a_template_with_a_fault() -> None:
    mailer = Mailer("memory://", templates=TEMPLATES, default_from="app@example.com")
    with pytest.raises(VariableUndefined):
        mailer.send(mailer.from_template("w", {}, to="ann@example.org"))
    assert mailer.transport().messages == ()  # type: ignore[attr-defined]


def test_a_subclass_makes_its_own() -> None:
    class Notice(Message):
        pass

    assert type(
        Notice.from_template("w", {"x": 1}, templates=TEMPLATES, from_="a@example.com", to="b@example.org")
    ) is (Notice)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200))
def test_any_text_reaches_the_message_and_its_json(value: str) -> None:
    message = made(context={"x": value})
    assert message.subject == re.sub(" +", " ", f"Hi {value}").strip(" ")
    assert message.text == f"T {value}\n"
    assert Message.from_json(message.to_json()) == message
