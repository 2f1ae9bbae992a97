"""An SMTP server that keeps each message as a file: `python -m yardstick.catcher FOLDER [chunking]`.

It prints its port. Slow and plain, for looking at what contestants send; nothing is measured with it.
"""

from __future__ import annotations

import json
import re
import socketserver
import sys
from itertools import count
from pathlib import Path

from .sinks import HOST


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    folder: Path
    chunking = False
    numbers = count()

    def handle(self) -> None:
        """Answer commands until the client is done."""
        self.answer("220 catcher.invalid")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb in ("EHLO", "HELO"):
                self.answer("250-catcher.invalid", "250-PIPELINING", *self.extensions(), "250 8BITMIME")
            elif verb == "MAIL":
                self.sender, self.recipients, self.content = _path(line), [], b""
                self.answer("250 ok")
            elif verb == "RCPT":
                self.recipients.append(_path(line))
                self.answer("250 ok")
            elif verb == "DATA":
                self.answer("354 go on")
                self.content = b"".join(self.data_lines())
                self.keep()
            elif verb == "BDAT":
                self.content += self.rfile.read(int(line.split(" ")[1]))
                self.keep() if line.upper().endswith(" LAST") else self.answer("250 ok")
            elif verb in ("RSET", "NOOP"):
                self.answer("250 ok")
            else:
                self.answer("221 bye" if verb == "QUIT" else "500 what?")

    def extensions(self) -> list[str]:
        return ["250-CHUNKING"] if self.chunking else []

    def data_lines(self) -> list[bytes]:
        lines = iter(self.rfile.readline, b".\r\n")
        return [line[1:] if line.startswith(b".") else line for line in lines]

    def keep(self) -> None:
        """Write envelope and content; only a file with its final name is complete."""
        content = self.content.decode("latin-1")
        draft = self.folder / f"{next(self.numbers)}.draft"
        draft.write_text(json.dumps({"sender": self.sender, "recipients": self.recipients, "content": content}))
        draft.rename(draft.with_suffix(".json"))
        self.answer("250 kept")

    def answer(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


def _path(line: str) -> str:
    found = re.search(r"<(.*?)>", line)
    return found[1] if found else ""


class Server(socketserver.ThreadingTCPServer):
    """A thread a connection; ends with the process."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


def main() -> None:
    Session.folder, Session.chunking = Path(sys.argv[1]), "chunking" in sys.argv[2:]
    with Server((HOST, 0), Session) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
