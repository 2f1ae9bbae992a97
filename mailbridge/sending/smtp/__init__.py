"""Delivery over SMTP: pooled connections (`transport`), one delivery (`job`), many in a row (`batch`)."""

from mailbridge.sending.smtp.transport import SmtpTransport

__all__ = ["SmtpTransport"]
