"""The SMTP password of Amazon SES is derived as Amazon documents it."""

from __future__ import annotations

import pytest

from mailbridge import Mailer
from mailbridge.transports.smtp.presets.ses import smtp_password

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # the one of Amazon's own examples


@pytest.mark.parametrize(
    ("secret", "region", "password"),
    [
        # Known answers that others publish: the tests of Terraform's AWS provider (iam access key).
        ("some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("another+secret+key", "eu-central-1", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
        ("some+secret+key", "us-west-1", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
        ("another+secret+key", "us-west-1", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"),
    ],
)
def test_known_answers(secret: str, region: str, password: str) -> None:
    assert smtp_password(secret, region) == password


def test_a_secret_access_key_becomes_the_password_of_the_region() -> None:
    table = {"transport": "ses+smtp", "user": "AKIAIOSFODNN7EXAMPLE", "password": SECRET}
    for region in ("eu-west-1", "us-east-1"):
        made = Mailer({**table, "region": region}).transport().server
        assert made.user == "AKIAIOSFODNN7EXAMPLE"
        assert made.password.reveal() == smtp_password(SECRET, region)


def test_an_smtp_password_is_left_as_it_is() -> None:
    password = smtp_password(SECRET, "eu-west-1")
    table = {"transport": "ses+smtp", "user": "AKIAIOSFODNN7EXAMPLE", "password": password, "region": "eu-west-1"}
    assert Mailer(table).transport().server.password.reveal() == password
