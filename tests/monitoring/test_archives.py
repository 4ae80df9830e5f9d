"""Archives: rows move to a table or a file whole; whoever is killed in the middle loses none and doubles none."""

from __future__ import annotations

import gzip
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from monitoring import archive_files, archives, retention, rollups
from monitoring.archive_files import ArchiveRefused, NotWhole
from monitoring.models import Grain, LogCare, Rollup
from strategies.audit import Actor
from strategies.models import AuditEntry, OperationLog, RunStatus
from tests.long import IS_ALL
from tests.monitoring.past import NOW, TODAY, log, operation, random_past, run, target

ROOT = Path(__file__).resolve().parents[2]
DAY = timedelta(days=1)
OLD = TODAY - 91 * DAY
TABLE, FILE = "log_archive_2026", "log-2026.jsonl.gz"
ANNA = Actor("anna", "192.0.2.7")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.PORTAL_DATA = tmp_path
    for module in (retention, archive_files):
        monkeypatch.setattr(module, "BATCH", 10)
    yield
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name.startswith("log_archive"):
                cursor.execute(f'DROP TABLE "{name}"')


def in_log() -> list[int]:
    return sorted(OperationLog.objects.values_list("pk", flat=True))


def in_table(name: str = TABLE) -> list[int]:
    with connection.cursor() as cursor:
        if name not in connection.introspection.table_names(cursor):
            return []
        cursor.execute(f'SELECT operation_id FROM "{name}" ORDER BY operation_id')
        return [pk for (pk,) in cursor.fetchall()]


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as rows:
        return [json.loads(row) for row in rows]


def in_files(*endings: str) -> list[int]:
    folder = Path(archive_files.settings.PORTAL_DATA) / archive_files.FOLDER
    return sorted(row["operation_id"] for end in endings for path in folder.glob(f"*{end}") for row in lines(path))


def a_past(count: int = 35) -> list[int]:
    return sorted(row.pk for row in log(*(operation(OLD, hour=n / 10, message=f"row {n}") for n in range(count))))


def to_table(**more: Any) -> archives.Archived:
    return archives.archive_logs(NOW, archive_table=TABLE, **more)


def to_file(**more: Any) -> archives.Archived:
    return archives.archive_logs(NOW, file_name=FILE, **more)


WAYS: dict[str, Callable[..., archives.Archived]] = {"table": to_table, "file": to_file}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Callable[..., archives.Archived]:
    return WAYS[request.param]


def test_rows_past_their_time_move_and_the_others_stay(way: Callable[..., archives.Archived]) -> None:
    past = a_past()
    kept = log(operation(), operation(OLD + DAY))
    moved = way(actor=ANNA)
    assert moved.rows == 35
    assert in_log() == sorted(row.pk for row in kept)
    assert (in_table() or in_files(".gz")) == past
    entry = AuditEntry.objects.get(action="log.archived")
    assert (entry.actor, entry.after) == ("anna", {"rows": 35, "to": moved.where, "strategy": "all"})


def test_the_days_and_the_strategy_asked_for_move(way: Callable[..., archives.Archived]) -> None:
    log(*(operation(TODAY - n * DAY, strategy_name=name) for n in range(10) for name in ("A", "B")))
    assert way(start_date=TODAY - 7 * DAY, end_date=TODAY - 3 * DAY, strategy_name="A").rows == 5
    moved = OperationLog.objects.filter(strategy_name="A").values_list("operation_time__date", flat=True)
    assert sorted((TODAY - day).days for day in moved) == [0, 1, 2, 8, 9]
    assert OperationLog.objects.filter(strategy_name="B").count() == 10


def test_rows_of_open_runs_and_rows_that_have_not_ended_stay(way: Callable[..., archives.Archived]) -> None:
    paused, over = run(target(), RunStatus.PAUSED, day=OLD, finished_at=None), run(target(), RunStatus.FAILED, day=OLD)
    kept = log(operation(OLD, run=paused), operation(OLD, "STARTED"), operation(OLD, "RUNNING", run=over))
    log(operation(OLD, run=over))
    assert way().rows == 1
    assert in_log() == sorted(row.pk for row in kept)


def test_what_was_counted_stays_counted(way: Callable[..., archives.Archived]) -> None:
    random_past(1, (target(), None), rows=300, days=120)
    rollups.rebuild(TODAY - 120 * DAY, TODAY)
    before = set(
        Rollup.objects.filter(grain=Grain.OPERATION).values_list("day", "strategy_name", "name", "target", "count")
    )
    assert way().rows > 20
    rollups.roll_up(NOW + timedelta(minutes=2), force=True)
    after = set(
        Rollup.objects.filter(grain=Grain.OPERATION).values_list("day", "strategy_name", "name", "target", "count")
    )
    assert after == before


