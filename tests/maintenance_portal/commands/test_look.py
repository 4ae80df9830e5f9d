"""check_target and assess: what they show and with what they end."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from strategies import registry
from strategies.models import Assessment, AuditEntry, Finding, JobRun, Target
from strategies.plans import MissingRight
from strategies.platforms.sqlite.indexes import CONCERN as INDEXES
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
    strategies = registry.seen_as_a_whole("sqlite")
    assert Assessment.objects.filter(finished_at__isnull=False).count() == len(strategies)
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


def test_rights_are_told_by_capability_with_what_their_lack_means(
    shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = [
        MissingRight("writing", "rebuilding", "GRANT w;"),
        MissingRight("seeing", "seeing", "GRANT s;", blocks=False),
    ]
    monkeypatch.setattr(type(INDEXES), "missing_rights", lambda self, session, parameters: rights)
    out = command("check_target", "shop").out
    assert "  Monitoring: complete\n" in out
    assert "  Index maintenance: 1 missing, runs wait; 1 more would help\n" in out
    assert "Missing: writing, needed for rebuilding. Grant it with: GRANT w;" in out
    assert "Missing: seeing, useful for seeing. Grant it with: GRANT s;" in out
    answer = command("check_target", "shop", "--json").answer
    told = {one["capability"]: (one["state"], len(one["missing"])) for one in answer["capabilities"]}
    assert told.pop("index_maintenance") == ("lacking", 2)
    assert set(told.values()) == {("complete", 0)}
    monkeypatch.setattr(type(INDEXES), "missing_rights", lambda self, session, parameters: rights[1:])
    assert "  Index maintenance: enough; 1 more would help\n" in command("check_target", "shop").out
