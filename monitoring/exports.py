"""Writes rows of the operation log as CSV to wherever text can be written."""

from __future__ import annotations

import csv
from typing import Protocol

from django.db.models import QuerySet

from monitoring.views.operations import COLUMNS
from strategies import keyset
from strategies.models import OperationLog
from strategies.views.cells import cell

BATCH = 1000


class Writable(Protocol):
    def write(self, text: str, /) -> object: ...


def export_logs_to_csv(rows: QuerySet[OperationLog], stream: Writable) -> int:
    """Every one of these rows, oldest first, with the columns of the page's own file; how many.

    Rows are read in portions, and no cell is taken for a formula by a spreadsheet.
    """
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    count = 0
    rows = rows.select_related("target").defer("strategy_context", "target__facts")
    for batch in keyset.batches(rows, BATCH, by="operation_time"):
        writer.writerows([cell(getattr(row, name)) for name in COLUMNS] for row in batch)
        count += len(batch)
    return count
