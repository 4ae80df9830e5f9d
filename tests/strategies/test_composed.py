"""A strategy put together from parts: each finds, does and proves what its routine does, told apart by its operation."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from strategies import registry
from strategies.composed import Composed, Part
from strategies.plans import Plan
from strategies.platforms.base import ObjectUnknown
from strategies.rehearsal import rehearse, take_back
from strategies.routines.base import Parameters


class CareParameters(Parameters):
    """What the two parts take."""

    do_analyze: bool = Field(default=True, title="Gather statistics", description="Leave it out.")
    stale_rows: int = Field(default=1000, ge=1, title="Rows", description="Rows.")


class Care(Composed[CareParameters]):
    """Care"""

    name: ClassVar[str] = "CARE"
    title: ClassVar[str] = "Care"
    version: ClassVar[str] = "1"
    parameters = CareParameters
    parts: ClassVar[tuple[Part, ...]] = (
        Part("VALIDATE", "INTEGRITY_VALIDATION"),
        Part("ANALYZE", "STATISTICS_MAINTENANCE", settings=("stale_rows",), fixed={"stale_percent": 20}),
    )


CARE = Care()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders(id INTEGER PRIMARY KEY, customer)")
    connection.execute("CREATE INDEX by_customer ON orders(customer)")
    connection.executemany("INSERT INTO orders(customer) VALUES (?)", [(n % 50,) for n in range(3000)])
    connection.commit()
    connection.close()
    return path


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_each_part_does_its_work_and_proves_it(shop: Path) -> None:
    found = rehearse(CARE, "sqlite", url(shop))
    assert [step.key.split(":")[0] for step in found.plan.steps] == ["ANALYZE", "VALIDATE"]
    assert {done.step.evidence["operation"] for done in found.done} == {"VALIDATE", "ANALYZE"}
    assert found.failures == []
    assert ask(shop, "SELECT stat FROM sqlite_stat1") == [("3000 60",)]
    again = rehearse(CARE, "sqlite", url(shop))
    assert [step.key.split(":")[0] for step in again.plan.steps] == ["VALIDATE"], "what was met is not found again"


def test_what_a_part_did_is_taken_back_as_its_routine_does(shop: Path) -> None:
    done = rehearse(CARE, "sqlite", url(shop))
    kept = Plan.from_json(json.loads(json.dumps(done.plan.as_json())))
    back = take_back(CARE, "sqlite", url(shop), kept)
    assert [one.step.key for one in back.done] == ["undo:ANALYZE:analyze:orders"]
    assert back.failures == []
    assert ask(shop, "SELECT count(*) FROM sqlite_stat1") == [(0,)]


def test_parameters_reach_the_part_that_takes_them(shop: Path) -> None:
    rehearse(CARE, "sqlite", url(shop))
    connection = sqlite3.connect(shop)
    connection.execute("DELETE FROM orders WHERE id > 2000")
    connection.commit()
    connection.close()
    assert [step.object for step in _analyze(shop, {})] == ["orders"]
    assert _analyze(shop, {"stale_rows": 1001}) == []
    assert _analyze(shop, {"do_analyze": False}) == []


def _analyze(shop: Path, parameters: dict[str, object]) -> list[object]:
    plan = rehearse(CARE, "sqlite", url(shop), parameters=parameters).plan
    return [step for step in plan.steps if step.key.startswith("ANALYZE:")]


def test_a_part_that_cannot_work_on_the_object_is_named_and_stops_no_other(shop: Path) -> None:
    found = rehearse(CARE, "sqlite", url(shop), "shop.db")  # the whole file, which only VALIDATE knows
    assert found.failures == []
    assert [step.evidence["operation"] for step in found.plan.steps] == ["VALIDATE"]
    assert any(note.startswith("ANALYZE is left out: ") for note in found.plan.notes)
    with pytest.raises(ObjectUnknown, match=r"VALIDATE is left out: .* ANALYZE is left out: "):
        rehearse(CARE, "sqlite", url(shop), "nowhere")


def test_what_two_parts_find_is_met_once(shop: Path) -> None:
    class Twice(Care):
        """Twice"""

        parts: ClassVar[tuple[Part, ...]] = (Care.parts[1], Part("OPTIMIZE", "STATISTICS_MAINTENANCE"))

    plan = rehearse(Twice(), "sqlite", url(shop)).plan
    assert [step.key for step in plan.steps] == ["ANALYZE:analyze:orders"]


def test_an_account_needs_what_the_parts_need() -> None:
    concern = registry.concern_of("oracle", CARE)
    parts = [registry.concern("oracle", name) for name in ("INTEGRITY_VALIDATION", "STATISTICS_MAINTENANCE")]
    assert set(concern.queries) == {name for part in parts for name in part.queries}
    assert set(concern.rights) == {right for part in parts for right in part.rights}
    assert concern.damage == parts[0].damage | parts[1].damage
    for name in concern.optional_queries:
        assert all(name not in part.queries or name in part.optional_queries for part in parts)


def test_what_deletes_waits_for_what_is_done_to_its_object_before(tmp_path: Path) -> None:
    class Kept(Parameters):
        """What is kept."""

        age_column: str = "at"
        keep_days: int = 10

    class CopyAndClean(Composed[Kept]):
        """Copy and clean"""

        name: ClassVar[str] = "COPY_AND_CLEAN"
        title: ClassVar[str] = "Copy and clean"
        version: ClassVar[str] = "1"
        parameters = Kept
        parts: ClassVar[tuple[Part, ...]] = (
            Part("BACKUP", "BACKUP_MAINTENANCE"),
            Part("CLEANUP", "CLEANUP_MAINTENANCE", settings=("age_column", "keep_days")),
        )

    path = tmp_path / "log.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE log (at TEXT)")
    connection.execute("INSERT INTO log VALUES ('2020-01-01')")
    connection.commit()
    connection.close()
    steps = {
        step.evidence["operation"]: step for step in rehearse(CopyAndClean(), "sqlite", url(path), "log").plan.steps
    }
    assert steps["CLEANUP"].is_destructive
    assert steps["CLEANUP"].object == steps["BACKUP"].object
    assert steps["BACKUP"].key in steps["CLEANUP"].after