def test_nothing_to_move_makes_neither_table_nor_file(way: Callable[..., archives.Archived]) -> None:
    log(operation())
    assert way().rows == 0
    assert (in_table(), in_files("")) == ([], [])
    assert not AuditEntry.objects.filter(action="log.archived").exists()


def test_today_is_not_archived(way: Callable[..., archives.Archived]) -> None:
    with pytest.raises(ArchiveRefused, match="Only days before 2026-11-24"):
        way(end_date=TODAY)
    with pytest.raises(ArchiveRefused, match="does not come before"):
        way(start_date=TODAY, end_date=TODAY - DAY)


def test_a_table_holds_each_value_as_the_log_had_it() -> None:
    kept = {"a": [1, "größe"], "b": None}
    row = log(
        operation(
            OLD, target=target(), memory_used_mb="12.50", strategy_context=kept, message="it's", sql_text="SELECT 1"
        )
    )[0]
    to_table()
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {", ".join(archives.COLUMNS)} FROM "{TABLE}"')
        found = dict(zip(archives.COLUMNS, cursor.fetchone(), strict=True))
    assert (found["operation_id"], found["target_id"], found["message"]) == (row.pk, target().pk, "it's")
    assert (float(found["memory_used_mb"]), json.loads(found["strategy_context"])) == (12.5, kept)
    assert str(found["operation_time"]).startswith(f"{OLD} 12:00:00")


def test_a_file_holds_each_value_and_is_for_its_user_only() -> None:
    kept = {"a": [1, "größe"], "b": None}
    row = log(operation(OLD, target=target(), memory_used_mb="12.50", strategy_context=kept, message="it's\nso"))[0]
    path = Path(to_file().where)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    (found,) = lines(path)
    assert (found["operation_id"], found["target_id"], found["message"]) == (row.pk, target().pk, "it's\nso")
    assert (found["memory_used_mb"], found["strategy_context"]) == ("12.50", kept)
    assert found["operation_time"] == f"{OLD}T12:00:00+00:00"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases refuse it")
def test_half_a_character_that_sql_typed_is_no_obstacle() -> None:
    past = a_past(1)
    with connection.cursor() as cursor:
        cursor.execute('UPDATE generic_operation_log SET strategy_context = \'{"a": "\\ud800"}\'')
    to_file()
    assert (in_log(), in_files(".gz")) == ([], past)


def test_a_second_archive_goes_into_the_same_table() -> None:
    first = a_past(5)
    to_table()
    second = a_past(7)
    assert to_table().rows == 7
    assert in_table() == sorted(first + second)


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "Archive",
        "a b",
        'a"b',
        "1abc",
        "a" * 61,
        "generic_operation_log",
        "portal_target",
        "log_archive; DROP",
        "größe",
    ],
)
def test_a_name_that_is_no_archive_of_ours_is_refused(name: str) -> None:
    past = a_past(3)
    with pytest.raises(ArchiveRefused):
        archives.archive_logs(NOW, archive_table=name)
    assert in_log() == past


def test_a_table_with_other_columns_is_refused() -> None:
    past = a_past(3)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE log_archive_2026 (operation_id INTEGER, message VARCHAR(10))")
    with pytest.raises(ArchiveRefused, match="it is no archive of the log"):
        to_table()
    assert in_log() == past


def test_an_operation_that_the_table_holds_already_is_not_deleted() -> None:
    past = a_past(3)
    to_table()
    again = log(operation(OLD, pk=past[0]), operation(OLD, pk=past[0] + 1000))
    with pytest.raises(ArchiveRefused, match="holds some of these operations already"):
        to_table()
    assert in_log() == sorted(row.pk for row in again)
    assert in_table() == past


@pytest.mark.parametrize(
    "name", ["a.csv", "../x.jsonl.gz", "/tmp/x.jsonl.gz", "a/b.jsonl.gz", ".jsonl.gz", "a..b.jsonl.gz", "\x00.jsonl.gz"]
)
def test_a_file_goes_nowhere_but_into_the_folder_of_archives(name: str) -> None:
    past = a_past(3)
    with pytest.raises(ArchiveRefused):
        archives.archive_logs(NOW, file_name=name)
    assert in_log() == past


def test_a_file_is_never_overwritten() -> None:
    a_past(3)
    to_file()
    past = a_past(3)
    with pytest.raises(ArchiveRefused, match="already"):
        to_file()
    assert in_log() == past


def test_one_place_and_not_two_or_none() -> None:
    for places in ({}, {"archive_table": TABLE, "file_name": FILE}):
        with pytest.raises(ArchiveRefused, match="either"):
            archives.archive_logs(NOW, **places)


def test_while_somebody_else_is_at_it_nothing_moves(way: Callable[..., archives.Archived]) -> None:
    past = a_past(3)
    LogCare.objects.create(pk=1, busy_until=NOW + timedelta(minutes=3))
    with pytest.raises(retention.Busy):
        way()
    assert in_log() == past


