"""Commands that prune, archive and export the operation log: what they do, what they say, and what they refuse in one line."""

from __future__ import annotations

import csv
import io
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitoring.models import LogCare
from strategies.models import AuditEntry, OperationLog
from tests.maintenance_portal.commands.conftest import command
from tests.monitoring.past import log, operation, target

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.PORTAL_DATA = tmp_path


@pytest.fixture
def past() -> list[OperationLog]:
    today = timezone.now().date()
    ages = {"OLD": (100, 95), "NEW": (10, 0)}
    return log(*(operation(today - age * DAY, strategy_name=name) for name, each in ages.items() for age in each))


def test_pruning_shows_first_and_deletes_then(past: list[OperationLog]) -> None:
    shown = command("prune_operations", "--dry-run", "--json").answer
    assert (shown["rows"], shown["strategies"][0]["strategy"]) == (2, "OLD")
    assert "OLD" in command("prune_operations", "--dry-run").out
    assert OperationLog.objects.count() == 4
    assert command("prune_operations", "--json").answer == {"rows": 2, "is_complete": True}
    assert set(OperationLog.objects.values_list("strategy_name", flat=True)) == {"NEW"}
    assert AuditEntry.objects.get(action="log.pruned").actor.startswith("cli:")
    assert "0 rows are pruned." in command("prune_operations").out
    assert "No row would go." in command("prune_operations", "--dry-run").out


def test_pruning_can_be_told_for_how_long_and_of_whom(past: list[OperationLog]) -> None:
    assert command("prune_operations", "--strategy", "NEW", "--days", "5", "--json").answer["rows"] == 1
    assert command("prune_operations", "--strategy", "NONE", "--json").answer["rows"] == 0
    refused = command("prune_operations", "--days", "0")
    assert (refused.code, refused.err) == (2, "--days: Rows are kept for at least 1 day, not 0.\n")


def test_archiving_moves_to_a_table(past: list[OperationLog]) -> None:
    assert command("archive_operations", "--table", "log_archive_old", "--json").answer == {
        "rows": 2,
        "to": "log_archive_old",
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM log_archive_old")
        assert cursor.fetchone() == (2,)
        cursor.execute("DROP TABLE log_archive_old")
    assert command("archive_operations", "--table", "log_archive_old", "--json").answer == {"rows": 0, "to": None}
    assert "There was no row to move." in command("archive_operations", "--table", "log_archive_old").out


def test_archiving_moves_to_a_file(past: list[OperationLog], tmp_path: Path) -> None:
    day = (timezone.now().date() - 10 * DAY).isoformat()
    said = command("archive_operations", "--file", "a.jsonl.gz", "--from", day, "--until", day, "--strategy", "NEW")
    path = tmp_path / "archives" / "a.jsonl.gz"
    assert f"1 row is moved to {path}." in said.out
    assert path.exists()
    assert OperationLog.objects.count() == 3


@pytest.mark.parametrize(
    ("words", "err"),
    [
        ((), "--table: Name either a table or a file."),
        (("--table", "portal_target"), "--table: There is a table portal_target already, and it is no archive of the log."),
        (("--file", "../a.jsonl.gz"), "--file: A file's name has"),
        (("--table", "log_archive", "--until", "soon"), "--until: 'soon' is no day like 2026-11-24"),
        (("--table", "log_archive", "--until", "2999-01-01"), "--until: Only days before"),
        (("--table", "log_archive", "--from", "2020-01-02", "--until", "2020-01-01"), "--from: The first day"),
    ],
)  # fmt: skip
def test_archiving_refuses_in_one_line_that_names_the_argument(
    words: tuple[str, ...], err: str, past: list[OperationLog]
) -> None:
    said = command("archive_operations", *words)
    assert said.code == 2
    assert said.err.startswith(err)
    assert said.err.count("\n") == 1
    assert OperationLog.objects.count() == 4


@pytest.mark.parametrize("words", [("prune_operations",), ("archive_operations", "--table", "log_archive")])
def test_while_somebody_else_is_at_it_they_say_so(words: tuple[str, ...], past: list[OperationLog]) -> None:
    LogCare.objects.create(pk=1, busy_until=timezone.now() + timedelta(minutes=3))
    said = command(*words)
    assert said.code == 1
    assert "try again in some minutes" in said.err


def test_exporting_writes_rows_that_a_spreadsheet_cannot_run(past: list[OperationLog]) -> None:
    log(operation(timezone.now().date(), "ERROR", message="=1+1", target=target(), strategy_name="NEW"))
    rows = list(csv.DictReader(io.StringIO(command("export_operations").out)))
    assert [int(row["operation_id"]) for row in rows] == sorted(OperationLog.objects.values_list("pk", flat=True))
    assert (rows[-1]["message"], rows[-1]["target"]) == ("'=1+1", "shop")
    assert OperationLog.objects.count() == 5
    day = (timezone.now().date() - 10 * DAY).isoformat()
    assert len(list(csv.DictReader(io.StringIO(command("export_operations", "--from", day, "--until", day).out)))) == 1
    assert len(list(csv.DictReader(io.StringIO(command("export_operations", "--status", "error").out)))) == 1
    assert len(list(csv.DictReader(io.StringIO(command("export_operations", "--strategy", "OLD").out)))) == 2


def test_exporting_writes_a_new_file_for_its_user_and_no_other(past: list[OperationLog], tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    assert f"4 rows are written to {path}." in command("export_operations", "--file", str(path)).out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = command("export_operations", "--file", str(path))
    assert (again.code, again.err) == (2, "--file: File exists\n")
    assert command("export_operations", "--file", str(tmp_path / "no" / "log.csv")).code == 2
