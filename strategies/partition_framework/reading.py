"""Where the rows of an import come from: the session of a target, or files, in portions of one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from strategies import targets
from strategies.models import FrameworkImport
from strategies.partition_framework.files import Files
from strategies.partition_framework.source import AT_ONCE, Source, highest
from strategies.partition_framework.tables import OldRow, Table

RowsOf = Callable[[Table, int | None], Iterator[list[OldRow]]]
Counts = Callable[[Table], int | None]


@contextmanager
def opened(
    row: FrameworkImport, files: Files | None, limit_seconds: float | None
) -> Iterator[tuple[str, RowsOf, Counts]]:
    """The schema, its rows in portions, and how many each table has, where that is known beforehand.

    Raises ImportRefused, PlatformError, NotSupported.
    """
    if files is not None:
        if not row.position:
            files.check()
        yield row.schema, lambda table, after: _portions(files, table, after or 0), lambda table: None
        return
    with targets.session(row.target, "import") as session, session.at_work(limit_seconds=limit_seconds):
        source = Source(session, row.target.platform)
        schema = source.enter(row.schema)
        yield schema, source.batches, lambda table: source.counts()[table.name]


def _portions(files: Files, table: Table, done: int) -> Iterator[list[OldRow]]:
    rows = islice(files.rows(table), done, None)
    while portion := list(islice(rows, AT_ONCE)):
        yield portion


def reached(table: Table, portion: list[OldRow], row: FrameworkImport) -> int | None:
    """Of files the rows that were dealt with, of databases the highest number."""
    before: int | None = row.position["after"]
    if row.file_name:
        return (before or 0) + len(portion)
    number = highest(table, portion)
    return before if number is None else number
