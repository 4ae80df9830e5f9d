from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from strategies.platforms.base import Session
from strategies.platforms.postgresql import leaf_density
from strategies.platforms.postgresql.indexes import CONCERN
from strategies.platforms.queries import Query
from strategies.routines.index_maintenance import IndexParameters
from tests.servers import RunningServer

Sql = Callable[..., list[tuple[Any, ...]]]
PARAMETERS = IndexParameters(bloat_megabytes=0.5)
_SHOW = Query("show", "SELECT current_setting('statement_timeout') AS bound", "", "", "", "")
_OUT = (
    "OUT version int, OUT tree_level int, OUT index_size bigint, OUT root_block_no bigint, OUT internal_pages bigint,"
    " OUT leaf_pages bigint, OUT empty_pages bigint, OUT deleted_pages bigint, OUT avg_leaf_density float8,"
    " OUT leaf_fragmentation float8"
)


@pytest.fixture
def measured_by(sql: Sql, server: RunningServer) -> Callable[[str], bool]:
    """Two bloated indexes, and pgstatindex with another body; False where this server has no pgstattuple."""

    def plant(body: str) -> bool:
        if not sql("SELECT 1 FROM pg_available_extensions WHERE name = 'pgstattuple'"):
            assert server.major != 15
            return False
        sql(
            "CREATE EXTENSION pgstattuple",
            f"CREATE OR REPLACE FUNCTION pgstatindex(IN relname regclass, {_OUT}) LANGUAGE plpgsql AS $$ {body} $$",
        )
        for name in ("b", "d"):
            sql(
                f"CREATE TABLE {name} (a int, x text)",
                f"INSERT INTO {name} SELECT i, md5(i::text) FROM generate_series(1, 60000) i",
                f"CREATE INDEX {name}_x ON {name} (x)",
                f"DELETE FROM {name} WHERE a % 10 <> 0",
                "SELECT pg_stat_force_next_flush()",  # else the deleted rows may be counted after the ANALYZE, as changes
                f"VACUUM (ANALYZE) {name}",
            )
        return True

    return plant


def test_measuring_ends_at_its_limit_and_a_note_says_what_was_not_measured(
    session: Session, measured_by: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaf_density, "LOOK_SECONDS", 0.5)
    if not measured_by("BEGIN PERFORM pg_sleep(30); END"):
        return
    bound, began = session.rows(_SHOW)[0]["bound"], time.monotonic()
    seen = CONCERN.assess(session, PARAMETERS, "ALL")
    assert time.monotonic() - began < 10
    assert [finding.evidence["method"] for finding in seen.findings] == ["estimate from statistics"] * 2
    (note,) = [note for note in seen.notes if "not measured" in note]
    assert "2 of the indexes" in note
    assert "public.b_x, public.d_x" in note
    assert session.rows(_SHOW)[0]["bound"] == bound


def test_a_measurement_that_fails_is_told_and_the_estimate_holds(
    session: Session, measured_by: Callable[[str], bool]
) -> None:
    if not measured_by("BEGIN RAISE EXCEPTION 'page 7 is damaged'; END"):
        return
    seen = CONCERN.assess(session, PARAMETERS, "public.b_x")
    assert [finding.evidence["method"] for finding in seen.findings] == ["estimate from statistics"]
    assert any("page 7 is damaged" in note for note in seen.notes)


def test_a_measurement_beats_the_estimate(session: Session, measured_by: Callable[[str], bool]) -> None:
    if not measured_by("BEGIN avg_leaf_density := 89; END"):
        return
    assert CONCERN.assess(session, PARAMETERS, "ALL").findings == ()
