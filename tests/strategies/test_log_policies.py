"""Who writes own rows into the operation log and how long it is kept: by rule, audited, and never against the portal's runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from strategies import log_policies as rules
from strategies import operation_log
from strategies.audit import Actor
from strategies.models import AuditEntry, LogPolicy, OperationLog, OperationStatus, Target, Tenant
from strategies.operation_log import Beginning, Ending

ANNA = Actor("anna", "192.0.2.7")
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def audited() -> list[tuple[str, str, Any, Any]]:
    entries = AuditEntry.objects.order_by("pk").values_list("action", "object_name", "before", "after")
    return [(str(action), str(name), before, after) for action, name, before, after in entries]


def test_without_a_rule_all_write_and_the_log_is_kept_for_90_days() -> None:
    assert rules.is_logging_enabled()
    assert rules.is_strategy_logging_enabled("LEGACY")
    assert rules.get_log_retention_days() == rules.get_log_retention_days("LEGACY") == 90


def test_a_strategy_has_its_own_retention_and_the_others_follow_the_general_one() -> None:
    assert rules.set_log_retention_days(ANNA, 30)
    assert rules.set_log_retention_days(ANNA, 365, "BACKUP_MAINTENANCE")
    assert rules.set_log_retention_days(ANNA, 60)
    assert (rules.get_log_retention_days(), rules.get_log_retention_days("LEGACY")) == (60, 60)
    assert rules.get_log_retention_days("BACKUP_MAINTENANCE") == 365
    assert rules.own_names() == ["BACKUP_MAINTENANCE"]
    assert audited() == [
        ("log.retention_changed", "all strategies", {"retention_days": 90}, {"retention_days": 30}),
        ("log.retention_changed", "BACKUP_MAINTENANCE", None, {"retention_days": 365}),
        ("log.retention_changed", "all strategies", {"retention_days": 30}, {"retention_days": 60}),
    ]


def test_a_change_that_changes_nothing_is_not_audited() -> None:
    assert not rules.set_log_retention_days(ANNA, 90)
    assert not rules.set_logging_enabled(ANNA, True)
    assert not rules.set_strategy_logging(ANNA, "LEGACY", True)
    assert audited() == []
    assert rules.own_names() == []


@pytest.mark.parametrize("days", [0, -1, 3651, 10**9])
def test_a_retention_out_of_bounds_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="are not between 1 and 3,650"):
        rules.set_log_retention_days(ANNA, days)
    assert rules.get_log_retention_days() == 90


@pytest.mark.parametrize("name", [" ", "x" * 51])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 50 characters"):
        rules.set_strategy_logging(ANNA, name, False)


def test_a_strategy_is_switched_off_and_on_by_itself_and_by_the_switch_of_all() -> None:
    rules.set_strategy_logging(ANNA, "LEGACY", False)
    assert (rules.is_strategy_logging_enabled("LEGACY"), rules.is_strategy_logging_enabled("OTHER")) == (False, True)
    rules.set_strategy_logging(ANNA, "LEGACY", True)
    assert rules.is_strategy_logging_enabled("LEGACY")
    rules.set_logging_enabled(ANNA, False)
    assert not rules.is_strategy_logging_enabled("LEGACY")
    assert not rules.is_strategy_logging_enabled("OTHER")
    assert not rules.is_logging_enabled()
    assert [entry[:2] for entry in audited()] == [
        ("log.switched_off", "LEGACY"),
        ("log.switched_on", "LEGACY"),
        ("log.switched_off", "all strategies"),
    ]


def test_a_strategy_that_follows_all_again_is_kept_and_switched_as_they_are() -> None:
    rules.set_log_retention_days(ANNA, 7, "LEGACY")
    rules.set_strategy_logging(ANNA, "LEGACY", False)
    assert rules.follow_all(ANNA, "LEGACY")
    assert not rules.follow_all(ANNA, "LEGACY")
    assert rules.get_log_retention_days("LEGACY") == 90
    assert rules.is_strategy_logging_enabled("LEGACY")
    assert audited()[-1] == ("log.policy_dropped", "LEGACY", {"retention_days": 7, "is_enabled": False}, None)


def test_rules_that_were_typed_in_sql_hold_and_none_deletes_today() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO generic_log_policy (strategy_name, is_enabled, retention_days) VALUES ('LEGACY', 'N', 0)"
        )
    assert not rules.is_strategy_logging_enabled("LEGACY")
    assert rules.get_log_retention_days("LEGACY") == 1
    policy, other = rules.policies(["LEGACY", "OTHER"])
    assert (policy.has_own, policy.is_enabled, other.has_own, other.is_enabled) == (True, False, False, True)


# What obeys them.


def a_target() -> Target:
    tenant = Tenant.objects.get_or_create(name="Main")[0]
    return Target.objects.create(name="shop", platform="sqlite", url="sqlite:////nowhere/shop.db", tenant=tenant)


def test_no_switch_reaches_the_rows_of_a_run() -> None:
    rules.set_logging_enabled(ANNA, False)
    rules.set_strategy_logging(ANNA, "INDEX_MAINTENANCE", False)
    shop = a_target()
    row = Beginning("INDEX_MAINTENANCE", "REBUILD", "orders", "INDEX", "REINDEX", "anna", "1", shop.pk, 17, "k")
    pk = operation_log.begin(row, NOW)
    assert operation_log.end(pk, Ending(OperationStatus.SUCCESS, "done", 5), NOW)
    assert OperationLog.objects.get(pk=pk).status == "SUCCESS"


def test_the_row_of_all_has_no_name() -> None:
    rules.set_logging_enabled(ANNA, False)
    assert LogPolicy.objects.get().strategy_name == ""
