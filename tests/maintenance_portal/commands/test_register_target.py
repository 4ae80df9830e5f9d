"""register_target: what it keeps, what it refuses, and that no password passes through it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from strategies.models import AuditEntry, Target, Tenant
from tests.maintenance_portal.commands.conftest import command

pytestmark = pytest.mark.django_db


def test_a_sqlite_file_is_registered_without_being_opened() -> None:
    said = command(
        "register_target", " shop ", "sqlite:////nowhere/shop.db", "--tag", "finance", "--tag", "eu, Finance"
    )
    assert said.code == 0, said.err
    target = Target.objects.get(name="shop")
    assert (target.platform, target.url, target.environment, target.tenant.name, target.secret, target.checked_at) == (
        "sqlite", "sqlite:////nowhere/shop.db", "development", "Main", "", None,
    )  # fmt: skip
    assert sorted(target.tags.values_list("name", flat=True)) == ["eu", "finance"]
    entry = AuditEntry.objects.get(action="target.registered")
    assert entry.actor.startswith("cli:")
    assert entry.after is not None
    assert entry.after["secret"] == "none"


@pytest.mark.parametrize(
    "form", ["postgresql://anna@db.example:5433/shop", "postgresql://anna@localhost/shop?host=/run/pg"]
)
def test_postgresql_addresses_with_a_reference_to_their_secret(form: str) -> None:
    said = command("register_target", "shop", form, "--secret", "env:SHOP_PASSWORD", "--environment", "Production")
    assert said.code == 0, said.err
    target = Target.objects.get(name="shop")
    assert (target.url, target.secret, target.environment) == (form, "env:SHOP_PASSWORD", "production")


def test_a_tenant_is_named_and_an_unknown_one_is_refused() -> None:
    Tenant.objects.create(name="Other")
    assert command("register_target", "a", "sqlite:////a.db", "--tenant", "Other").code == 0
    said = command("register_target", "b", "sqlite:////b.db", "--tenant", "Elsewhere")
    assert (said.code, said.err) == (2, "--tenant: no tenant is named 'Elsewhere'\n")
    assert Target.objects.get(name="a").tenant.name == "Other"


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["", "sqlite:////a.db"], "NAME: "),
        (["  ", "sqlite:////a.db"], "NAME: "),
        (["a\x1b[31mb", "sqlite:////a.db"], "NAME: "),
        (["x" * 81, "sqlite:////a.db"], "NAME: "),
        (["HOME", "sqlite:////a.db"], "NAME: Another target is named"),
        (["a", "sqlite:///relative.db"], "URL: "),
        (["a", "nonsense"], "URL: "),
        (["a", "oracle://anna@h/db"], "--secret: this product signs in with a password"),
        (["a", "mysql://anna@h/db"], "URL: No platform knows"),
        (["a", "oracle://anna@h"], "URL: The address ends with the name of one service"),
        (["a", "postgresql://anna:s3cr3t@h/db"], "URL: The address must not contain a password"),
        (["a", "postgresql://anna@h/db?password=s3cr3t"], "URL: The address must not contain a password"),
        (["a", "oracle://anna/s3cr3t@h/db"], "URL: The address must not contain a password"),
        (["a", "postgresql://anna:s3cr3t/x@h/db"], "URL: The address must not contain a password"),
        (["a", "sqlite:////a.db", "--secret", "env:X"], "--secret: SQLite takes no secret"),
        (["a", "postgresql://anna@h/db", "--secret", "s3cr3t"], "--secret: "),
        (["a", "postgresql://anna@h/db", "--secret", ""], "--secret: "),
        (["a", "postgresql://anna@h/db", "--environment", "moon"], "--environment: "),
        (["a", "sqlite:////a.db", "--tag", "t" * 61], "--tag: "),
        (["a"], "the following arguments are required: URL"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_that_names_the_argument(arguments: list[str], begins: str) -> None:
    said = command("register_target", *arguments)
    assert said.code == 2
    assert said.err.startswith(begins), said.err
    assert said.err.count("\n") == 1
    assert "s3cr3t" not in said.err + said.out
    assert not Target.objects.filter(is_home=False).exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(("typed", "kept"), [("s3cr3t", "enc:"), ("", "")])
def test_on_a_terminal_the_password_is_asked_for_and_kept_encrypted(
    typed: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: typed)
    said = command("register_target", "shop", "postgresql://anna@h/db")
    assert said.code == 0
    stored = Target.objects.get(name="shop").secret
    assert stored.startswith(kept)
    assert "s3cr3t" not in stored + said.out + said.err
    assert command("register_target", "file", "sqlite:////a.db").code == 0


def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert command("register_target", "shop", "postgresql://anna@h/db").code == 0
    assert Target.objects.get(name="shop").secret == ""


def test_a_name_is_taken_whatever_its_case(tmp_path: Path) -> None:
    assert command("register_target", "Über", "sqlite:////a.db").code == 0
    assert command("register_target", "ÜBER", "sqlite:////b.db").code == 2
