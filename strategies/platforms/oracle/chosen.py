"""What a person chose of a database: everything, a table or an index, looked up as Oracle reads names."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.platforms.base import EVERYTHING, ObjectUnknown, Session
from strategies.platforms.oracle.names import oracle_query, read_name


@dataclass(frozen=True, slots=True)
class Chosen:
    """Binds of the queries that can be narrowed; all None = everything. `is_table` and `is_index` may both hold."""

    owner: str | None = None
    name: str | None = None
    is_table: bool = False
    is_index: bool = False

    @property
    def index_binds(self) -> dict[str, str | None]:
        """Indexes: the one of that name, and those of the table of that name."""
        return {"owner": self.owner, "index_name": self.name, "table_name": self.name}

    @property
    def table_binds(self) -> dict[str, str | None]:
        return {"owner": self.owner, "table_name": self.name}


def chosen(session: Session, target_object: str) -> Chosen:
    """Read what was typed: `ALL`, `ORDERS` (in the schema of the session), `sales.orders` or `"Sales"."Order lines"`.

    Raises ObjectUnknown, PlatformError.
    """
    if target_object.strip().upper() in EVERYTHING:
        return Chosen()
    owner, name = read_name(target_object.strip())
    rows = session.rows(oracle_query("find_table_or_index"), {"owner": owner, "name": name})
    if not rows:
        raise ObjectUnknown(f"{target_object} is neither a table nor an index that this account can see.")
    kinds = {row["object_type"] for row in rows}
    return Chosen(rows[0]["owner"], name, is_table="TABLE" in kinds, is_index="INDEX" in kinds)
