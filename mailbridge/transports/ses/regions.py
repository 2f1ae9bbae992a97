"""Where SES is: the address of its API by region, and the domain of its Message-IDs."""

from __future__ import annotations

import re

is_region = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,2}-\d{1,2}").fullmatch
"""The shape of a region's name; which regions there are changes a few times a year."""

is_zone = re.compile(r"([a-z]{2,4}(?:-[a-z]{2,12}){1,2}-\d{1,2})[a-z]").fullmatch

_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
    "eusc-": "amazonaws.eu",
}
"""The DNS suffix of a partition by the beginning of its regions' names; all others are amazonaws.com."""


def endpoint(region: str, *, fips: bool = False) -> str:
    """Return the address of the API in a region; with `fips` that of its FIPS 140 endpoint, if it has one.

    Source: botocore 1.44.5, rule set of the endpoints of sesv2.
    """
    suffix = next((suffix for prefix, suffix in _SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")
    return f"https://email{'-fips' if fips else ''}.{region}.{suffix}"


def message_id(provider_id: str, region: str) -> str:
    """Return the Message-ID header that SES writes, or an empty string for regions of which it is not known.

    Source: fact sheet, and messages seen: `…@email.amazonses.com` from us-east-1, elsewhere the region.
    """
    if region.startswith(tuple(_SUFFIXES)):
        return ""
    return f"<{provider_id}@{'email' if region == 'us-east-1' else region}.amazonses.com>"
