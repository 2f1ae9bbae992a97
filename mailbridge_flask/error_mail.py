"""`ErrorMailHandler`: mails the errors of an app to its operators, with what the request was."""

from __future__ import annotations

import logging
import re
import weakref
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask import Request, current_app, has_app_context, has_request_context, request
from werkzeug.datastructures import MultiDict

from mailbridge.logging import MailHandler
from mailbridge.redaction import MASK, mask
from mailbridge.secret import names_a_secret

if TYPE_CHECKING:
    from mailbridge_flask.app_mailer import AppMailer

_SHORTEST = 4  # characters of a value that is looked for; shorter ones would be found everywhere
_SHORTEST_COOKIE = 8  # those that let somebody in are longer, and "dark" is a word
_MOST = 200  # values that are looked for: it is the visitor who says how many there are


class ErrorMailHandler(MailHandler):
    """A `mailbridge.logging.MailHandler` for an app.

    Inside a request, a mail says the method, the route, the endpoint, who asked and by which program, and the names
    of the parameters. Values are left out, for they may be passwords; the path is told by its rule, `/reset/<token>`,
    for it may let its reader in. Whatever a visitor sent under the name of a secret (token, password, key, …), and
    every cookie and credential, is masked in messages and tracebacks too.

    Made by `MailBridge.mail_errors`.
    """

    def __init__(self, mail: AppMailer, **options: Any) -> None:
        # Loggers live as long as the process, and must not keep every app that a test makes.
        self._app_mailer = weakref.ref(mail)
        super().__init__(weakref.proxy(mail), **options)

    @property
    def over(self) -> bool:
        """Whether its app is gone."""
        return self._app_mailer() is None

    def filter(self, record: logging.LogRecord) -> Any:
        """Let a record of this app pass: apps of the same name share a logger."""
        mail = self._app_mailer()
        if mail is None or (has_app_context() and current_app._get_current_object() is not mail.app):  # type: ignore[attr-defined]
            return False
        return super().filter(record)

    def details(self, record: logging.LogRecord) -> Mapping[str, str]:
        """Return what the request was, if there is one."""
        if not has_request_context():
            return {}
        found = {
            "Request": f"{request.method} {request.url_rule.rule if request.url_rule else request.path}",
            "Endpoint": request.endpoint or "",
            "From": request.remote_addr or "",
            "Program": request.user_agent.string,
            "Query": ", ".join(request.args),
            "Form": ", ".join(_form()),
        }
        return {name: value for name, value in found.items() if value}

    def redacted(self, text: str) -> str:
        """Return a text without credentials, and without those of the request."""
        if has_request_context():
            if request.url_rule is not None and request.view_args:
                alone = rf"(?<![\w./-]){re.escape(request.path)}(?![\w/-])"  # and not a part of a longer path
                text = re.sub(alone, lambda _: str(request.url_rule), text)
            for value in _secrets():
                text = text.replace(value, MASK)
        return mask(text)

    def close(self) -> None:
        """Mail what waits, and take leave of the server."""
        super().close()
        if (mail := self._app_mailer()) is not None:
            mail.close()


def _secrets() -> list[str]:
    """Return what the visitor sent that may let somebody in, the longest first: one may contain another."""
    pairs = [*request.args.items(multi=True), *_form().items(multi=True), *(request.view_args or {}).items()]
    found = {str(value) for name, value in pairs if names_a_secret(name)} | set(_in_json(_json()))
    found.update(value for name, value in request.headers if names_a_secret(name) or name == "Authorization")
    found.update(value for value in request.cookies.values() if len(value) >= _SHORTEST_COOKIE)
    if (login := request.authorization) is not None:
        found.update(filter(None, (login.password, login.token)))
    return sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True)[:_MOST]


def _in_json(value: Any) -> Iterator[str]:
    pending = [(value, False)]  # no recursion, for it is the visitor who says how deep it goes
    while pending:
        each, secret = pending.pop()
        if isinstance(each, dict):
            pending += [(one, secret or names_a_secret(name)) for name, one in each.items()]
        elif isinstance(each, list):
            pending += [(one, secret) for one in each]
        elif secret and each is not None and not isinstance(each, bool):
            yield str(each)


# Of the body, only what the view has read already: reading it now might take it from the view, or fail.


def _form() -> MultiDict[str, str]:
    form: MultiDict[str, str] = vars(_request()).get("form", MultiDict())
    return form


def _json() -> Any:
    cached = getattr(_request(), "_cached_json", (...,))[0]
    return None if cached is ... else cached


def _request() -> Request:
    return request._get_current_object()  # type: ignore[attr-defined, no-any-return]
