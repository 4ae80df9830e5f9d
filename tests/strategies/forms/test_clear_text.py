"""Passwords in pasted addresses are recognised however they are written, and what is none is left as it is."""

from __future__ import annotations

import pytest

from strategies.forms.clear_text import has_password, without_password


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("postgresql://user:s3cr3t@host/db", "postgresql://user@host/db"),
        ("postgresql://user:123/s3cr3t@host/db", "postgresql://user@host/db"),
        ("postgresql://user:123/s3cr3t@host", "postgresql://user@host"),
        ("postgresql://user:123?s3cr3t@host/db", "postgresql://user@host/db"),
        ("postgresql://user:123#s3cr3t@host/db", "postgresql://user@host/db"),
        ("postgresql://user:123/4?a=s3cr3t@host/db", "postgresql://user@host/db"),
        ("postgresql://user:p@s3cr3t@host/db", "postgresql://user@host/db"),
        ("oracle://user/s3cr3t@host:1521/service", "oracle://user@host:1521/service"),
        ("user/s3cr3t@host", "user@host"),
        ("postgresql://user@host/db?password=s3cr3t", "postgresql://user@host/db?"),
    ],
)
def test_a_password_is_taken_out(typed: str, shown: str) -> None:
    assert has_password(typed)
    assert without_password(typed) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "postgresql://user@host:5432/db",
        "postgresql://host:5432/a%40b",
        "postgresql://user@/db?host=/run/postgresql",
        "postgresql://user@[::1]:5432/db?sslmode=require",
        "sqlite:////srv/team@site/app.db",
        "",
    ],
)
def test_an_address_without_one_stays_as_it_is(typed: str) -> None:
    assert not has_password(typed)
