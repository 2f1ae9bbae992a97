"""The test kit: for applications that send mail, and for those who write transports.

contract      what every transport over HTTP has to hold to, as checks for any test runner
corpus        messages by name, each with something that a transport may get wrong
decoded       what a request says, read back out of it
differences   what a request says otherwise than its message
faults        answers of a service that is not well
rehearsal     a transport at work without a network
secrecy       whether credentials turn up where they must not
service       what the author of a transport says of the service behind it
verdicts      what is wrong with an outcome, with requests, with a receipt
alike         many messages that belong into one call
"""

from mailbridge.testing.contract import Check, TransportContract
from mailbridge.testing.corpus import corpus
from mailbridge.testing.decoded import Decoded, DecodedFile
from mailbridge.testing.rehearsal import Rehearsal

__all__ = ["Check", "Decoded", "DecodedFile", "Rehearsal", "TransportContract", "corpus"]
