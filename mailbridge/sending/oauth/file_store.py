"""`FileTokenStore`: tokens in files, shared by the processes of one user."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from urllib.parse import quote, unquote

from mailbridge.errors import ConfigError
from mailbridge.sending.oauth.token import Token

DEFAULT_FOLDER = Path("~/.config/mailbridge/tokens")
"""Where `mailbridge auth login` keeps tokens, and transports look for them."""


class FileTokenStore:
    """One file an account, in a folder that nobody else may read.

    A file is replaced by renaming, so a reader sees the old token or the new one. A claim is a lock on a
    file beside it (flock), which the system takes back from a process that dies. Files that others may
    read are refused.

    >>> FileTokenStore("/var/lib/shop/tokens")
    FileTokenStore('/var/lib/shop/tokens')
    """

    quick = False

    def __init__(self, folder: str | Path = DEFAULT_FOLDER) -> None:
        self._folder = Path(folder)

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._folder)!r})"

    @property
    def folder(self) -> Path:
        """The folder, with `~` resolved."""
        return self._folder.expanduser()

    def accounts(self) -> list[str]:
        """Return the accounts that there are tokens of."""
        with _explained(self._folder, "read"):
            names = sorted(each.name for each in self.folder.glob("*.json")) if self.folder.is_dir() else []
        return [unquote(name.removesuffix(".json")) for name in names]

    def load(self, account: str) -> Token | None:
        """Return the token of this account, or None. Raises ConfigError if its file is open to others, or no token."""
        path = self._path(account)
        with _explained(path, "read"):
            try:
                with open(path, "rb") as file:
                    mode, content = os.fstat(file.fileno()).st_mode, file.read()
            except FileNotFoundError:
                return None
        if mode & 0o077:
            raise ConfigError(
                f"The token in {path} can be read by others.",
                hints=[f"Close it (chmod 600 {path}), and log in again if somebody may have seen it."],
            )
        try:
            return Token.from_dict(json.loads(content))
        except (ValueError, TypeError, AttributeError):
            raise ConfigError(f"{path} holds no token.", hints=["Remove it and log in again."]) from None

    def save(self, account: str, token: Token) -> None:
        """Keep the token in place of the last."""
        path = self._path(account)
        with _explained(path, "written"):
            self._make_folder()
            handle, name = mkstemp(prefix=".", suffix=".new", dir=path.parent)  # mode 0600
            try:
                with open(handle, "w", encoding="utf-8") as file:
                    json.dump(token.to_dict(), file)
                    file.flush()
                    os.fsync(file.fileno())  # a refresh token that was rotated cannot be had again
                os.replace(name, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise

    def forget(self, account: str) -> bool:
        """Remove the token; say whether there was one."""
        path = self._path(account)
        with _explained(path, "removed"):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
        return True  # its lock stays: who holds it now would share the claim with whoever makes a new one

    def claim(self, account: str) -> Callable[[], None] | None:
        """Claim the right to renew this token, among all processes and threads; None while somebody else has it."""
        from fcntl import LOCK_EX, LOCK_NB, flock  # absent on Windows, where the rest of this still works

        path = self._path(account).with_suffix(".lock")
        with _explained(path, "written"):
            self._make_folder()
            handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return lambda: os.close(handle)

    def _path(self, account: str) -> Path:
        return self.folder / f"{quote(account, safe='@+')}.json"

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def _explained(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be {verb}: {error.strerror or error}.",
            hints=["Name another folder for tokens with token_store."],
        ) from error
