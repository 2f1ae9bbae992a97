"""What is sent, as values: messages, addresses, attachments, envelopes.

Nothing here does I/O (an attachment may be read from a file when it is made), and nothing knows how
a message is sent. Values are frozen and checked when they are made; whatever exists may be sent.
"""
