"""Credentials and region from where AWS programs find them, by botocore: environment, files, SSO, roles.

botocore is imported here and nowhere else, and only when no keys are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mailbridge.extend import AuthFailed, ConfigError, ConnectFailed, visible
from mailbridge.transports.ses.signature import Credentials

_INSTALL = (
    "Install it with the extra ses: pip install '.[ses]' in mailbridge's directory.",
    "Or give access_key_id and secret_access_key, which need no such module.",
)


class Chain:
    """The credentials of one profile; every method may block.

    botocore renews those that expire, a quarter of an hour before they do.
    """

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._found: Any = None

    def region(self) -> str:
        """Return the region of the profile or of the environment, or an empty string."""
        with _explained():
            return str(self._session().get_config_variable("region") or "")

    def credentials(self) -> Credentials:
        """Return the credentials that are good now. Raises ConfigError, AuthFailed or ConnectFailed."""
        with _explained():
            if self._found is None:
                self._found = self._session().get_credentials()
            if self._found is None:
                raise ConfigError(
                    "No AWS credentials were found: neither in the environment nor in a profile, a container or an "
                    "instance's role.",
                    phase="auth",
                    hints=["Give access_key_id and secret_access_key, name a profile, or run `aws configure`."],
                )
            frozen = self._found.get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")

    def renewed(self) -> Credentials:
        """Return credentials looked up anew, also where nobody knew that they had expired."""
        self._found = None
        return self.credentials()

    def _session(self) -> Any:
        try:
            session: Any = import_module("botocore.session")
        except ModuleNotFoundError as error:
            raise _missing(error.name or "botocore") from None
        return session.Session(profile=self._profile or None)


def require_botocore() -> None:
    """Raise ConfigError where credentials could not be looked up, before there is anything to sign."""
    if find_spec("botocore") is None:
        raise _missing("botocore")


def _missing(module: str) -> ConfigError:
    return ConfigError(
        f"AWS credentials are looked up by the module {module!r}, which is not installed.", hints=_INSTALL
    )


@contextmanager
def _explained() -> Iterator[None]:
    """Raise what botocore raises as errors of ours."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        raise _explanation(error) from error


def _explanation(error: Exception) -> ConfigError | ConnectFailed:
    known: Any = import_module("botocore.exceptions")
    said = visible(str(error).rstrip("."))[:300]
    if isinstance(error, known.ProfileNotFound):
        return ConfigError(
            f"AWS credentials: {said}.", phase="auth", hints=["`aws configure list-profiles` tells all."]
        )
    if isinstance(error, (known.SSOError, known.UnauthorizedSSOTokenError)):
        return AuthFailed(f"AWS credentials: {said}.", phase="auth", hints=["Run `aws sso login` for the profile."])
    if isinstance(error, (known.HTTPClientError, known.CredentialRetrievalError, known.MetadataRetrievalError)):
        return ConnectFailed(f"AWS credentials could not be fetched: {said}.", phase="auth")
    if isinstance(error, known.ClientError):
        return AuthFailed(f"AWS refused to hand out credentials: {said}.", phase="auth")
    return ConfigError(f"AWS credentials could not be found: {said}.", phase="auth")
