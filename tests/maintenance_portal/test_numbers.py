"""A number that is a link, or that stands above a list, is that of the rows which the reader then sees."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from maintenance_portal.home import SHOWN, home
from monitoring import log_health, retention, rollups
from strategies.models import BAD, Finding, JobRun, MaintenanceJob, OperationLog, Role, RunStatus, Target, Tenant
from tests.jobs import a_job
from tests.monitoring.past import log, operation, run, target
from tests.pages import text_of

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READERS = [
    (role, tenant) for tenant in ("Main", "Other") for role in (Role.DBA, Role.MANAGER, Role.STAKEHOLDER, Role.AUDITOR)
]


@pytest.fixture(autouse=True)
def _past() -> None:
    """Two tenants with runs in every state, young and old, handled or not; jobs due soon and later; findings of each severity."""
    now = timezone.now()
    for place, times in ((target("shop"), 1), (target("theirs", "Other"), 2)):
        Target.objects.filter(pk=place.pk).update(checked_at=now)
        for status in RunStatus:
            for age in (HOUR, 23 * HOUR, 25 * HOUR, 10 * DAY):
                for _ in range(times):
                    _one(place, status, now - age, is_handled=age == HOUR)
        ahead = _one(place, RunStatus.READY, now)
        JobRun.objects.filter(pk=ahead.pk).update(due_at=now + 30 * timedelta(seconds=1))
        for name, due in (
            ("soon", now + HOUR),
            ("passed", now - timedelta(seconds=3)),
            ("later", now + 30 * HOUR),
            ("never", None),
        ):
            for n in range(times):
                job = a_job(place, f"{place.name} {name} {n}")
                MaintenanceJob.objects.filter(pk=job.pk).update(next_run=due, is_settled=True)
        aside = a_job(place, f"{place.name} aside")
        MaintenanceJob.objects.filter(pk=aside.pk).update(quarantined_at=now, quarantine_reason="x", is_settled=True)
        for severity, n in (("critical", 1), ("warning", 2), ("info", 3)):
            for number in range(n * times):
                Finding.objects.create(
                    target=place, strategy_name="INDEX_MAINTENANCE", kind="k", object=f"{severity} {number}", object_type="INDEX",
                    severity=severity, summary="s", advice="a", evidence={}, first_seen_at=now, last_seen_at=now,
                )  # fmt: skip
    MaintenanceJob.objects.update(is_settled=True)


def _one(place: Target, status: RunStatus, at: Any, is_handled: bool = False) -> JobRun:
    is_over = status in BAD or status in (RunStatus.SUCCEEDED, RunStatus.WARNING, RunStatus.CANCELLED)
    return run(
        place, status, due_at=at, finished_at=at if is_over else None, awaits_handling=status in BAD and not is_handled,
        is_released=status != RunStatus.PLANNED, planned_at=at,
    )  # fmt: skip


@pytest.fixture(params=READERS, ids=lambda reader: f"{reader[0].value} of {reader[1]}")
def reader(request: pytest.FixtureRequest, person: Callable[..., Any]) -> Client:
    role, tenant = request.param
    client = Client()
    client.force_login(person("rita", role, tenant=tenant))
    return client


def user_of(client: Client) -> Any:
    return client.get("/").wsgi_request.user


def tiles(client: Client) -> dict[str, tuple[str, str]]:
    """Label → address and number, as they stand on Home."""
    text = text_of(client.get("/"))
    tile = r'<a class="kpi" href="([^"]+)"> <span class="k">.*?</i>(.*?)</span> <div class="v[^"]*"> ?([\d,–]+) ?</div>'
    return {label: (html.unescape(address), number) for address, label, number in re.findall(tile, text)}


def listed(client: Client, address: str) -> int:
    """How many rows the list has there, over all its pages."""
    path, _, query = address.partition("?")
    found, after = 0, ""
    while True:
        response = client.get(f"{path}?{query}{after}")
        assert response.status_code == 200, address
        assert not response.context["filter"].problems
        page = response.context["page"]
        found += len(page.rows if hasattr(page, "rows") else page.jobs)
        way, key = ("after", page.after) if hasattr(page, "jobs") else ("before", page.older)
        if not key:
            return found
        after = "&" + urlencode({way: key})


def test_every_tile_of_home_leads_to_the_rows_that_it_counts(reader: Client) -> None:
    found = tiles(reader)
    assert len(found) == 6
    for label, (address, number) in found.items():
        if address.startswith("#"):
            continue
        if address.startswith("/databases/"):
            rows = reader.get(address).context["rows"]
            assert int(number) == (sum(row.count for row in rows) if label == "Findings" else len(rows)), label
        else:
            assert int(number) == listed(reader, address), (label, address)


def test_the_tile_of_due_jobs_counts_what_its_list_has_for_those_who_see_no_jobs(reader: Client) -> None:
    address, number = tiles(reader)["Jobs due in 24 h"]
    seen = home(user_of(reader), timezone.now())
    soon = [job for job in seen.due if job.next_run and job.next_run <= timezone.now() + DAY]
    assert int(number) == len(soon) <= SHOWN
    assert address == ("/jobs/?state=due" if reader.get("/jobs/").status_code == 200 else "#h-due")
    assert f"{number} in 24 h</span>" in text_of(reader.get("/"))


def test_the_headings_of_home_count_what_their_lists_have(reader: Client) -> None:
    seen = home(user_of(reader), timezone.now())
    for group, count, rows in (
        ("unhandled", seen.failed_count, seen.failed), ("waiting", seen.waiting_count, seen.waiting),
        ("unreleased", seen.unreleased_count, seen.unreleased), ("at_work", len(seen.running), seen.running),
        ("failed_lately", seen.failed_lately, None), ("succeeded_lately", seen.succeeded_lately, None),
    ):  # fmt: skip
        assert count > 0, group
        assert count == listed(reader, f"/runs/?status={group}"), group
        assert rows is None or len(rows) == (count if group == "at_work" else min(count, SHOWN))
    text = text_of(reader.get("/"))
    for group in ("unhandled", "waiting", "unreleased"):
        assert f'href="/runs/?status={group}"' in text


def test_the_navigation_counts_what_its_pages_list(reader: Client) -> None:
    text = text_of(reader.get("/runs/"))
    failed = listed(reader, "/runs/?status=unhandled")
    shown = re.search(r"Runs <span[^>]*> (\d+)<span class=\"visually-hidden\"> failed", text)
    assert shown is not None
    assert int(shown[1]) == failed


def test_jobs_that_are_set_aside_are_counted_as_they_are_listed(person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    now = timezone.now()
    for n in range(30):
        job = a_job(target("shop"), f"mine {n}")
        MaintenanceJob.objects.filter(pk=job.pk).update(quarantined_at=now, quarantine_reason="x", is_settled=True)
    text = text_of(client.get("/jobs/?name=mine"))
    address = re.search(r'href="(\?[^"]*state=quarantined)">All (\d+)<', text)
    assert address is not None
    assert int(address[2]) == listed(client, "/jobs/" + html.unescape(address[1])) == 30


# The log.


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    Tenant.objects.exclude(name__in=("Main", "Other")).delete()
    client = Client()
    user = person("anna", Role.DBA)
    user.tenants.set(Tenant.objects.all())
    client.force_login(user)
    return client


def test_rows_that_never_ended_lead_to_all_of_them(dba: Client) -> None:
    day = timezone.now().date()
    open_ = JobRun.objects.filter(status=RunStatus.RUNNING).first()
    log(
        *(operation(day - 3 * DAY, status) for status in ("STARTED", "RUNNING", "PENDING") for _ in range(20)),
        *(operation(day - 3 * DAY, "STARTED", run=open_, target=open_.target) for _ in range(3)),
        *(operation(day, "STARTED", hour=0) for _ in range(2)),
        operation(day - 3 * DAY),
    )
    text = text_of(dba.get("/operation-log/"))
    assert 'href="/operations/?status=never_ended">All that never ended</a>' in text
    assert listed(dba, "/operations/?status=never_ended") == 60


def test_rows_that_came_are_those_of_the_log(dba: Client) -> None:
    day = timezone.now().date()
    log(
        *(
            operation(day - n * DAY, status)
            for n in (1, 2)
            for status in ("INFO", "STARTED", "SUCCESS", "DANCING", "ERROR")
        )
    )
    rollups.roll_up(timezone.now())
    for one in dba.get("/operation-log/?period=7").context["growth"]:
        day = one[0].day
        assert one[0].n == listed(dba, f"/operations/?since={day}T00:00&until={day + DAY}T00:00")


def test_rows_past_their_time_are_those_that_pruning_shows(dba: Client) -> None:
    day = timezone.now().date()
    open_ = JobRun.objects.filter(status=RunStatus.RUNNING).first()
    log(
        *(operation(day - 100 * DAY) for _ in range(4)),
        operation(day - 100 * DAY, "STARTED", run=open_),
        operation(day),
    )
    rollups.roll_up(timezone.now())
    size = log_health.monitor_log_table_size(timezone.now())
    assert size is not None
    assert size.expired == retention.preview(timezone.now()).rows == 4
    assert "Prune 4 rows" in text_of(dba.get("/operation-log/prune/"))


def test_what_trends_and_statistics_count_is_in_the_log(reader: Client) -> None:
    day = timezone.now().date()
    places = [*Target.objects.filter(name__in=("shop", "theirs")), None]
    log(
        *(
            operation(day - n * DAY, status, target=place, strategy_name=strategy, error_code="E1")
            for n in range(3)
            for status in ("SUCCESS", "ERROR", "TIMEOUT", "INFO", "CANCELLED")
            for place in places
            for strategy in ("INDEX_MAINTENANCE", "LEGACY")
        )
    )
    rollups.roll_up(timezone.now())
    response = reader.get("/trends/?period=7")
    if response.status_code == 403:
        assert reader.get("/statistics/").status_code == reader.get("/errors/").status_code == 403
        return
    visible = OperationLog.objects.visible_to(user_of(reader))
    failed = visible.filter(status__in=("ERROR", "TIMEOUT")).count()
    total = response.context["trend"].total
    assert (total.count, total.failed) == (visible.exclude(status="INFO").count(), failed)
    statistics = reader.get("/statistics/?period=7").context["strategies"]
    assert sum(row.summary.count for row in statistics) == total.count
    for row in statistics:
        strategy = reader.get(f"/trends/?period=7&strategy={row.strategy}").context["trend"].total
        assert (strategy.count, strategy.failed) == (row.summary.count, row.summary.failed)
    assert listed(reader, "/operations/?status=failed") == failed
    errors = reader.get("/errors/?period=7").context["found"]
    assert (errors.errors, errors.of, errors.still_open) == (failed, len(errors.rows), len(errors.rows))
    for row in errors.rows:
        response = reader.get(f"/errors/{row.group.pk}/?period=7")
        detail = response.context["found"]
        assert listed(reader, f"/operations/?{response.context['in_log']}") == row.count
        assert detail.row.count == row.count == sum(one.n for one in detail.targets) == sum(day.n for day in row.days)
        assert sum(one.n for one in detail.latest) == row.count
