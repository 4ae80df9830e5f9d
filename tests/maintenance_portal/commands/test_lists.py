"""runs and operations: the newest first, filtered, as a table and as one object."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test.utils import CaptureQueriesContext

from maintenance_portal.cli import BadInput, since
from strategies.models import OperationLog, Target
from tests.maintenance_portal.commands.conftest import command

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mended(shop: Target) -> None:
    one = ("--object", "orders_by_customer")
    command("run_strategy", "INDEX_MAINTENANCE", "--target", "shop", *one)
    command("run_strategy", "STATISTICS_MAINTENANCE", "--target", "shop")


@pytest.mark.usefixtures("mended")
def test_runs_the_newest_first() -> None:
    rows = command("runs", "--json").answer["runs"]
    assert [row["strategy"] for row in rows] == ["STATISTICS_MAINTENANCE", "INDEX_MAINTENANCE"]
    assert rows[0]["target"] == "shop"
    moment = datetime.fromisoformat(rows[0]["finished_at"])
    assert moment.utcoffset() == timedelta(0)
    assert rows[0]["finished_at"].endswith("Z")
    assert command("runs", "--target", "shop", "--status", "succeeded", "--json").answer == {"runs": rows}
    assert command("runs", "--target", "home", "--json").answer == {"runs": []}
    assert command("runs", "--status", "FAILED", "--json").answer == {"runs": []}
    assert "INDEX_MAINTENANCE" in command("runs").out
    assert command("runs", "--target", "home").out.strip()


@pytest.mark.usefixtures("mended")
def test_operations_the_newest_first() -> None:
    rows = command("operations", "--json").answer["operations"]
    assert [row["object"] for row in rows] == ["orders", "orders_by_customer"]
    assert set(rows[0]) >= {"operation_id", "status", "duration_ms", "rows_processed", "error_code", "sql", "run_id"}
    for wanted in (["--since", "24h"], ["--since", "2020-01-01"], ["--status", "success"], ["--target", "shop"]):
        assert len(command("operations", "--json", *wanted).answer["operations"]) == 2, wanted
    for none in (["--since", "2999-01-01"], ["--status", "ERROR"], ["--target", "home"]):
        assert command("operations", "--json", *none).answer == {"operations": []}, none
    assert "orders_by_customer" in command("operations").out


def test_rows_that_sql_wrote_are_listed_and_cannot_steer_the_terminal() -> None:
    OperationLog.objects.create(strategy_name="S", operation_type="T", target_object="a\x1b[2Jb\nc")
    said = command("operations")
    assert "\x1b" not in said.out
    assert command("operations", "--json").answer["operations"][0]["object"] == "a\x1b[2Jb\nc"
    assert "not measured" in said.out


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["runs", "--status", "foo"], "--status: 'foo' is not one of planned,"),
        (["runs", "--target", "foo"], "--target: no target is named 'foo'"),
        (["operations", "--status", "planned"], "--status: 'planned' is not one of STARTED,"),
        (["operations", "--target", "foo"], "--target: "),
        (["operations", "--since", "yesterday"], "--since: "),
        (["operations", "--since", "2026-02-30"], "--since: "),
        (["operations", "--since", "999999w"], "--since: "),
        (["operations", "--since", "0001-01-01T00:00+14:00"], "--since: "),
        (["operations", "--until", "1"], "unrecognized arguments: --until 1"),
    ],
)
def test_bad_input_ends_with_two(arguments: list[str], begins: str) -> None:
    said = command(*arguments, "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(begins), said.err


def test_since_reads_spans_and_instants() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert since("--since", "24h", now) == now - timedelta(hours=24)
    assert since("--since", "7d", now) == now - timedelta(days=7)
    assert since("--since", "2026-11-24T06:00", now) == datetime(2026, 11, 24, 6, tzinfo=UTC)
    assert since("--since", "2026-11-24T06:00+02:00", now) == datetime(2026, 11, 24, 4, tzinfo=UTC)
    assert since("--since", "2026-11-24", now) == datetime(2026, 11, 24, tzinfo=UTC)
    with pytest.raises(BadInput):
        since("--since", "", now)


def test_lists_take_the_same_number_of_queries_however_long() -> None:
    from django.db import connection

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            command("operations", "--json")
        return len(seen)

    OperationLog.objects.create(strategy_name="S", operation_type="T")
    few = queries()
    OperationLog.objects.bulk_create(OperationLog(strategy_name="S", operation_type="T") for _ in range(50))
    assert queries() == few
