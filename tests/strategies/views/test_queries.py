"""Pages cost the same number of queries whatever is on them, and never a whole history."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from strategies import holds
from strategies.models import Finding, OperationLog, RunStatus
from tests.pages import ANNA, Scene, addresses, ended_run, planned_run, running, scene, step, waiting
from tests.strategies.views.test_access import MAY

MOST = 39  # with session, user, roles and navigation


def visit(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
        assert response.status_code in (200, 286), (path, response.status_code)
        if response.streaming:
            b"".join(response)
    return len(queries)


def test_more_rows_cost_no_more_queries(dba: Client, shop: Scene) -> None:
    pages = {
        name: addresses()[name].format(pk=shop.keys.get(addresses()[name].split("/")[1], 0), name="INDEX_MAINTENANCE")
        for name in ("home", "home-live", *(name for name, (verb, _) in MAY.items() if verb == "get"))
    }
    before = {name: visit(dba, path) for name, path in pages.items()}
    now = timezone.now()
    for number in range(2):
        scene(f"more-{number}")
    for number in range(6):
        ended_run(shop.target, RunStatus.FAILED, step(number))
        planned_run(shop.target, step(1))
        waiting(shop.target, step(1))
        running(shop.target, step(1))
        holds.place(ANNA, now, "more")
    Finding.objects.bulk_create(
        Finding(target=shop.target, strategy_name="INDEX_MAINTENANCE", kind="k", object=f"o{n}", object_type="INDEX", severity="info",
                summary="s", first_seen_at=now, last_seen_at=now)
        for n in range(40)
    )  # fmt: skip
    after = {name: visit(dba, path) for name, path in pages.items()}
    assert {name: (before[name], count) for name, count in after.items() if count > min(before[name], MOST)} == {}


def test_a_page_of_the_operation_log_reads_its_rows_by_key(dba: Client, shop: Scene) -> None:
    """The plan of the query behind a page far down the list says that nothing is sorted and no row above it is read."""
    OperationLog.objects.bulk_create(
        OperationLog(strategy_name="S", operation_type="REBUILD", target=shop.target, operation_time=timezone.now())
        for _ in range(3000)
    )
    with CaptureQueriesContext(connection) as queries:
        dba.get("/operations/?before=1500")
    page = next(
        query["sql"] for query in queries if "LIMIT 51" in query["sql"] and "generic_operation_log" in query["sql"]
    )
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + page)
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "USE TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize(
    "query", ["", "?status=succeeded", "?status=ended", "?before=1500", "?target={target}&before=1500"]
)
def test_a_page_of_the_runs_gathers_and_sorts_none_of_those_that_it_does_not_show(
    dba: Client, shop: Scene, query: str
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    with CaptureQueriesContext(connection) as queries:
        dba.get(f"/runs/{query.format(target=shop.target.pk)}")
    page = next(
        query["sql"] for query in queries if "LIMIT 51" in query["sql"] and 'FROM "portal_job_run"' in query["sql"]
    )
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + page)
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "USE TEMP B-TREE" not in plan, plan
