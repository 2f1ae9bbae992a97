"""Emulators of Amazon SES: moto, which checks signatures, and aws-ses-v2-local, which knows templates."""

from __future__ import annotations

import json
import sys
import urllib.parse
from collections.abc import Sequence
from typing import Any

from support.emulators import Emulator, cached, npm_program, run

MOTO = "moto[server]==5.2.5"
LOCAL = "aws-ses-v2-local"

# The registry has releases of these that it does not have files of (2026-11-21).
NPM = {
    "private": True,
    "dependencies": {LOCAL: "2.10.2"},
    "overrides": {"@zone-eu/mailsplit": "5.4.19", "encoding-japanese": "2.2.0", "libmime": "5.3.7"},
}

# An account in the sandbox, with all that the emulator wants to be told of one.
ACCOUNT = {
    "DedicatedIpAutoWarmupEnabled": False,
    "Details": {
        "AdditionalContactEmailAddresses": ["ops@example.com"],
        "ContactLanguage": "EN",
        "MailType": "TRANSACTIONAL",
        "ReviewDetails": {"CaseId": "1", "Status": "PENDING"},
        "UseCaseDescription": "Tests",
        "WebsiteURL": "https://example.com",
    },
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": False,
    "SendingEnabled": True,
    "SendQuota": {"Max24HourSend": 200, "MaxSendRate": 1, "SentLast24Hours": 0},
    "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE"]},
}


class Moto(Emulator):
    """moto's server, which refuses wrong signatures and senders that are not verified.

    Known are the key of `access_key`, which may do everything in SES, and the senders `verified`.
    """

    verified = ("app@example.com", "example.net")

    def _command(self) -> tuple[Sequence[str], dict[str, str]]:
        packages = cached("moto", lambda folder: run(
            sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(folder), MOTO,
        ))  # fmt: skip
        free_calls = 3 + len(self.verified)
        return (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)), {
            "PYTHONPATH": str(packages),
            "INITIAL_NO_AUTH_ACTION_COUNT": str(free_calls),
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
        }

    def _prepare(self) -> None:
        """Spend the calls that need no signature on a user, his key, what he may do, and the senders."""
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ses:*", "Resource": "*"}]}
        self._iam("CreateUser", UserName="mail")
        made = self._iam("CreateAccessKey", UserName="mail")
        self._iam("PutUserPolicy", UserName="mail", PolicyName="send", PolicyDocument=json.dumps(policy))
        self.access_key = (_between(made, "AccessKeyId"), _between(made, "SecretAccessKey"))
        for sender in self.verified:
            self.ask("POST", "/v2/email/identities", {"EmailIdentity": sender}, _anybody("ses"))

    @property
    def stored(self) -> dict[str, Any]:
        """The messages it took, by kind."""
        found: dict[str, Any] = self.ask("GET", "/moto-api/data.json")["ses"]
        return found

    def _iam(self, action: str, **fields: str) -> str:
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **fields}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        said: str = self.ask("POST", "/", form, _anybody("iam") | kind)
        return said


class SesLocal(Emulator):
    """aws-ses-v2-local, which fills in templates."""

    def _command(self) -> tuple[Sequence[str], dict[str, str]]:
        program = npm_program(LOCAL, NPM)
        return (str(program), "--host", "127.0.0.1", "--port", str(self.port)), {"AWS_SES_ACCOUNT": json.dumps(ACCOUNT)}

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The messages it took."""
        found: list[dict[str, Any]] = self.ask("GET", "/store")["emails"]
        return found


def _anybody(service: str) -> dict[str, str]:
    """Return an Authorization of the right form, for calls whose signature is not looked at."""
    scope = f"20261122/eu-west-1/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential=x/{scope}, SignedHeaders=host, Signature={'0' * 64}",
        "Content-Type": "application/json",
    }


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
