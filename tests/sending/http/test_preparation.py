"""Calls that prepare a send leave nothing unknown."""

import pytest

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import ContentRefused, OutcomeUnknown, ServerError, TimedOut
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.sending.http.preparation import preparing

UPLOAD = HttpRequest("POST", "https://api.example.com/files")


def prepared(answer):
    def exchange(request):
        assert request is UPLOAD
        if isinstance(answer, Exception):
            raise answer
        return answer
        yield

    return ScriptedDriver().run(preparing(exchange, UPLOAD))


def test_a_good_answer_is_returned():
    answer = HttpResponse(201)
    assert prepared(answer) is answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (OutcomeUnknown("no answer"), TimedOut),
        (OutcomeUnknown("broke", code=502), ServerError),
        (HttpResponse(200, (), b"{", complete=False), ServerError),
    ],
)
def test_what_would_be_unknown_may_be_tried_again(answer, kind):
    with pytest.raises(kind, match="was not sent") as caught:
        prepared(answer)
    assert type(caught.value) is kind
    assert caught.value.retryable


def test_other_errors_stay_as_they_are():
    error = ContentRefused("No.")
    with pytest.raises(ContentRefused) as caught:
        prepared(error)
    assert caught.value is error
