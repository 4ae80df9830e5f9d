"""The messy shop holds exactly the faults that its module promises, and they can be mended."""

from __future__ import annotations

import time
from pathlib import Path

from maintenance_portal.demo.sqlite import build_messy_sqlite
from strategies.platforms.base import Concern, Session, SessionTag
from strategies.platforms.sqlite.indexes import CONCERN as INDEXES
from strategies.platforms.sqlite.integrity import CONCERN as INTEGRITY
from strategies.platforms.sqlite.platform import PLATFORM
from strategies.platforms.sqlite.space import CONCERN as SPACE
from strategies.platforms.sqlite.statistics import CONCERN as STATISTICS
from strategies.routines.base import Parameters
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.integrity_validation import IntegrityParameters
from strategies.routines.space_maintenance import SpaceParameters
from strategies.routines.statistics_maintenance import StatisticsParameters

PROMISED_INDEXES = {
    ("corrupt_index", "orders_by_customer"),
    ("duplicate_rows", "vouchers_by_code"),
    ("bloated_index", "events_by_token"),
}
PROMISED_STATISTICS = {
    ("missing_statistics", "customers"),
    ("missing_statistics", "events"),
    ("missing_statistics", "vouchers"),
    ("missing_statistics", '"order ""lines"""'),
    ("missing_statistics", '"group"'),
    ("missing_statistics", "orders"),
    ("stale_statistics", '"audit trail"'),
}


def found(session: Session, concern: Concern[Parameters], parameters: Parameters) -> set[tuple[str, str]]:
    assessment = concern.assess(session, parameters, "ALL")
    assert assessment.notes == ()
    return {(finding.kind, finding.object) for finding in assessment.findings}


def mend(session: Session, concern: Concern[Parameters], parameters: Parameters) -> None:
    for step in concern.steps(concern.assess(session, parameters, "ALL").findings, parameters):
        outcome = session.execute(step)
        assert outcome.error is None
        assert concern.verify(session, step, outcome).ok


def test_the_shop_has_the_promised_faults_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "shop.db"
    started = time.monotonic()
    build_messy_sqlite(path)
    assert time.monotonic() - started < 10
    assert [file.name for file in path.parent.iterdir()] == ["shop.db"]
    assert path.stat().st_size < 12_000_000
    session = PLATFORM.connect(
        PLATFORM.address(f"sqlite:///{path}".replace(" ", "%20")), None, SessionTag("0badcafe", "test")
    )
    assert found(session, INDEXES, IndexParameters()) == PROMISED_INDEXES - {("bloated_index", "events_by_token")}
    limits = IndexParameters(bloat_megabytes=1)
    assert found(session, INDEXES, limits) == PROMISED_INDEXES
    assert found(session, STATISTICS, StatisticsParameters()) == PROMISED_STATISTICS
    space = SpaceParameters(reclaim_percent=10, reclaim_megabytes=1)
    assert found(session, SPACE, SpaceParameters()) == set()
    assert found(session, SPACE, space) == {("free_pages", "shop.db")}
    mend(session, INDEXES, limits)
    mend(session, STATISTICS, StatisticsParameters())
    mend(session, SPACE, space)
    assert found(session, SPACE, space) == set()
    assert found(session, INDEXES, limits) == {("duplicate_rows", "vouchers_by_code")}
    assert found(session, STATISTICS, StatisticsParameters()) == set()
    session.close()


def test_what_only_a_check_tells_is_there_as_promised_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    build_messy_sqlite(path)
    session = PLATFORM.connect(PLATFORM.address(f"sqlite:///{path}"), None, SessionTag("0badcafe", "test"))
    assessment = INTEGRITY.assess(session, IntegrityParameters(), "ALL")
    assert assessment.findings == ()
    told = {
        (str(step.check["finds"]), step.object): INTEGRITY.verify(session, step, session.execute(step))
        for step in INTEGRITY.steps(assessment.checks, IntegrityParameters())
    }
    assert {check for check, verification in told.items() if not verification.ok} == {
        ("failed_check", "orders"), ("failed_check", "vouchers"), ("broken_references", '"order ""lines"""'),
    }  # fmt: skip
    session.close()


def test_a_shop_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    path.write_text("somebody's own file")
    build_messy_sqlite(path)
    assert path.read_text() == "somebody's own file"
