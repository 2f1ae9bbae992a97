"""The addresses of SES by region are those that botocore has."""

from __future__ import annotations

from typing import Any

import pytest

from mailbridge.transports.ses.regions import endpoint, is_region, message_id


def regions() -> list[str]:
    session = pytest.importorskip("botocore.session", reason="NOT CHECKED: regions are compared with botocore's")
    known = session.get_session()
    return [
        region
        for partition in known.get_available_partitions()
        for service in ("sesv2", "ec2")  # the latter is everywhere, also where SES may come one day
        for region in known.get_available_regions(service, partition_name=partition)
    ]


def rules() -> Any:
    from botocore.endpoint_provider import EndpointProvider
    from botocore.loaders import Loader

    loader = Loader()
    return EndpointProvider(loader.load_service_model("sesv2", "endpoint-rule-set-1"), loader.load_data("partitions"))


@pytest.mark.parametrize("fips", [False, True])
def test_every_region_has_the_address_that_botocore_gives_it(fips: bool) -> None:
    known, provider = regions(), rules()
    assert len(set(known)) > 35
    for region in set(known):
        said = provider.resolve_endpoint(Region=region, UseDualStack=False, UseFIPS=fips)
        assert endpoint(region, fips=fips) == said.url, region


def test_every_region_has_the_shape_of_one() -> None:
    assert [region for region in regions() if not is_region(region)] == []


@pytest.mark.parametrize(
    ("region", "domain"),
    [("us-east-1", "email.amazonses.com"), ("eu-west-1", "eu-west-1.amazonses.com")],
)
def test_the_message_id_is_the_one_that_ses_writes(region: str, domain: str) -> None:
    assert message_id("0102018f-1", region) == f"<0102018f-1@{domain}>"


def test_where_nobody_knows_the_domain_no_message_id_is_claimed() -> None:
    assert message_id("0102018f-1", "cn-north-1") == ""
