"""STRATEGY_DEPLOYMENT on SQLite: the rows of the registry, of configurations and of jobs, where the file is home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Finding
from strategies.plans import Locks, Step
from strategies.platforms.queries import Query
from strategies.platforms.registered_rows import QUERIES
from strategies.platforms.registering import Registering
from strategies.platforms.row_statements import Dialect, row_steps
from strategies.platforms.sqlite.catalogue import sqlite_query
from strategies.platforms.sqlite.names import literal
from strategies.routines.strategy_deployment import DeploymentParameters

DIALECT = Dialect(
    literal=literal,
    now="STRFTIME('%Y-%m-%d %H:%M:%f', 'now')",
    as_text=lambda number: f"CAST({number} AS TEXT)",
    same=lambda name, value, _: f"{name} IS {value or 'NULL'}",
)


class Deployment(Registering):
    """What STRATEGY_DEPLOYMENT needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = QUERIES

    def query(self, name: str) -> Query:
        return sqlite_query(name)

    def steps(self, findings: Sequence[Finding], parameters: DeploymentParameters) -> list[Step]:
        settings = (
            f"PRAGMA busy_timeout = {parameters.lock_wait_seconds * 1000}",
            "PRAGMA foreign_keys = ON",  # which a connection does not look at by itself
        )
        return [
            Step(settings=settings, begin="BEGIN IMMEDIATE", locks=Locks.WRITES, **made.values)
            for made in row_steps(findings, DIALECT)
        ]


CONCERN = Deployment()
