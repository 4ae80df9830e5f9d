"""import_partition_framework: from a database or from files, tried or done, with the states in which commands end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from maintenance_portal.cli import BadInput, Exit
from strategies.models import AuditEntry, FrameworkImport, MaintenanceJob, OperationLog, Target
from strategies.partition_framework import imports
from tests.older import ANNA, archive, as_csv, in_sqlite, operation, rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(sqlite_target: Target, tmp_path: Path) -> Target:
    in_sqlite(tmp_path / "shop.db", rows(operations=[operation(1), operation(2, duration_ms="long")]))
    return sqlite_target


def said(capsys: pytest.CaptureFixture[str], *arguments: str, state: Exit = Exit.GOOD) -> str:
    try:
        call_command("import_partition_framework", *arguments)
        ended = 0
    except SystemExit as end:
        ended = int(end.code or 0)
    assert ended == state
    return capsys.readouterr().out


def test_a_dry_run_shows_what_would_become_of_each_row_and_keeps_nothing(
    shop: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "shop", "--dry-run")
    for words in (
        "partition_operation_log", "row 2", "duration_ms", "“long” is no number.", "1 job arrives switched off",
        "this was a dry run",
    ):  # fmt: skip
        assert words in text, words
    assert (OperationLog.objects.count(), MaintenanceJob.objects.count()) == (0, 0)


def test_it_imports_from_the_database_and_again_the_same(shop: Target, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "shop", "--json"))
    assert found["tables"]["partition_operation_log"] == {
        "read": 2, "added": 1, "changed": 0, "same": 0, "left": 0, "gone": 0, "left_out": 1, "noted": 0,
    }  # fmt: skip
    told = {name: found[name] for name in ("target", "schema", "from", "is_dry_run", "error")}
    assert told == {"target": "shop", "schema": "main", "from": "database", "is_dry_run": False, "error": None}
    assert found["remark_count"] == len(found["remarks"]) == 2
    again = json.loads(said(capsys, "shop", "--json"))
    assert again["tables"]["partition_operation_log"]["same"] == 1
    assert OperationLog.objects.count() == 1
    assert AuditEntry.objects.filter(action="import.done", actor__startswith="cli:").count() == 2


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_it_imports_from_files(shop: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    place = tmp_path / "export"
    if kind == "folder":
        place.mkdir()
        for table, each in rows().items():
            (place / f"{table}.csv").write_text(as_csv(each, table, ";"))
    else:
        place.write_bytes(archive())
    found = json.loads(said(capsys, "shop", "--files", str(place), "--time-zone", "Europe/Vienna", "--json"))
    assert (found["error"], found["from"]) == (None, str(place))
    assert OperationLog.objects.get().operation_time.isoformat() == "2026-11-20T01:00:00.250000+00:00"


def test_what_cannot_be_read_ends_with_one_and_says_why(
    sqlite_target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(said(capsys, "shop", "--json", state=Exit.BAD))
    assert found["error"].startswith("There is none of the tables")
    assert FrameworkImport.objects.get().error == found["error"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shp"], "NAME: no target is named 'shp' (did you mean shop?)"),
        (["shop", "--schema", "other"], "--schema: A SQLite file has one schema, main."),
        (["shop", "--time-zone", "Mars"], "--time-zone: 'Mars' is no IANA time zone"),
        (["shop", "--files", "{here}/nowhere"], "--files: {here}/nowhere cannot be read: No such file or directory"),
        (["shop", "--files", "{here}"], "--files: There is no partition_strategy_config.csv"),
        (["shop", "--files", "{here}/shop.db"], "--files: The file is no ZIP archive."),
        (["shop", "--files", "{here}/bad.zip"], "--files: partition_operation_log.csv, line 2: 1 cells"),
        (["shop", "--files", ""], "--files:"),
    ],
)
def test_bad_input_is_refused_by_its_argument_before_anything_is_kept(
    shop: Target, tmp_path: Path, arguments: list[str], words: str
) -> None:
    text = "operation_id,operation_type,status,operation_time\n1"
    (tmp_path / "bad.zip").write_bytes(archive(partition_operation_log=text))
    places: dict[str, Any] = {"here": tmp_path}
    with pytest.raises(BadInput) as refusal:
        call_command("import_partition_framework", *(one.format(**places) for one in arguments))
    assert str(refusal.value).startswith(words.format(**places)), str(refusal.value)
    assert FrameworkImport.objects.count() == 0


def test_one_that_is_under_way_is_not_joined(shop: Target) -> None:
    imports.ask(ANNA, imports.Asked(shop, "", "UTC", True), timezone.now(), wake=False)
    with pytest.raises(BadInput, match="NAME: An import from shop is under way"):
        call_command("import_partition_framework", "shop")
