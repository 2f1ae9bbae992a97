"""SMTP without I/O: replies, sessions, transactions, and three ways to carry them out.

reply, extensions, classify, auth, stuffing   what is said, read and written
server, timeouts                              whom to talk to
session, opening                              one connection
transaction                                   one message and its recipients
exchange, pipeline, chunking                  one at a time; one round trip each; several in flight
"""
