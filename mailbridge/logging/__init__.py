"""Log records as mail: `MailHandler`, for people who must learn of an error.

What mailbridge itself logs is told in `mailbridge.logs`.
"""

from mailbridge.logging.handler import MailHandler
from mailbridge.logging.letter import Letter

__all__ = ["Letter", "MailHandler"]
