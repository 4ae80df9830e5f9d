"""STRATEGY_DEPLOYMENT on PostgreSQL: the rows of the registry, of configurations and of jobs, where the database is home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Finding
from strategies.plans import Step
from strategies.platforms.postgresql.names import literal, postgresql_query
from strategies.platforms.queries import Query
from strategies.platforms.registered_rows import QUERIES
from strategies.platforms.registering import Registering
from strategies.platforms.row_statements import Dialect, row_steps
from strategies.routines.strategy_deployment import DeploymentParameters

DIALECT = Dialect(
    literal=lambda value: literal(value) if isinstance(value, str) else "NULL" if value is None else f"{value:d}",
    now="CURRENT_TIMESTAMP",
    as_text=lambda number: f"CAST({number} AS text)",
    same=lambda name, value, _: f"{name} IS NOT DISTINCT FROM {value or 'NULL'}",
)


class Deployment(Registering):
    """What STRATEGY_DEPLOYMENT needs of PostgreSQL. Of a row that is written, only those wait who write the same row."""

    queries: ClassVar[tuple[str, ...]] = QUERIES

    def query(self, name: str) -> Query:
        return postgresql_query(name)

    def steps(self, findings: Sequence[Finding], parameters: DeploymentParameters) -> list[Step]:
        settings = (f"SET lock_timeout = '{parameters.lock_wait_seconds:d}s'",)
        return [Step(settings=settings, begin="BEGIN", **made.values) for made in row_steps(findings, DIALECT)]


CONCERN = Deployment()
