"""Targets in use: the portal's own database as an address, and changes that never go over another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import environ
import pytest
from django.conf import settings
from django.db import connection, transaction

from maintenance_portal import own_database
from strategies import targets
from strategies.audit import Actor
from strategies.models import AuditEntry, Tag, Target, Tenant
from strategies.platforms.oracle.platform import PLATFORM as ORACLE
from strategies.platforms.oracle.sign_in import secret_parts
from strategies.platforms.postgresql import platform as postgresql
from strategies.platforms.sqlite.platform import PLATFORM as SQLITE
from strategies.targets import ChangedMeanwhile, TargetValues


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    """Say where the portal's own database is; the connection that is open stays."""
    return lambda values: monkeypatch.setitem(settings.DATABASES, "default", values)


ANNA, BORIS = Actor("anna"), Actor("boris")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "database", "options"),
    [
        ("postgresql://u:p@db.example.org:5433/portal", "db.example.org", 5433, "u", "portal", {}),
        ("postgresql://u:p@db.example.org/portal", "db.example.org", None, "u", "portal", {}),
        ("postgresql://u:p@[2001:db8::5]:5432/portal", "2001:db8::5", 5432, "u", "portal", {}),
        ("postgresql://u:p@/portal?host=/run/pg", "/run/pg", None, "u", "portal", {"host": "/run/pg"}),
        ("postgresql:////run/pg/portal", "/run/pg", None, "", "portal", {"host": "/run/pg"}),
        ("postgresql://u@h/portal?sslmode=verify-full&sslrootcert=/etc/a%20b.pem&connect_timeout=3", "h", None, "u", "portal",
         {"sslmode": "verify-full", "sslrootcert": "/etc/a b.pem"}),
        ("postgresql://u@h/portal?host=/run/pg", "h", None, "u", "portal", {}),  # Django lets HOST go first
        ("postgresql://team%40site:p@h/my%20portal%3F", "h", None, "team@site", "my portal?", {}),
    ],
)  # fmt: skip
def test_home_is_reached_where_the_portal_itself_is_connected(
    url: str, host: str, port: int | None, user: str, database: str, options: dict[str, str], own: Any
) -> None:
    own(environ.Env.db_url_config(url))
    address = postgresql.PLATFORM.address(targets.home_url())
    assert (address.host, address.port, address.user, address.database) == (host, port, user, database)
    assert address.options == options


@pytest.mark.parametrize("is_host_set", [True, False])
def test_home_answers_on_the_server_that_the_portal_is_on(is_host_set: bool, db: None, own: Any) -> None:
    """Without a host the library decides where to connect, and home is where it did."""
    if connection.vendor != "postgresql":
        pytest.skip("asks a server: runs with the portal's tables on PostgreSQL")
    if not is_host_set:
        own(settings.DATABASES["default"] | {"HOST": ""})
    with targets.session(Target.objects.get(is_home=True), "test") as session:
        assert session.facts().database == connection.settings_dict["NAME"]


def test_home_carries_every_option_that_an_address_may_have() -> None:
    assert {"host", *targets._HOME_OPTIONS} == set(postgresql._OPTIONS)


@pytest.mark.parametrize("path", ["/srv/a b/x?y#z%20.db", "/srv/größe.db"])
def test_home_in_a_file_is_found_whatever_its_name(path: str, own: Any) -> None:
    own({"ENGINE": "django.db.backends.sqlite3", "NAME": path})
    assert SQLITE.address(targets.home_url()).database == path


def test_home_on_oracle_keeps_its_hosts_its_wallet_and_what_was_bought(own: Any, settings: Any) -> None:
    url = "oracle://portal:p@one,two:2484/FREEPDB1?protocol=tcps&wallet_location=/w&retry_count=3&edition=EE&licensed=partitioning"
    read = own_database.read(url, wallet_password="of the wallet")
    own(read.entry)
    settings.PORTAL_HOME_URL = read.home
    address = ORACLE.address(targets.home_url())
    assert (address.user, address.host, address.database) == ("portal", "one,two:2484", "FREEPDB1")
    assert address.options == {
        "protocol": "tcps", "wallet_location": "/w", "edition": "EE", "licensed": "partitioning",
    }  # fmt: skip
    assert secret_parts(targets._secret(Target(is_home=True)) or "", address.options) == ("p", "of the wallet")


@pytest.fixture
def values(db: None) -> TargetValues:
    return TargetValues(
        name="shop", platform="sqlite", url="sqlite:////shop.db", tenant=Tenant.objects.get(name="Main"), tags=("eu",)
    )


