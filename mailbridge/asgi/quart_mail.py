"""`QuartMail`: the mail of one Quart application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailbridge.asgi.serving import begin, end
from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.mailer import Mailer
from mailbridge.secret import Secret
from mailbridge.sending.suppression import Suppressed, Suppression
from mailbridge.settings.leaves import flattened, merged

if TYPE_CHECKING:
    from quart import Quart

    from mailbridge.settings import Settings
    from mailbridge.testing.outbox import Outbox

DEFAULT = "default"


class QuartMail:
    """The mailer of an application, from its startup, or from the first use without one, to its shutdown."""

    def __init__(self, app: Quart, name: str, hooks: tuple[object, ...]) -> None:
        self._app = app
        self._name = name
        self._hooks = hooks
        self._mailer: Mailer | None = None
        self._outbox: Outbox | None = None

    @property
    def mailer(self) -> Mailer:
        """The Mailer. Raises ConfigError naming the key of `app.config` that is wrong."""
        if self._mailer is None:
            suppression = Suppression(lambda: self._app.testing, self._keep)
            self._mailer = Mailer.from_settings(self.settings(), hooks=self._hooks, diversion=suppression)
        return self._mailer

    @property
    def outbox(self) -> Outbox:
        """What was sent under TESTING, oldest first."""
        if self._outbox is None:
            from mailbridge.testing.outbox import Outbox

            self._outbox = Outbox()
        return self._outbox

    def _keep(self, mail: Suppressed) -> None:
        from mailbridge.testing.outbox import kept

        self.outbox.keep(kept(mail))

    def settings(self) -> Settings:
        """Return what `app.config` says now; under TESTING it need not say anything."""
        from mailbridge.settings import Settings

        key = key_of(self._name)
        values, where = _values(self._app.config.get(key), key), f"app.config[{key!r}]"
        found = Settings.load(values, environment=False, needs_mailer=False, where=where)
        if found.mailers:
            return found
        if self._app.testing:
            return Settings.load(values, dsn="null://", environment=False, where=where)
        raise ConfigError(
            f"No mailer is configured in {where}.",
            hints=[
                f'Set {where} = {{"dsn": "smtp://…"}}, or QUART_{key}__DSN and call app.config.from_prefixed_env().'
            ],
        )

    async def startup(self) -> None:
        """Read the configuration, anew if somebody sent before, and share connections from now on."""
        await self.shutdown()
        await begin(lambda: self.mailer)

    async def shutdown(self) -> None:
        """Take leave of the servers; whoever sends afterwards reads the configuration anew."""
        mailer, self._mailer = self._mailer, None
        if mailer is not None:
            await end(mailer)


def key_of(name: str) -> str:
    """Return the key of `app.config` that an instance reads.

    >>> key_of("default"), key_of("bulk")
    ('MAILBRIDGE', 'MAILBRIDGE_BULK')
    """
    return "MAILBRIDGE" if name == DEFAULT else f"MAILBRIDGE_{name.upper()}"


def _values(given: Any, key: str) -> dict[str, Any]:
    if not given:
        return {}
    if isinstance(given, (str, Secret, Dsn)):
        return {"dsn": given}
    if not isinstance(given, Mapping):
        raise ConfigError(f"app.config[{key!r}] must be a DSN or a dictionary, not {type(given).__name__}.")
    environment = _small({name: value for name, value in given.items() if str(name).isupper()})
    written = {name: value for name, value in given.items() if not str(name).isupper()}
    if not (environment and written):
        return environment or written
    return merged([flattened(environment, key), flattened(written, key)]).nested()


def _small(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a table with all names in small letters; the environment has them in capitals."""
    return {str(name).lower(): _small(value) if isinstance(value, Mapping) else value for name, value in given.items()}
