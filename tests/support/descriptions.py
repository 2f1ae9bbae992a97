"""The providers' own API descriptions, which stay outside the repository, as a judge of requests.

    assert violations("sendgrid", request) == []

A test that needs them is skipped where they are absent, and says so.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"

WRONG = {
    # Postmark's old Swagger file: with templates it wants bare addresses, and both names of a template.
    "postmark": re.compile(r"(From|To|Cc|Bcc): .* is not a 'email'|'Template(Id|Alias)' is a required property"),
    # Beside a template the subject may be left out: resend.com/docs/dashboard/templates/introduction (2026-11-22).
    "resend": re.compile("'subject' is a required property"),
    # readme.io's word for an object in JSON is a string of the format json.
    "smtp2go": re.compile(r"template_data: .* is not of type 'string'"),
    # botocore at our lower bound (2024) does not know these yet.
    "ses": re.compile(r'Unknown parameter in .*"(ConfigurationOverrides|TemplateContent|TenantName|Attachments)"'),
}
"""What a description says that is plainly not so, by provider."""


def violations(provider: str, request: Any) -> list[str]:
    """Return what the provider's description has against a request (of `HttpRequest`'s shape)."""
    found: list[str] = checker().check(provider, request.method, request.url, request.headers, request.body)
    wrong = WRONG.get(provider) if provider != "ses" or _botocore_is_old() else None
    return [each for each in found if wrong is None or not wrong.search(each)]


@cache
def _botocore_is_old() -> bool:
    """Whether the description of SES, which botocore brings, is older than what we use of it."""
    from botocore.loaders import Loader

    shapes = Loader().load_service_model("sesv2", "service-2")["shapes"]
    return "ConfigurationOverrides" not in shapes["SendEmailRequest"]["members"]


@cache
def checker() -> Any:
    """Return the module that checks, or skip the test."""
    if not (SPECS / "check_request.py").is_file():
        pytest.skip(f"NOT CHECKED: the providers' API descriptions are not at {SPECS}")
    pytest.importorskip("jsonschema", reason="NOT CHECKED: requests are judged with jsonschema, which is missing")
    sys.path.insert(0, str(SPECS))
    try:
        return import_module("check_request")
    finally:
        sys.path.remove(str(SPECS))