def test_a_change_is_not_overwritten_by_a_form_drawn_before_it(values: TargetValues) -> None:
    shop = targets.register(ANNA, values)
    drawn = targets.version(shop)
    targets.change(BORIS, Target.objects.get(pk=shop.pk), replace(values, owner="Team B"), drawn_from=drawn)
    with pytest.raises(ChangedMeanwhile, match="boris changed shop"):
        targets.change(ANNA, shop, replace(values, time_zone="Europe/Vienna"), drawn_from=drawn)
    shop.refresh_from_db()
    assert (shop.owner, shop.time_zone) == ("Team B", "UTC")


@pytest.mark.parametrize(
    "change",
    [{"owner": "x"}, {"tags": ()}, {"tags": ("eu", "us")}, {"secret": "env:X"}, {"tenant": None}, {"name": "till"}],
)
def test_whatever_a_form_changes_gives_another_version(change: dict[str, Any], values: TargetValues) -> None:
    if "tenant" in change:
        change = {"tenant": Tenant.objects.create(name="Other")}
    shop = targets.register(ANNA, values)
    drawn = targets.version(shop)
    targets.change(ANNA, shop, replace(values, **change), drawn_from=drawn)
    assert targets.version(Target.objects.get(pk=shop.pk)) != drawn


def test_what_the_portal_notes_by_itself_is_no_other_version(values: TargetValues) -> None:
    shop = targets.register(ANNA, values)
    drawn = targets.version(shop)
    targets.switch(BORIS, shop, on=False, reason="moves")
    Tag.objects.update(name="europe")
    targets.change(ANNA, shop, replace(values, tags=("europe",), owner="x"), drawn_from=drawn)
    assert Target.objects.get(pk=shop.pk).owner == "x"


def test_the_audit_says_what_a_target_was_just_before_its_change(
    values: TargetValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another change comes in just before this one takes its lock."""
    shop = targets.register(ANNA, values)
    atomic = transaction.atomic

    def after_boris() -> Any:
        monkeypatch.setattr(transaction, "atomic", atomic)
        targets.change(BORIS, Target.objects.get(pk=shop.pk), replace(values, owner="Team B"))
        return atomic()

    monkeypatch.setattr(transaction, "atomic", after_boris)
    targets.change(ANNA, shop, replace(values, owner="Team A"))
    entries = AuditEntry.objects.filter(action="target.changed").order_by("pk").values_list("actor", "before", "after")
    assert list(entries) == [
        ("boris", {"owner": ""}, {"owner": "Team B"}), ("anna", {"owner": "Team B"}, {"owner": "Team A"}),
    ]  # fmt: skip


def test_a_tag_that_is_made_by_the_way_is_audited_once(values: TargetValues) -> None:
    Tag.objects.create(name="Finance")
    shop = targets.register(ANNA, replace(values, tags=("eu", "finance")))
    targets.change(BORIS, shop, replace(values, tags=("eu", "us")))
    entries = AuditEntry.objects.filter(action="tag.added").order_by("pk").values_list("actor", "object_name")
    assert list(entries) == [("anna", "eu"), ("boris", "us")]


def test_what_was_seen_through_an_old_address_is_not_kept_and_the_new_one_is_looked_at(values: TargetValues) -> None:
    shop = targets.register(ANNA, values)
    targets.ask_check(shop, ANNA, NOON, wake=False)
    assert Target.objects.take_check(shop.pk, NOON)
    old = Target.objects.get(pk=shop.pk)
    targets.change(ANNA, shop, replace(values, url="sqlite:////till.db"))
    targets.keep_check_error(old, "no such file: /shop.db", NOON)
    shop.refresh_from_db()
    assert (shop.checked_at, shop.check_error) == (None, "")
    assert Target.objects.take_check(shop.pk, NOON + timedelta(seconds=1)), "the check that was asked for is still open"


def test_a_password_that_was_replaced_meanwhile_stops_nothing(values: TargetValues) -> None:
    shop = targets.register(ANNA, replace(values, secret="env:OLD"))
    old = Target.objects.get(pk=shop.pk)
    targets.change(ANNA, shop, replace(values, secret="env:NEW"))
    targets.stop(old, "The database refused the sign-in.")
    shop.refresh_from_db()
    assert shop.stopped_at is None
    assert not AuditEntry.objects.filter(action="target.stopped").exists()
    targets.stop(shop, "The database refused the sign-in.")
    assert shop.stopped_at is not None
