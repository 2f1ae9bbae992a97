"""What the tests of faults share."""

from __future__ import annotations

import pytest
from support.colour import Colour
from support.trial import Trial


@pytest.fixture
def trial(colour: Colour, caplog: pytest.LogCaptureFixture) -> Trial:
    """Send in one colour, with the assertions that hold for every fault."""
    return Trial(colour, caplog)
