"""The operation log on its pages: searched by key, narrowed, and as a file that a spreadsheet cannot run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from strategies.models import OperationLog, Role, RunStatus
from tests.pages import HOSTILE, Scene, ended_run, scene, step, text_of


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


def keys(client: Client, query: str = "") -> list[int]:
    return [row.pk for row in client.get(f"/operations/?{query}").context["page"].rows]


def test_it_narrows_by_everything_that_people_ask_for(dba: Client, shop: Scene) -> None:
    failed = shop.operation
    everything = keys(dba)
    assert everything == sorted(everything, reverse=True)
    assert keys(dba, f"run={shop.failed.pk}") == [failed.pk]
    assert keys(dba, "status=ERROR") == [failed.pk]
    assert keys(dba, f"target={shop.target.pk}&strategy=INDEX_MAINTENANCE") == everything
    assert keys(dba, "strategy=STATISTICS_MAINTENANCE") == []
    assert failed.pk in keys(dba, "text=ORDERS_1")
    assert keys(dba, "text=42p01") == [failed.pk]
    assert keys(dba, "since=2999-01-01T00:00") == []
    assert keys(dba, "until=2000-01-01T00:00") == []


def test_a_text_is_looked_for_in_the_last_month_unless_a_time_is_given(dba: Client, shop: Scene) -> None:
    OperationLog.objects.filter(pk=shop.operation.pk).update(operation_time=timezone.now() - timedelta(days=60))
    assert shop.operation.pk not in keys(dba, "text=42P01")
    assert shop.operation.pk in keys(dba, "text=42P01&since=2000-01-01T00:00")
    assert shop.operation.pk in keys(dba, f"text=42P01&run={shop.failed.pk}")
    assert "last 31 days" in dba.get("/operations/?text=42P01").content.decode()


def test_rows_that_arrive_meanwhile_shift_nothing(dba: Client, shop: Scene) -> None:
    for number in range(60):
        ended_run(shop.target, RunStatus.SUCCEEDED, step(number))
    before = list(OperationLog.objects.values_list("pk", flat=True))
    first = dba.get("/operations/").context["page"]
    ended_run(shop.target, RunStatus.SUCCEEDED, step(99))
    second = dba.get(f"/operations/?before={first.older}").context["page"]
    assert [row.pk for row in (*first.rows, *second.rows)] == before


def test_one_row_shows_its_statement_cost_and_evidence(dba: Client, shop: Scene) -> None:
    text = dba.get(f"/operations/{shop.operation.pk}/").content.decode()
    assert "REINDEX &quot;orders_1&quot;" in text
    assert "not measured" in text
    assert HOSTILE not in text


def test_a_status_that_sql_typed_and_nobody_knows_is_shown_as_it_is(dba: Client, shop: Scene) -> None:
    row = OperationLog.objects.create(strategy_name="LEGACY", operation_type="X", status="ODD", target=shop.target)
    assert "ODD" in dba.get("/operations/").content.decode()
    assert "ODD" in dba.get(f"/operations/{row.pk}/").content.decode()


def test_the_file_holds_every_row_once_and_no_formula(dba: Client, shop: Scene) -> None:
    OperationLog.objects.bulk_create(
        OperationLog(
            strategy_name="S",
            operation_type="REBUILD",
            target_object="=cmd|' /C calc'!A0",
            message="-1+1",
            target=shop.target,
        )
        for _ in range(2500)
    )
    response = dba.get("/operations.csv")
    lines = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert [int(line["operation_id"]) for line in lines] == sorted(OperationLog.objects.values_list("pk", flat=True))
    assert {line["target_object"] for line in lines[-2500:]} == {"'=cmd|' /C calc'!A0"}
    assert {line["message"] for line in lines[-2500:]} == {"'-1+1"}
    failed = next(line for line in lines if int(line["operation_id"]) == shop.operation.pk)
    assert (failed["memory_used_mb"], failed["io_operations"], failed["message"]) == ("", "40", HOSTILE)


def test_the_file_has_the_rows_that_the_filters_leave_or_none(dba: Client, shop: Scene) -> None:
    lines = list(csv.DictReader(io.StringIO(b"".join(dba.get("/operations.csv?status=ERROR")).decode())))
    assert [int(line["operation_id"]) for line in lines] == [shop.operation.pk]
    refused = dba.get("/operations.csv?status=DANCING&run=x")
    assert refused.status_code == 400
    text = text_of(refused)
    assert "<b>Status:</b> Select a valid choice. DANCING is not one of the available choices." in text
    assert "<b>Run:</b> Enter a number." in text


def test_a_wrong_filter_leaves_no_rows(dba: Client, shop: Scene) -> None:
    assert keys(dba, "status=DANCING") == []
    assert "Nothing is shown, because a filter is wrong." in text_of(dba.get("/operations/?status=DANCING"))


def test_reason_and_evidence_are_rows_in_words(dba: Client, shop: Scene) -> None:
    kept = {"reason": "It is bloated.", "before": {"size_bytes": 81_920, "filenode": 7}, "after": {"is_valid": True}}
    OperationLog.objects.filter(pk=shop.operation.pk).update(strategy_context=kept)
    text = text_of(dba.get(f"/operations/{shop.operation.pk}/"))
    for label, value in (("Reason", "It is bloated."), ("Size", "80 KB"), ("Valid", "yes")):
        assert f'<dt>{label}</dt> <dd class="num"> {value} </dd>' in text
    assert "size_bytes" not in text
    assert '<details id="raw-before">' in text


@pytest.mark.parametrize("kept", ["a text", ["a", "b"], 7, {"before": "typed"}, {"after": None, "x": [[1]]}])
def test_whatever_sql_typed_as_context_is_shown(kept: Any, dba: Client, shop: Scene) -> None:
    OperationLog.objects.filter(pk=shop.operation.pk).update(strategy_context=kept)
    assert dba.get(f"/operations/{shop.operation.pk}/").status_code == 200
