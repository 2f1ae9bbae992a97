"""The test kit: for applications that send mail, and for those who write transports.

For applications:

mailbox       the mails of one test, in place of sending them; pytest's fixture of that name
plugin        the plugin of pytest; `unittest` has the same for test cases
ownership     whose mail it is; `interception` brings it there, and refuses what is nobody's
catching      what takes the place of transports; `clock` is the time that their policies see
faults        errors and delays on demand
listening     where the servers of the test kit listen
joining       where an adapter brings in mail that does not pass a Mailer
sent          one captured message; `mail` has what it is made of: links, files, snapshots
assertions    the words in which tests speak about mails, whatever caught them; `expectation` is one of a block
changes       wakes those who wait for a mail
matching      what a test asks of a mail; `criteria` has the keywords
report        what a person reads when an assertion fails; `difference` is one criterion of it
failures      what a person reads when a mail lacks a link, a code, a file
sink          a mail server on this machine; `misconduct` and `smtp_faults` are what it does wrong when told to
stubs         providers' APIs on this machine, one module for each: what it answers, how its requests are read

For authors of transports:

contract      what every transport over HTTP has to hold to, as checks for any test runner

Names are imported when they are first asked for, because pytest imports this package at its start.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from mailbridge.testing.assertions import Assertions
    from mailbridge.testing.contract.checks import Check, TransportContract
    from mailbridge.testing.contract.decoded import Decoded, DecodedFile
    from mailbridge.testing.contract.messages import corpus
    from mailbridge.testing.contract.rehearsal import Rehearsal
    from mailbridge.testing.failures import NotInMail
    from mailbridge.testing.mail.files import SentFile
    from mailbridge.testing.mail.links import Link
    from mailbridge.testing.mail.selection import Element
    from mailbridge.testing.mailbox import Mailbox
    from mailbridge.testing.matching import Match
    from mailbridge.testing.sent import SentMail
    from mailbridge.testing.sink import SmtpSink
    from mailbridge.testing.stubs import ProviderStub, Refusal, Replies
    from mailbridge.testing.unittest import MailboxMixin

_HOMES = {
    "mailbridge.testing.assertions": "Assertions",
    "mailbridge.testing.contract.checks": "Check TransportContract",
    "mailbridge.testing.contract.decoded": "Decoded DecodedFile",
    "mailbridge.testing.failures": "NotInMail",
    "mailbridge.testing.mail.files": "SentFile",
    "mailbridge.testing.mail.links": "Link",
    "mailbridge.testing.mail.selection": "Element",
    "mailbridge.testing.mailbox": "Mailbox",
    "mailbridge.testing.matching": "Match",
    "mailbridge.testing.contract.messages": "corpus",
    "mailbridge.testing.contract.rehearsal": "Rehearsal",
    "mailbridge.testing.sent": "SentMail",
    "mailbridge.testing.sink": "SmtpSink",
    "mailbridge.testing.stubs": "ProviderStub Refusal Replies",
    "mailbridge.testing.unittest": "MailboxMixin",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Assertions",
    "Check",
    "Decoded",
    "DecodedFile",
    "Element",
    "Link",
    "Mailbox",
    "MailboxMixin",
    "Match",
    "NotInMail",
    "ProviderStub",
    "Refusal",
    "Rehearsal",
    "Replies",
    "SentFile",
    "SentMail",
    "SmtpSink",
    "TransportContract",
    "corpus",
]


def __getattr__(name: str) -> "Any":
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})
