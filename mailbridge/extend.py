"""Everything that a transport or a plugin needs of mailbridge, in one place.

The built-in transports import no other module of ours: what a third party lacks, they would lack.
Names are imported when first asked for, so that a plugin's record costs no more than a record.

    HttpTransport       two pure methods, build and read: most providers
    HttpMimeTransport   the same for an API that takes MIME
    BlockingTransport   one plain function
    MimeTransport       one plain function that gets the message as octets
    Transport           a flow, see `mailbridge.flow.operations`
    Policy              a transport made of transports

>>> from mailbridge.extend import BlockingTransport, TransportSettings
>>> class ShoutSettings(TransportSettings):
...     volume: int = 11
>>> class ShoutTransport(BlockingTransport):
...     name = "shout"
...     def __init__(self, settings):
...         self.settings = settings
...     def deliver(self, delivery):
...         print((delivery.message.text or "").upper() + "!" * self.settings.volume)
...         return self.accepted(delivery)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailbridge.dsn import Dsn
    from mailbridge.errors import (
        AuthFailed,
        ConfigError,
        ConnectFailed,
        ContentRefused,
        MailError,
        MessageInvalid,
        OutcomeUnknown,
        ProtocolError,
        RateLimited,
        RecipientDeferred,
        RecipientRefused,
        SenderRefused,
        ServerError,
        TimedOut,
        TlsFailed,
        TlsMisconfigured,
        Unsupported,
    )
    from mailbridge.escapes import visible
    from mailbridge.flow.http import Http, HttpOptions, HttpRequest, HttpResponse, dig, encoded_json
    from mailbridge.flow.multipart import FormFile
    from mailbridge.flow.operations import (
        END,
        PULL,
        Await,
        Block,
        Close,
        Connect,
        Emit,
        Flow,
        Lease,
        Now,
        Read,
        Release,
        Sleep,
        StartTls,
        Stream,
        TlsOptions,
        Wall,
        Write,
    )
    from mailbridge.hooks.context import Context
    from mailbridge.hooks.specification import hookimpl
    from mailbridge.message import features
    from mailbridge.message.address import Address
    from mailbridge.message.alternative import Alternative
    from mailbridge.message.attachment import Attachment
    from mailbridge.message.envelope import Envelope
    from mailbridge.message.message import Message
    from mailbridge.message.mime import Mime, render
    from mailbridge.message.template import Template
    from mailbridge.receipt import Attempt, Receipt, RecipientStatus, Status
    from mailbridge.redaction import mask
    from mailbridge.secret import Secret
    from mailbridge.sending.blocking import BlockingTransport, MimeTransport
    from mailbridge.sending.delivery import Delivery, Outcome
    from mailbridge.sending.failover import Failover
    from mailbridge.sending.guard import Guard
    from mailbridge.sending.http.contents import (
        alternatives,
        base64_of,
        distinct,
        encoded_form,
        encoded_header,
        encoded_text,
        header_map,
        header_pairs,
        text_of,
        wire_form,
        wire_forms,
    )
    from mailbridge.sending.http.file_names import typed_name
    from mailbridge.sending.http.mime import HttpMimeTransport, addressed
    from mailbridge.sending.http.oauth import Authorised
    from mailbridge.sending.http.options import ProviderOptions
    from mailbridge.sending.http.preparation import preparing
    from mailbridge.sending.http.refusal import Complaint
    from mailbridge.sending.http.retry_after import timestamp
    from mailbridge.sending.http.transport import HttpTransport
    from mailbridge.sending.oauth.authorities import MICROSOFT_GRAPHS, google, microsoft, zoho
    from mailbridge.sending.oauth.choice import tokens_for
    from mailbridge.sending.oauth.client import Authority, Client
    from mailbridge.sending.oauth.file_store import FileTokenStore
    from mailbridge.sending.oauth.given import GivenTokens
    from mailbridge.sending.oauth.grants import ClientCredentials
    from mailbridge.sending.oauth.settings import OAuthFields, OAuthSettings
    from mailbridge.sending.oauth.source import Tokens, TokenSource
    from mailbridge.sending.oauth.store import MemoryTokenStore, TokenStore
    from mailbridge.sending.oauth.token import Token
    from mailbridge.sending.oauth.turn import Turn
    from mailbridge.sending.plugin import Plugin
    from mailbridge.sending.policy import Policy
    from mailbridge.sending.rate_limit import RateLimit
    from mailbridge.sending.retry import Retry
    from mailbridge.sending.round_robin import RoundRobin
    from mailbridge.sending.smtp import SmtpTransport
    from mailbridge.sending.transport import Transport, Verification
    from mailbridge.sending.unsupported import unsupported
    from mailbridge.settings.http import HttpSettings
    from mailbridge.settings.keys import kind_of_key, told_apart
    from mailbridge.settings.seconds import Seconds
    from mailbridge.settings.transport import TransportSettings
    from mailbridge.smtp.server import Server as SmtpServer
    from mailbridge.smtp.timeouts import Timeouts as SmtpTimeouts

__all__ = [
    "END",
    "MICROSOFT_GRAPHS",
    "PULL",
    "Address",
    "Alternative",
    "Attachment",
    "Attempt",
    "AuthFailed",
    "Authorised",
    "Authority",
    "Await",
    "Block",
    "BlockingTransport",
    "Client",
    "ClientCredentials",
    "Close",
    "Complaint",
    "ConfigError",
    "Connect",
    "ConnectFailed",
    "ContentRefused",
    "Context",
    "Delivery",
    "Dsn",
    "Emit",
    "Envelope",
    "Failover",
    "FileTokenStore",
    "Flow",
    "FormFile",
    "GivenTokens",
    "Guard",
    "Http",
    "HttpMimeTransport",
    "HttpOptions",
    "HttpRequest",
    "HttpResponse",
    "HttpSettings",
    "HttpTransport",
    "Lease",
    "MailError",
    "MemoryTokenStore",
    "Message",
    "MessageInvalid",
    "Mime",
    "MimeTransport",
    "Now",
    "OAuthFields",
    "OAuthSettings",
    "Outcome",
    "OutcomeUnknown",
    "Plugin",
    "Policy",
    "ProtocolError",
    "ProviderOptions",
    "RateLimit",
    "RateLimited",
    "Read",
    "Receipt",
    "RecipientDeferred",
    "RecipientRefused",
    "RecipientStatus",
    "Release",
    "Retry",
    "RoundRobin",
    "Seconds",
    "Secret",
    "SenderRefused",
    "ServerError",
    "Sleep",
    "SmtpServer",
    "SmtpTimeouts",
    "SmtpTransport",
    "StartTls",
    "Status",
    "Stream",
    "Template",
    "TimedOut",
    "TlsFailed",
    "TlsMisconfigured",
    "TlsOptions",
    "Token",
    "TokenSource",
    "TokenStore",
    "Tokens",
    "Transport",
    "TransportSettings",
    "Turn",
    "Unsupported",
    "Verification",
    "Wall",
    "Write",
    "addressed",
    "alternatives",
    "base64_of",
    "dig",
    "distinct",
    "encoded_form",
    "encoded_header",
    "encoded_json",
    "encoded_text",
    "features",
    "google",
    "header_map",
    "header_pairs",
    "hookimpl",
    "kind_of_key",
    "mask",
    "microsoft",
    "preparing",
    "render",
    "text_of",
    "timestamp",
    "tokens_for",
    "told_apart",
    "typed_name",
    "unsupported",
    "visible",
    "wire_form",
    "wire_forms",
    "zoho",
]

_HOMES = {
    "mailbridge.dsn": "Dsn",
    "mailbridge.errors": (
        "AuthFailed ConfigError ConnectFailed ContentRefused MailError MessageInvalid OutcomeUnknown "
        "ProtocolError RateLimited RecipientDeferred RecipientRefused SenderRefused ServerError TimedOut "
        "TlsFailed TlsMisconfigured Unsupported"
    ),
    "mailbridge.escapes": "visible",
    "mailbridge.flow.operations": (
        "END PULL Await Block Close Connect Emit Flow Lease Now Read Release Sleep StartTls "
        "Stream TlsOptions Wall Write"
    ),
    "mailbridge.flow.http": "Http HttpOptions HttpRequest HttpResponse dig encoded_json",
    "mailbridge.flow.multipart": "FormFile",
    "mailbridge.hooks.context": "Context",
    "mailbridge.hooks.specification": "hookimpl",
    "mailbridge.message": "features",
    "mailbridge.message.address": "Address",
    "mailbridge.message.alternative": "Alternative",
    "mailbridge.message.attachment": "Attachment",
    "mailbridge.message.envelope": "Envelope",
    "mailbridge.message.message": "Message",
    "mailbridge.message.mime": "Mime render",
    "mailbridge.message.template": "Template",
    "mailbridge.receipt": "Attempt Receipt RecipientStatus Status",
    "mailbridge.redaction": "mask",
    "mailbridge.secret": "Secret",
    "mailbridge.sending.blocking": "BlockingTransport MimeTransport",
    "mailbridge.sending.delivery": "Delivery Outcome",
    "mailbridge.sending.failover": "Failover",
    "mailbridge.sending.guard": "Guard",
    "mailbridge.sending.http.contents": (
        "alternatives base64_of distinct encoded_form encoded_header encoded_text "
        "header_map header_pairs text_of wire_form wire_forms"
    ),
    "mailbridge.sending.http.file_names": "typed_name",
    "mailbridge.sending.http.mime": "HttpMimeTransport addressed",
    "mailbridge.sending.http.oauth": "Authorised",
    "mailbridge.sending.http.options": "ProviderOptions",
    "mailbridge.sending.http.preparation": "preparing",
    "mailbridge.sending.http.refusal": "Complaint",
    "mailbridge.sending.http.retry_after": "timestamp",
    "mailbridge.sending.http.transport": "HttpTransport",
    "mailbridge.sending.oauth.authorities": "MICROSOFT_GRAPHS google microsoft zoho",
    "mailbridge.sending.oauth.choice": "tokens_for",
    "mailbridge.sending.oauth.client": "Authority Client",
    "mailbridge.sending.oauth.file_store": "FileTokenStore",
    "mailbridge.sending.oauth.given": "GivenTokens",
    "mailbridge.sending.oauth.grants": "ClientCredentials",
    "mailbridge.sending.oauth.settings": "OAuthFields OAuthSettings",
    "mailbridge.sending.oauth.source": "TokenSource Tokens",
    "mailbridge.sending.oauth.store": "MemoryTokenStore TokenStore",
    "mailbridge.sending.oauth.token": "Token",
    "mailbridge.sending.oauth.turn": "Turn",
    "mailbridge.sending.plugin": "Plugin",
    "mailbridge.sending.policy": "Policy",
    "mailbridge.sending.rate_limit": "RateLimit",
    "mailbridge.sending.retry": "Retry",
    "mailbridge.sending.round_robin": "RoundRobin",
    "mailbridge.sending.transport": "Transport Verification",
    "mailbridge.sending.smtp": "SmtpTransport",
    "mailbridge.sending.unsupported": "unsupported",
    "mailbridge.settings.http": "HttpSettings",
    "mailbridge.settings.keys": "kind_of_key told_apart",
    "mailbridge.settings.seconds": "Seconds",
    "mailbridge.settings.transport": "TransportSettings",
    "mailbridge.smtp.server": "Server=SmtpServer",
    "mailbridge.smtp.timeouts": "Timeouts=SmtpTimeouts",
}
_HOME = {
    name.rpartition("=")[2]: (module, name.partition("=")[0])
    for module, names in _HOMES.items()
    for name in names.split()
}
"""Where each name comes from, and what it is called there ("Server=SmtpServer")."""


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, its_name = _HOME[name]
    # `features` is a module of its package, which has it as an attribute once it is imported.
    found = getattr(import_module(module), its_name, None) or import_module(f"{module}.{its_name}")
    globals()[name] = found
    return found
