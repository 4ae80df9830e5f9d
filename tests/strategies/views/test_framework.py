"""The page of the import: a trial first, always; its report; then the import itself, by a DBA who sees the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from maintenance_portal import tasks
from strategies.forms import framework
from strategies.models import FrameworkImport, MaintenanceJob, OperationLog, Role, Target
from tests.older import archive, in_sqlite, operation, rows
from tests.pages import HOSTILE, text_of


@pytest.fixture
def shop(sqlite_target: Target, tmp_path: Path) -> Target:
    in_sqlite(tmp_path / "shop.db", rows(operations=[operation(1), operation(2, operation_time="=soon")]))
    return sqlite_target


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


def ask(client: Client, shop: Target, **more: Any) -> Any:
    return client.post("/imports/", {"target": shop.pk, "origin": "database"} | more)


def zipped(content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("old.zip", archive() if content is None else content)


def latest() -> FrameworkImport:
    return FrameworkImport.objects.latest("pk")


def test_a_trial_comes_first_and_the_import_after_its_report(dba: Client, shop: Target) -> None:
    response = ask(dba, shop)
    trial = latest()
    assert (response.status_code, response["Location"], trial.is_dry) == (302, f"/imports/{trial.pk}/", True)
    page = text_of(dba.get(f"/imports/{trial.pk}/"))
    assert 'hx-trigger="every 2s"' in page
    assert "Import now" not in page
    assert dba.post(f"/imports/{trial.pk}/start/").status_code == 302
    assert FrameworkImport.objects.count() == 1, "not before the report was there"
    tasks.import_framework(trial.pk)
    live = dba.get(f"/imports/{trial.pk}/live/")
    assert live.status_code == 286
    for words in (
        "Nothing was kept", "Import now", "1 job arrives switched off", "“=soon” is no date and time", "row 2", "operation_<wbr>time",
    ):  # fmt: skip
        assert words in text_of(live), words
    assert OperationLog.objects.count() == 0
    response = dba.post(f"/imports/{trial.pk}/start/")
    real = latest()
    assert (response["Location"], real.is_dry, real.asked_by) == (f"/imports/{real.pk}/", False, "anna")
    tasks.import_framework(real.pk)
    page = text_of(dba.get(f"/imports/{real.pk}/"))
    assert "Imported." in page
    assert "Import now" not in page
    assert (OperationLog.objects.count(), MaintenanceJob.objects.count()) == (1, 1)
    assert f"/imports/{real.pk}/" in text_of(dba.get("/imports/"))
    assert "/imports/" in text_of(dba.get("/jobs/"))


def test_the_recorded_history_is_on_the_page_of_the_log_with_where_it_is_from(dba: Client, shop: Target) -> None:
    ask(dba, shop)
    tasks.import_framework(latest().pk)
    dba.post(f"/imports/{latest().pk}/start/")
    tasks.import_framework(latest().pk)
    row = OperationLog.objects.get()
    assert "SALES.P_2023_12" in text_of(dba.get("/operations/"))
    page = text_of(dba.get(f"/operations/{row.pk}/"))
    assert "partition_operation_log" in page.replace("<wbr>", "")


def test_what_is_said_of_rows_can_be_taken_along_and_no_cell_is_a_formula(dba: Client, shop: Target) -> None:
    ask(dba, shop)
    row = latest()
    tasks.import_framework(row.pk)
    row.refresh_from_db()
    row.report["remarks"][0]["why"] = "=1+1"
    row.report["remark_count"] += 7
    row.save()
    response = dba.get(f"/imports/{row.pk}/remarks.csv")
    lines = response.content.decode().splitlines()
    assert response["Content-Disposition"] == f'attachment; filename="import-{row.pk}.csv"'
    assert lines[0] == "table,row,column,what,why"
    assert lines[1].endswith("'=1+1")
    assert lines[-1] == ",,,,7 more are not kept."


def test_an_archive_is_kept_for_the_import_and_no_longer(dba: Client, shop: Target) -> None:
    ask(dba, shop, origin="archive", file=zipped())
    trial = latest()
    tasks.import_framework(trial.pk)
    dba.post(f"/imports/{trial.pk}/start/")
    tasks.import_framework(latest().pk)
    assert OperationLog.objects.count() == 1
    page = text_of(dba.get(f"/imports/{trial.pk}/"))
    assert "The archive is no longer kept" in page
    assert "Import now" not in page
    dba.post(f"/imports/{trial.pk}/start/")
    assert FrameworkImport.objects.count() == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"target": 10**6}, "Select a valid choice"),
        ({"origin": "elsewhere"}, "Select a valid choice"),
        ({"origin": "archive"}, "Choose the archive to read."),
        ({"schema": "other"}, "A SQLite file has one schema, main."),
        ({"schema": "a\u202eb"}, "cannot be seen"),
        ({"time_zone": "Mars/Olympus"}, "This is no IANA time zone"),
    ],
)
def test_what_was_typed_wrong_is_named_and_nothing_is_asked_for(
    dba: Client, shop: Target, more: dict[str, Any], words: str
) -> None:
    response = ask(dba, shop, **more)
    assert response.status_code == 422
    assert words in text_of(response)
    assert FrameworkImport.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x00\x01junk", "The file is no ZIP archive."),
        (archive(partition_operation_log=None), "There is no partition_operation_log.csv in the archive."),
        (archive(partition_operation_log="a,b"), "partition_operation_log.csv, line 1: it has no column operation_id"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_where_it_is_sent(dba: Client, shop: Target, content: bytes, words: str) -> None:
    response = ask(dba, shop, origin="archive", file=zipped(content))
    assert response.status_code == 422
    assert words in text_of(response)
    assert FrameworkImport.objects.count() == 0


def test_a_file_that_is_too_large_is_refused(dba: Client, shop: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framework, "MOST_BYTES", 100)
    response = ask(dba, shop, origin="archive", file=zipped())
    assert "larger than 100 bytes" in text_of(response)


def test_files_of_a_database_with_schemas_need_the_name_of_one(dba: Client, shop: Target) -> None:
    Target.objects.filter(pk=shop.pk).update(platform="postgresql", url="postgresql://a@nowhere/b")
    assert "Name the schema that the files are from" in text_of(ask(dba, shop, origin="archive", file=zipped()))
    ask(dba, shop, origin="archive", file=zipped(), schema="Maint")
    assert latest().schema == "maint"


def test_a_second_one_of_the_same_database_waits_its_turn(dba: Client, shop: Target) -> None:
    ask(dba, shop)
    response = ask(dba, shop)
    assert response.status_code == 422
    assert "An import from shop is under way" in text_of(response)


def test_an_import_that_did_not_come_to_its_end_says_why_and_is_not_followed_by_another(
    dba: Client, sqlite_target: Target
) -> None:
    ask(dba, sqlite_target)
    row = latest()
    tasks.import_framework(row.pk)
    page = text_of(dba.get(f"/imports/{row.pk}/"))
    assert "There is none of the tables" in page
    assert "No row was read" in page
    assert "Changed there" not in page, "a table of noughts says nothing"
    assert "Import now" not in page
    dba.post(f"/imports/{row.pk}/start/")
    assert FrameworkImport.objects.count() == 1


def test_nothing_that_stands_in_a_row_becomes_part_of_a_page(dba: Client, shop: Target) -> None:
    now = timezone.now()
    row = FrameworkImport.objects.create(
        target=shop, schema=HOSTILE, file_name=HOSTILE, time_zone="UTC", asked_by="anna", asked_at=now, finished_at=now, error=HOSTILE
    )  # fmt: skip
    for path in ("/imports/", f"/imports/{row.pk}/"):
        assert "<script>alert" not in dba.get(path).content.decode()


def test_a_database_of_another_tenant_is_not_offered_and_not_taken(
    dba: Client, shop: Target, person: Callable[..., Any]
) -> None:
    olga = Client()
    olga.force_login(person("olga", Role.DBA, tenant="Other"))
    assert f'<option value="{shop.pk}">' not in olga.get("/imports/").content.decode()
    assert f'<option value="{shop.pk}">' in dba.get("/imports/").content.decode()
    assert ask(olga, shop).status_code == 422
    assert FrameworkImport.objects.count() == 0
