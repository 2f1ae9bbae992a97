"""Real mail servers on loopback: Postfix's smtp-sink, Postfix and Exim, out of unpacked Debian packages.

They run as this process's children and end with it. They need root, because they give up rights they
must first have, and because Postfix and Exim look their users up; libnss-wrapper shows them users that
the system does not have.
"""

from __future__ import annotations

import contextlib
import email.policy
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple, Self

from support.certificates import certificates
from support.packages import Unavailable, library_path, unpacked

PATIENCE = 20.0  # seconds for starting, and for mail to arrive


class Delivered(NamedTuple):
    """A message as the server stored it: envelope, and bytes with the server's own headers before ours."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The message as the standard library reads it."""
        return message_from_bytes(self.raw, policy=email.policy.default)


class RealPeer:
    """A server in a process and a folder of its own; `with` starts and stops it."""

    host = "127.0.0.1"
    packages: tuple[str, ...] = ()

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise Unavailable(f"{type(self).__name__} has to be started by root")
        self._root = unpacked(*self.packages)
        self.port = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"mailbridge-{type(self).__name__.lower()}-"))
        self.folder.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`host:port`, as it stands in a URL."""
        return f"{self.host}:{self.port}"

    @property
    def ca_file(self) -> str:
        """The authority that signed the server's certificate."""
        return certificates().ca_file

    @property
    def log(self) -> str:
        """What the server said about itself."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def delivered(self, count: int, *, containing: str = "", timeout: float = PATIENCE) -> list[Delivered]:
        """Wait until `count` messages that contain this text are stored, and return all such there are."""

        def found() -> list[Delivered]:
            return [one for one in self._stored() if containing.encode() in one.raw]

        _wait(lambda: len(found()) >= count, timeout, lambda: f"{len(found())} of {count} messages came: {self.log}")
        return found()

    def _stored(self) -> list[Delivered]:
        raise NotImplementedError

    def _command(self) -> list[str]:
        """Write the configuration and return what to run."""
        raise NotImplementedError

    def _environment(self) -> Mapping[str, str]:
        return {}

    def __enter__(self) -> Self:
        try:
            command = self._command()
            with (self.folder / "output.log").open("wb") as output:
                self._process = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env={**os.environ, **self._environment()},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            _wait(self._listens, PATIENCE, lambda: f"{command[0]} does not listen: {self.log}")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"{self._process.args!r} ended with {self._process.returncode}: {self.log}")
        return _listening(self.port)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            # The servers' own children are in the same session.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _certificate(self, owner: int) -> tuple[Path, Path]:
        """Copy the good certificate to where the server's user can read it."""
        copies = self.folder / "cert.pem", self.folder / "cert.key"
        for source, copy in zip(certificates().good, copies, strict=True):
            shutil.copy(source, copy)
            os.chown(copy, owner, owner)
            copy.chmod(0o600)
        return copies


class SmtpSink(RealPeer):
    """Postfix's smtp-sink: takes mail at any speed, and misbehaves as its flags (smtp-sink(1)) say.

    `SmtpSink("-q", ".")` drops the connection at the final dot; `"-r", "rcpt"` answers 450 to RCPT.
    """

    packages = ("postfix", "libnss-wrapper")

    def __init__(self, *flags: str) -> None:
        super().__init__()
        self._flags = flags

    def _command(self) -> list[str]:
        self.folder.chmod(0o777)  # smtp-sink gives up root before it writes
        program = self._root / "usr/sbin/smtp-sink"
        return [str(program), "-u", "nobody", "-d", "mail.", *self._flags, self.address, "100"]

    def _environment(self) -> Mapping[str, str]:
        return {"LD_LIBRARY_PATH": library_path(self._root)}

    def _stored(self) -> list[Delivered]:
        return [_sunk(path.read_bytes()) for path in sorted(self.folder.glob("mail.*"))]


def _sunk(dump: bytes) -> Delivered:
    """Read a dump: X-Mail-Args and X-Rcpt-Args, then the message."""
    [sender] = _fields(dump, b"X-Mail-Args") or [""]
    return Delivered(sender, tuple(_fields(dump, b"X-Rcpt-Args")), dump)


def _fields(stored: bytes, name: bytes) -> list[str]:
    """Return the addresses that a server noted above a message."""
    return [found.decode() for found in re.findall(rb"(?m)^%b: <?([^<>\n]*)" % name, stored.partition(b"\n\n")[0])]


class Users(NamedTuple):
    """Users that exist for one server only."""

    folder: Path
    library: Path
    rows: Mapping[str, int]

    def environment(self, *more: Path) -> dict[str, str]:
        """Write the files and return the variables that make libnss-wrapper show them."""
        passwd, group = self.folder / "passwd", self.folder / "group"
        everyone = {"root": 0, "nobody": 65534, **self.rows}
        passwd.write_text("".join(f"{name}:x:{id}:{id}::/:/bin/false\n" for name, id in everyone.items()))
        group.write_text("".join(f"{name}:x:{id}:\n" for name, id in {**everyone, "nogroup": 65534}.items()))
        return {
            "LD_LIBRARY_PATH": ":".join(library_path(folder) for folder in (self.library, *more)),
            "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(group),
        }


