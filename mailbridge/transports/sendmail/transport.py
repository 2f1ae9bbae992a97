"""Messages to sendmail(8)."""

from __future__ import annotations

import errno
import os
import subprocess
from tempfile import TemporaryFile

from mailbridge.extend import (
    ConfigError,
    Delivery,
    Envelope,
    Message,
    MessageInvalid,
    Mime,
    MimeTransport,
    OutcomeUnknown,
    Receipt,
    ServerError,
    Verification,
    render,
    visible,
)
from mailbridge.transports.sendmail import FEATURES
from mailbridge.transports.sendmail.exits import exit_error
from mailbridge.transports.sendmail.settings import SendmailSettings

_WORDS = 1000  # bytes of what the program says that an error repeats


class SendmailTransport(MimeTransport):
    """Hands each message to a program on its standard input, recipients and sender as arguments.

    No shell is involved. That the program exits with 0 means that it has the message in its queue.
    """

    name = "sendmail"
    features = FEATURES

    def __init__(self, settings: SendmailSettings) -> None:
        self.settings = settings
        self.path = os.fspath(settings.path)

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Run the program once; all recipients are accepted or none."""
        envelope = delivery.envelope
        command = [self.path, "-i", "-f", _sender(envelope), "--", *_recipients(envelope)]
        code, words = self._run(command, mime)
        if code != 0:
            raise exit_error(self.path, code, words)
        return self.accepted(delivery, raw={"output": words} if words else None)

    def render(self, message: Message) -> Mime:
        """Return the MIME form within 7 bits: the program cannot say whether the next hop takes 8.

        A raw message stays as its maker encoded it.
        """
        return render(message, eight_bit=message.raw is not None, utf8=True)

    def check(self) -> Verification:
        """Find out whether the program exists and may be run."""
        if not os.access(self.path, os.X_OK) or os.path.isdir(self.path):
            raise self._missing("it does not exist or may not be run")
        return Verification(transport=str(self), text=f"{self.path} can be run.", details={"path": self.path})

    def _run(self, command: list[str], mime: Mime) -> tuple[int, str]:
        """Return the exit code and what the program said."""
        try:
            # Not through pipes: a program that goes on in the background keeps them open, and a large
            # message would have to be copied whole.
            with TemporaryFile() as content, TemporaryFile() as output:
                content.writelines(chunk.replace(b"\r\n", b"\n") for chunk in mime.chunks())
                content.seek(0)
                done = subprocess.run(  # noqa: S603  a list of arguments, no shell
                    command, stdin=content, stdout=output, stderr=subprocess.STDOUT, timeout=self.settings.timeout
                )
                output.seek(0)
                return done.returncode, _words(output.read(_WORDS))
        except subprocess.TimeoutExpired as error:
            raise OutcomeUnknown(
                f"{self.path} did not end within {self.settings.timeout:g} seconds and was killed: "
                "the message may have been queued.",
                phase="send",
            ) from error
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise self._missing(error.strerror or str(error)) from error
        except OSError as error:
            if error.errno == errno.E2BIG:
                raise MessageInvalid(
                    f"{len(command) - 5} recipients do not fit on the command line of {self.path}; "
                    "send to them in several messages.",
                    field="envelope.recipients",
                ) from error
            raise ServerError(f"{self.path} could not be started: {error.strerror}.", phase="connect") from error

    def _missing(self, why: str) -> ConfigError:
        hint = "Set path to the sendmail program of this machine, or use smtp://."
        return ConfigError(f"{self.path} could not be started: {why}.", phase="connect", hints=[hint])

    def __str__(self) -> str:
        return f"sendmail://{self.path}"


def _sender(envelope: Envelope) -> str:
    return _argument(envelope.sender.wire, "envelope.sender") if envelope.sender else "<>"


def _recipients(envelope: Envelope) -> list[str]:
    return [_argument(each.wire, "envelope.recipients") for each in envelope.recipients]


def _argument(address: str, field: str) -> str:
    """Refuse an address that a program could take for an option, "--" or not (CVE-2016-10033)."""
    if address.startswith("-"):
        raise MessageInvalid(
            f"{field}: {address} begins with '-', which sendmail may take for an option; send it by SMTP.", field=field
        )
    return address


def _words(output: bytes) -> str:
    """Return what the program said, in one line that is safe to show."""
    return visible(" ".join(output.decode(errors="replace").split()))
