"""resend-local, an emulator of Resend: it wants a key and the necessary fields, and shows what it was given.

It takes fields that do not exist, and makes a second mail of a second call with the same key.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from support.emulators import Emulator, npm_program

LOCAL = "resend-local"
NPM = {"private": True, "dependencies": {LOCAL: "0.0.7"}}


class ResendLocal(Emulator):
    """resend-local."""

    def mail(self, id: str) -> dict[str, Any]:
        """Return a mail that it took."""
        found: dict[str, Any] = self.ask("GET", f"/emails/{id}", headers={"Authorization": "Bearer re_anybody"})
        return found

    def _command(self) -> tuple[Sequence[str], dict[str, str]]:
        # Its own program would have all that run share one database, and answer 500 when that is locked.
        app = npm_program(LOCAL, NPM).resolve().parent / "app"
        database = shutil.copy(app / "resend-local.sqlite", self._folder)
        # A Next.js application: HOSTNAME keeps it off other interfaces.
        environment = {"NODE_ENV": "production", "HOSTNAME": "127.0.0.1", "PORT": str(self.port)}
        return ("node", str(app / "server.js")), environment | {"DATABASE_URL": f"file:{database}"}