def test_a_copy_that_is_not_whole_deletes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    past = a_past()
    with monkeypatch.context() as patch:
        patch.setattr(archive_files, "_look_again", lambda _: None)
        with pytest.raises(NotWhole):
            to_file()
    assert in_log() == past
    assert to_file().rows == 35  # what the attempt left is out of the way
    assert in_files(".part", ".moving") == []


# Killed in the middle.


class Killed(BaseException):
    """Stands for the end of the process: nothing of our own catches it."""


STEPS = (
    (retention.Turn, "go_on"), (archives, "_make_table"), (archives, "_move"), (archives, "_delete"), (archive_files, "_write"),
    (archive_files, "_look_again"), (archive_files, "_rename"), (archive_files, "_delete_moved"), (rollups, "seal"),
)  # fmt: skip


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die before, or (odd steps) right after, the so-manyth of the steps that are listed."""
    passed = 0

    def dying(work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal passed
            passed += 2
            if passed == step + 2 - step % 2 and step % 2 == 0:
                raise Killed
            mine = passed
            result = work(*args, **kwargs)
            if mine == step + 1 and step % 2:
                raise Killed
            return result

        return wrapped

    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))


def test_whoever_is_killed_at_any_step_loses_no_row_and_doubles_none(
    way: Callable[..., archives.Archived], monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths, steps = 0, range(0, 80, 1 if IS_ALL else 7)
    for step in steps:
        OperationLog.objects.all().delete()
        for path in (Path(archive_files.settings.PORTAL_DATA) / archive_files.FOLDER).glob("*"):
            path.unlink()
        past = a_past()
        before = len(in_table())
        with monkeypatch.context() as patch:
            kill_at(step, patch)
            try:
                way()
            except Killed:
                deaths += 1
        assert set(in_log()) | set(in_table()) | set(in_files(".moving", ".gz")) >= set(past), f"step {step} lost a row"
        assert not set(in_log()) & set(in_table()), f"step {step} doubled a row"
        assert not set(in_log()) & set(in_files(".gz")), f"step {step} doubled a row"
        log(operation(OLD))
        with suppress(ArchiveRefused):  # the archive that was cut off got its name
            way()
        archives.archive_logs(NOW, archive_table=TABLE)
        rest = sorted(in_table()[before:] + in_files(".gz"))
        assert rest[:-1] == past, f"step {step}"
        assert (in_log(), in_files(".part", ".moving")) == ([], [])
    assert deaths > len(steps) / 4


def test_what_a_killed_process_left_is_looked_after_by_night(monkeypatch: pytest.MonkeyPatch) -> None:
    past = a_past()
    with monkeypatch.context() as patch:
        patch.setattr(archive_files, "_delete_moved", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            to_file()
    assert (in_log(), in_files(".moving")) == (past, past)
    archives.finish_left_over(NOW)
    assert (in_log(), in_files(".moving"), in_files(".gz")) == ([], [], past)


KILLER = """
import os, signal, sys
import django; django.setup()
from datetime import datetime
from monitoring import archive_files, archives, retention
retention.BATCH = archive_files.BATCH = 10
go_on, left = retention.Turn.go_on, [int(sys.argv[1])]
def dying(self):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    go_on(self)
retention.Turn.go_on = dying
archives.archive_logs(datetime.fromisoformat(sys.argv[2]), **{sys.argv[3]: sys.argv[4]})
"""


def address() -> str:
    """Of the test database, for another process."""
    own = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{own['NAME']}"
    return f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"


@pytest.mark.skipif(connection.vendor == "oracle", reason="its address is put together in another way")
@pytest.mark.parametrize(
    ("place", "name", "turns"),
    [("archive_table", TABLE, 2), ("archive_table", TABLE, 4), ("file_name", FILE, 2), ("file_name", FILE, 6)],
)
@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_really_killed_leaves_every_row_once(place: str, name: str, turns: int) -> None:
    past = a_past()
    connection.close()
    environment = {
        **os.environ, "DATABASE_URL": address(), "PYTHONPATH": str(ROOT),
        "PORTAL_DATA": str(archive_files.settings.PORTAL_DATA), "DJANGO_SETTINGS_MODULE": "maintenance_portal.settings",
    }  # fmt: skip
    command = [sys.executable, "-c", KILLER, str(turns), NOW.isoformat(), place, name]
    died = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]
    assert set(in_log()) | set(in_table()) | set(in_files(".moving", ".gz")) == set(past)
    assert not set(in_log()) & set(in_table())
    with pytest.raises(retention.Busy):  # its turn has not passed
        archives.archive_logs(NOW, archive_table=TABLE)
    archives.archive_logs(NOW + timedelta(minutes=30), archive_table=TABLE)
    assert in_log() == []
    assert sorted(in_table() + in_files(".gz")) == past
