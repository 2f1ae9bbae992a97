"""Masks secrets in text that may reach a person, a log or a pickle.

Two kinds of text pass through here: words of our own that may quote a URL, and words of a server
that may quote what we sent it. Both are masked by shape, never by a list of known secrets, so that
nothing has to remember a secret in order to hide it.
"""

import re

MASK = "********"

_URL_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)([^\s/@,()]*)@")
# Behind the mechanism stands a credential, unless a server lists what it offers: "AUTH LOGIN PLAIN". A word
# in lower case is prose ("AUTH mechanism not supported"), unless it is the name of a mechanism.
_MECHANISM = r"(?i:LOGIN|PLAIN|CRAM-MD5|DIGEST-MD5|NTLM|GSSAPI|EXTERNAL|X?OAUTH\w*|SCRAM-[\w-]+)\b"
# "mailbridge auth login gmail" is a command of ours.
_SMTP_AUTH = re.compile(rf"(?<!mailbridge )\b((?i:AUTH)\s+(?:{_MECHANISM}|[A-Z0-9-]+))[ \t]+(?!{_MECHANISM})\S+")
_AUTHORIZATION = re.compile(
    r"(?i)\b(authorization|proxy-authorization|x-api-key|api-key|x-postmark-server-token)"
    r"([\"']?\s*[:=]\s*[\"']?)((?:basic|bearer|zoho-oauthtoken)\s+)?[^\s\"',]+"
)
_KEY_VALUE = re.compile(
    r"(?i)\b(password|passwd|secret|api_?key|access_?token|refresh_?token|client_?secret|token)"
    r"([\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;)]+"
)

_SIGNATURE = re.compile(
    r"(?i)\b(signature=)[0-9a-f]{64}\b"
)  # of AWS: whoever has it can repeat the request for minutes


def mask(text: str) -> str:
    """Return `text` with credentials replaced by asterisks.

    Masks the user part of URLs, the argument of an SMTP AUTH command, authorization headers, signatures of
    AWS and `password=…`-like pairs.

    >>> mask("cannot reach smtp://ann:s3cret@mail.example.com:587")
    'cannot reach smtp://********@mail.example.com:587'
    """
    if "://" in text:
        text = _URL_USERINFO.sub(rf"\1{MASK}@", text)
    text = _SMTP_AUTH.sub(rf"\1 {MASK}", text)
    text = _AUTHORIZATION.sub(rf"\1\2\3{MASK}", text)
    text = _SIGNATURE.sub(rf"\1{MASK}", text)
    return _KEY_VALUE.sub(rf"\1\2{MASK}", text)
