"""The tests of mailbridge_django under every supported pair of Python and Django: `nox`.

The pairs and the environments are those of `scripts/test-django`; a session runs it for one pair. So nox makes
no environment of its own, and `nox -s "django(3.13/6.1)" -- -k backend` hands its arguments to pytest.
"""

import re
from pathlib import Path

import nox

SCRIPT = Path(__file__).parent / "scripts" / "test-django"
PAIRS = re.findall(r"\d+\.\d+/\d+\.\d+", re.findall(r'^pairs="(.+)"$', SCRIPT.read_text("utf-8"), re.MULTILINE)[0])


@nox.session(venv_backend="none")
@nox.parametrize("pair", PAIRS, ids=PAIRS)
def django(session: nox.Session, pair: str) -> None:
    """Run the tests with one pair; a Python that is not here skips the session."""
    python, _ = pair.split("/")
    found = session.run("scripts/interpreters", silent=True, external=True)
    if not any(line.startswith(f"{python} ") for line in str(found).splitlines()):
        session.skip(f"there is no Python {python} here")
    session.run("scripts/test-django", *session.posargs, env={"ONLY": pair}, external=True)
