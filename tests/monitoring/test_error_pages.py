"""The pages of errors: what they show and give as a file, what they say to whatever is typed, and dealing with an error there."""

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

from monitoring import errors, rollups
from monitoring.models import ErrorGroup, HandledError
from strategies.models import AuditEntry, OperationLog, Role
from tests.monitoring.past import log, operation, target
from tests.monitoring.test_errors import error, random_errors
from tests.pages import text_of

DAY = timedelta(days=1)
HOSTILE = "=cmd|' /C calc'!<b>x</b>"
pytestmark = pytest.mark.django_db


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


def today() -> Any:
    return timezone.now().date()


def some_errors() -> None:
    """Two duplicates of an index, one lock on another database ten days ago, and one that nobody knows."""
    shop, crm = target(), target("crm")
    log(
        error(today(), 'could not create unique index "a_ccnew"', "23505", target=shop, target_object="a", hour=0.1),
        error(today(), 'could not create unique index "b_ccnew"', "23505", target=shop, target_object="b", hour=0.2),
        error(today() - 10 * DAY, "canceling statement due to lock timeout", "55P03", target=crm),
        error(today(), HOSTILE, "E-42", target=shop, strategy_name=HOSTILE, target_object=HOSTILE, hour=0),
        operation(today(), target=shop),
    )
    rollups.roll_up(timezone.now())


def group(code: str = "23505") -> ErrorGroup:
    return ErrorGroup.objects.get(error_code=code)


def page(client: Client, code: str = "23505", query: str = "") -> Any:
    return client.get(f"/errors/{group(code).pk}/{query}")


def note(client: Client, code: str = "23505", text: str = "rebuilt", seen: str | None = None) -> Any:
    seen = page(client, code).context["found"].last_at.isoformat() if seen is None else seen
    return client.post(f"/errors/{group(code).pk}/handle/", {"note": text, "seen_until": seen})


def lines(client: Client, path: str) -> list[dict[str, str]]:
    response = client.get(path)
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_the_list_shows_each_kind_with_its_cause_and_remedy(dba: Client) -> None:
    some_errors()
    response = dba.get("/errors/")
    text = text_of(response)
    found = response.context["found"]
    assert found.rows[0].group.error_code == "23505"
    assert {row.group.error_code: row.count for row in found.rows} == {"23505": 2, "55P03": 1, "E-42": 1}
    assert "could not create unique index …" in text
    assert "Two rows would have the same key." in text
    assert "Find the duplicates by reading the table without the index" in text
    assert "Its cause is not known here." in text
    assert 'aria-label="2 in 30 days, on 1 of them; the most on one day: 2 on' in text
    assert "style=" not in text.partition("<main")[2]
    assert HOSTILE not in text


def test_the_list_is_narrowed_by_what_people_ask_for(dba: Client) -> None:
    some_errors()
    note(dba)
    for query, count in (
        ("", 3), ("period=7", 2), ("state=open", 2), ("state=handled", 1), (f"target={target('crm').pk}", 1),
        ("strategy=LEGACY", None), ("strategy=INDEX_MAINTENANCE", 2), ("strategy=&state=&target=&period=", 3),
    ):  # fmt: skip
        response = dba.get(f"/errors/?{query}")
        assert response.status_code == 200
        assert (response.context["found"].of if "found" in response.context else None) == count, query


def test_the_detail_shows_chart_table_occurrences_objects_and_cause(dba: Client) -> None:
    some_errors()
    text = text_of(page(dba))
    last = OperationLog.objects.get(error_message__contains="b_ccnew")
    assert 'data-figure="days-figure"' in text
    assert 'id="days-table"' in text
    assert f'href="/operations/{last.pk}/"' in text
    assert "could not create unique index &quot;b_ccnew&quot;" in text
    assert 'href="https://www.postgresql.org/docs/current/errcodes-appendix.html"' in text
    assert "Stays until somebody changes something." in text
    assert 'href="/operations/?strategy=INDEX_MAINTENANCE&amp;status=failed&amp;text=23505&amp;since=' in text
    assert "is not known here" in text_of(page(dba, "E-42"))
    assert HOSTILE not in text_of(page(dba, "E-42"))


def test_the_link_into_the_log_finds_what_it_promises(dba: Client) -> None:
    some_errors()
    found = dba.get(f"/operations/?{page(dba).context['in_log']}").context["page"].rows
    assert {row.target_object for row in found} == {"a", "b"}


