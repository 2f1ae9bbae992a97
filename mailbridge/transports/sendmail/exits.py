"""What the exit codes of sendmail(8) mean: those of sysexits.h, which Postfix, Exim and msmtp keep too."""

from __future__ import annotations

from mailbridge.extend import (
    ConfigError,
    ContentRefused,
    MailError,
    OutcomeUnknown,
    ProtocolError,
    RecipientRefused,
    ServerError,
)

SYSEXITS: dict[int, tuple[type[MailError], str]] = {
    64: (ConfigError, "it does not understand its command line"),  # EX_USAGE
    65: (ContentRefused, "it does not accept the message"),  # EX_DATAERR
    66: (ConfigError, "a file it needs is missing"),  # EX_NOINPUT
    67: (RecipientRefused, "it does not know the recipient"),  # EX_NOUSER
    68: (RecipientRefused, "it does not know the recipient's host"),  # EX_NOHOST
    69: (ServerError, "the mail system is unavailable"),  # EX_UNAVAILABLE
    70: (ServerError, "it has an internal fault"),  # EX_SOFTWARE
    71: (ServerError, "the operating system failed it"),  # EX_OSERR
    72: (ConfigError, "a system file is missing or wrong"),  # EX_OSFILE
    73: (ServerError, "it cannot write to its queue"),  # EX_CANTCREAT
    74: (ServerError, "it cannot read or write a file"),  # EX_IOERR
    75: (ServerError, "it cannot do it now"),  # EX_TEMPFAIL
    76: (ProtocolError, "it was answered against the protocol"),  # EX_PROTOCOL
    77: (ConfigError, "this user may not send mail by it"),  # EX_NOPERM
    78: (ConfigError, "its own configuration is wrong"),  # EX_CONFIG
}


def exit_error(path: str, code: int, words: str) -> MailError:
    """Return the error for an exit code other than 0; `words` is what the program said on stderr."""
    said = f" It said: {words}" if words else ""
    if code < 0:
        # A program that was killed may have queued the message just before.
        return OutcomeUnknown(f"{path} was killed by signal {-code}: the message may have been queued.{said}")
    kind, meaning = SYSEXITS.get(code, (ServerError, "it gave no reason by its exit code"))
    return kind(f"{path} ended with exit code {code}: {meaning}.{said}", phase="send", code=code)
