"""The extension: one object for every app that is made."""

from mailbridge_flask import MailBridge

mail = MailBridge()
