"""What Django code may listen to: one signal before a message is sent, one of three afterwards.

All are sent with `send_robust`: what a receiver raises is logged by Django (`django.dispatch`) and changes
nothing. To hold a message back, or to send another in its place, write a mailbridge hook
(`mailbridge_pre_send`) and name it in the option `hooks`.

    @receiver(message_sent)
    def count(sender, message, receipt, alias, **kwargs):
        ...

Receivers may be asynchronous. Whoever sends by `send_mail` in the thread of an event loop, and not by
`asend_mail`, has all receivers called in another thread, and waits for them.

`sender` is the backend's class, `message` Django's EmailMessage, `alias` the mailer's name, None where
mail is configured by EMAIL_BACKEND alone.
"""

from django.dispatch import Signal

message_sending = Signal()
"""Before a message is read: what a receiver changes of it is sent. Arguments: message, alias."""

message_sent = Signal()
"""A server took responsibility for it, or a queue. Arguments: message, receipt, alias."""

message_failed = Signal()
"""Nobody took it, or nobody knows. Arguments: message, error, alias."""

message_suppressed = Signal()
"""Recipients were left out on purpose. Arguments: message, recipients, reason, alias. `message_sent` or
`message_failed` follows if there were others."""
