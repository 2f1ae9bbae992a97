"""Delivery by a provider's HTTP API, as pure functions around one operation.

transport     `HttpTransport`: from messages to calls, from answers to outcomes; pauses
provider      what is said of one provider's API: its record, requests, answers and credentials
mime          `HttpMimeTransport`: the same for an API that takes the message as MIME
calls         which messages travel in one call, and what happens when it is refused as a whole
limits        how much a provider takes of one message
credentials   asking whether they are good, and keeping them out of errors
fates         what became of the recipients of one message
joining       one receipt for a message that travelled as many private copies
batch         `send_many`: fills calls from the stream of deliveries
refusal       what a status and an error body mean, as a typed error
retry_after   how long a server asks us to wait
contents      the parts of a message in the shapes that APIs want
reach         how to reach an API, as its settings say it
options       typed options of one provider
"""

from mailbridge.sending.http.options import ProviderOptions
from mailbridge.sending.http.refusal import Complaint
from mailbridge.sending.http.transport import HttpTransport

__all__ = ["Complaint", "HttpTransport", "ProviderOptions"]