class Postfix(RealPeer):
    """A real Postfix that delivers everything to one Maildir, a file for each recipient.

    STARTTLS on `port`, TLS at once on `tls_port`; SIZE 1,000,000, 8BITMIME, SMTPUTF8, DSN, CHUNKING,
    PIPELINING; no AUTH. nouser@ is refused with 550 5.1.1, greylist@ put off with 450 4.2.0.
    """

    packages = ("postfix", "libnss-wrapper")
    OWNER, BOX, DROP = 5002, 5003, 5004

    def __init__(self) -> None:
        super().__init__()
        self.tls_port = _free_port()
        self._settings = self.folder / "conf"
        self._mail = self.folder / "mail"

    def _command(self) -> list[str]:
        self._settings.mkdir()
        (self._settings / "main.cf").write_text(self._main())
        (self._settings / "master.cf").write_text(self._services())
        (self._settings / "access").write_text(
            "/^nouser@/ 550 5.1.1 no such user\n/^greylist@/ 450 4.2.0 come back later\n"
        )
        shutil.copy(self._root / "etc/postfix/postfix-files", self._settings)
        self._make_queue()
        return [str(self._root / "usr/lib/postfix/sbin/master"), "-c", str(self._settings), "-d"]

    def _environment(self) -> Mapping[str, str]:
        users = {"postfix": self.OWNER, "box": self.BOX, "postdrop": self.DROP}
        return {"MAIL_CONFIG": str(self._settings), **Users(self.folder, self._root, users).environment()}

    def _main(self) -> str:
        cert, key = self._certificate(0)
        passed_on = "MAIL_CONFIG LD_LIBRARY_PATH LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP"
        return _lines(
            compatibility_level="3.6",
            queue_directory=self.folder / "spool",
            data_directory=self.folder / "data",
            command_directory=self._root / "usr/sbin",
            daemon_directory=self._root / "usr/lib/postfix/sbin",
            shlib_directory=self._root / "usr/lib/postfix",
            meta_directory=self._settings,
            mail_owner="postfix",
            setgid_group="postdrop",
            myhostname="postfix.test",
            mydestination="",
            alias_maps="",
            mynetworks="127.0.0.0/8",
            inet_interfaces="127.0.0.1",
            inet_protocols="ipv4",
            virtual_mailbox_domains="static:all",
            virtual_mailbox_maps="static:box/",
            virtual_mailbox_base=self._mail,
            virtual_uid_maps=f"static:{self.BOX}",
            virtual_gid_maps=f"static:{self.BOX}",
            smtpd_tls_security_level="may",
            smtpd_tls_cert_file=cert,
            smtpd_tls_key_file=key,
            smtpd_recipient_restrictions=f"check_recipient_access regexp:{self._settings}/access, permit",
            message_size_limit="1000000",
            maillog_file=self.folder / "postfix.log",
            maillog_file_prefixes=self.folder,
            import_environment=passed_on,
            export_environment=passed_on,
        )

    def _services(self) -> str:
        """Return master.cf: the two listeners, and the daemons that a delivery to a Maildir needs."""
        rows = [
            f"{self.host}:{self.port} inet n - n - - smtpd",
            f"{self.host}:{self.tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes",
            "qmgr unix n - n 300 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "virtual unix - n n - - virtual",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "anvil unix - - n - 1 anvil",
            "postlog unix-dgram n - n - 1 postlogd",
            *(f"{name} unix n - n - 0 {name}" for name in ("cleanup", "flush")),
            *(f"{name} unix - - n - 0 bounce" for name in ("bounce", "defer", "trace")),
            *(f"{name} unix - - n - - error" for name in ("error", "retry")),
            "proxymap unix - - n - - proxymap",
        ]
        return "".join(f"{row}\n" for row in rows)

    def _make_queue(self) -> None:
        for name in ("data", "mail"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "data", self.OWNER, 0)
        os.chown(self._mail, self.BOX, self.BOX)
        spool = self.folder / "spool"
        queues = "active bounce corrupt defer deferred flush hold incoming private saved trace"
        for name in (*queues.split(), "maildrop", "public", "pid"):
            (spool / name).mkdir(parents=True)
            os.chown(
                spool / name, 0 if name == "pid" else self.OWNER, self.DROP if name in ("maildrop", "public") else 0
            )
            (spool / name).chmod({"maildrop": 0o730, "public": 0o710, "pid": 0o755}.get(name, 0o700))

    def _stored(self) -> list[Delivered]:
        return [_boxed(path.read_bytes()) for path in sorted(self._mail.glob("box/new/*"))]


