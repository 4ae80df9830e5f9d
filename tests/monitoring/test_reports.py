"""The reports of the log, of errors and of the registry, with the framework's optional parameters."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from monitoring import reports, rollups
from monitoring.exports import export_logs_to_csv
from strategies.models import OperationLog, Role, StrategyType
from tests.monitoring.past import NOW, TODAY, log, operation, target
from tests.monitoring.test_errors import error

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def dba(person: Callable[..., Any]) -> Any:
    return person("anna", Role.DBA)


def test_the_log_is_given_by_any_of_its_parameters_newest_first(dba: Any) -> None:
    rows = log(
        operation(TODAY - 31 * DAY),
        operation(TODAY - 2 * DAY, "ERROR", strategy_name="LEGACY", target_object="orders"),
        operation(TODAY, operation_type="ANALYZE"),
        operation(TODAY, target=target("theirs", "Other")),
    )
    keys = [row.pk for row in rows]

    def given(**asked: Any) -> list[int]:
        return [row.pk for row in reports.get_operation_log(dba, NOW, **asked)]

    assert given() == [keys[2], keys[1]]
    assert given(start_date=TODAY - 40 * DAY) == [keys[2], keys[1], keys[0]]
    assert given(start_date=TODAY - 2 * DAY, end_date=TODAY - 2 * DAY) == [keys[1]]
    for asked in ({"strategy_name": "LEGACY"}, {"status": "ERROR"}, {"target_object": "orders"}):
        assert given(**asked) == [keys[1]]
    assert given(operation_type="ANALYZE") == [keys[2]]
    with pytest.raises(ValueError, match="comes after the end"):
        given(start_date=TODAY, end_date=TODAY - DAY)


def test_the_error_summary_is_in_groups(dba: Any) -> None:
    log(error(TODAY - 40 * DAY), error(), error(strategy_name="LEGACY"), error(target=target("theirs", "Other")))
    rollups.roll_up(NOW)
    found = reports.get_error_summary(dba, NOW)
    assert sorted((row.group.strategy_name, row.count) for row in found) == [("INDEX_MAINTENANCE", 1), ("LEGACY", 1)]
    assert len(reports.get_error_summary(dba, NOW, strategy_name="LEGACY")) == 1
    (old,) = reports.get_error_summary(dba, NOW, start_date=TODAY - 45 * DAY, end_date=TODAY - 35 * DAY)
    assert old.count == 1


def test_the_registry_is_given_by_type_and_category() -> None:
    StrategyType.objects.create(strategy_name="ZZ_OWN", strategy_type="OWN", category="MINE")
    assert [row.strategy_name for row in reports.get_registered_strategies(strategy_type="OWN", category="MINE")] == [
        "ZZ_OWN"
    ]
    names = [row.strategy_name for row in reports.get_registered_strategies()]
    assert names == sorted(names)
    assert {"INDEX_MAINTENANCE", "ZZ_OWN"} <= set(names)


def test_an_export_has_every_row_once_whatever_their_number() -> None:
    log(*(operation(TODAY, message=f"=row {n}") for n in range(2300)))
    stream = io.StringIO()
    assert export_logs_to_csv(OperationLog.objects.all(), stream) == 2300
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert [int(row["operation_id"]) for row in rows] == sorted(OperationLog.objects.values_list("pk", flat=True))
    assert rows[7]["message"] == "'=row 7"
