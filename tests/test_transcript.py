"""Transcripts: a dialogue for a person to read."""

import pytest

from mailbridge import Transcript


def test_lines_keep_their_order_time_and_direction() -> None:
    transcript = Transcript()
    transcript.add(0.5, "S", "220 hello")
    transcript.add(1.5, "C", "EHLO me")

    assert [str(line) for line in transcript] == ["S: 220 hello", "C: EHLO me"]
    assert transcript[1].ms == 1.5


@pytest.mark.catalogue("A30")
def test_secrets_are_masked_as_lines_are_added() -> None:
    transcript = Transcript()
    transcript.add(0, "C", "AUTH PLAIN c4n4ry")

    assert "c4n4ry" not in repr(transcript)
