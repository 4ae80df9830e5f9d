"""A whole portal whose wake-ups go through a real Redis: it works, and it goes on working while that is away, and after."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.long import ALL
from tests.maintenance_portal.started import StartedPortal, install, start, wait_for
from tests.redis_server import redis_server

AWAY_SECONDS = 40


def due(portal: StartedPortal, name: str) -> None:
    """A job on *home* that only reads, as typed in SQL: it is due at once and then not for a long time."""
    with closing(sqlite3.connect(portal.data / "portal.sqlite3", timeout=30)) as connection, connection:
        connection.execute(
            "INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, schedule_value, target_object,"
            " target_type, next_run) VALUES ('INTEGRITY_VALIDATION', ?, 'MAINTENANCE', 'CUSTOM', '0 0 29 2 *', 'ALL', 'DATABASE',"
            " datetime('now'))",
            (name,),
        )


def ended(portal: StartedPortal, name: str) -> bool:
    return bool(
        portal.rows(
            "SELECT 1 FROM portal_job_run JOIN generic_maintenance_jobs USING (job_id)"
            f" WHERE job_name = '{name}' AND status = 'succeeded'"
        )
    )


@ALL
@pytest.mark.timeout(400)
def test_the_portal_lives_through_the_absence_of_its_redis(tmp_path: Path) -> None:
    with redis_server() as redis:
        with start(
            install(tmp_path / "data"), "--no-demo", PORTAL_REDIS_URL=redis.url, PORTAL_PULSE_SECONDS="6"
        ) as portal:
            wait_for(lambda: portal.page() == 200 and portal.answers("maintenance"), "both")
            due(portal, "BEFORE")
            wait_for(lambda: ended(portal, "BEFORE"), "a run")
            assert portal.rows("SELECT 1 FROM django_q_ormq") == []
            before = portal.children()
            redis.end()
            due(portal, "MEANWHILE")
            away_until = time.monotonic() + AWAY_SECONDS
            while time.monotonic() < away_until:
                assert portal.page() == 200
                time.sleep(1)
            assert not ended(portal, "MEANWHILE")
            redis.start()
            wait_for(lambda: ended(portal, "MEANWHILE"), "the run that waited", seconds=20)
            due(portal, "AFTER")
            wait_for(lambda: ended(portal, "AFTER"), "another run")
            assert portal.children() == before  # nobody was replaced because nobody could answer
        told = [line for line in portal.lines if "Redis" in line]
        beat_and_clusters = 3
        assert len([line for line in told if "takes and gives no wake-ups" in line]) == beat_and_clusters
        assert len([line for line in told if "wake-ups again" in line]) == beat_and_clusters
        assert not portal.said("Traceback|ended by itself")
        assert redis.password not in "\n".join(portal.lines)


def test_a_portal_that_starts_before_its_redis_goes_on_when_that_is_there(tmp_path: Path) -> None:
    with redis_server() as redis:
        redis.end()
        with start(
            install(tmp_path / "data"), "--no-demo", PORTAL_REDIS_URL=redis.url, PORTAL_PULSE_SECONDS="6"
        ) as portal:
            wait_for(lambda: portal.page() == 200, "the first page")
            wait_for(lambda: portal.said("takes and gives no wake-ups"), "the line")
            redis.start()
            wait_for(lambda: portal.answers("maintenance") and portal.answers("default"), "both clusters")
        assert not portal.said("Traceback|ended by itself")
