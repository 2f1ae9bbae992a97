"""Stand-ins for providers: loopback servers that answer as a provider documents it, and read back what they get.

stub        the stand-in: a test's side of it
server      the HTTP server behind it
plans       what is to happen to the next requests
recorded    a request as it arrived
replies     what a provider answers and how its requests are read; the other modules, one for each provider
named       the provider of a name
forms       multipart and urlencoded bodies
mime        messages in MIME
people      addresses in the forms that APIs write them in
reading     from what a request says to a `Message`
"""

from mailbridge.testing.stubs.recorded import Recorded
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer
from mailbridge.testing.stubs.stub import ProviderStub

__all__ = ["ProviderStub", "Recorded", "Refusal", "Replies", "json_answer"]
