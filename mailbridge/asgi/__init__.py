"""Adapters for asynchronous web frameworks, one module each; a module is imported by those who have its framework.

An adapter makes one mailer for the life of the application, gives it to the code that answers
requests, and takes leave of the servers at the end. All else is the mailer's.
"""

__all__: list[str] = []
