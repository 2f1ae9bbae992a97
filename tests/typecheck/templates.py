"""Templates as users write them: what the front door takes and gives, and what fits the port for engines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, assert_type

from mailbridge import Content, Mailer, Message, Templates
from mailbridge.content import Engine, Limits
from mailbridge.content.current import current, register, use
from mailbridge.content.engine import Part
from mailbridge.content.jinja import JinjaEngine


class Own:
    """An engine of the user's."""

    suffixes = ("",)
    one_file = ()
    folders = (Path("mail"),)
    locale = ""

    def files(self) -> Iterable[str]:
        return []

    def has(self, file: str) -> bool:
        return False

    def render(self, file: str, part: Part, context: dict[str, Any], locale: str | None) -> str:
        return ""

    def blocks(self, file: str, context: dict[str, Any], locale: str | None) -> Mapping[Part, str]:
        return {}

    def forget(self) -> None: ...


engines: list[Engine] = [Own(), JinjaEngine.of("mail")]
templates = Templates("mail", Path("shared"), translations="locale", filters={"euro": "{} €".format})
stored = Templates.from_strings({"w.txt": "x"}, limits=Limits(steps=10), locale="de")

assert_type(templates.render("w", {"x": 1}, locale="de"), Content)
assert_type(templates.names(), tuple[str, ...])
assert_type(
    Message.from_template("w", {"x": 1}, templates=stored, from_="a@example.com", to=["b@example.org"]), Message
)
assert_type(Mailer("null://", templates=templates).from_template("w", to="b@example.org", tags="x"), Message)

register("mine", lambda: Templates(engine=Own()))
with use(stored):
    assert_type(current(), Templates)

Message.from_template("w", to="b@example.org")  # type: ignore[call-arg]  # from whom?
Message.from_template("w", from_="a@example.com", subjekt="x")  # type: ignore[call-arg]
