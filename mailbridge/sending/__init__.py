"""How a message is delivered: transports, policies made of transports, and the path to them.

transport, blocking, smtp, plugin     what delivers, and the record by which it is known
http, oauth                           APIs over HTTP, and the access tokens that they want
retry, failover, round_robin,         policies: transports made of transports
rate_limit, guard
delivery, attempt, deliver            one message on its way; the way of every message
unsupported                           what a transport cannot express
"""
