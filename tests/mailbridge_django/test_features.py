"""Anymail's attribute names: everything is carried over or refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import override_settings
from support.django_project import Configure

from mailbridge import Mailer, Message, MessageInvalid, Template, Unsupported
from mailbridge_django.convert import convert


def converted(message: EmailMessage, dsn: str = "memory://") -> Message:
    return convert(message, Mailer(dsn).transport()).mail


def a_message(**attributes: Any) -> EmailMessage:
    message = EmailMessage("Hi", "Hello", "app@example.com", ["ann@example.org"])
    vars(message).update(attributes)
    return message


@pytest.mark.parametrize(
    ("attribute", "value", "field", "expected"),
    [
        ("tags", ["welcome"], "tags", ("welcome",)),
        ("metadata", {"user": 1}, "metadata", {"user": 1}),
        ("merge_data", {"ann@example.org": {"n": 1}}, "merge_data", {"ann@example.org": {"n": 1}}),
        ("merge_data", {}, "merge_data", {}),
        ("merge_global_data", {"shop": "x"}, "merge_global", {"shop": "x"}),
        ("merge_metadata", {"ann@example.org": {"n": 1}}, "merge_metadata", {"ann@example.org": {"n": 1}}),
        ("merge_headers", {"ann@example.org": {"X-N": "1"}}, "merge_headers", {"ann@example.org": (("X-N", "1"),)}),
        ("template_id", "d-1", "template", Template("d-1")),
        ("template_id", 17, "template", Template("17")),
        ("track_opens", True, "track_opens", True),
        ("track_clicks", False, "track_clicks", False),
        ("esp_extra", {"x": 1}, "provider_options", {"memory": {"x": 1}}),
    ],
)
def test_an_attribute_of_anymails_becomes_a_field(attribute: str, value: Any, field: str, expected: Any) -> None:
    mail = converted(a_message(**{attribute: value}))
    assert getattr(mail, field) == expected
    assert field in vars(mail)


def test_the_envelope_sender_is_where_bounces_go() -> None:
    envelope = converted(a_message(envelope_sender="bounce@example.com")).envelope
    assert str(envelope.sender) == "bounce@example.com"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (datetime(2027, 1, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)),
        (datetime(2027, 1, 1, 12), datetime(2027, 1, 1, 11, tzinfo=UTC)),
        (date(2027, 1, 1), datetime(2026, 12, 31, 23, tzinfo=UTC)),
        (1798801200, datetime(2027, 1, 1, 11, tzinfo=UTC)),
        (1798801200.0, datetime(2027, 1, 1, 11, tzinfo=UTC)),
    ],
    ids=["aware", "naive", "date", "int", "float"],
)
def test_send_at_is_read_in_the_current_time_zone(given: Any, meant: datetime) -> None:
    with override_settings(TIME_ZONE="Europe/Berlin"):
        assert converted(a_message(send_at=given)).send_at == meant


@pytest.mark.parametrize("value", ["tomorrow", True, [1]])
def test_send_at_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(MessageInvalid, match="send_at"):
        converted(a_message(send_at=value))


def test_none_stands_for_not_given() -> None:
    names = (
        "tags",
        "metadata",
        "merge_data",
        "template_id",
        "esp_extra",
        "send_at",
        "track_opens",
        "mailbridge_options",
    )
    assert converted(a_message(**dict.fromkeys(names))).features == frozenset()


def test_a_class_may_say_it_for_all_of_its_messages() -> None:
    class Receipt(EmailMessage):
        tags = ("receipt",)

    assert converted(Receipt("Hi", "Hello", None, ["ann@example.org"])).tags == ("receipt",)


def test_options_of_our_own_are_fields_of_the_message() -> None:
    options = {"idempotency_key": "order-1", "priority": "high", "sensitive": True, "stream": "bulk"}
    mail = converted(a_message(mailbridge_options=options))
    assert {name: getattr(mail, name) for name in options} == options


@pytest.mark.parametrize("value", [{"subject": "Hi"}, {"idempotency": "1"}, "sensitive"])
def test_other_options_are_refused(value: Any) -> None:
    with pytest.raises(MessageInvalid, match="mailbridge_options"):
        converted(a_message(mailbridge_options=value))


def test_a_template_without_a_body_has_none() -> None:
    message = a_message(template_id="d-1")
    message.body = ""
    assert converted(message).text is None
    assert converted(a_message(template_id="d-1")).text == "Hello"


@pytest.mark.parametrize(
    "attributes", [{"metadata": {"a": 1}}, {"template_id": "d-1"}, {"send_at": date(2030, 1, 1)}, {"track_opens": True}]
)
def test_what_a_transport_cannot_express_is_refused(configure: Configure, attributes: dict[str, Any]) -> None:
    configure(dsn="smtp://127.0.0.1:9")
    with pytest.raises(Unsupported):
        a_message(**attributes).send()


def test_esp_extra_that_nobody_would_read_is_refused(configure: Configure) -> None:
    configure(dsn="smtp://127.0.0.1:9")
    with pytest.raises(Unsupported, match="esp_extra"):
        a_message(esp_extra={"x": 1}).send()


def test_a_message_that_django_must_render_says_why_an_api_refuses_it(configure: Configure) -> None:
    class Signed(EmailMessage):
        def message(self, **options: Any) -> Any:
            return super().message(**options)

    configure(dsn="brevo://xkeysib-0123456789@default")
    with pytest.raises(Unsupported, match=r"Signed overrides message\(\)"):
        Signed("Hi", "Hello", None, ["ann@example.org"]).send()


def test_control_fields_stay_with_a_rendered_message() -> None:
    message = a_message(tags=["one"], envelope_sender="bounce@example.com")
    message.encoding = "iso-8859-1"
    mail = converted(message)
    assert mail.raw is not None
    assert (mail.tags, str(mail.envelope.sender)) == (("one",), "bounce@example.com")


def test_a_date_in_local_time_is_kept_where_the_transport_can_say_it() -> None:
    with override_settings(EMAIL_USE_LOCALTIME=True, TIME_ZONE="Asia/Tokyo"):
        stamp = converted(a_message()).date
    assert stamp is not None
    assert stamp.utcoffset() is not None
    assert str(stamp.utcoffset()) == "9:00:00"


def test_a_bcc_header_is_refused_for_everybody_would_see_it(peer: Callable[..., Any], configure: Configure) -> None:
    server = peer()
    configure(dsn=f"smtp://{server.address}?tls=off")
    with pytest.raises(ValueError, match="Bcc"):
        EmailMessage("Hi", "Hello", None, ["a@example.org"], headers={"bcc": "eve@example.org"}).send()
    assert server.connections == 0
