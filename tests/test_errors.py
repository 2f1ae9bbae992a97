"""The error tree: what each class permits, and that nothing is lost or leaked on the way."""

import copy
import pickle
import re

import pytest

from mailbridge import errors
from mailbridge.errors import ConfigError, ConnectFailed, MailError, MessageInvalid, TlsMisconfigured, Unsupported

CLASSES = [getattr(errors, name) for name in errors.__all__]


def filled(kind: type[MailError]) -> MailError:
    error = kind(
        "The server said no.",
        phase="rcpt",
        code=550,
        enhanced_code="5.1.1",
        provider_code="x7",
        retry_after=3.5,
        recipients={"ann@example.org": None},
        transcript=["C: RCPT TO:<ann@example.org>", "S: 550 5.1.1 no"],
        hints=["Ask Ann."],
        transport="smtp://mail.example.com:587",
        attempts=["one"],
    )
    error.unsent = 7
    return error


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_survives_pickling_and_copying_whole(kind: type[MailError]) -> None:
    error = filled(kind)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own pickle
        assert type(twin) is kind
        assert vars(twin) == vars(error)
        assert str(twin) == str(error) == "The server said no. Ask Ann."


def test_the_tree_drawn_in_the_module_is_the_tree_of_the_classes() -> None:
    drawn = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"^([ │├└─]*)([A-Z]\w+)(?: \((\w+)\))?", line.removeprefix("    ")):
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            drawn[match[2]] = path[depth - 1] if depth else "Exception"
    real = {kind.__name__: kind.__mro__[1].__name__ for kind in CLASSES}
    assert {name: parent for name, parent in drawn.items() if name in real} == real


def test_errors_are_the_builtin_errors_that_fit() -> None:
    assert issubclass(MessageInvalid, ValueError)
    assert issubclass(ConnectFailed, ConnectionError)
    assert issubclass(errors.TimedOut, TimeoutError)
    assert issubclass(TlsMisconfigured, ConfigError)
    assert issubclass(errors.TemplateMissing, LookupError)
    assert issubclass(errors.TemplateBroken, ValueError)
    assert issubclass(errors.VariableUndefined, NameError)


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize("kind", CLASSES)
def test_a_secret_in_any_part_of_an_error_is_masked_in_every_form(kind: type[MailError]) -> None:
    error = kind(
        "cannot reach smtp://ann:c4n4ry@h",
        hints=["try smtp://ann:c4n4ry@h"],
        transcript=["C: AUTH PLAIN c4n4ry"],
        transport="smtp://ann:c4n4ry@h",
    )
    for shown in (str(error), repr(error), repr(vars(error)), repr(error.args), str(pickle.dumps(error))):
        assert "c4n4ry" not in shown


def test_an_error_without_a_text_says_what_its_class_means() -> None:
    assert str(errors.RateLimited()) == "The server or a limit of our own asks to slow down."


def test_a_refused_field_and_a_missing_feature_are_named() -> None:
    assert MessageInvalid("no", field="subject").field == "subject"
    error = Unsupported("no", feature="template")
    assert (error.feature, error.phase) == ("template", "build")


@pytest.mark.parametrize(
    ("kind", "permits"),
    [
        (errors.MessageInvalid, ("no", "no", "no", "dead")),
        (errors.Unsupported, ("no", "declared", "no", "dead")),
        (errors.TemplateError, ("no", "no", "no", "dead")),
        (errors.TemplateMissing, ("no", "no", "no", "dead")),
        (errors.TemplateBroken, ("no", "no", "no", "dead")),
        (errors.VariableUndefined, ("no", "no", "no", "dead")),
        (errors.RecipientRefused, ("no", "no", "no", "dead")),
        (errors.RecipientDeferred, ("later", "no", "no", "retry")),
        (errors.SenderRefused, ("no", "configurable", "no", "dead")),
        (errors.ContentRefused, ("no", "configurable", "no", "dead")),
        (errors.AuthFailed, ("no", "yes", "long", "hold")),
        (errors.ConfigError, ("no", "yes", "long", "hold")),
        (errors.RateLimited, ("later", "yes", "soft", "retry")),
        (errors.ConnectFailed, ("yes", "yes", "yes", "retry")),
        (errors.TlsFailed, ("yes", "yes", "yes", "retry")),
        (errors.TlsMisconfigured, ("no", "yes", "long", "hold")),
        (errors.TimedOut, ("yes", "yes", "yes", "retry")),
        (errors.ServerError, ("yes", "yes", "yes", "retry")),
        (errors.ProtocolError, ("yes", "yes", "yes", "retry")),
        (errors.OutcomeUnknown, ("keyed", "no", "yes", "unknown")),
        (errors.UnownedSend, ("no", "no", "no", "dead")),
    ],
)
def test_a_class_says_what_may_be_done_about_it(kind: type[MailError], permits: tuple[str, ...]) -> None:
    assert (kind.retry, kind.fail_over, kind.trips_breaker, kind.outbox) == permits
    assert kind().retryable is (permits[0] in ("yes", "later"))
