"""A scripted Oracle session: rows by the name of their query, checked against its columns and its binds; what was sent is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strategies.plans import ErrorClass, Facts, Outcome, Progress, Step, TargetError
from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.stated import Edition, Stated
from strategies.platforms.queries import Query

ENTERPRISE = Stated(Edition.ENTERPRISE, frozenset({"partitioning"}))
STANDARD = Stated(Edition.STANDARD)
ON_OTHERS = (
    "ALTER ANY INDEX", "ALTER ANY MATERIALIZED VIEW", "ALTER ANY PROCEDURE", "ALTER ANY TABLE", "ALTER ANY TRIGGER", "ALTER ANY TYPE",
    "ANALYZE ANY", "DROP ANY TABLE",
)  # fmt: skip
_BIND = re.compile(r"(?<![:\w]):(\w+)")
_LITERAL = re.compile(r"""'[^']*'|"[^"]*\"""")  # a colon within quotes is none of a bind, also not to the driver

Answer = Sequence[Row] | PlatformError | Callable[[Mapping[str, Any]], Sequence[Row]]


def no_right(view: str) -> PlatformError:
    return PlatformError(TargetError(ErrorClass.PERMANENT, "ORA-00942", f"table or view does not exist: {view}"))


def account(
    *, name: str = "PORTAL", privileges: Sequence[str] = ON_OTHERS, packages: Sequence[str] = ("DBMS_REPAIR",)
) -> dict[str, Answer]:  # fmt: skip
    """Who is signed in, what the account may do to what others have, and which packages of SYS it may call."""
    return {
        "object_privileges": [
            row_of("object_privileges", privilege="EXECUTE", owner="SYS", name=package) for package in packages
        ],
        "facts_session": [row_of("facts_session", account=name)],
        "system_privileges": [row_of("system_privileges", privilege=privilege) for privilege in privileges],
    }


class Dictionary(Session):
    """Answers each query by its name; a query that no answer is scripted for has no rows. The account may maintain everything."""

    session_id = "17,4,@1"

    def __init__(self, answers: Mapping[str, Answer] | None = None, *, stated: Stated = ENTERPRISE) -> None:
        self.answers: dict[str, Answer] = {**account(), **(answers or {})}
        self.stated = stated
        self.version = (19, 22, 0, 0, 0)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[str] = []
        self.refuses: TargetError | None = None

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        binds = dict(parameters or {})
        assert set(binds) == binds_of(query.sql), f"{query.name} takes the binds {sorted(binds_of(query.sql))}"
        self.asked.append((query.name, binds))
        answer = self.answers.get(query.name, [])
        if isinstance(answer, PlatformError):
            raise answer
        rows = list(answer(binds) if callable(answer) else answer)
        for row in rows:
            assert set(row) == set(columns_of(query.sql)), f"{query.name} gives {columns_of(query.sql)}"
        return rows

    def execute(self, step: Step) -> Outcome:
        self.sent += [*step.settings, *step.statements]
        return Outcome(1, self.refuses)

    def facts(self) -> Facts:
        raise NotImplementedError

    def cancel(self) -> None:
        raise NotImplementedError

    def progress(self) -> Progress | None:
        return None

    def close(self) -> None:
        return None


def binds_of(sql: str) -> set[str]:
    return set(_BIND.findall(_LITERAL.sub("''", sql)))


def columns_of(sql: str) -> list[str]:
    """Names that the outermost SELECT gives its columns: the alias, or the last part of a column's name."""
    depth, items, start = 0, [], sql.index("SELECT") + len("SELECT")
    for at in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[at], 0)
        ends = depth == 0 and re.match(r"\s+FROM\b", sql[at:]) is not None
        if ends or (depth == 0 and sql[at] == ","):
            items.append(sql[start:at])
            start = at + 1
        if ends:
            break
    return [re.split(r"[\s.]+", item.strip())[-1].lower() for item in items]


def row_of(query: str, **values: Any) -> dict[str, Any]:
    """A row of this query: NULL where nothing is given. Raises AssertionError for a column that the query has not."""
    columns = columns_of(oracle_query(query).sql)
    assert set(values) <= set(columns), f"{query} gives {columns}"
    return dict.fromkeys(columns) | values


def index(name: str = "ORDERS_IX", **values: Any) -> dict[str, Any]:
    """A usable plain index of SALES.ORDERS."""
    plain = {
        "owner": "SALES", "index_name": name, "table_owner": "SALES", "table_name": "ORDERS", "table_type": "TABLE",
        "index_type": "NORMAL", "uniqueness": "NONUNIQUE", "status": "VALID", "degree": "1", "instances": "1", "partitioned": "NO",
        "temporary": "N", "visibility": "VISIBLE", "indexing": "FULL", "join_index": "NO", "orphaned_entries": "NO",
        "tablespace_name": "USERS", "object_id": 700, "data_object_id": 700, "table_object_id": 600, "constraints_backed": 0,
    }  # fmt: skip
    return row_of("indexes", **plain | values)


def part(level: str = "PARTITION", name: str = "P1", **values: Any) -> dict[str, Any]:
    """A usable part of a local index of SALES.ORDERS."""
    plain = {
        "owner": "SALES", "index_name": "ORDERS_LX", "table_owner": "SALES", "table_name": "ORDERS", "table_type": "TABLE",
        "index_type": "NORMAL", "uniqueness": "NONUNIQUE", "degree": "1", "instances": "1", "temporary": "N", "indexing": "FULL",
        "join_index": "NO", "part_level": level, "part_name": name, "status": "USABLE", "orphaned_entries": "NO",
        "tablespace_name": "USERS", "visibility": "VISIBLE", "part_indexing": "ON", "object_id": 801, "data_object_id": 801,
        "table_object_id": 600, "constraints_backed": 0,
    }  # fmt: skip
    return row_of("index_parts", **plain | values)


def statistics(name: str = "ORDERS", **values: Any) -> dict[str, Any]:
    """The statistics of a table of SALES that are good."""
    plain = {
        "owner": "SALES", "table_name": name, "part_level": "TABLE", "num_rows": 10_000, "last_analyzed": "2026-11-01 22:00:05",
        "stale_stats": "NO", "partitioned": "NO", "segment_created": "YES",
    }  # fmt: skip
    return row_of("table_statistics", **plain | values)
