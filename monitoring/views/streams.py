"""Long tables as files: CSV in batches, so that neither memory nor the first byte waits for the last row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from monitoring.views.sheets import cell

BATCH = 1000
M = TypeVar("M", bound=Model)


def csv_stream(
    name: str, columns: Sequence[str], rows: QuerySet[M], cells: Callable[[M], Sequence[Any]]
) -> StreamingHttpResponse:
    """Every one of these rows, oldest first; `cells` gives the values of a row in the order of the columns."""
    response = StreamingHttpResponse(_lines(columns, rows, cells), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


class _Line:
    """What csv.writer writes to; gives back the line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def _lines(columns: Sequence[str], rows: QuerySet[M], cells: Callable[[M], Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield "".join(writer.writerow([cell(value) for value in cells(row)]) for row in batch)
        last = batch[-1].pk
