"""The pages of trends and statistics: what they show, what they give as a file, and what they say to whatever is typed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring import rollups
from strategies.models import Role, RunStatus, Target
from tests.monitoring.past import job, log, operation, random_past, run, target
from tests.pages import text_of

PAGES = ("/trends/", "/statistics/")
FILES = (
    "/trends.csv",
    "/trends/strategies.csv",
    "/statistics.csv",
    "/statistics/operations.csv",
    "/statistics/jobs.csv",
)
HOSTILE = "=cmd|' /C calc'!<b>"
DAY = timedelta(days=1)


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


def today() -> Any:
    return timezone.now().date()


def some_past() -> None:
    """Today: 25 operations of which 2 failed; yesterday one of another strategy, whose name is typed by somebody hostile."""
    shop = target()
    log(
        *(operation(today(), target=shop, duration_ms=1500, cpu_time_ms=40, job_name="nightly") for _ in range(23)),
        *(operation(today(), "ERROR", target=shop, duration_ms=90_000, operation_type="ANALYZE") for _ in range(2)),
        operation(today() - DAY, strategy_name=HOSTILE, operation_type=HOSTILE, target=shop, duration_ms=250),
    )
    nightly = job("nightly", shop, last_run=timezone.now(), last_status="SUCCESS")
    for status in (RunStatus.SUCCEEDED, RunStatus.MISSED):
        run(shop, status, today(), job=nightly)
    rollups.roll_up(timezone.now())


def lines(client: Client, path: str) -> list[dict[str, str]]:
    response = client.get(path)
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_trends_show_figures_tables_and_n(dba: Client) -> None:
    some_past()
    response = dba.get("/trends/?period=7")
    text = text_of(response)
    assert response.context["trend"].total.count == 26
    assert "26 operations in 7 days: 2 failed" in text
    for figure in ("operations", "durations", "strategies"):
        assert f'data-figure="{figure}-figure"' in text
        assert f'<script id="{figure}-figure" type="application/json">' in text
        assert f'id="{figure}-table"' in text
    assert "n 26" in text
    assert text.count("few values</span>") == 2  # yesterday in one table, and in the other
    assert "plotly-basic.min.js" in text
    assert HOSTILE not in text


def test_one_strategy_has_no_comparison(dba: Client) -> None:
    some_past()
    text = text_of(dba.get("/trends/?strategy=INDEX_MAINTENANCE"))
    assert "strategies-figure" not in text
    assert "25 operations in 30 days" in text


def test_trends_are_narrowed_by_what_people_ask_for(dba: Client) -> None:
    some_past()
    other = target("other")
    for query, count in (
        ("", 26), ("period=7&job=nightly", 23), (f"target={target().pk}", 26), (f"target={other.pk}", 0), ("job=weekly", 0),
        ("scale=log&period=365", 26), ("strategy=&target=&job=&period=", 26),
    ):  # fmt: skip
        assert dba.get(f"/trends/?{query}").context["trend"].total.count == count, query
    assert '<option value="nightly">' in text_of(dba.get("/trends/"))


def test_statistics_show_strategies_kinds_and_jobs_with_links_to_their_trends(dba: Client) -> None:
    some_past()
    response = dba.get(f"/statistics/?period=90&target={target().pk}")
    text = text_of(response)
    assert [row.summary.count for row in response.context["strategies"]] == [25, 1]
    assert [row.operation_type for row in response.context["operations"]][1:] == ["ANALYZE", "REBUILD"]
    assert f'href="/trends/?period=90&amp;target={target().pk}&amp;strategy=INDEX_MAINTENANCE"' in text
    assert "strategy=%3Dcmd%7C%27%20%2FC%20calc%27%21%3Cb%3E" in text
    assert f'href="/trends/?period=90&amp;target={target().pk}&amp;job=nightly"' in text
    assert "92 %" in text
    assert "not measured" in text
    assert HOSTILE not in text


def test_a_link_from_the_statistics_finds_what_it_promises(dba: Client) -> None:
    some_past()
    found = dba.get("/trends/?period=30&strategy=%3Dcmd%7C%27%20%2FC%20calc%27%21%3Cb%3E")
    assert found.context["trend"].total.count == 1


def test_files_have_the_rows_of_the_page_and_no_formula(dba: Client) -> None:
    some_past()
    days = lines(dba, "/trends.csv?period=7")
    assert [row["day"] for row in days] == [(today() - n * DAY).isoformat() for n in range(6, -1, -1)]
    assert (days[-1]["operations"], days[-1]["failed"], days[-1]["durations_measured"]) == ("25", "2", "25")
    assert float(days[-1]["average_ms"]) == pytest.approx((23 * 1500 + 2 * 90_000) / 25)
    assert float(days[-1]["p50_ms"]) == pytest.approx(1500, rel=0.05)
    assert (days[0]["operations"], days[0]["p95_ms"]) == ("0", "")
    each = lines(dba, "/trends/strategies.csv?period=7")
    assert len(each) == 14
    assert {row["strategy"] for row in each} == {"INDEX_MAINTENANCE", f"'{HOSTILE}"}
    first = lines(dba, "/statistics.csv")[0]
    assert (first["strategy"], first["success_rate"], first["cpu_ms"], first["cpu_measured"], first["memory_mb_average"]) == (
        "INDEX_MAINTENANCE", "0.92", "920", "23", "",
    )  # fmt: skip
    kinds = lines(dba, "/statistics/operations.csv?strategy=INDEX_MAINTENANCE")
    assert [(row["operation_type"], row["operations"]) for row in kinds] == [("ANALYZE", "2"), ("REBUILD", "23")]
    (only,) = lines(dba, "/statistics/jobs.csv")
    assert (only["job"], only["database"], only["runs"], only["missed"], only["last_status"]) == (
        "nightly", "shop", "2", "1", "SUCCESS",
    )  # fmt: skip


def test_the_file_of_jobs_has_also_those_that_the_page_has_no_room_for(dba: Client) -> None:
    shop = target()
    for number in range(60):
        run(shop, day=today(), job=job(f"job {number}", shop))
    rollups.roll_up(timezone.now())
    response = dba.get("/statistics/")
    assert len(response.context["jobs"].jobs) == 50
    assert "50 of 60" in text_of(response)
    assert len(lines(dba, "/statistics/jobs.csv")) == 60


@pytest.mark.parametrize(
    "query", ["period=12", "period=x", "strategy=NOPE", "target=0", "target=x", "target=" + "9" * 30]
)
def test_a_wrong_filter_is_named_and_nothing_is_shown(query: str, dba: Client) -> None:
    some_past()
    label = {"period": "Period", "strategy": "Strategy", "target": "Database"}[query.partition("=")[0]]
    for path in PAGES:
        response = dba.get(f"{path}?{query}")
        assert response.status_code == 200
        text = text_of(response)
        assert f"{label}: Select a valid choice." in text
        assert "data-figure" not in text
    for path in FILES:
        response = dba.get(f"{path}?{query}")
        assert response.status_code == 400
        assert f"<b>{label}:</b> Select a valid choice." in text_of(response)


@pytest.mark.parametrize("query", ["job=" + "a" * 200, "job=%00", "scale=round"])
def test_what_only_trends_ask_for_is_checked_as_well(query: str, dba: Client) -> None:
    some_past()
    assert dba.get(f"/trends/?{query}").context["filter"]["problems"]
    assert dba.get(f"/trends.csv?{query}").status_code == 400
    assert dba.get(f"/statistics/?{query}").status_code == 200


def test_a_database_of_another_tenant_is_no_choice(dba: Client) -> None:
    theirs = target("theirs", "Other")
    for path in PAGES:
        text = text_of(dba.get(f"{path}?target={theirs.pk}"))
        assert "Database: Select a valid choice." in text
        assert "theirs" not in text


def test_empty_pages_say_what_to_do_next(dba: Client, person: Callable[..., Any]) -> None:
    for path in PAGES:
        assert "Nothing has been counted yet." in text_of(dba.get(path))
    rollups.roll_up(timezone.now())
    for path in PAGES:
        text = text_of(dba.get(path))
        assert "No operation ended within 30 days." in text
        assert 'href="?period=365"' in text
        assert "plotly" not in text
        text = text_of(dba.get(f"{path}?period=365"))
        assert "No operation ended within a year." in text
        assert "Plan a run" in text
        assert "of this kind ended within 30 days" in text_of(dba.get(f"{path}?strategy=INDEX_MAINTENANCE"))
    client = Client()
    client.force_login(person("mara", Role.MANAGER))
    assert "Plan a run" not in text_of(client.get("/trends/?period=365"))


def test_jobs_are_shown_where_nothing_else_ended(dba: Client) -> None:
    run(target(), RunStatus.MISSED, today(), job=job("nightly", target()))
    rollups.roll_up(timezone.now())
    text = text_of(dba.get("/statistics/"))
    assert "nightly" in text
    assert "data-figure" not in text


def test_stakeholders_may_not_open_them(person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("sam", Role.STAKEHOLDER))
    assert {client.get(path).status_code for path in (*PAGES, *FILES)} == {403}


def test_nobody_sees_anything_of_another_tenant(person: Callable[..., Any]) -> None:
    theirs = target("theirs", "Other")
    log(operation(today(), target=theirs, strategy_name="SECRET_WORK", job_name="secret job"))
    run(theirs, day=today(), job=job("secret job", theirs))
    rollups.roll_up(timezone.now())
    client = Client()
    client.force_login(person("anna", Role.DBA))
    for path in (*PAGES, *FILES):
        text = client.get(path).content.decode().lower()
        assert "secret" not in text, path
        assert "theirs" not in text, path


@pytest.mark.parametrize("path", [*PAGES, *FILES])
def test_ten_times_the_past_costs_no_more_queries(path: str, dba: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert dba.get(f"{path}?period=365").status_code == 200
        assert not any('FROM "generic_operation_log"' in query["sql"] for query in queries)
        return len(queries)

    some_past()
    before = cost()
    random_past(9, (*(target(f"t{n}") for n in range(5)), None), rows=800, days=60)
    for number in range(20):
        run(target(), day=today(), job=job(f"job {number}", target()))
    rollups.roll_up(timezone.now() + timedelta(minutes=2), force=True)
    assert cost() == before
    assert before <= 25


@pytest.mark.parametrize("path", ["/trends/", "/statistics/", "/errors/"])
def test_the_demos_past_is_told_where_it_is_among_the_figures(path: str, dba: Client, sqlite_target: Target) -> None:
    told = "The invented past of the demo is among them."
    assert told not in text_of(dba.get(path))
    Target.objects.filter(pk=sqlite_target.pk).update(is_demo=True)
    assert told in text_of(dba.get(path))
