"""The messy shop holds exactly the faults that its module promises, and they can be mended."""

from __future__ import annotations

import time
from pathlib import Path

from maintenance_portal.demo.sqlite import build_messy_sqlite
from strategies.platforms.base import Concern, Session, SessionTag
from strategies.platforms.sqlite.indexes import CONCERN as INDEXES
from strategies.platforms.sqlite.platform import PLATFORM
from strategies.platforms.sqlite.statistics import CONCERN as STATISTICS
from strategies.routines.base import Parameters
from strategies.routines.index_maintenance import IndexParameters
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
    assert path.stat().st_size < 10_000_000
    session = PLATFORM.connect(
        PLATFORM.address(f"sqlite:///{path}".replace(" ", "%20")), None, SessionTag("0badcafe", "test")
    )
    assert found(session, INDEXES, IndexParameters()) == PROMISED_INDEXES - {("bloated_index", "events_by_token")}
    limits = IndexParameters(bloat_megabytes=1)
    assert found(session, INDEXES, limits) == PROMISED_INDEXES
    assert found(session, STATISTICS, StatisticsParameters()) == PROMISED_STATISTICS
    mend(session, INDEXES, limits)
    mend(session, STATISTICS, StatisticsParameters())
    assert found(session, INDEXES, limits) == {("duplicate_rows", "vouchers_by_code")}
    assert found(session, STATISTICS, StatisticsParameters()) == set()
    session.close()


def test_a_shop_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    path.write_text("somebody's own file")
    build_messy_sqlite(path)
    assert path.read_text() == "somebody's own file"
