"""`Implementation`: one plugin's function for one hook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mailbridge.errors import ConfigError
from mailbridge.flow.operations import Await, Flow
from mailbridge.redaction import mask

_LONGEST = 300  # characters of a plugin's own words in our sentence


class Implementation(NamedTuple):
    """What to call, with which of the hook's arguments, and who to name when it fails."""

    hook: str
    plugin: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]

    def call(self, given: dict[str, Any]) -> Any:
        """Call it with as many of the given arguments as it takes."""
        return self.function(*[given[name] for name in self.arguments])

    def flow(self, given: dict[str, Any]) -> Flow[Any]:
        """Call it, and have the driver await the answer where it is to be awaited."""
        answer = self.call(given)
        if not hasattr(answer, "__await__"):
            return answer
        try:
            return (yield from Await(answer, f"the hook {self.hook} of plugin {self.plugin}"))
        except BaseException:
            # The driver may have refused to await it; a coroutine left alone warns when collected.
            close = getattr(answer, "close", None)
            if close is not None:
                close()
            raise

    def fault(self, error: BaseException) -> ConfigError:
        """Return the typed error for an exception that is the plugin's own mistake."""
        return self.complaint(f"failed with {described(error)}")

    def complaint(self, what: str) -> ConfigError:
        """Return a ConfigError that names the plugin and the hook."""
        return ConfigError(
            f"The plugin {self.plugin!r} {what} in its hook {self.hook}.",
            hints=["Mend the plugin, or take it out of the setting plugins."],
        )


def described(error: BaseException) -> str:
    """Say an exception in one line, secrets masked, with the place where it was raised."""
    try:
        text = mask(str(error))
    except Exception:  # noqa: BLE001 -- a plugin's exception may be unable to print itself
        text = "(without a text)"
    text = " ".join(text.split())
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})" if place else ""
    return f"{type(error).__name__}: {text[:_LONGEST]}{where}"
