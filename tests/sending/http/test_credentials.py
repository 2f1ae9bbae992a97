"""Our own secrets are masked wherever in an error a provider repeats them."""

from __future__ import annotations

import pickle

from mailbridge.errors import RecipientRefused
from mailbridge.receipt import RecipientStatus, Status
from mailbridge.sending.http.credentials import long_enough, veiled

KEY = "ak_0123456789"


def test_words_code_hints_and_fates_are_masked() -> None:
    error = RecipientRefused(
        f"{KEY} may not.",
        provider_code=KEY,
        hints=[f"Replace {KEY}."],
        recipients={"ann@example.org": RecipientStatus(Status.REFUSED, text=f"{KEY}?"), "bob@example.org": None},
    )
    said = veiled(error, [KEY])
    assert said is error
    assert (said.text, said.provider_code, said.hints) == ("******** may not.", "********", ("Replace ********.",))
    assert said.recipients == {
        "ann@example.org": RecipientStatus(Status.REFUSED, text="********?"),
        "bob@example.org": None,
    }
    assert KEY not in repr((said, said.args, said.__dict__))
    assert KEY.encode() not in pickle.dumps(said)


def test_what_could_be_an_ordinary_word_is_no_secret_to_look_for() -> None:
    assert long_enough(["key", "secret", KEY]) == ("secret", KEY)
