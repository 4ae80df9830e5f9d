"""Oracle's dictionary views as SQLite tables with rows of ours, so that a query file can be asked what it makes of them.

What joins, conditions and comparisons with NULL do is the same in both. Dates are days as numbers, and SYSDATE is NOW.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from strategies.platforms.oracle.names import oracle_query
from tests.oracle.dictionary import columns_of

NOW = 46_000.0
_OWN_SESSION = {"INSTANCE": "1", "SID": "123", "CLIENT_INFO": "mportal:1a2b3c4d run:17"}
_VIEW = re.compile(r"\b(?:FROM|JOIN)\s+((?:dba|all|user)_\w+|g?v\$\w+)", re.IGNORECASE)

Views = Mapping[str, Sequence[Mapping[str, Any]]]


def asked(query: str, views: Views, **binds: Any) -> list[dict[str, Any]]:
    """The rows that the query gives where the views hold these; a view that is not named is empty. Raises sqlite3.Error."""
    sql = re.sub(r"\b(\w+#)", r'"\1"', oracle_query(query).sql.replace("SYSDATE", str(NOW)))
    with closing(sqlite3.connect(":memory:")) as database:
        database.row_factory = sqlite3.Row
        database.create_function("NVL", 2, lambda value, other: other if value is None else value)
        database.create_function("TO_CHAR", -1, lambda value, *_: None if value is None else str(value))
        database.create_function("FLOOR", 1, lambda value: None if value is None else math.floor(value))
        database.create_function("TO_NUMBER", 1, lambda value: None if value is None else float(value))
        database.create_function("SYS_CONTEXT", 2, lambda _, name: _OWN_SESSION[name])
        for view in {name.lower() for name in _VIEW.findall(sql)}:
            _create(database, view, views.get(view, ()))
        return [{name.lower(): value for name, value in dict(row).items()} for row in database.execute(sql, binds)]


def _create(database: sqlite3.Connection, view: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = columns_of(view.upper()) or frozenset()
    database.execute(f"CREATE TABLE {view} ({_listed(columns)})")
    for row in rows:
        assert {name.upper() for name in row} <= columns, f"{view} has no such column: {sorted(row)}"
        database.execute(
            f"INSERT INTO {view} ({_listed(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
        )


def _listed(names: Iterable[str]) -> str:
    """Quoted, since some are words of SQLite's own (DEFERRABLE)."""
    return ", ".join(f'"{name}"' for name in names)
