"""Long tables as files: CSV in batches, so that neither memory nor the first byte waits for the last row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from strategies import keyset
from strategies.views.cells import cell

BATCH = 1000
M = TypeVar("M", bound=Model)


def csv_stream(
    name: str, columns: Sequence[str], rows: QuerySet[M], cells: Callable[[M], Sequence[Any]], *, by: str
) -> StreamingHttpResponse:
    """Every one of these rows, oldest first by this time; `cells` gives the values of a row in the order of the columns."""
    lines = _lines(columns, keyset.batches(rows, BATCH, by=by), cells)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def csv_lines(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """These rows as they come."""
    writer = csv.writer(_Line())
    lines = (writer.writerow([cell(value) for value in row]) for row in rows)
    response = StreamingHttpResponse(chain([writer.writerow(columns)], lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


class _Line:
    """What csv.writer writes to; gives back the line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def _lines(
    columns: Sequence[str], batches: Iterator[list[M]], cells: Callable[[M], Sequence[Any]]
) -> Iterator[str]:  # fmt: skip
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for batch in batches:
        yield "".join(writer.writerow([cell(value) for value in cells(row)]) for row in batch)
