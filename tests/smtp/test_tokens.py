"""Token sources: functions, coroutines, flows."""

import pytest

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import AuthFailed, ServerError
from mailbridge.flow.operations import Sleep
from mailbridge.secret import Secret
from mailbridge.smtp.tokens import asked


def test_a_source_may_be_a_flow():
    def source(*, refresh):
        yield from Sleep(1.0)
        return "fresh" if refresh else "kept"

    driver = ScriptedDriver()
    assert [driver.run(asked(source, refresh)).reveal() for refresh in (False, True)] == ["kept", "fresh"]
    assert driver.slept == [1.0, 1.0]


def test_a_flow_that_fails_with_an_error_of_ours_keeps_it():
    def source(*, refresh):
        raise ServerError("The token endpoint is down.")
        yield

    with pytest.raises(ServerError, match="is down"):
        ScriptedDriver().run(asked(source, False))


@pytest.mark.parametrize("given", ["", "a\nb", None, 7, "tökén"])
def test_what_a_flow_returns_has_to_be_a_token(given):
    def source(*, refresh):
        return given
        yield

    with pytest.raises(AuthFailed, match="gave no token"):
        ScriptedDriver().run(asked(source, False))


def test_a_source_may_give_a_secret():
    assert ScriptedDriver().run(asked(lambda refresh: Secret("t"), False)) == Secret("t")
