"""The report for managers says what SQL says of the runs and the log, on the page, in the document and in the file."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pypdfium2
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring import report_work, rollups
from monitoring.figures.report import OUTCOMES, worked_by_piece
from monitoring.grounds import Chosen
from monitoring.maintenance_report import SHOWN, report
from monitoring.report_charts import runs_chart, worked_chart
from monitoring.report_rows import PeriodName, Piece, Report, Runs, Span
from strategies.models import Role, RunStatus, Tag, Target, User, WindowChange
from tests.monitoring.past import target
from tests.monitoring.reported import (
    DAY,
    FIRST,
    HOSTILE,
    LAST,
    MINUTE,
    OCTOBER,
    SINCE,
    UNTIL,
    asked,
    broken_glass,
    ended,
    logged,
    night,
    places,
    varied_past,
    word,
)
from tests.pages import text_of

pytestmark = pytest.mark.django_db
ZONE = "Europe/Vienna"
SPAN = Span(date.fromisoformat(FIRST), date.fromisoformat(LAST), ZONE)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def mona(person: Callable[..., Any]) -> User:
    user: User = person("mona", Role.MANAGER)
    user.time_zone = ZONE
    user.save()
    return user


@pytest.fixture
def manager(mona: User) -> Client:
    client = Client()
    client.force_login(mona)
    return client


def sql(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def number(statement: str, *values: Any) -> int:
    return int(sql(statement, *values)[0][0] or 0)


OF_MAIN = "IN (SELECT t.id FROM portal_target t JOIN portal_tenant n ON n.id = t.tenant_id WHERE n.name = 'Main')"
RUNS = f"portal_job_run r WHERE r.target_id {OF_MAIN} AND r.finished_at >= %s AND r.finished_at < %s"
LOG = f"generic_operation_log o WHERE o.target_id {OF_MAIN} AND o.operation_time >= %s AND o.operation_time < %s"
OCTOBER_IN_SQL = ("2025-09-30 22:00:00", "2025-10-31 23:00:00")
BEFORE_IN_SQL = ("2025-08-30 22:00:00", "2025-09-30 22:00:00")
OF_A_RUN = f"JOIN portal_job_run r ON r.id = a.run_id WHERE r.target_id {OF_MAIN}"


def by_sql() -> dict[str, int]:
    """What the file calls each figure, counted by SQL alone."""
    found = {
        f"all {status}": n for status, n in sql(f"SELECT r.status, COUNT(*) FROM {RUNS} GROUP BY 1", *OCTOBER_IN_SQL)
    }
    found |= {
        f"strategy {name} {status}": n
        for name, status, n in sql(
            f"SELECT r.strategy_name, r.status, COUNT(*) FROM {RUNS} GROUP BY 1, 2", *OCTOBER_IN_SQL
        )
    }
    found |= {
        f"database {name} {status}": n
        for name, status, n in sql(
            f"SELECT (SELECT name FROM portal_target WHERE id = r.target_id), r.status, COUNT(*) FROM {RUNS} GROUP BY 1, 2",
            *OCTOBER_IN_SQL,
        )
    }
    found["all runs"] = number(f"SELECT COUNT(*) FROM {RUNS}", *OCTOBER_IN_SQL)
    found["all worked_ms"] = number(f"SELECT SUM(r.duration_ms) FROM {RUNS}", *OCTOBER_IN_SQL)
    found["all not_handled"] = number(f"SELECT COUNT(*) FROM {RUNS} AND r.awaits_handling", *OCTOBER_IN_SQL)
    found["period before runs"] = number(f"SELECT COUNT(*) FROM {RUNS}", *BEFORE_IN_SQL)
    found["period before missed"] = number(f"SELECT COUNT(*) FROM {RUNS} AND r.status = 'missed'", *BEFORE_IN_SQL)
    found["all operations"] = number(f"SELECT COUNT(*) FROM {LOG}", *OCTOBER_IN_SQL)
    found["all errors"] = number(f"SELECT COUNT(*) FROM {LOG} AND o.status IN ('ERROR', 'TIMEOUT')", *OCTOBER_IN_SQL)
    done = f"{LOG} AND o.status IN ('SUCCESS', 'WARNING') AND o.target_object <> ''"
    found["all objects"] = number(
        f"SELECT COUNT(*) FROM (SELECT DISTINCT o.target_id, o.target_type, o.target_object FROM {done}) AS x",
        *OCTOBER_IN_SQL,
    )
    for section, verdict in (("approval", "approve"), ("sent back", "send_back")):
        words = f"portal_approval_word w JOIN portal_approval a ON a.id = w.approval_id {OF_A_RUN} AND w.verdict = %s"
        within = "w.given_at >= %s AND w.given_at < %s"
        found[section] = number(f"SELECT COUNT(*) FROM {words} AND {within}", verdict, *OCTOBER_IN_SQL)
    for section, condition, at in (
        ("expired", "a.state = 'expired'", "decided_at"),
        ("standing approval", "a.standing_id IS NOT NULL", "asked_at"),
    ):
        within = f"a.{at} >= %s AND a.{at} < %s"
        found[section] = number(
            f"SELECT COUNT(*) FROM portal_approval a {OF_A_RUN} AND {condition} AND {within}", *OCTOBER_IN_SQL
        )
    used = f"portal_break_glass a {OF_A_RUN} AND a.used_at >= %s AND a.used_at < %s"
    found["break-glass"] = number(f"SELECT COUNT(*) FROM {used}", *OCTOBER_IN_SQL)
    in_window = f"{RUNS} AND r.window_id = (SELECT id FROM portal_window)"
    found["window night runs"] = number(f"SELECT COUNT(*) FROM {in_window}", *OCTOBER_IN_SQL)
    found["window night worked_ms"] = number(f"SELECT SUM(r.duration_ms) FROM {in_window}", *OCTOBER_IN_SQL)
    late = "r.started_at IS NOT NULL AND r.finished_at > r.window_ends_at"
    found["window night ended_late"] = number(f"SELECT COUNT(*) FROM {in_window} AND {late}", *OCTOBER_IN_SQL)
    return found


def lines(client: Client, query: str = OCTOBER) -> list[dict[str, str]]:
    response = client.get(f"/report.csv?{query}")
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def figures(rows: list[dict[str, str]]) -> dict[str, int]:
    """Figures by section, what they are of, and measure; lists by how many rows they have."""
    found: Counter[str] = Counter()
    for row in rows:
        if row["section"] in ("run", "approval", "sent back", "expired", "standing approval", "break-glass"):
            found[row["section"]] += 1
        elif row["value"].isdecimal():
            of = (
                row["name"] or row["database"] or row["strategy"]
                if row["section"] not in ("all", "period before")
                else ""
            )
            found[" ".join(part for part in (row["section"], of, row["measure"]) if part)] += int(row["value"])
    return dict(found)


def pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return " ".join(text.split())


def test_the_page_the_file_and_the_document_say_what_sql_says(manager: Client) -> None:
    varied_past(size=300)
    truth = by_sql()
    assert min(truth.values()) > 0

    rows = lines(manager)
    said = figures(rows)
    assert {name: said.get(name, 0) for name in truth} == truth
    assert said["run"] == truth["all runs"] == sum(1 for row in rows if row["section"] == "run" and row["state"])
    assert (
        sum(int(row["value"]) for row in rows if (row["section"], row["measure"]) == ("day", "runs"))
        == truth["all runs"]
    )
    assert sum(int(row["value"]) for row in rows if row["section"] == "error") == truth["all errors"]

    page = manager.get(f"/report/?{OCTOBER}")
    found: Report = page.context["report"]
    assert {f"all {name}": n for name, n in found.runs.by_outcome.items() if n} == {
        name: n for name, n in truth.items() if name.startswith("all ") and name.split()[1] in found.runs.by_outcome
    }
    consents = found.consents
    lists = (consents.given, consents.sent_back, consents.expired, consents.standing, consents.glasses)
    names = ("approval", "sent back", "expired", "standing approval", "break-glass")
    assert [one.of for one in lists] == [truth[name] for name in names]
    text = re.sub(r"<[^>]+>", " ", text_of(page))
    text = " ".join(html.unescape(text).split())
    document = pdf_text(manager.get(f"/report.pdf?{OCTOBER}").content)
    wrong = sum(truth.get(f"all {name}", 0) for name in ("failed", "timed_out", "lost", "rolled_back"))
    for words in (text, document):
        assert f"{truth['all runs']} maintenance runs ended: {truth['all succeeded']} as they should" in words
        assert f"{wrong} failed, {truth['all missed']} missed (not started in time)" in words
        assert f"In the 31 days before, {truth['period before runs']} runs ended" in words
        assert (
            f"{truth['all operations']} operations began, and did their work on {truth['all objects']} objects" in words
        )
        assert f"{truth['approval']} approvals were given, {truth['sent back']} were sent back" in words
        assert f"Break-glass was used {truth['break-glass']} times" in words
        assert f"{truth['all not_handled']} failed or missed runs of this time have not been handled yet" in words
        hours, minutes = divmod(round(truth["all worked_ms"] / 60_000), 60)
        assert f"Workers worked {hours} h {minutes:02d} min" in words
        for state in RunStatus:
            if (n := truth.get(f"all {state.value}")) is not None:
                assert f"{state.label} {n} " in words, state
        for name in ("shop", "ledger", "crm"):
            total = sum(n for key, n in truth.items() if key.startswith(f"database {name} "))
            assert f"{name} {total} {truth.get(f'database {name} succeeded', 0)} " in words
    assert {row["database"] for row in rows if row["section"] in ("database", "run")} == {"shop", "ledger", "crm"}
    slots = next(use for use in found.windows if use.name == "night")
    assert (slots.slots, slots.open_minutes) == (31, 31 * 120)
    assert f"night (database shop) 31 3,720 {truth['window night runs']} " in document


def test_a_day_is_that_of_the_readers_clock_and_half_open_also_when_the_clock_changes(mona: User) -> None:
    shop = target()
    back, on = date(2025, 10, 26), date(2025, 3, 30)  # the days with 25 and with 23 hours
    for day, hours, first in (
        (back, 25, datetime(2025, 10, 25, 22, tzinfo=UTC)),
        (on, 23, datetime(2025, 3, 29, 23, tzinfo=UTC)),
    ):
        span = Span(day, day, ZONE)
        assert (span.since, span.until - span.since) == (first, timedelta(hours=hours))
        for at in (
            span.since - timedelta(microseconds=1),
            span.since,
            span.until - timedelta(microseconds=1),
            span.until,
        ):
            ended(shop, RunStatus.SUCCEEDED, at)
        assert report(mona, Chosen(), span, NOW).runs.total == 2
        whole = report(mona, Chosen(), Span(day - DAY, day + DAY, ZONE), NOW)
        assert [piece.runs.total for piece in whole.pieces] == [1, 2, 1]


def test_a_midnight_that_is_left_out_or_comes_twice_parts_the_days_once() -> None:
    beirut = Span(date(2024, 3, 31), date(2024, 3, 31), "Asia/Beirut")  # 00:00 is left out
    assert beirut.until - beirut.since == timedelta(hours=23)
    havana = Span(date(2025, 11, 2), date(2025, 11, 2), "America/Havana")  # 00:00 to 01:00 comes twice
    assert havana.until - havana.since == timedelta(hours=25)
    year = Span(date(2025, 1, 1), date(2025, 12, 31), "America/Havana")
    assert year.pieces[0].since == year.since
    assert year.pieces[-1].until == year.until
    assert all(one.until == following.since for one, following in zip(year.pieces, year.pieces[1:], strict=False))
    assert (year.before.last, year.before.length, year.before.until) == (date(2024, 12, 31), 365, year.since)


def test_periods_have_the_days_of_the_calendar() -> None:
    today = date(2026, 3, 1)  # a Sunday
    assert {name.value: tuple(map(str, name.days(today))) for name in PeriodName} == {
        "last_week": ("2026-02-16", "2026-02-22"),
        "last_month": ("2026-02-01", "2026-02-28"),
        "last_quarter": ("2025-10-01", "2025-12-31"),
        "this_month": ("2026-03-01", "2026-03-01"),
    }
    assert PeriodName.LAST_QUARTER.days(date(2026, 4, 1)) == (date(2026, 1, 1), date(2026, 3, 31))


def test_each_number_leads_to_the_list_that_has_as_many_rows(manager: Client) -> None:
    varied_past(size=160)
    tag = Tag.objects.get(name="nightly").pk
    followed = 0
    for query in (OCTOBER, f"{OCTOBER}&tag={tag}", f"{OCTOBER}&environment=production"):
        page = manager.get(f"/report/?{query}").content.decode()
        links = re.findall(r'<a href="(/(?:runs|operations)/\?[^"]*)">([\d,]+)</a>', page)
        some = sorted(set(links))[:: 1 if "tag" in query else 3]
        for address, n in some:
            found = manager.get(html.unescape(address))
            assert found.context["filter"].problems == [], address
            assert f"{found.context['filter'].qs.count():,}" == n, address
        followed += len(some)
    assert followed > 30


def test_a_day_with_two_midnights_leads_to_a_list_all_the_same(manager: Client, mona: User) -> None:
    User.objects.filter(pk=mona.pk).update(time_zone="America/Havana")
    for at in (4, 5, 28):  # 00:00 comes at 4 and at 5 UTC; at 28 it is long past 23:00
        ended(target(), RunStatus.SUCCEEDED, datetime(2025, 11, 2, tzinfo=UTC) + timedelta(hours=at))
    page = manager.get("/report/?first=2025-11-02&last=2025-11-02")
    assert page.context["report"].runs.total == 3
    (address,) = set(re.findall(r'href="(/runs/\?status=ended&[^"]*ended_before=[^"&]*)"', page.content.decode()))
    found = manager.get(html.unescape(address))
    assert (found.context["filter"].problems, found.context["filter"].qs.count()) == ([], 3)


def test_a_report_is_narrowed_by_tenant_environment_tag_and_database_and_never_reaches_beyond(
    manager: Client, person: Callable[..., Any]
) -> None:
    shop, ledger, crm, theirs = places()
    for n, place in enumerate((shop, ledger, crm, theirs), 1):
        for _ in range(n):
            ended(place, RunStatus.SUCCEEDED, SINCE + DAY)
    tag = Tag.objects.get(name="nightly").pk
    wanted = (
        ("", 6), (f"tenant={shop.tenant_id}", 6), ("environment=production", 2), (f"tag={tag}", 1), (f"target={crm.pk}", 3),
        (f"target={crm.pk}&tag={tag}", 0),
    )  # fmt: skip
    for query, n in wanted:
        assert manager.get(f"/report/?{OCTOBER}&{query}").context["report"].runs.total == n, query
    client = Client()
    client.force_login(person("sara", Role.STAKEHOLDER))
    for path in ("/report/", "/report.pdf", "/report.csv"):
        assert client.get(path).status_code == 403


def test_what_is_wrong_in_the_address_is_refused_by_its_field_and_the_page_is_there(manager: Client) -> None:
    theirs = target("theirs", "Other")
    refused = (
        ("period=yesterday", "Period", "yesterday is not one of the available choices"),
        ("period=last_week&first=2025-10-01&last=2025-10-02", "Period", "not for both"),
        ("first=2025-13-45&last=2025-10-31", "From", "Enter a valid date"),
        ("first=2025-10-02", "To, included", "This field is required"),
        ("first=2025-10-02&last=2025-10-01", "To, included", "before the first day"),
        ("first=2024-01-01&last=2025-10-01", "To, included", "366 days at most"),
        ("first=1066-01-01&last=1066-10-01", "From", "2000-01-01"),
        (f"target={theirs.pk}", "Database", "not one of the available choices"),
        ("environment=moon", "Environment", "not one of the available choices"),
    )
    for query, label, reason in refused:
        page = manager.get(f"/report/?{query}")
        assert page.status_code == 200
        assert "report" not in page.context, query
        first, why = page.context["filter"]["problems"][0]
        assert (first, reason in why) == (label, True), (query, why)
        assert "Nothing is shown, because a filter is wrong." in text_of(page)
        for ending in ("pdf", "csv"):
            answer = manager.get(f"/report.{ending}?{query}")
            assert answer.status_code == 400
            assert "No file was made" in text_of(answer)


def test_the_queries_are_as_many_whatever_there_was(manager: Client) -> None:
    def asked_of(path: str) -> int:
        with CaptureQueriesContext(connection) as asked_queries:
            assert manager.get(path).status_code == 200
        return len(asked_queries)

    shop = target()
    ended(shop, RunStatus.MISSED, SINCE, awaits_handling=True)
    logged(shop, SINCE, status="ERROR").save()
    few = [asked_of(f"/report{ending}?{OCTOBER}") for ending in ("/", ".pdf")]
    varied_past(size=120)
    assert [asked_of(f"/report{ending}?{OCTOBER}") for ending in ("/", ".pdf")] == few
    assert max(few) < 70


def test_what_it_reads_is_found_by_the_index_on_its_time(manager: Client) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    with CaptureQueriesContext(connection) as queries:
        manager.get(f"/report/?{OCTOBER}")
    plans = []
    for query in (query["sql"] for query in queries if "2025-" in query["sql"]):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query)
            plans.append("\n".join(str(row[3]) for row in cursor.fetchall()))
    by_time = (
        "portal_run_by_end", "portal_approval_word_by_time", "portal_approval_by_end",
        "portal_approval_by_asking", "portal_break_glass_by_end",
    )  # fmt: skip
    for index in by_time:
        assert any(index in plan for plan in plans), index
    of_log = [plan for plan in plans if "generic_operation_log" in plan]
    assert len(of_log) == 2
    assert all(re.search(r"gol_by_\w+ \(.*operation_time>\? AND operation_time<\?\)", plan) for plan in of_log), of_log
    for plan in plans:
        for table in (
            "portal_job_run",
            "generic_operation_log",
            "portal_approval_word",
            "portal_approval",
            "portal_break_glass",
        ):
            assert not re.search(rf"SCAN {table}\b", plan), plan
        assert "portal_run_by_target" not in plan, plan


def test_long_lists_are_cut_and_lead_to_the_rest_and_the_file_has_all(manager: Client) -> None:
    shop = target()
    for n in range(SHOWN + 7):
        run = ended(shop, RunStatus.MISSED, SINCE + n * MINUTE, awaits_handling=True, message=HOSTILE)
        word(asked(run, SINCE + n * MINUTE), SINCE + n * MINUTE, comment=HOSTILE, person=HOSTILE)
    for n in range(SHOWN + 3):
        place = target(f"database {n}")
        logged(place, SINCE, status="ERROR", error_code=f"E{n}", error_message=HOSTILE).save()
    page = manager.get(f"/report/?{OCTOBER}")
    text = text_of(page)
    assert text.count("And 7 more: all 27</a>") == 2
    assert "And 7 more, in the CSV file." in text
    assert "And 3 more groups, in the CSV file." in text
    assert "And 4 more: the CSV file has all" in text
    assert HOSTILE not in text
    (more,) = set(re.findall(r'href="([^"]*status=unhandled[^"]*)"', text))
    assert manager.get(html.unescape(more)).context["filter"].qs.count() == SHOWN + 7
    rows = lines(manager)
    kinds = Counter(row["section"] for row in rows)
    assert (kinds["run"], kinds["approval"], kinds["error"]) == (SHOWN + 7, SHOWN + 7, SHOWN + 3)
    cells = [cell for row in rows for cell in row.values() if HOSTILE in cell]
    assert cells
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "@", "\t", "\r"))]


def test_files_are_called_by_scope_and_period(manager: Client) -> None:
    odd = target('a/b "größe"')
    for ending in ("pdf", "csv"):
        plain = manager.get(f"/report.{ending}?{OCTOBER}")["Content-Disposition"]
        assert (
            plain == f'attachment; filename="maintenance-report_2025-10-01_2025-10-31_all-databases-in-sight.{ending}"'
        )
        narrow = manager.get(f"/report.{ending}?{OCTOBER}&target={odd.pk}")["Content-Disposition"]
        assert f"maintenance-report_2025-10-01_2025-10-31_database-a-b-gr%C3%B6%C3%9Fe.{ending}" in narrow


def test_an_empty_period_says_so_and_names_what_to_do_next(manager: Client) -> None:
    for query in ("", "period=last_quarter", OCTOBER):
        text = text_of(manager.get(f"/report/?{query}"))
        assert "No maintenance ended." in text
        assert "Nothing was done in these days on all databases in sight." in text
        assert 'href="/calendar/">what is to come</a>' in text
    assert "No maintenance ended." in pdf_text(manager.get("/report.pdf").content)


def test_the_document_has_its_title_language_fonts_and_page_numbers_and_heads_come_again(manager: Client) -> None:
    shop = target("größe Київ")
    for n in range(30):
        word(
            asked(ended(shop, RunStatus.MISSED, SINCE + n * DAY, message="Zu spät. " * 30), SINCE + DAY),
            SINCE + n * DAY,
        )
    content = manager.get(f"/report.pdf?{OCTOBER}").content
    document = pypdfium2.PdfDocument(content)
    pages = [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
    assert document.get_metadata_value("Title") == "Maintenance report, 1 Oct – 31 Oct 2025, all databases in sight"
    document.close()
    assert b"/Lang (en-GB)" in content
    assert b"/FontFile2" in content
    assert len(pages) > 3
    assert all(f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, 1))
    assert sum("Run Ended When Why" in page for page in pages) > 2  # of two tables, one of which goes over a page
    assert any("größe ????" in page for page in pages)
    assert "? stands for characters that the font of this document does not have." in pages[-1]


def test_a_window_tells_what_was_measured_and_says_what_was_not(mona: User) -> None:
    shop, _, _, theirs = places()
    window = night(shop)
    slot = datetime(2025, 10, 2, 23, tzinfo=UTC)  # 01:00 on the 3rd in Vienna
    WindowChange.objects.create(
        window=window, starts_at=slot, planned_end_at=slot + 120 * MINUTE, ends_at=slot + 150 * MINUTE, reason="r", changed_by="anna",
        changed_at=slot,
    )  # fmt: skip
    ended(
        shop,
        RunStatus.SUCCEEDED,
        slot + 155 * MINUTE,
        window=window,
        window_ends_at=slot + 150 * MINUTE,
        duration_ms=60_000,
    )
    ended(
        shop,
        RunStatus.SUCCEEDED,
        slot + 20 * MINUTE,
        window=window,
        window_ends_at=slot + 150 * MINUTE,
        duration_ms=120_000,
    )
    ended(shop, RunStatus.SUCCEEDED, slot + 6 * 60 * MINUTE)
    ended(shop, RunStatus.SUCCEEDED, slot, window=night(theirs, "other night"))
    ended(shop, RunStatus.MISSED, slot)
    windows = {use.name: use for use in report(mona, Chosen(), SPAN, NOW).windows}
    mine = windows["night"]
    assert (mine.slots, mine.open_minutes, mine.runs, mine.worked_ms, mine.late) == (31, 31 * 120 + 30, 2, 180_000, 1)
    assert mine.changed_at is None
    assert {name: (use.runs, use.slots) for name, use in windows.items() if name != "night"} == {
        report_work.OUTSIDE: (1, None),
        report_work.ELSEWHERE: (1, None),
    }
    at_work = report(mona, Chosen(), SPAN, slot + 60 * MINUTE).windows[0]
    assert (at_work.slots, at_work.open_minutes) == (3, 2 * 120 + 60), "what is to come is not open yet"
    window.save()  # changed now, so that it says since when its slots are those
    assert report(mona, Chosen(), SPAN, NOW).windows[0].changed_at is not None


def test_rows_of_the_log_that_were_deleted_are_told(mona: User) -> None:
    rollups.seal(date(2025, 10, 15))
    found = report(mona, Chosen(), SPAN, NOW)
    assert found.pruned_before == date(2025, 10, 15)
    assert report(mona, Chosen(), Span(date(2025, 10, 16), date(2025, 10, 20), ZONE), NOW).pruned_before is None


def test_break_glass_stands_in_the_page_and_the_document_with_its_people_and_what_stood_against_it(
    manager: Client,
) -> None:
    broken_glass(ended(target(), RunStatus.SUCCEEDED, SINCE + DAY), UNTIL - 2 * MINUTE)
    broken_glass(ended(target(), RunStatus.SUCCEEDED, SINCE + DAY), UNTIL)
    text = text_of(manager.get(f"/report/?{OCTOBER}"))
    assert "Break-glass was used once" in text
    assert "Blocked by freeze Quarter close." in text
    document = pdf_text(manager.get(f"/report.pdf?{OCTOBER}").content)
    assert "Break-glass: 1 start against windows, freezes or holds" in document
    assert "anna, vera The disk is full. Blocked by freeze Quarter close." in document


def test_figures_are_plotlys_and_have_the_rows_of_the_table(manager: Client) -> None:
    varied_past(size=80)
    for query in (OCTOBER, "first=2025-09-01&last=2025-12-31"):
        context = manager.get(f"/report/?{query}").context
        found: Report = context["report"]
        bars = go.Figure({**context["runs_figure"], "layout": {**context["runs_figure"]["layout"], "meta": None}}).data
        assert [sum(bar.y) for bar in bars[:4]] == [
            found.runs.succeeded, found.runs.warning + found.runs.continued, found.runs.went_wrong,
            found.runs.cancelled + found.runs.missed,
        ]  # fmt: skip
        assert sum(bars[4].y) == found.before.total
        assert len(go.Figure(context["worked_figure"]).data) == 2
        assert len(bars[0].x) == len(set(bars[0].x)) == len(found.pieces)


@pytest.mark.parametrize(
    ("worked_ms", "highest", "unit"), [(35_000, 35, "s"), (300_000, 5, "min"), (36_000_000, 10, "h")]
)
def test_the_document_draws_what_was_worked_in_the_unit_of_the_page(worked_ms: int, highest: int, unit: str) -> None:
    day = date(2026, 11, 25)
    pieces = [Piece(Span(day, day, "UTC"), Runs(succeeded=1, worked_ms=worked_ms), Runs())]
    chart, legend = worked_chart(pieces, 400).contents
    assert chart.data == [[highest], [0]]
    assert highest <= chart.valueAxis.valueMax < 2 * highest
    assert [name for _, name in legend.colorNamePairs] == [f"This period ({unit})", f"Period before ({unit})"]
    assert worked_by_piece(pieces)["layout"]["yaxis"]["title"]["text"] == unit


def test_the_document_draws_the_period_before_over_the_bars_and_failures_apart_without_colours() -> None:
    day = date(2026, 11, 25)
    pieces = [Piece(Span(day, day, "UTC"), Runs(succeeded=1, failed=2), Runs(succeeded=9))]
    chart, line, legend = runs_chart(pieces, 400).contents
    assert line.data == [[9]]
    assert (line.valueAxis.valueMin, line.valueAxis.valueMax) == (chart.valueAxis.valueMin, chart.valueAxis.valueMax)
    assert chart.valueAxis.valueMax >= 9, "the line is not cut off"
    assert [name for _, name in legend.colorNamePairs] == [*OUTCOMES, "All, period before (dashed)"]
    strokes = [chart.bars[n].strokeWidth for n in range(4)]
    assert strokes[OUTCOMES.index("Failed")] == max(strokes)
    assert strokes.count(max(strokes)) == 1


def test_what_was_invented_is_said_first_on_the_page_in_the_document_and_in_the_file(manager: Client) -> None:
    shop = target()
    words = "The invented past of the demo is among them."
    for is_demo in (False, True):
        Target.objects.filter(pk=shop.pk).update(is_demo=is_demo)
        assert (words in text_of(manager.get(f"/report/?{OCTOBER}"))) is is_demo
        assert (words in manager.get(f"/report.csv?{OCTOBER}").getvalue().decode()) is is_demo
        assert (words in pdf_text(manager.get(f"/report.pdf?{OCTOBER}").content)) is is_demo
