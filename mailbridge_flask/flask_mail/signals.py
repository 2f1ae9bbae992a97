"""`email_dispatched`: sent for each message that was handed over, or would have been if mail were not suppressed.

The sender is the application, the keyword `message` the Message. What became of the recipients is told by
the signals of `mailbridge_flask`, which are sent for these messages too.
"""

from __future__ import annotations

from blinker import Namespace

email_dispatched = Namespace().signal("email-dispatched")