def _boxed(raw: bytes) -> Delivered:
    """Read a file of the Maildir: Postfix delivers each recipient's copy by itself."""
    return Delivered(_fields(raw, b"Return-Path")[0], (_fields(raw, b"X-Original-To")[0],), raw)


class Exim(RealPeer):
    """A real Exim that keeps everything in its queue.

    AUTH PLAIN and LOGIN for u / p, even in clear text; STARTTLS on `port`, TLS at once on `tls_port`;
    SIZE 1 MiB, 8BITMIME, SMTPUTF8, DSN, CHUNKING, PRDR, PIPELINING. nouser@ is refused with 550,
    greylist@ put off with 450, needauth@ refused with 530 before a login.
    """

    packages = ("exim4-daemon-light", "libnss-wrapper")
    OWNER = 5001

    def __init__(self) -> None:
        super().__init__()
        self.tls_port = _free_port()
        self._spool = self.folder / "spool"

    def _command(self) -> list[str]:
        self._spool.mkdir()
        os.chown(self._spool, self.OWNER, self.OWNER)
        settings = self.folder / "exim.conf"
        settings.write_text(self._settings())
        program = self._root / "usr/sbin/exim4"
        return [str(program), "-C", str(settings), "-bdf", "-oP", str(self.folder / "exim.pid")]

    def _environment(self) -> Mapping[str, str]:
        return Users(self.folder, self._root, {"Debian-exim": self.OWNER, "mail": 8}).environment()

    def _settings(self) -> str:
        cert, key = self._certificate(self.OWNER)
        main = _lines(
            primary_hostname="exim.test",
            exim_path=self._root / "usr/sbin/exim4",
            local_interfaces=self.host,
            daemon_smtp_ports=f"{self.port} : {self.tls_port}",
            tls_on_connect_ports=self.tls_port,
            tls_advertise_hosts="*",
            tls_certificate=cert,
            tls_privatekey=key,
            spool_directory=self._spool,
            log_file_path=self._spool / "%s.log",
            message_size_limit="1M",
            smtputf8_advertise_hosts="*",
            dsn_advertise_hosts="*",
            chunking_advertise_hosts="*",
            prdr_enable="true",
            # A delivery would run Exim again, without our LD_LIBRARY_PATH.
            queue_only="true",
            acl_smtp_rcpt="recipient",
            acl_smtp_data="message",
        )
        return main + _EXIM_SECTIONS

    @property
    def log(self) -> str:
        """What the server said about itself."""
        return super().log + "".join(path.read_text(errors="replace") for path in sorted(self._spool.glob("*.log")))

    def _stored(self) -> list[Delivered]:
        return [_queued(path) for path in sorted(self._spool.glob("input/*-H"))]


_EXIM_SECTIONS = r"""
begin acl
recipient:
  deny    local_parts = nouser
          message     = 550 5.1.1 no such user
  defer   local_parts = greylist
          message     = 450 4.2.0 come back later
  deny    local_parts = needauth
          !authenticated = *
          message     = 530 5.7.0 log in first
  accept
message:
  accept

begin authenticators
PLAIN:
  driver           = plaintext
  public_name      = PLAIN
  server_condition = ${if and{{eq{$auth2}{u}}{eq{$auth3}{p}}}}
  server_set_id    = $auth2
LOGIN:
  driver           = plaintext
  public_name      = LOGIN
  server_prompts   = User Name : Password
  server_condition = ${if and{{eq{$auth1}{u}}{eq{$auth2}{p}}}}
  server_set_id    = $auth1
"""


def _queued(header_file: Path) -> Delivered:
    """Read a message of Exim's queue (chapter 56 of its specification): envelope and headers, body apart."""
    spooled = header_file.read_bytes()
    body = header_file.with_name(header_file.name[:-1] + "D").read_bytes().partition(b"\n")[2]
    envelope, _, headers = spooled.partition(b"\n\n")
    lines = envelope.decode().split("\n")
    count = next(index for index, line in enumerate(lines) if line.isdigit())
    recipients = tuple(line.split(" ")[0] for line in lines[count + 1 :])
    return Delivered(lines[2].strip("<>"), recipients, b"".join(_exim_headers(headers)) + b"\n" + body)


def _exim_headers(text: bytes) -> Iterator[bytes]:
    """Yield each header: three digits or more of length, a flag (`*`: deleted), a space, the header."""
    while found := re.match(rb"(\d{3,})(.) ", text):
        end = found.end() + int(found[1])
        if found[2] != b"*":
            yield text[found.end() : end]
        text = text[end:]


def _lines(**settings: object) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _listening(port: int) -> bool:
    """Look whether somebody listens, without connecting: smtp-sink counts connections."""
    table = Path("/proc/net/tcp").read_text()
    return f":{port:04X} 00000000:0000 0A " in table


def _wait(condition: Callable[[], bool], timeout: float, complaint: Callable[[], str]) -> None:
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(complaint())
        time.sleep(0.02)
