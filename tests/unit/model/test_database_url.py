"""No part of a database's URL but scheme, host and database is shown."""

from __future__ import annotations

import pytest

from paragon_sync.model.database_url import has_stray_at_sign, mask_driver_text, show_database


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cret@db.example:5432/crm?sslpassword=hidden", "postgresql://db.example:5432/crm"),
        ("postgresql://db.example/crm?password=s3cret", "postgresql://db.example/crm"),
        ("postgresql:///crm?host=/run/postgresql", "postgresql:///crm"),
        ("postgres://me:s3@cret@db.example/crm", "postgres://…"),
        ("postgres://me:s3/cret@db.example/crm", "postgres://…"),
        ("postgres://me:s3@cret", "postgres://cret"),
        ("postgresql://[::1/crm", "postgresql://…"),
        ("sqlite:////data/a@b@c.db", "sqlite:////data/a@b@c.db"),
        ("no url", "(no URL)"),
    ],
)
def test_scheme_host_and_database_are_shown(url: str, shown: str) -> None:
    assert show_database(url) == shown


@pytest.mark.parametrize(
    ("url", "stray"),
    [
        ("postgres://me:a@b@host/crm", True),
        ("postgres://me:a/b@host/crm", True),
        ("postgres://me@host/crm?options=a@b", True),
        ("postgres://me:a%40b@host/crm", False),
        ("postgres://host/crm", False),
        ("sqlite:///a@b@c.db", False),
    ],
)
def test_an_at_sign_that_ends_no_user_is_found(url: str, stray: bool) -> None:
    assert has_stray_at_sign(url) is stray


def test_user_password_and_query_values_are_replaced() -> None:
    url = "postgresql://me-too:p%40ss-word@h/crm?sslpassword=hidden&sslmode=require"
    said = 'no password "p@ss-word" (p%40ss-word) for user "me-too", hidden, require'

    assert mask_driver_text(said, url) == 'no password "***" (***) for user "***", ***, ***'


@pytest.mark.parametrize("url", ["postgresql://me:ab@h/crm", "postgresql://me:a@b@h/crm", "postgresql://[::1/crm"])
def test_a_text_that_can_not_be_masked_is_not_shown(url: str) -> None:
    assert "ab" not in mask_driver_text("an ab", url)
