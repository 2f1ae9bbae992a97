"""What every transport over HTTP has to hold to, and what the checks are made of.

checks        `TransportContract`, as checks for any test runner
messages      the corpus: messages by name, each with something that a transport may get wrong
alike         many messages that belong into one call
decoded       what a request says, read back out of it
differences   what a request says otherwise than its message
answers       answers of a service that is not well
rehearsal     a transport at work without a network
secrecy       whether credentials turn up where they must not
service       what the author of a transport says of the service behind it
verdicts      what is wrong with an outcome, with requests, with a receipt
"""