def test_the_link_into_the_log_goes_as_far_back_as_the_page(dba: Client) -> None:
    """Also where strategy and code are those of nobody that the portal knows."""
    log(operation(today() - 300 * DAY, "TIMEOUT", strategy_name="THEIR_OWN", error_code="E-7", target=target()))
    errors.roll_day(today() - 300 * DAY)
    shown = page(dba, "E-7", "?period=365")
    assert len(dba.get(f"/operations/?{shown.context['in_log']}").context["page"].rows) == 1


def test_files_have_the_rows_of_the_page_and_no_formula(dba: Client) -> None:
    some_errors()
    note(dba)
    rows = {row["error_code"]: row for row in lines(dba, "/errors.csv")}
    assert set(rows) == {"23505", "55P03", "E-42"}
    first = rows["23505"]
    assert (first["errors"], first["databases"], first["state"], first["handled_by"], first["note"]) == (
        "2", "shop", "handled", "anna", "rebuilt",
    )  # fmt: skip
    assert (rows["55P03"]["class"], rows["E-42"]["cause"]) == ("lock", "not known here")
    assert rows["E-42"]["strategy"] == f"'{HOSTILE}"
    assert len(lines(dba, "/errors.csv?state=open")) == 2
    days = lines(dba, f"/errors/{group().pk}/days.csv?period=7")
    assert [row["errors"] for row in days] == ["0"] * 6 + ["2"]


def test_an_operator_notes_that_it_is_dealt_with(dba: Client) -> None:
    some_errors()
    text = text_of(page(dba))
    assert "What was done about it?" in text
    response = note(dba, text="dropped the leftovers")
    assert response.status_code == 302
    assert response["Location"] == f"/errors/{group().pk}/"
    text = text_of(page(dba))
    assert "Noted." in text
    assert "dropped the leftovers" in text
    assert "What was done about it?" not in text
    assert AuditEntry.objects.get(action="error.handled").reason == "dropped the leftovers"
    assert "Handled" in text_of(dba.get("/errors/?state=handled"))


def test_it_is_open_again_when_it_comes_again(dba: Client) -> None:
    some_errors()
    note(dba)
    log(error(today(), 'could not create unique index "c_ccnew"', "23505", target=target(), hour=23.9))
    rollups.roll_up(timezone.now(), force=True)
    text = text_of(page(dba))
    assert "Came back" in text
    assert "It came again since." in text
    assert "What was done about it?" in text


def test_what_came_while_the_page_was_read_is_said(dba: Client) -> None:
    some_errors()
    seen = page(dba).context["found"].last_at.isoformat()
    log(error(today(), 'could not create unique index "c_ccnew"', "23505", target=target(), hour=23.9))
    rollups.roll_up(timezone.now(), force=True)
    note(dba, seen=seen)
    assert "More errors came than the page had shown" in text_of(page(dba))
    note(dba)
    note(dba)
    assert "Somebody had dealt with it already." in text_of(page(dba))


@pytest.mark.parametrize("seen", ["9999-12-31T23:59:59+00:00", "2999-01-01T00:00:00+00:00"])
def test_nobody_deals_with_errors_that_are_still_to_come(seen: str, dba: Client) -> None:
    some_errors()
    note(dba, seen=seen)
    assert HandledError.objects.get().until_at <= timezone.now() + DAY


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "This field is required."),
        ({"note": "x" * 501, "seen_until": "2026-11-24T10:00:00+00:00"}, "at most 500 characters"),
        ({"note": "x", "seen_until": "soon"}, "It was not said which errors you saw"),
        ({"note": "x", "seen_until": "2026-11-24T10:00:00"}, "It was not said which errors you saw"),
        ({"note": "\x00", "seen_until": "2026-11-24T10:00:00+00:00"}, "Null characters are not allowed."),
    ],
)
def test_a_form_that_is_wrong_is_shown_again_and_nothing_is_noted(
    fields: dict[str, str], problem: str, dba: Client
) -> None:
    some_errors()
    response = dba.post(f"/errors/{group().pk}/handle/", fields)
    assert response.status_code == 422
    assert problem in text_of(response)
    assert not HandledError.objects.exists()


