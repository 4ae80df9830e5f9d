"""What an account may do, told by capability: what runs wait for is not mixed up with what would only help."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from strategies import account_rights, gate_facts, targets
from strategies.account_rights import RightsState
from strategies.models import JobRun, Target
from strategies.plans import MissingRight
from strategies.platforms.sqlite.indexes import CONCERN as INDEXES
from strategies.platforms.sqlite.platform import PLATFORM as SQLITE


def lack(capability: str, right: str = "r", *, blocks: bool = False) -> dict[str, Any]:
    strategy = "" if capability == "monitoring" else capability.upper()
    return {
        "right": right, "needed_for": "n", "grant": "GRANT r TO x;", "blocks": blocks, "strategy": strategy,
        "capability": capability,
    }  # fmt: skip


@pytest.fixture
def checked(sqlite_target: Target) -> Target:
    sqlite_target.facts = {"product": "SQLite"}
    return sqlite_target


def states(target: Target) -> dict[str, RightsState]:
    return {one.name: one.state for one in account_rights.by_capability(target)}


def test_a_check_keeps_what_is_missing_by_capability_and_monitoring_holds_up_no_run(
    sqlite_target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeing, writing = (MissingRight(right, "n", "GRANT ...") for right in ("seeing", "writing"))
    monkeypatch.setattr(type(SQLITE), "missing_rights", lambda self, session: [seeing])
    monkeypatch.setattr(type(INDEXES), "missing_rights", lambda self, session, parameters: [writing])
    assert targets.check(sqlite_target, timezone.now())
    kept = {(row["right"], row["capability"], row["blocks"]) for row in sqlite_target.missing_rights}
    assert kept == {("seeing", "monitoring", False), ("writing", "index_maintenance", True)}
    found = {name: gate_facts.missing_rights(JobRun(target=sqlite_target, strategy_name=name))
             for name in ("INDEX_MAINTENANCE", "SPACE_MAINTENANCE")}  # fmt: skip
    assert found == {"INDEX_MAINTENANCE": ("writing",), "SPACE_MAINTENANCE": ()}
    told = states(sqlite_target)
    assert told.pop("monitoring") is RightsState.ENOUGH
    assert told.pop("index_maintenance") is RightsState.LACKING
    assert set(told.values()) == {RightsState.COMPLETE}


def test_what_runs_wait_for_comes_first_and_is_counted_apart(checked: Target) -> None:
    checked.missing_rights = [lack("index_maintenance", "a"), lack("index_maintenance", "b", blocks=True)]
    (one,) = (one for one in account_rights.by_capability(checked) if one.missing)
    assert [row["right"] for row in one.missing] == ["b", "a"]
    assert (one.needed_count, one.useful_count) == (1, 1)
    assert one.as_json()["state"] == "lacking"
    assert one.as_json()["is_complete"] is False


def test_a_right_that_several_capabilities_lack_is_one_right(checked: Target) -> None:
    checked.missing_rights = [
        lack("monitoring", "a"), lack("index_maintenance", "a", blocks=True), lack("space_maintenance", "a", blocks=True),
        lack("monitoring", "b"), lack("space_maintenance", "b"),
    ]  # fmt: skip
    assert (checked.rights_needed, checked.rights_useful) == (["a"], ["b"])


def test_rights_that_an_earlier_version_kept_belong_to_their_strategy_and_block(checked: Target) -> None:
    checked.missing_rights = [{"right": "r", "needed_for": "n", "grant": "", "strategy": "INDEX_MAINTENANCE"}]
    told = states(checked)
    assert told.pop("index_maintenance") is RightsState.LACKING
    assert set(told.values()) == {RightsState.COMPLETE}
    assert checked.rights_needed == ["r"]


def test_nothing_is_called_complete_before_somebody_has_looked(sqlite_target: Target) -> None:
    assert account_rights.by_capability(sqlite_target) == []


def test_a_platform_that_the_portal_does_not_know_has_no_capabilities(checked: Target) -> None:
    checked.platform = "dbase"
    assert account_rights.by_capability(checked) == []
