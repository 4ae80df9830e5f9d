from __future__ import annotations

from typing import Any

import pytest

from strategies.platforms.oracle.smoke import ground
from strategies.platforms.oracle.smoke.items import State
from tests.strategies.platforms.oracle.smoke.server import Server
from tests.strategies.platforms.oracle.smoke.stages import a_stage
from tests.strategies.platforms.oracle.smoke.test_running import found, run
from tests.strategies.platforms.oracle.test_facts import DATABASE, OWN

PORTAL = {"account": "PORTAL", "schema_name": "PORTAL"}
MB = 1_048_576


@pytest.mark.parametrize(
    ("own", "privileges", "quota", "reasons"),
    [
        (PORTAL, {"CREATE TABLE"}, {"max_bytes": -1, "used_bytes": 9 * MB}, []),
        (PORTAL, {"CREATE TABLE"}, {"max_bytes": 64 * MB, "used_bytes": 0}, []),
        (PORTAL, {"CREATE TABLE", "UNLIMITED TABLESPACE"}, {"max_bytes": 0, "used_bytes": 0}, []),
        (
            PORTAL, {"CREATE TABLE"}, {"max_bytes": 64 * MB, "used_bytes": 1},
            ['The account needs room for 64 MB in its default tablespace: ALTER USER "PORTAL" QUOTA 64M ON "USERS";'],
        ),
        (
            PORTAL, set(), {"max_bytes": -1, "used_bytes": 0},
            ['The account may not create tables of its own: GRANT CREATE TABLE TO "PORTAL";'],
        ),
        (
            {**PORTAL, "schema_name": "SALES"}, {"CREATE TABLE"}, {"max_bytes": -1, "used_bytes": 0},
            ["The session works in the schema SALES, not in that of its account PORTAL."],
        ),
        (
            PORTAL, {"CREATE TABLE"}, {"max_bytes": -1, "used_bytes": 0, "oracle_maintained": "Y"},
            ["PORTAL is an account of Oracle's own, whose objects the portal leaves alone: sign in with another."],
        ),
    ],
)  # fmt: skip
def test_what_a_trial_needs_is_asked_for_before_it_begins(
    own: dict[str, Any], privileges: set[str], quota: dict[str, Any], reasons: list[str]
) -> None:
    assert ground.why_not(own, privileges, {"tablespace_name": "USERS", "oracle_maintained": "N", **quota}) == reasons


def test_without_a_quota_nothing_is_tried(server: Server) -> None:
    server.quota["max_bytes"] = 0
    report = run(a_stage())
    assert report.results == ()
    assert "QUOTA 64M" in report.cut_short
    assert all(text.startswith(("SELECT", "ALTER SESSION", "(")) for text in server.sent)


def test_a_standby_is_left_alone(server: Server) -> None:
    server.facts["facts_session"] = [{**OWN, "DATABASE_ROLE": "PHYSICAL STANDBY"}]
    server.facts["facts_database"] = [{**DATABASE, "OPEN_MODE": "READ ONLY"}]
    report = run(a_stage())
    assert report.results == ()
    assert "the database takes no changes now" in report.cut_short


def test_what_an_earlier_trial_left_is_named_and_stays(server: Server) -> None:
    server.create_table(server.connect(), "MPORTAL_SMOKE_00000000_1")  # type: ignore[arg-type]
    state, words = found(run(a_stage(), "left_by_earlier_trials"))["left_by_earlier_trials"]
    assert state is State.FAILED
    assert "TABLE PORTAL.MPORTAL_SMOKE_00000000_1" in words
    assert list(server.tables) == ["MPORTAL_SMOKE_00000000_1"]