@pytest.mark.parametrize("query", ["period=12", "strategy=NOPE", "target=0", "target=" + "9" * 30, "state=dancing"])
def test_a_wrong_filter_is_named_and_nothing_is_shown(query: str, dba: Client) -> None:
    some_errors()
    label = {"period": "Period", "strategy": "Strategy", "target": "Database", "state": "State"}[
        query.partition("=")[0]
    ]
    response = dba.get(f"/errors/?{query}")
    assert response.status_code == 200
    assert f"{label}: Select a valid choice." in text_of(response)
    assert "small-bars" not in text_of(response)
    refused = dba.get(f"/errors.csv?{query}")
    assert refused.status_code == 400
    assert f"<b>{label}:</b> Select a valid choice." in text_of(refused)
    pk = group().pk
    if label in ("Period", "Database"):
        assert f"{label}: Select a valid choice." in text_of(dba.get(f"/errors/{pk}/?{query}"))
        assert dba.get(f"/errors/{pk}/days.csv?{query}").status_code == 400


def test_empty_pages_say_what_to_do_next(dba: Client) -> None:
    assert "Nothing has been counted yet." in text_of(dba.get("/errors/"))
    rollups.roll_up(timezone.now())
    assert "No operation failed within 30 days." in text_of(dba.get("/errors/"))
    assert "No operation failed within a year." in text_of(dba.get("/errors/?period=365"))
    assert "No error fits these filters" in text_of(dba.get("/errors/?state=open"))
    some_errors()
    rollups.roll_up(timezone.now(), force=True)
    text = text_of(page(dba, "55P03", "?period=7"))
    assert "It did not come within 7 days." in text
    assert "The last one came" in text
    assert "It never came on this database." in text_of(page(dba, "55P03", f"?target={target().pk}"))


def test_more_kinds_than_the_page_has_room_for_are_in_the_file(dba: Client) -> None:
    log(*(error(today(), f"kind {chr(97 + n % 26)} {chr(97 + n // 26)}", target=target()) for n in range(70)))
    rollups.roll_up(timezone.now())
    text = text_of(dba.get("/errors/"))
    assert "50 are shown" in text
    assert len(lines(dba, "/errors.csv")) == 70


def test_who_may_not_operate_sees_no_form(person: Callable[..., Any]) -> None:
    some_errors()
    for name, role in (("mara", Role.MANAGER), ("aud", Role.AUDITOR), ("app", Role.APPROVER)):
        client = Client()
        client.force_login(person(name, role))
        assert "What was done about it?" not in text_of(page(client))
        assert client.post(f"/errors/{group().pk}/handle/", {"note": "x"}).status_code == 403
    client = Client()
    client.force_login(person("sam", Role.STAKEHOLDER))
    for path in ("/errors/", "/errors.csv", f"/errors/{group().pk}/", f"/errors/{group().pk}/days.csv"):
        assert client.get(path).status_code == 403, path


def test_nobody_sees_anything_of_another_tenant(dba: Client) -> None:
    theirs = target("theirs", "Other")
    log(
        error(
            today(),
            "secret trouble",
            "SECRET",
            target=theirs,
            strategy_name="SECRET_WORK",
            target_object="secret_table",
        ),
        error(today(), "shared trouble", "SHARED", target=theirs, target_object="secret_table"),
        error(today(), "shared trouble", "SHARED", target=target(), target_object="orders"),
    )
    rollups.roll_up(timezone.now())
    shared = group("SHARED")
    for path in ("/errors/", "/errors.csv", f"/errors/{shared.pk}/", f"/errors/{shared.pk}/days.csv"):
        text = dba.get(path).content.decode().lower()
        assert "secret" not in text, path
        assert "theirs" not in text, path
    assert lines(dba, "/errors.csv")[0]["errors"] == "1"
    for verb, path in (("get", ""), ("post", "handle/"), ("get", "days.csv")):
        assert (
            getattr(dba, verb)(f"/errors/{group('SECRET').pk}/{path}", {"note": "x", "seen_until": "x"}).status_code
            == 404
        )


def test_ten_times_the_errors_cost_no_more_queries(dba: Client) -> None:
    def cost() -> dict[str, int]:
        found = {}
        for path in ("/errors/?period=365", "/errors.csv?period=365", f"/errors/{group().pk}/?period=365"):
            with CaptureQueriesContext(connection) as queries:
                assert dba.get(path).status_code == 200
            found[path] = len(queries)
        return found

    some_errors()
    before = cost()
    random_errors(4, [*(target(f"t{n}") for n in range(5)), None], 500)
    rollups.roll_up(timezone.now(), force=True)
    after = cost()
    assert after == before
    assert max(after.values()) <= 30, "with the navigation, which counts what the reader is asked to decide"
