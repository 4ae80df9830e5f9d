"""check_target and assess: what they show and with what they end."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from strategies.models import Assessment, AuditEntry, Finding, JobRun, Target
from tests.maintenance_portal.commands.conftest import command

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_check_gives_facts_and_missing_rights(shop: Target) -> None:
    said = command("check_target", "shop", "--json")
    assert said.code == 0
    assert set(said.answer) >= {"ok", "facts", "missing_rights", "error"}
    assert (said.answer["ok"], said.answer["error"], said.answer["missing_rights"]) == (True, None, [])
    assert said.answer["facts"]["product"] == "SQLite"
    assert "SQLite" in command("check_target", "shop").out
    assert AuditEntry.objects.filter(action="target.check_asked", actor__startswith="cli:").count() == 2


def test_a_database_that_cannot_be_reached_ends_with_one(shop: Target, shop_file: Path) -> None:
    shop_file.unlink()
    said = command("check_target", "shop", "--json")
    assert said.code == 1
    assert said.answer["ok"] is False
    assert "There is no such file" in said.answer["error"]
    assert said.answer["facts"] is None
    said = command("assess", "shop", "--json")
    assert said.code == 1
    assert said.answer["findings"] == []
    assert said.answer["errors"]
    assert not shop_file.exists()


def test_an_unknown_target_is_bad_input() -> None:
    for name in ("check_target", "assess"):
        said = command(name, "x")
        assert (said.code, said.err, said.out) == (2, "NAME: no target is named 'x'\n", "")


def test_findings_are_told_with_their_evidence_and_kept(shop: Target) -> None:
    said = command("assess", "shop", "--json")
    assert said.code == 0
    found = {(f["strategy"], f["object"], f["severity"]) for f in said.answer["findings"]}
    assert found == {
        ("INDEX_MAINTENANCE", "orders_by_cents", "critical"),
        ("INDEX_MAINTENANCE", "orders_by_customer", "critical"),
        ("INDEX_MAINTENANCE", "orders_by_placed", "critical"),
        ("STATISTICS_MAINTENANCE", "orders", "warning"),
    }
    assert all(f["evidence"] for f in said.answer["findings"])
    assert (said.answer["errors"], Finding.objects.current().count()) == ({}, 4)
    assert Assessment.objects.filter(finished_at__isnull=False).count() == 2
    assert not JobRun.objects.exists()
    said = command("assess", "shop", "--strategy", "STATISTICS_MAINTENANCE")
    assert said.code == 0
    assert "orders" in said.out
    assert "INDEX" not in said.out


@pytest.mark.parametrize("name", ["NOTHING", "index"])
def test_an_unknown_strategy_is_bad_input(shop: Target, name: str) -> None:
    said = command("assess", "shop", "--strategy", name)
    assert said.code == 2
    assert said.err.startswith("--strategy: no strategy is named")


def test_a_person_who_checks_clears_the_stop_after_a_refused_sign_in(shop: Target) -> None:
    Target.objects.filter(name="shop").update(stopped_at=timezone.now(), stopped_why="refused")
    assert command("check_target", "shop").code == 0
    assert Target.objects.get(name="shop").stopped_at is None
